//! Messages over REST and by members: posting, reading, editing, deleting, reacting, pinning.

use std::time::Duration;

use gearshift_sim::{ActError, Sim, SimOptions, World};
use reqwest::{Method, multipart};
use serde_json::{Value, json};

use crate::raw::{INTENTS, Socket, call, call_as, channel_id, get, options, post, sim};

async fn say(sim: &Sim, body: Value) -> (u16, Value) {
    let general = channel_id(sim, "general");
    let (status, answer) = post(sim, &format!("/channels/{general}/messages"), body).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn a_reply_carries_the_message_it_answers_and_mentions_its_author() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let said = sim.member("alice").unwrap().say("general", "question").await.unwrap();
    // Numbers instead of strings, as discord.py sends them.
    let (status, reply) =
        say(&sim, json!({ "content": "answer", "message_reference": { "message_id": said.0 } })).await;
    assert_eq!((status, &reply["type"]), (200, &json!(19)));
    assert_eq!(reply["referenced_message"]["content"], "question");
    assert_eq!(reply["mentions"][0]["username"], "alice");
    socket.event("MESSAGE_CREATE").await;
    let event = socket.event("MESSAGE_CREATE").await;
    assert_eq!(event["message_reference"]["message_id"], said.to_string());
    let quiet = json!({ "content": "a", "message_reference": { "message_id": said }, "allowed_mentions": { "parse": [], "replied_user": false } });
    assert_eq!(say(&sim, quiet).await.1["mentions"], json!([]));
    let (status, error) =
        say(&sim, json!({ "content": "a", "message_reference": { "message_id": "1" } })).await;
    assert_eq!((status, &error["code"]), (400, &json!(50035)));
    let optional =
        json!({ "content": "a", "message_reference": { "message_id": "1", "fail_if_not_exists": false } });
    assert_eq!(say(&sim, optional).await.1["type"], 0);
}

#[tokio::test]
async fn a_bad_message_is_refused_with_discords_code() {
    let sim = sim().await;
    let long = "x".repeat(2001);
    for (body, code) in [
        (json!({}), 50006),
        (json!({ "content": "  " }), 50006),
        (json!({ "content": long }), 50035),
        (json!({ "content": {} }), 50035),
        (json!({ "content": "x", "embeds": [{ "title": "t".repeat(257) }] }), 50035),
        (json!([]), 50035),
    ] {
        let (status, error) = say(&sim, body).await;
        assert_eq!((status, error["code"].as_u64()), (400, Some(code)), "{error}");
    }
    let (_, error) = say(&sim, json!({ "content": long })).await;
    let mistake = &error["errors"]["content"]["_errors"][0];
    assert_eq!(
        mistake,
        &json!({ "code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length." })
    );
    assert_eq!(say(&sim, json!({ "content": "é".repeat(2000) })).await.0, 200, "characters count, not bytes");
    let request = reqwest::Client::new().post(format!(
        "{}/channels/{}/messages",
        sim.api_url(),
        channel_id(&sim, "general")
    ));
    let response =
        request.header("Authorization", format!("Bot {}", sim.token())).body("{broken").send().await.unwrap();
    assert_eq!(response.json::<Value>().await.unwrap()["code"], 50109);
}

#[tokio::test]
async fn a_nonce_posts_only_once_within_minutes() {
    let sim = sim().await;
    let body = json!({ "content": "once", "nonce": "n1", "enforce_nonce": true });
    let first = say(&sim, body.clone()).await.1;
    for number in 0..150 {
        say(&sim, json!({ "content": "else", "nonce": number })).await;
    }
    sim.clock().advance(Duration::from_secs(4 * 60));
    let second = say(&sim, body.clone()).await.1;
    assert_eq!(first["id"], second["id"]);
    assert_eq!(sim.messages("general").unwrap().len(), 151);
    sim.clock().advance(Duration::from_secs(2 * 60));
    assert_ne!(say(&sim, body.clone()).await.1["id"], first["id"], "it is forgotten");
    assert_eq!(sim.messages("general").unwrap().len(), 152);
    say(&sim, body).await;
    assert_eq!(sim.messages("general").unwrap().len(), 152);
}

#[tokio::test]
async fn history_is_paged_newest_first() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap();
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(alice.say("general", &number.to_string()).await.unwrap());
    }
    let general = channel_id(&sim, "general");
    for (query, expected) in [
        ("limit=3".to_owned(), vec!["9", "8", "7"]),
        (format!("limit=2&before={}", ids[5]), vec!["4", "3"]),
        (format!("limit=2&after={}", ids[5]), vec!["7", "6"]),
        (format!("limit=3&around={}", ids[5]), vec!["6", "5", "4"]),
    ] {
        let (_, page) = get(&sim, &format!("/channels/{general}/messages?{query}")).await;
        let texts: Vec<&str> =
            page.as_array().unwrap().iter().map(|one| one["content"].as_str().unwrap()).collect();
        assert_eq!(texts, expected, "{query}");
    }
    let (status, _) = get(&sim, &format!("/channels/{general}/messages?limit=101")).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_channel_keeps_a_bounded_history() {
    let sim = Sim::start(SimOptions { history_per_channel: 5, ..options() }).await.unwrap();
    let alice = sim.member("alice").unwrap();
    for number in 0..8 {
        alice.say("general", &number.to_string()).await.unwrap();
    }
    let kept = sim.messages("general").unwrap();
    assert_eq!((kept.len(), kept[0].content.as_str()), (5, "3"));
}

#[tokio::test]
async fn a_bot_edits_and_deletes_its_own_messages_and_deletes_others() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap();
    let said = alice.say("general", "mine").await.unwrap();
    let general = channel_id(&sim, "general");
    let path = format!("/channels/{general}/messages/{said}");
    let (status, error) = call(&sim, Method::PATCH, &path, Some(json!({ "content": "x" }))).await;
    assert_eq!((status.as_u16(), &error["code"]), (403, &json!(50005)));
    let (_, own) = say(&sim, json!({ "content": "own" })).await;
    let own_path = format!("/channels/{general}/messages/{}", own["id"].as_str().unwrap());
    let (_, edited) = call(&sim, Method::PATCH, &own_path, Some(json!({ "content": "edited" }))).await;
    assert_eq!(edited["content"], "edited");
    assert!(edited["edited_timestamp"].is_string());
    let (_, error) = call(&sim, Method::PATCH, &own_path, Some(json!({ "content": "" }))).await;
    assert_eq!(error["code"], 50006);
    assert_eq!(call(&sim, Method::DELETE, &path, None).await.0, 204, "the bot may manage messages");
    let (status, error) = get(&sim, &path).await;
    assert_eq!((status.as_u16(), &error["code"]), (404, &json!(10008)));
    assert_eq!(alice.edit(said, "x").await, Err(ActError::UnknownMessage { message: said }));
    let second = say(&sim, json!({ "content": "b" })).await.1;
    let both = json!({ "messages": [own["id"], second["id"]] });
    let (status, _) = post(&sim, &format!("/channels/{general}/messages/bulk-delete"), both).await;
    assert_eq!(status, 204);
    assert!(sim.messages("general").unwrap().is_empty());
}

#[tokio::test]
async fn bulk_delete_refuses_an_id_that_it_was_given_before() {
    let sim = sim().await;
    let general = channel_id(&sim, "general");
    let (first, second) =
        (say(&sim, json!({ "content": "a" })).await.1, say(&sim, json!({ "content": "b" })).await.1);
    let path = format!("/channels/{general}/messages/bulk-delete");
    for ids in [json!([first["id"], first["id"]]), json!([first["id"], first["id"], second["id"]])] {
        let (status, error) = post(&sim, &path, json!({ "messages": ids })).await;
        assert_eq!((status.as_u16(), &error["code"]), (400, &json!(50035)));
        let why = &error["errors"]["messages"]["1"]["_errors"][0]["code"];
        assert_eq!(why, "SET_TYPE_ALREADY_CONTAINS_VALUE");
    }
    assert_eq!(sim.messages("general").unwrap().len(), 2);
}

#[tokio::test]
async fn reactions_are_put_listed_and_taken_away() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap();
    let said = alice.say("general", "react").await.unwrap();
    alice.react(said, "👍").await.unwrap();
    let general = channel_id(&sim, "general");
    let base = format!("/channels/{general}/messages/{said}/reactions");
    let thumb = "%F0%9F%91%8D";
    assert_eq!(call(&sim, Method::PUT, &format!("{base}/{thumb}/@me"), None).await.0, 204);
    let (_, users) = get(&sim, &format!("{base}/{thumb}")).await;
    assert_eq!(users.as_array().unwrap().len(), 2);
    let (_, message) = get(&sim, &format!("/channels/{general}/messages/{said}")).await;
    assert_eq!(
        (&message["reactions"][0]["count"], &message["reactions"][0]["me"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(call(&sim, Method::DELETE, &format!("{base}/{thumb}/@me"), None).await.0, 204);
    alice.unreact(said, "👍").await.unwrap();
    assert!(sim.messages("general").unwrap()[0].reactions.is_empty());
    for text in ["abc", "1", ":+1:"] {
        let (_, error) = call(&sim, Method::PUT, &format!("{base}/{text}/@me"), None).await;
        assert_eq!(error["code"], 10014, "{text}");
    }
}

#[tokio::test]
async fn messages_are_pinned_by_the_new_and_the_old_route() {
    let sim = sim().await;
    let said = sim.member("alice").unwrap().say("general", "keep").await.unwrap();
    let general = channel_id(&sim, "general");
    assert_eq!(
        call(&sim, Method::PUT, &format!("/channels/{general}/messages/pins/{said}"), None).await.0,
        204
    );
    let (_, page) = get(&sim, &format!("/channels/{general}/messages/pins")).await;
    assert_eq!(page["items"][0]["message"]["content"], "keep");
    assert_eq!(get(&sim, &format!("/channels/{general}/pins")).await.1[0]["pinned"], true);
    let lines: Vec<String> = sim.transcript().history().iter().map(ToString::to_string).collect();
    assert!(lines.contains(&format!("#general {said} is pinned")), "{lines:#?}");
    assert!(lines.contains(&"#general bot pinned a message".to_owned()), "{lines:#?}");
    assert_eq!(call(&sim, Method::DELETE, &format!("/channels/{general}/pins/{said}"), None).await.0, 204);
    assert_eq!(get(&sim, &format!("/channels/{general}/pins")).await.1, json!([]));
}

#[tokio::test]
async fn a_file_of_some_megabytes_is_served_unchanged() {
    let sim = sim().await;
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    let form = multipart::Form::new()
        .text(
            "payload_json",
            json!({ "attachments": [{ "id": 0, "description": "said of it" }] }).to_string(),
        )
        .part("files[0]", multipart::Part::bytes(bytes.clone()).file_name("a b.bin"));
    let url = format!("{}/channels/{}/messages", sim.api_url(), channel_id(&sim, "general"));
    let request = reqwest::Client::new().post(url).header("Authorization", format!("Bot {}", sim.token()));
    let message: Value = request.multipart(form).send().await.unwrap().json().await.unwrap();
    let file = &message["attachments"][0];
    assert_eq!((&file["filename"], &file["size"]), (&json!("a b.bin"), &json!(5_000_000)));
    assert_eq!(file["description"], "said of it");
    let back = reqwest::get(file["url"].as_str().unwrap()).await.unwrap().bytes().await.unwrap();
    assert!(back == bytes, "{} bytes came back", back.len());
}

#[tokio::test]
async fn a_file_is_marked_as_a_spoiler_and_an_edit_changes_that() {
    let sim = sim().await;
    let file = |name: &'static str| multipart::Part::bytes(b"x".to_vec()).file_name(name);
    let notes = json!({ "attachments": [{ "id": 0, "is_spoiler": true }, { "id": 1 }, { "id": 2 }] });
    let form = multipart::Form::new()
        .text("payload_json", notes.to_string())
        .part("files[0]", file("end.txt"))
        .part("files[1]", file("SPOILER_end.txt"))
        .part("files[2]", file("begin.txt"));
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let request = reqwest::Client::new().post(format!("{}{path}", sim.api_url()));
    let request = request.header("Authorization", format!("Bot {}", sim.token()));
    let message: Value = request.multipart(form).send().await.unwrap().json().await.unwrap();
    let flags = |message: &Value| -> Vec<Value> {
        message["attachments"].as_array().unwrap().iter().map(|file| file["flags"].clone()).collect()
    };
    assert_eq!(flags(&message), [json!(8), json!(8), Value::Null]);
    let ids: Vec<&Value> = (0..3).map(|at| &message["attachments"][at]["id"]).collect();
    let kept = json!([{ "id": ids[0], "is_spoiler": false }, { "id": ids[1] }, { "id": ids[2], "is_spoiler": true }]);
    let one = format!("{path}/{}", message["id"].as_str().unwrap());
    let (_, edited) = call(&sim, Method::PATCH, &one, Some(json!({ "attachments": kept }))).await;
    assert_eq!(flags(&edited), [Value::Null, json!(8), json!(8)]);
}

#[tokio::test]
async fn refused_acts_have_readable_errors() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap();
    assert_eq!(
        sim.member("alcie").map(|_| ()).unwrap_err().to_string(),
        "there is no member `alcie`; did you mean `alice`?"
    );
    let refused = alice.say("genral", "x").await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no channel `genral`; did you mean `general`?");
    assert_eq!(alice.say("general", " ").await, Err(ActError::Empty));
    assert_eq!(
        alice.say("general", &"x".repeat(2001)).await,
        Err(ActError::TooLong { characters: 2001, limit: 2000 })
    );
    let bobs = sim.member("bob").unwrap().say("general", "mine").await.unwrap();
    assert_eq!(alice.edit(bobs, "no").await, Err(ActError::NotOwnMessage { message: bobs }));
    alice.delete(bobs).await.expect("she owns the guild");
    assert!(sim.transcript().history().iter().any(|entry| entry.to_string() == "#general bob: mine"));
}

#[tokio::test]
async fn users_with_nitro_have_4000_characters_and_bots_have_2000() {
    let text = "people = [{ name = \"rich\", nitro = true }]\n[[guilds]]\nname = \"G\"\nowner = \"poor\"\nmembers = [{ name = \"rich\" }]\n\
        channels = [{ name = \"c\" }]\n";
    let mut world = World::read(text).unwrap();
    assert_eq!(World::read(&world.write()).unwrap().write(), world.write());
    world.give_nitro("richer");
    let sim = Sim::start(SimOptions { world, ..options() }).await.unwrap();
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let (rich, poor) = (sim.member("rich").unwrap(), sim.member("poor").unwrap());
    let long = "x".repeat(4000);
    let said = rich.say("c", &long).await.unwrap();
    let received = socket.event("MESSAGE_CREATE").await;
    assert_eq!(received["content"].as_str().unwrap().len(), 4000);
    rich.edit(said, &long).await.unwrap();
    for (member, limit) in [(&rich, 4000), (&poor, 2000)] {
        let refused = member.say("c", &"x".repeat(limit + 1)).await.unwrap_err();
        assert_eq!(refused, ActError::TooLong { characters: limit + 1, limit });
        let path = format!("/channels/{}/messages", channel_id(&sim, "c"));
        let say = async |chars: usize| {
            let body = Some(json!({ "content": "x".repeat(chars) }));
            call_as(&sim, &member.token(), Method::POST, &path, body).await.0.as_u16()
        };
        assert_eq!((say(limit).await, say(limit + 1).await), (200, 400));
        let me = call_as(&sim, &member.token(), Method::GET, "/users/@me", None).await.1;
        assert_eq!(me["premium_type"], if limit == 4000 { 2 } else { 0 });
        let echo = post(&sim, &path, json!({ "content": received["content"] })).await;
        assert_eq!((echo.0.as_u16(), &echo.1["code"]), (400, &json!(50035)));
    }
}
