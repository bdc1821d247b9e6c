//! What bots send and this Discord does not know: reported with its place, and refused in strict mode.

use gearshift_sim::{EntryKind, Sim, SimOptions};
use serde_json::json;

use crate::raw::{channel_id, get, options, post, sim};

#[tokio::test]
async fn an_unknown_field_is_reported_with_its_place_and_changes_nothing() {
    let sim = sim().await;
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    for _ in 0..2 {
        let body = json!({ "content": "hi", "contnt": "x", "embeds": [{ "title": "t", "titel": "u" }] });
        assert_eq!(post(&sim, &path, body).await.0, 200);
    }
    assert_eq!(
        sim.unknown_fields(),
        [
            ("POST /channels/{id}/messages contnt".to_owned(), 2),
            ("POST /channels/{id}/messages embeds.0.titel".to_owned(), 2)
        ]
    );
    let history = sim.transcript().history();
    assert_eq!(
        history.iter().filter(|entry| matches!(entry.kind, EntryKind::UnknownField { .. })).count(),
        4
    );
}

#[tokio::test]
async fn an_unknown_key_of_a_query_is_reported() {
    let sim = sim().await;
    let path = format!("/channels/{}/messages?limit=5&befor=1", channel_id(&sim, "general"));
    assert_eq!(get(&sim, &path).await.0, 200);
    assert_eq!(sim.unknown_fields(), [("GET /channels/{id}/messages ?befor".to_owned(), 1)]);
}

#[tokio::test]
async fn when_strict_unknown_fields_keys_and_routes_are_refused() {
    let sim = Sim::start(SimOptions { strict: true, ..options() }).await.unwrap();
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let (status, error) = post(&sim, &path, json!({ "content": "hi", "contnt": "x" })).await;
    assert_eq!((status.as_u16(), &error["code"]), (400, &json!(50035)));
    assert_eq!(error["errors"]["contnt"]["_errors"][0]["code"], "UNKNOWN_FIELD");
    assert!(sim.messages("general").unwrap().is_empty(), "refused before anything was done");
    let (status, error) = get(&sim, &format!("{path}?befor=1")).await;
    assert_eq!(
        (status.as_u16(), &error["errors"]["befor"]["_errors"][0]["code"]),
        (400, &json!("UNKNOWN_FIELD"))
    );
    assert_eq!(get(&sim, "/nonsense").await.0, 404);
    assert_eq!((sim.unknown_fields().len(), sim.unknown_routes().len()), (2, 1));
    assert_eq!(post(&sim, &path, json!({ "content": "hi" })).await.0, 200);
}

#[tokio::test]
async fn bodies_of_real_clients_have_no_unknown_fields() {
    let sim = Sim::start(SimOptions { strict: true, ..options() }).await.unwrap();
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    // serenity sends the empty list, discord.py all other fields.
    let body = json!({ "content": "hi", "sticker_ids": [], "tts": false, "flags": 0, "nonce": "1", "enforce_nonce": true,
        "attachments": [], "allowed_mentions": { "parse": [], "replied_user": true } });
    assert_eq!(post(&sim, &path, body).await.0, 200);
    let (status, error) = post(&sim, &path, json!({ "content": "hi", "sticker_ids": ["1"] })).await;
    assert_eq!((status.as_u16(), &error["code"]), (400, &json!(50035)));
}
