//! What libraries outside of the tested clients send and read: hikari, disnake, nextcord, py-cord, interactions.py,
//! eris, Oceanic.

use std::time::Duration;

use gearshift_sim::{Sim, SimOptions, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id};
use crate::interactions::{invoked, respond};
use crate::raw::{INTENTS, Socket, channel_id, options, sim};

async fn strict() -> Sim {
    Sim::start(SimOptions { strict: true, ..options() }).await.unwrap()
}

#[tokio::test]
async fn true_is_accepted_as_a_string_as_discord_py_writes_it() {
    let sim = sim().await;
    let prune = format!("/guilds/{}/prune", harbour(&sim));
    let alice = api(&sim, "alice");
    let body = |counted: &str| json!({ "days": 30, "compute_prune_count": counted });
    assert_eq!(alice.post(&prune, body("false")).await, (200, json!({ "pruned": null })));
    assert_eq!(alice.post(&prune, body("true")).await, (200, json!({ "pruned": 0 })));
    let wrong = alice.post(&prune, body("maybe")).await;
    assert_eq!(code(&wrong), (400, 50035));
    assert_eq!(wrong.1["errors"]["compute_prune_count"]["_errors"][0]["code"], "BOOLEAN_TYPE_CONVERT");
}

#[tokio::test]
async fn a_form_without_files_may_be_urlencoded_as_py_cord_answers_interactions() {
    let sim = strict().await;
    let (_socket, handle, interaction) = invoked(&sim).await;
    let (one, token) = (id(&interaction), interaction["token"].as_str().unwrap());
    let send = |url: String, body: &'static str| {
        let request =
            reqwest::Client::new().post(url).header("Authorization", format!("Bot {}", sim.token()));
        request.header("Content-Type", "application/x-www-form-urlencoded").body(body).send()
    };
    let callback = format!("{}/interactions/{one}/{token}/callback", sim.api_url());
    let body = "payload_json=%7B%22type%22%3A4%2C%22data%22%3A%7B%22content%22%3A%22a%2Bb+%E2%9C%93%22%7D%7D";
    assert_eq!(send(callback, body).await.unwrap().status(), 204);
    assert_eq!(handle.answer().unwrap().message.unwrap().content, "a+b ✓");
    // Without it, the fields themselves are the body, as in a multipart form.
    let messages = format!("{}/channels/{}/messages", sim.api_url(), channel_id(&sim, "general"));
    let said: Value = send(messages, "content=plain+words").await.unwrap().json().await.unwrap();
    assert_eq!(said["content"], "plain words");
}

#[tokio::test]
async fn intents_may_have_the_bit_that_interactions_py_always_sets() {
    let sim = sim().await;
    let (_socket, ready) = Socket::identified(&sim, INTENTS | 1 << 17).await;
    assert_eq!(ready["user"]["username"], "bot");
}

#[tokio::test]
async fn answering_an_interaction_has_no_rate_limit_headers() {
    let sim = sim().await;
    let (_socket, _handle, interaction) = invoked(&sim).await;
    let (one, token) = (id(&interaction), interaction["token"].as_str().unwrap());
    let client = reqwest::Client::new();
    let url = format!("{}/interactions/{one}/{token}/callback", sim.api_url());
    let answer = client.post(url).json(&json!({ "type": 5 })).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    // hikari reports them as an error: https://discord.com/developers/docs/interactions/receiving-and-responding#endpoints
    let limits = answer.headers().keys().filter(|name| name.as_str().starts_with("x-ratelimit-"));
    assert_eq!(limits.count(), 0, "{:?}", answer.headers());
}

#[tokio::test]
async fn an_application_has_the_summary_that_interactions_py_needs_to_log_in() {
    let sim = sim().await;
    let bot = api(&sim, "bot");
    for path in ["/applications/@me", "/oauth2/applications/@me"] {
        assert_eq!(bot.get(path).await.1["summary"], "", "{path}");
    }
}

#[tokio::test]
async fn a_bot_renames_itself_and_joins_a_thread_by_the_older_routes() {
    let sim = strict().await;
    let (bot, alice) = (api(&sim, "bot"), api(&sim, "alice"));
    let nick = format!("/guilds/{}/members/@me/nick", harbour(&sim));
    assert_eq!(bot.patch(&nick, json!({ "nick": "Robot" })).await, (200, json!({ "nick": "Robot" })));
    assert_eq!(bot.patch(&nick, json!({ "nick": null })).await, (200, json!({ "nick": null })));
    assert_eq!(code(&bot.patch(&nick, json!({ "nick": "x".repeat(33) })).await), (400, 50035));
    let threads = format!("/channels/{}/threads", channel_id(&sim, "general"));
    let thread = alice.made(Method::POST, &threads, json!({ "name": "aside", "type": 11 })).await;
    let own = format!("/channels/{}/thread-members/@me", id(&thread));
    assert_eq!(bot.post(&own, Value::Null).await.0, 204);
    assert_eq!(
        bot.get(&format!("/channels/{}/thread-members", id(&thread))).await.1.as_array().unwrap().len(),
        2
    );
    assert_eq!(code(&bot.post("/channels/5/thread-members/@me", Value::Null).await), (404, 10003));
}

#[tokio::test]
async fn extra_fields_of_libraries_are_known() {
    let sim = strict().await;
    let (_socket, _handle, interaction) = invoked(&sim).await;
    let emoji = json!({ "name": "🎈", "animated": false, "available": true });
    let button = json!({ "type": 2, "style": 1, "label": "Go", "custom_id": "go", "emoji": emoji });
    let data = json!({ "content": "ok", "pass_self_into_delete": true,
        "components": [{ "type": 1, "components": [button] }] });
    let answer = json!({ "type": 4, "data": data, "attachments": [] });
    assert_eq!(respond(&sim, &interaction, answer).await.0, 204);
    let (bot, alice) = (api(&sim, "bot"), api(&sim, "alice"));
    let commands = format!("/applications/{}/commands", id(&bot.get("/users/@me").await.1));
    let text = json!({ "type": 3, "name": "word", "description": "d" });
    let nested = json!({ "type": 1, "name": "find", "description": "d", "options": [text],
        "nsfw": false, "contexts": [0], "integration_types": [0] });
    let body = json!({ "name": "log", "description": "d", "options": [nested] });
    assert_eq!(bot.post(&commands, body).await.0, 201);
    let odd = json!({ "type": 3, "name": "word", "description": "d", "nsfw": false });
    let refused = bot.post(&commands, json!({ "name": "say", "description": "d", "options": [odd] })).await;
    assert_eq!(code(&refused), (400, 50035));
    let channels = format!("/guilds/{}/channels", harbour(&sim));
    let forum = alice.made(Method::POST, &channels, json!({ "name": "questions", "type": 15 })).await;
    let post = json!({ "name": "knots", "message": { "content": "How?" }, "attachments": [] });
    assert_eq!(bot.post(&format!("/channels/{}/threads", id(&forum)), post).await.0, 201);
    let emoji = json!({ "id": null, "name": "🎈", "animated": false, "available": true });
    let answers =
        json!([{ "poll_media": { "text": "Yes", "emoji": emoji } }, { "poll_media": { "text": "No" } }]);
    let poll = json!({ "question": { "text": "Sail?" }, "answers": answers, "duration": 1 });
    let messages = format!("/channels/{}/messages", channel_id(&sim, "general"));
    assert_eq!(bot.post(&messages, json!({ "poll": poll })).await.0, 200);
}

#[tokio::test]
async fn incident_actions_last_at_most_a_day() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let (alice, guild) = (api(&sim, "alice"), format!("/guilds/{}", harbour(&sim)));
    let actions = format!("{guild}/incident-actions");
    let ahead = |hours: u64| (sim.clock().now() + Duration::from_secs(hours * 3600)).to_string();
    let body = json!({ "invites_disabled_until": ahead(2), "dms_disabled_until": null });
    let held = alice.made(Method::PUT, &actions, body).await;
    let until: Timestamp = held["invites_disabled_until"].as_str().unwrap().parse().unwrap();
    assert!(until > sim.clock().now());
    assert_eq!(held["dms_disabled_until"], Value::Null);
    assert_eq!(socket.event("GUILD_UPDATE").await["incidents_data"], held);
    assert_eq!(alice.get(&guild).await.1["incidents_data"], held);
    let late = alice.put(&actions, json!({ "dms_disabled_until": ahead(25) })).await;
    assert_eq!(code(&late), (400, 50035));
    assert!(late.1["errors"]["dms_disabled_until"].is_object(), "{}", late.1);
    assert_eq!(code(&api(&sim, "carol").put(&actions, json!({})).await), (403, 50013));
    alice.made(Method::PUT, &actions, json!({})).await;
    assert_eq!(alice.get(&guild).await.1["incidents_data"], Value::Null);
}

#[tokio::test]
async fn voice_channel_info_is_sent_on_request_and_ends_with_the_last_member() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let (bot, guild, lounge) = (api(&sim, "bot"), harbour(&sim), channel_id(&sim, "lounge"));
    let status = format!("/channels/{lounge}/voice-status");
    assert_eq!(code(&bot.put(&status, json!({ "status": "Knots" })).await), (403, 50013), "it is not there");
    let state = |channel: Value| {
        let state =
            json!({ "guild_id": guild, "channel_id": channel, "self_mute": true, "self_deaf": false });
        json!({ "op": 4, "d": state })
    };
    socket.send(state(json!(lounge))).await;
    let started = socket.event("VOICE_CHANNEL_START_TIME_UPDATE").await;
    assert_eq!((&started["id"], &started["guild_id"]), (&json!(lounge), &json!(guild)));
    assert!(started["voice_start_time"].as_u64().unwrap() > 1_700_000_000, "in seconds: {started}");
    assert_eq!(bot.put(&status, json!({ "status": "Knots" })).await.0, 204);
    let said = json!({ "id": lounge, "guild_id": guild, "status": "Knots" });
    assert_eq!(socket.event("VOICE_CHANNEL_STATUS_UPDATE").await, said);
    let log = api(&sim, "alice").get(&format!("/guilds/{guild}/audit-logs?action_type=192")).await.1;
    let entry = &log["audit_log_entries"][0];
    assert_eq!((&entry["target_id"], &entry["options"]["status"]), (&json!(lounge), &json!("Knots")));
    socket.send(json!({ "op": 43, "d": { "guild_id": guild, "fields": ["status"] } })).await;
    let info = json!({ "guild_id": guild, "channels": [{ "id": lounge, "status": "Knots" }] });
    assert_eq!(socket.event("CHANNEL_INFO").await, info);
    assert_eq!(code(&bot.put(&status, json!({ "status": "x".repeat(501) })).await), (400, 50035));
    let text = format!("/channels/{}/voice-status", channel_id(&sim, "general"));
    assert_eq!(code(&api(&sim, "alice").put(&text, json!({ "status": "x" })).await), (400, 50024));
    socket.send(state(Value::Null)).await;
    assert_eq!(socket.event("VOICE_CHANNEL_STATUS_UPDATE").await["status"], Value::Null);
    assert_eq!(socket.event("VOICE_CHANNEL_START_TIME_UPDATE").await["voice_start_time"], Value::Null);
}
