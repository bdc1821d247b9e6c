//! The kinds of messages and what may be done with them: replies, forwards, polls, pins, history, files, limits.

use std::time::Duration;

use reqwest::{Method, multipart};
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id, user};
use crate::raw::{INTENTS, Socket, channel_id, client, sim};

#[tokio::test]
async fn history_is_paged_in_every_direction() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap();
    let mut ids = Vec::new();
    for number in 0..7 {
        ids.push(alice.say("random", &number.to_string()).await.unwrap());
    }
    let path = format!("/channels/{}/messages", channel_id(&sim, "random"));
    let page = |query: String| {
        let path = format!("{path}?{query}");
        let bot = api(&sim, "bot");
        async move {
            let (_, page) = bot.get(&path).await;
            page.as_array()
                .unwrap()
                .iter()
                .map(|one| one["content"].as_str().unwrap().to_owned())
                .collect::<String>()
        }
    };
    assert_eq!(page("limit=3".to_owned()).await, "654");
    assert_eq!(page(format!("limit=2&before={}", ids[3])).await, "21");
    assert_eq!(page(format!("limit=2&after={}", ids[3])).await, "54");
    assert_eq!(page(format!("limit=3&around={}", ids[3])).await, "432");
    for bad in ["0", "101", "x"] {
        assert_eq!(code(&api(&sim, "bot").get(&format!("{path}?limit={bad}")).await), (400, 50035));
    }
    let everyone = format!("/channels/{}/permissions/{}", channel_id(&sim, "random"), harbour(&sim));
    let deny = json!({ "type": 0, "deny": (1 << 16).to_string() });
    api(&sim, "alice").made(Method::PUT, &everyone, deny).await;
    assert_eq!(api(&sim, "dave").get(&path).await, (200, json!([])), "without the permission it is empty");
    assert_eq!(code(&api(&sim, "dave").get(&format!("{path}/{}", ids[0])).await), (403, 50013));
}

#[tokio::test]
async fn a_reply_needs_its_message_unless_it_says_otherwise() {
    let sim = sim().await;
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let reply = |reference: Value| json!({ "content": "x", "message_reference": reference });
    let bot = api(&sim, "bot");
    let (status, body) = bot.post(&path, reply(json!({ "message_id": "5" }))).await;
    assert_eq!(status, 400);
    assert_eq!(body["errors"]["message_reference"]["_errors"][0]["code"], "REPLIES_UNKNOWN_MESSAGE");
    let loose = reply(json!({ "message_id": "5", "fail_if_not_exists": false }));
    let plain = bot.made(Method::POST, &path, loose).await;
    assert_eq!((&plain["type"], plain.get("message_reference")), (&json!(0), None));
    let answer = bot.made(Method::POST, &path, reply(json!({ "message_id": plain["id"] }))).await;
    assert_eq!((&answer["type"], &answer["referenced_message"]["id"]), (&json!(19), &plain["id"]));
    bot.made(Method::PUT, &format!("{path}/pins/{}", id(&plain)), Value::Null).await;
    let (_, latest) = bot.get(&format!("{path}?limit=1")).await;
    let (_, body) = bot.post(&path, reply(json!({ "message_id": latest[0]["id"] }))).await;
    let why = &body["errors"]["message_reference"]["_errors"][0]["code"];
    assert_eq!(why, "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE");
}

#[tokio::test]
async fn a_forward_shows_the_message_even_after_it_was_deleted() {
    let sim = sim().await;
    let said = sim.member("alice").unwrap().say("general", "land ahoy").await.unwrap();
    let (general, random) = (channel_id(&sim, "general"), channel_id(&sim, "random"));
    let bot = api(&sim, "bot");
    let reference = json!({ "type": 1, "channel_id": general, "message_id": said });
    let to = format!("/channels/{random}/messages");
    let forward = bot.made(Method::POST, &to, json!({ "message_reference": reference })).await;
    assert_eq!(forward["message_snapshots"][0]["message"]["content"], "land ahoy");
    assert_eq!((&forward["flags"], &forward["message_reference"]["type"]), (&json!(1 << 14), &json!(1)));
    api(&sim, "alice")
        .made(Method::DELETE, &format!("/channels/{general}/messages/{said}"), Value::Null)
        .await;
    let (_, later) = bot.get(&format!("{to}/{}", id(&forward))).await;
    assert_eq!(later["message_snapshots"][0]["message"]["content"], "land ahoy");
    let gone = json!({ "message_reference": reference });
    assert_eq!(code(&bot.post(&to, gone).await), (404, 10008));
    let hidden = json!({ "type": 1, "channel_id": channel_id(&sim, "staff"), "message_id": said });
    assert_eq!(code(&bot.post(&to, json!({ "message_reference": hidden })).await), (403, 50001));
}

#[tokio::test]
async fn a_poll_is_voted_on_and_ends_with_a_result() {
    let sim = sim().await;
    sim.clock().freeze();
    let (mut socket, _) = Socket::identified(&sim, INTENTS | 1 << 24).await;
    let general = channel_id(&sim, "general");
    let path = format!("/channels/{general}/messages");
    let answers = json!([{ "poll_media": { "text": "Tea" } }, { "poll_media": { "text": "Rum" } }]);
    let body =
        json!({ "poll": { "question": { "text": "What to drink?" }, "answers": answers, "duration": 2 } });
    let asked = api(&sim, "bot").made(Method::POST, &path, body).await;
    assert_eq!(asked["poll"]["answers"][1], json!({ "answer_id": 2, "poll_media": { "text": "Rum" } }));
    let poll = format!("/channels/{general}/polls/{}", id(&asked));
    let vote = format!("{poll}/answers/@me");
    for (name, answer) in [("dave", 2), ("erin", 1), ("dave", 1)] {
        api(&sim, name).made(Method::PUT, &vote, json!({ "answer_ids": [answer] })).await;
    }
    assert_eq!(socket.event("MESSAGE_POLL_VOTE_ADD").await["answer_id"], 2);
    assert_eq!(socket.event("MESSAGE_POLL_VOTE_REMOVE").await["user_id"], user(&sim, "dave"));
    let both = api(&sim, "dave").put(&vote, json!({ "answer_ids": [1, 2] })).await;
    assert_eq!(code(&both), (400, 50035));
    assert_eq!(code(&api(&sim, "bot").put(&vote, json!({ "answer_ids": [1] })).await), (403, 20001));
    let (_, voters) = api(&sim, "bot").get(&format!("{poll}/answers/1")).await;
    assert_eq!(voters["users"].as_array().unwrap().len(), 2);
    sim.clock().advance(Duration::from_secs(2 * 3600 + 1));
    assert_eq!(socket.event("MESSAGE_UPDATE").await["poll"]["results"]["is_finalized"], true);
    let result = socket.event("MESSAGE_CREATE").await;
    assert_eq!((&result["type"], &result["embeds"][0]["type"]), (&json!(46), &json!("poll_result")));
    assert_eq!(result["message_reference"]["message_id"], asked["id"]);
    assert_eq!(code(&api(&sim, "dave").put(&vote, json!({ "answer_ids": [1] })).await), (400, 520_001));
    assert_eq!(code(&api(&sim, "bot").post(&format!("{poll}/expire"), Value::Null).await), (400, 520_001));
}

#[tokio::test]
async fn a_bad_poll_is_refused_with_the_path_of_each_mistake() {
    let sim = sim().await;
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let body = json!({ "poll": {
        "question": { "text": "x".repeat(301) }, "answers": [{ "poll_media": { "text": "" } }], "duration": 769,
    } });
    let (_, error) = api(&sim, "bot").post(&path, body).await;
    let errors = &error["errors"]["poll"];
    assert_eq!(errors["question"]["text"]["_errors"][0]["code"], "BASE_TYPE_BAD_LENGTH");
    assert_eq!(errors["answers"]["0"]["poll_media"]["text"]["_errors"][0]["code"], "BASE_TYPE_BAD_LENGTH");
    assert_eq!(errors["duration"]["_errors"][0]["code"], "NUMBER_TYPE_MAX");
}

#[tokio::test]
async fn managing_messages_is_not_enough_to_pin_one() {
    let sim = sim().await;
    let (alice, dave) = (api(&sim, "alice"), api(&sim, "dave"));
    let general = channel_id(&sim, "general");
    let said = sim.member("alice").unwrap().say("general", "x").await.unwrap();
    let path = format!("/channels/{general}/messages/pins/{said}");
    let own = format!("/channels/{general}/permissions/{}", user(&sim, "dave"));
    for (allowed, outcome) in [(1_u64 << 13, (403, 50013)), (1 << 51, (204, 0))] {
        let allow = json!({ "type": 1, "allow": allowed.to_string() });
        assert_eq!(alice.put(&own, allow).await.0, 204);
        assert_eq!(code(&dave.put(&path, Value::Null).await), outcome);
    }
}

#[tokio::test]
async fn pins_are_listed_by_when_they_were_pinned_in_pages() {
    let sim = sim().await;
    sim.clock().freeze();
    let general = channel_id(&sim, "random");
    let alice = api(&sim, "alice");
    let mut ids = Vec::new();
    for text in ["a", "b", "c"] {
        ids.push(sim.member("alice").unwrap().say("random", text).await.unwrap());
    }
    for at in [2, 0, 1] {
        sim.clock().advance(Duration::from_secs(10));
        alice.made(Method::PUT, &format!("/channels/{general}/messages/pins/{}", ids[at]), Value::Null).await;
    }
    let path = format!("/channels/{general}/messages/pins");
    let (_, page) = alice.get(&format!("{path}?limit=2")).await;
    assert_eq!((&page["items"][0]["message"]["content"], &page["has_more"]), (&json!("b"), &json!(true)));
    let before = page["items"][1]["pinned_at"].as_str().unwrap().replace('+', "%2B");
    let (_, rest) = alice.get(&format!("{path}?before={before}")).await;
    assert_eq!((&rest["items"][0]["message"]["content"], &rest["has_more"]), (&json!("c"), &json!(false)));
    let (_, log) = alice.get(&format!("/guilds/{}/audit-logs?action_type=74", harbour(&sim))).await;
    assert_eq!(log["audit_log_entries"].as_array().unwrap().len(), 3);
    assert_eq!(code(&api(&sim, "dave").delete(&format!("{path}/{}", ids[0])).await), (403, 50013));
}

#[tokio::test]
async fn old_messages_are_not_deleted_in_bulk_and_moderators_are_noted() {
    let sim = sim().await;
    sim.clock().freeze();
    let path = format!("/channels/{}/messages", channel_id(&sim, "random"));
    let alice = api(&sim, "alice");
    let dave = sim.member("dave").unwrap();
    let (old, other) = (dave.say("random", "old").await.unwrap(), dave.say("random", "older").await.unwrap());
    sim.clock().advance(Duration::from_secs(15 * 24 * 3600));
    let bulk = format!("{path}/bulk-delete");
    assert_eq!(code(&alice.post(&bulk, json!({ "messages": [old, other] })).await), (400, 50034));
    assert_eq!(code(&alice.post(&bulk, json!({ "messages": [old] })).await), (400, 50016));
    let (new, newer) = (dave.say("random", "n").await.unwrap(), dave.say("random", "m").await.unwrap());
    assert_eq!(alice.post(&bulk, json!({ "messages": [new, newer] })).await.0, 204);
    assert_eq!(alice.delete(&format!("{path}/{old}")).await.0, 204);
    let (_, log) = alice.get(&format!("/guilds/{}/audit-logs", harbour(&sim))).await;
    let kinds: Vec<_> = log["audit_log_entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action_type"].as_u64().unwrap())
        .collect();
    assert_eq!(kinds, [72, 73]);
}

#[tokio::test]
async fn moderators_may_hide_embeds_of_others_and_no_more() {
    let sim = sim().await;
    let said = sim.member("dave").unwrap().say("random", "http://example").await.unwrap();
    let path = format!("/channels/{}/messages/{said}", channel_id(&sim, "random"));
    let hidden = api(&sim, "alice").made(Method::PATCH, &path, json!({ "flags": 4 })).await;
    assert_eq!((&hidden["flags"], &hidden["edited_timestamp"]), (&json!(4), &Value::Null));
    assert_eq!(
        code(&api(&sim, "alice").patch(&path, json!({ "content": "x", "flags": 0 })).await),
        (403, 50005)
    );
    assert_eq!(code(&api(&sim, "erin").patch(&path, json!({ "flags": 0 })).await), (403, 50013));
}

#[tokio::test]
async fn embeds_name_their_files_and_edits_keep_those_that_are_listed() {
    let sim = sim().await;
    let form = multipart::Form::new()
        .text(
            "payload_json",
            json!({ "embeds": [{ "image": { "url": "attachment://map.png" } }] }).to_string(),
        )
        .part("files[0]", multipart::Part::bytes(b"png".to_vec()).file_name("map.png"))
        .part("files[1]", multipart::Part::bytes(b"txt".to_vec()).file_name("notes.txt"));
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let request = reqwest::Client::new().post(format!("{}{path}", sim.api_url()));
    let request = request.header("Authorization", format!("Bot {}", sim.token())).multipart(form);
    let said: Value = request.send().await.unwrap().json().await.unwrap();
    let files = said["attachments"].as_array().unwrap();
    assert_eq!(said["embeds"][0]["image"]["url"], files[0]["url"]);
    let kept = json!({ "attachments": [{ "id": files[1]["id"], "description": "what I saw" }] });
    let edited = api(&sim, "bot").made(Method::PATCH, &format!("{path}/{}", id(&said)), kept).await;
    assert_eq!(edited["attachments"].as_array().unwrap().len(), 1);
    assert_eq!(edited["attachments"][0]["description"], "what I saw");
}

#[tokio::test]
async fn a_file_above_ten_mebibytes_is_too_large() {
    let sim = sim().await;
    let large = multipart::Part::bytes(vec![0; (10 << 20) + 1]).file_name("x");
    let path = format!("{}/channels/{}/messages", sim.api_url(), channel_id(&sim, "general"));
    let request = reqwest::Client::new().post(path).header("Authorization", format!("Bot {}", sim.token()));
    let response = request.multipart(multipart::Form::new().part("files[0]", large)).send().await.unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(response.json::<Value>().await.unwrap()["code"], 40005);
}

#[tokio::test]
async fn slow_mode_applies_to_users_but_not_to_bots_or_those_who_may_bypass_it() {
    let sim = sim().await;
    let random = format!("/channels/{}", channel_id(&sim, "random"));
    api(&sim, "alice").made(Method::PATCH, &random, json!({ "rate_limit_per_user": 60 })).await;
    sim.clock().freeze();
    let path = format!("{random}/messages");
    let say = |name: &'static str| {
        let api = api(&sim, name);
        let path = path.clone();
        async move { code(&api.post(&path, json!({ "content": "x" })).await) }
    };
    for name in ["dave", "bot", "bot", "alice", "alice"] {
        assert_eq!(say(name).await, (200, 0), "{name}");
    }
    // A moderator, who manages messages.
    assert_eq!((say("bob").await, say("bob").await), ((200, 0), (429, 20016)));
    sim.clock().advance(Duration::from_secs(20));
    let (status, error) = api(&sim, "dave").post(&path, json!({ "content": "x" })).await;
    let said = (status, &error["code"], &error["retry_after"], &error["global"]);
    assert_eq!(said, (429, &json!(20016), &json!(40.0), &json!(false)));
    sim.clock().advance(Duration::from_secs(41));
    assert_eq!(say("dave").await, (200, 0));
}

#[tokio::test]
async fn a_message_with_a_thread_carries_it() {
    let sim = sim().await;
    let (mut dave, _) = client(&sim, "dave").await;
    let said = sim.member("alice").unwrap().say("random", "root").await.unwrap();
    let path = format!("/channels/{}/messages/{said}", channel_id(&sim, "random"));
    api(&sim, "alice").made(Method::POST, &format!("{path}/threads"), json!({ "name": "branch" })).await;
    assert_eq!(dave.event("MESSAGE_UPDATE").await["thread"]["name"], "branch");
    assert_eq!(api(&sim, "bot").get(&path).await.1["thread"]["id"], json!(said));
}

#[tokio::test]
async fn everyone_and_closed_roles_are_mentioned_with_the_permission_only() {
    let sim = sim().await;
    let (guild, path) = (harbour(&sim), format!("/channels/{}/messages", channel_id(&sim, "random")));
    let alice = api(&sim, "alice");
    let roles = format!("/guilds/{guild}/roles");
    let closed = alice.made(Method::POST, &roles, json!({ "name": "closed" })).await;
    let open = alice.made(Method::POST, &roles, json!({ "name": "open", "mentionable": true })).await;
    let body = json!({ "content": format!("@everyone <@&{}> <@&{}> <@&5>", id(&closed), id(&open)) });
    let small = api(&sim, "dave").made(Method::POST, &path, body.clone()).await;
    assert_eq!((&small["mention_everyone"], &small["mention_roles"]), (&json!(false), &json!([open["id"]])));
    let great = alice.made(Method::POST, &path, body).await;
    assert_eq!(great["mention_everyone"], true);
    assert_eq!(great["mention_roles"], json!([closed["id"], open["id"]]));
}

#[tokio::test]
async fn embeds_need_a_permission_and_reactions_have_a_limit() {
    let sim = sim().await;
    let random = channel_id(&sim, "random");
    let alice = api(&sim, "alice");
    let everyone = format!("/channels/{random}/permissions/{}", harbour(&sim));
    let path = format!("/channels/{random}/messages");
    let said = alice.made(Method::POST, &path, json!({ "content": "react" })).await;
    for number in 0..21_u32 {
        let emoji = char::from_u32(0x1F600 + number).unwrap().to_string();
        let escaped: String = emoji.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = alice.put(&format!("{path}/{}/reactions/{escaped}/@me", id(&said)), Value::Null).await;
        assert_eq!(code(&answer), if number < 20 { (204, 0) } else { (400, 30010) });
    }
    let deny = json!({ "type": 0, "deny": (1 << 14).to_string() });
    alice.made(Method::PUT, &everyone, deny).await;
    let body = json!({ "embeds": [{ "title": "x" }] });
    assert_eq!(code(&api(&sim, "bot").post(&path, body).await), (403, 50013));
}

#[tokio::test]
async fn neither_side_of_a_direct_message_moderates_the_other() {
    let sim = sim().await;
    let (alice, bot) = (sim.member("alice").unwrap(), api(&sim, "bot"));
    let said = alice.say("@bot", "mine").await.unwrap();
    alice.react(said, "👋").await.unwrap();
    let dm = sim.world(|world| world.channel_named("@alice", None).unwrap().id);
    let path = format!("/channels/{dm}/messages");
    let (message, reactions) = (format!("{path}/{said}"), format!("{path}/{said}/reactions"));
    let of_alice = format!("{reactions}/👋/{}", user(&sim, "alice"));
    for refused in [&message, &reactions, &of_alice] {
        assert_eq!(code(&bot.delete(refused).await), (403, 50003), "{refused}");
    }
    let both = json!({ "messages": [said, dm] });
    assert_eq!(code(&bot.post(&format!("{path}/bulk-delete"), both).await), (403, 50003));
    // Its own messages, reactions, and pins.
    let own = bot.made(Method::POST, &path, json!({ "content": "own" })).await;
    assert!(alice.delete(id(&own).parse().unwrap()).await.is_err());
    assert_eq!(bot.put(&format!("{path}/pins/{said}"), Value::Null).await.0, 204);
    assert_eq!(bot.put(&format!("{reactions}/👍/@me"), Value::Null).await.0, 204);
    assert_eq!(bot.delete(&format!("{path}/{}", id(&own))).await.0, 204);
}
