//! Invites, emojis, scheduled events, voice states and accounts: created, changed, announced, ended.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id, user};
use crate::raw::{INTENTS, Socket, channel_id, client, sim};

const PIXEL: &str = "data:image/png;base64,iVBORw0KGgo=";

#[tokio::test]
async fn an_invite_works_until_its_uses_are_exhausted() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let (mut owner, _) = client(&sim, "alice").await;
    let dave = user(&sim, "dave");
    assert_eq!(alice.delete(&format!("/guilds/{guild}/members/{dave}")).await.0, 204);
    let path = format!("/channels/{}/invites", channel_id(&sim, "general"));
    let body = json!({ "max_uses": 1, "max_age": 0, "unique": true });
    let invite = alice.made(Method::POST, &path, body).await;
    let code_text = invite["code"].as_str().unwrap();
    assert_eq!(owner.event("INVITE_CREATE").await["code"], code_text);
    let (mut newcomer, _) = client(&sim, "dave").await;
    let enter = format!("/invites/{code_text}");
    let (_, seen) = api(&sim, "dave").get(&format!("{enter}?with_counts=true")).await;
    assert_eq!((&seen["guild"]["name"], &seen["approximate_member_count"]), (&json!("Harbour"), &json!(5)));
    assert!(seen.get("uses").is_none());
    assert_eq!(code(&api(&sim, "bot").post(&enter, json!({})).await), (403, 20001));
    api(&sim, "dave").made(Method::POST, &enter, json!({})).await;
    assert_eq!(owner.event("GUILD_MEMBER_ADD").await["user"]["username"], "dave");
    assert_eq!(newcomer.event("GUILD_CREATE").await["id"], guild);
    assert_eq!(owner.event("INVITE_DELETE").await["code"], code_text);
    assert_eq!(code(&api(&sim, "dave").get(&enter).await), (404, 10006));
}

#[tokio::test]
async fn an_invite_expires_and_does_not_override_a_ban() {
    let sim = sim().await;
    sim.clock().freeze();
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let path = format!("/channels/{}/invites", channel_id(&sim, "general"));
    let invite = alice.made(Method::POST, &path, json!({ "max_age": 60 })).await;
    let again = alice.made(Method::POST, &path, json!({ "max_age": 60 })).await;
    assert_eq!(invite["code"], again["code"], "a like one is used again unless it is to be unique");
    let enter = format!("/invites/{}", invite["code"].as_str().unwrap());
    alice.made(Method::PUT, &format!("/guilds/{guild}/bans/{}", user(&sim, "dave")), json!({})).await;
    assert_eq!(code(&api(&sim, "dave").post(&enter, json!({})).await), (403, 40007));
    let all = format!("/guilds/{guild}/invites");
    assert_eq!(alice.get(&all).await.1[0]["uses"], 0);
    // A member who may only see the audit log does not get the metadata.
    let carol = api(&sim, "carol");
    assert_eq!(code(&carol.get(&all).await), (403, 50013));
    let auditor = json!({ "name": "auditor", "permissions": "128" });
    let auditor = alice.made(Method::POST, &format!("/guilds/{guild}/roles"), auditor).await;
    let given = format!("/guilds/{guild}/members/{}/roles/{}", user(&sim, "carol"), id(&auditor));
    alice.made(Method::PUT, &given, Value::Null).await;
    let seen = carol.get(&all).await.1;
    assert_eq!((&seen[0]["code"], seen[0].get("uses")), (&invite["code"], None));
    sim.clock().advance(Duration::from_secs(61));
    assert_eq!(alice.get(&path).await.1, json!([]));
    let bad = alice.post(&path, json!({ "max_age": 604_801 })).await;
    assert_eq!(code(&bad), (400, 50035));
    assert_eq!(code(&api(&sim, "bob").get(&path).await), (403, 50013));
}

#[tokio::test]
async fn emojis_of_guilds_and_applications_are_added_renamed_and_removed() {
    let sim = sim().await;
    let (mut socket, me) = Socket::identified(&sim, INTENTS | 1 << 3).await;
    let guild = harbour(&sim);
    let alice = api(&sim, "alice");
    let path = format!("/guilds/{guild}/emojis");
    let emoji = alice.made(Method::POST, &path, json!({ "name": "anchor", "image": PIXEL })).await;
    assert_eq!(socket.event("GUILD_EMOJIS_UPDATE").await["emojis"][0]["name"], "anchor");
    let one = format!("{path}/{}", id(&emoji));
    assert_eq!(alice.patch(&one, json!({ "name": "buoy" })).await.1["name"], "buoy");
    assert_eq!(code(&api(&sim, "bot").delete(&one).await), (403, 50013));
    assert_eq!(code(&alice.post(&path, json!({ "name": "a-b", "image": PIXEL })).await), (400, 50035));
    let said = sim.member("alice").unwrap().say("general", "look").await.unwrap();
    let general = channel_id(&sim, "general");
    let react = |emoji: &str| format!("/channels/{general}/messages/{said}/reactions/{emoji}/@me");
    assert_eq!(api(&sim, "bot").put(&react(&format!("buoy:{}", id(&emoji))), Value::Null).await.0, 204);
    assert_eq!(code(&api(&sim, "bot").put(&react("buoy:12345"), Value::Null).await), (400, 10014));
    assert_eq!(alice.delete(&one).await.0, 204);
    assert_eq!(alice.get(&path).await.1, json!([]));

    let own = format!("/applications/{}/emojis", me["user"]["id"].as_str().unwrap());
    let bot = api(&sim, "bot");
    let emoji = bot.made(Method::POST, &own, json!({ "name": "gear", "image": PIXEL })).await;
    assert_eq!(bot.get(&own).await.1["items"][0]["id"], emoji["id"]);
    assert_eq!(bot.patch(&format!("{own}/{}", id(&emoji)), json!({ "name": "cog" })).await.1["name"], "cog");
    assert_eq!(bot.delete(&format!("{own}/{}", id(&emoji))).await.0, 204);
    assert_eq!(code(&bot.delete(&format!("{own}/{}", id(&emoji))).await), (404, 10014));
    assert_eq!(code(&bot.get("/applications/5/emojis").await), (403, 20012));
}

#[tokio::test]
async fn a_scheduled_event_is_created_subscribed_to_started_and_completed() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS | 1 << 16).await;
    let alice = api(&sim, "alice");
    let path = format!("/guilds/{}/scheduled-events", harbour(&sim));
    let starts = (sim.clock().now() + Duration::from_secs(3600)).to_string();
    let ends = (sim.clock().now() + Duration::from_secs(7200)).to_string();
    let mut body = json!({
        "name": "Regatta", "privacy_level": 2, "entity_type": 3, "scheduled_start_time": starts,
        "entity_metadata": { "location": "The bay" },
    });
    let without_end = alice.post(&path, body.clone()).await;
    assert!(without_end.1["errors"]["scheduled_end_time"].is_object(), "{}", without_end.1);
    body["scheduled_end_time"] = json!(ends);
    assert_eq!(code(&api(&sim, "bot").post(&path, body.clone()).await), (403, 50013));
    let event = alice.made(Method::POST, &path, body.clone()).await;
    assert_eq!(socket.event("GUILD_SCHEDULED_EVENT_CREATE").await["entity_metadata"]["location"], "The bay");
    body["scheduled_start_time"] = json!("2020-01-01T00:00:00Z");
    assert_eq!(code(&alice.post(&path, body).await), (400, 50035));
    let one = format!("{path}/{}", id(&event));
    let interested = format!("{one}/users/@me");
    api(&sim, "dave").made(Method::PUT, &interested, json!({})).await;
    let told = socket.event("GUILD_SCHEDULED_EVENT_USER_ADD").await;
    assert_eq!(told["user_id"], user(&sim, "dave"));
    let (_, users) = alice.get(&format!("{one}/users?with_member=true")).await;
    assert_eq!(users[0]["user"]["username"], "dave");
    assert_eq!(users[0]["member"]["user"]["username"], "dave");
    assert_eq!(alice.get(&format!("{path}?with_user_count=true")).await.1[0]["user_count"], 1);
    let rule = json!({ "start": starts, "frequency": 2, "interval": 2, "by_weekday": [5] });
    let recurring = alice.patch(&one, json!({ "recurrence_rule": rule })).await.1;
    let mut kept = rule.clone();
    for key in ["by_n_weekday", "by_month", "by_month_day"] {
        kept[key] = Value::Null;
    }
    assert_eq!(recurring["recurrence_rule"], kept);
    let wrong = json!({ "recurrence_rule": { "frequency": 4, "by_month": [13] } });
    let mistakes = &alice.patch(&one, wrong).await.1["errors"]["recurrence_rule"];
    for key in ["start", "frequency", "by_month"] {
        assert!(mistakes[key].is_object(), "{key}: {mistakes}");
    }
    assert_eq!(alice.patch(&one, json!({ "recurrence_rule": null })).await.1["recurrence_rule"], Value::Null);
    assert_eq!(alice.patch(&one, json!({ "status": 2 })).await.1["status"], 2);
    assert_eq!(code(&alice.patch(&one, json!({ "status": 1 })).await), (400, 50035));
    assert_eq!(alice.patch(&one, json!({ "status": 3 })).await.1["status"], 3);
    assert_eq!(code(&alice.get(&one).await), (404, 10070));
}

#[tokio::test]
async fn a_voice_member_is_visible_moved_and_disconnected() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS | 1 << 7).await;
    let (guild, lounge) = (harbour(&sim), channel_id(&sim, "lounge"));
    let (mut dave, _) = client(&sim, "dave").await;
    dave.send(json!({ "op": 4, "d": { "guild_id": guild, "channel_id": lounge, "self_mute": true, "self_deaf": false } })).await;
    let told = socket.event("VOICE_STATE_UPDATE").await;
    assert_eq!((&told["channel_id"], &told["self_mute"]), (&json!(lounge), &json!(true)));
    assert_eq!(told["member"]["user"]["username"], "dave");
    assert_eq!(dave.event("VOICE_SERVER_UPDATE").await["guild_id"], guild);
    let alice = api(&sim, "alice");
    let other = alice
        .made(Method::POST, &format!("/guilds/{guild}/channels"), json!({ "name": "Bridge", "type": 2 }))
        .await;
    let member = format!("/guilds/{guild}/members/{}", user(&sim, "dave"));
    alice.made(Method::PATCH, &member, json!({ "channel_id": other["id"], "mute": true })).await;
    assert_eq!(socket.event("VOICE_STATE_UPDATE").await["channel_id"], other["id"]);
    assert_eq!(socket.event("VOICE_STATE_UPDATE").await["mute"], true);
    let state = format!("/guilds/{guild}/voice-states/{}", user(&sim, "dave"));
    assert_eq!(alice.get(&state).await.1["channel_id"], other["id"]);
    alice.made(Method::PATCH, &member, json!({ "channel_id": null })).await;
    assert_eq!(socket.event("VOICE_STATE_UPDATE").await["channel_id"], Value::Null);
    assert_eq!(code(&alice.get(&state).await), (404, 10065));
    assert_eq!(code(&alice.patch(&member, json!({ "deaf": true })).await), (400, 40032));
    let (_, ready) = client(&sim, "erin").await;
    assert_eq!(ready["user"]["username"], "erin");
}

#[tokio::test]
async fn a_speaker_on_a_stage_asks_first() {
    let sim = sim().await;
    let guild = harbour(&sim);
    let alice = api(&sim, "alice");
    let stage = alice
        .made(Method::POST, &format!("/guilds/{guild}/channels"), json!({ "name": "Stage", "type": 13 }))
        .await;
    let (mut dave, _) = client(&sim, "dave").await;
    dave.send(json!({ "op": 4, "d": { "guild_id": guild, "channel_id": stage["id"] } })).await;
    assert_eq!(dave.event("VOICE_STATE_UPDATE").await["suppress"], true);
    let own = format!("/guilds/{guild}/voice-states/@me");
    let speak = json!({ "channel_id": stage["id"], "suppress": false });
    assert_eq!(code(&api(&sim, "dave").patch(&own, speak.clone()).await), (403, 50013));
    let asks = json!({ "request_to_speak_timestamp": sim.clock().now().to_string() });
    assert_eq!(api(&sim, "dave").patch(&own, asks).await.0, 204);
    assert!(dave.event("VOICE_STATE_UPDATE").await["request_to_speak_timestamp"].is_string());
    let other = format!("/guilds/{guild}/voice-states/{}", user(&sim, "dave"));
    assert_eq!(alice.patch(&other, speak).await.0, 204);
    let now = dave.event("VOICE_STATE_UPDATE").await;
    assert_eq!((&now["suppress"], &now["request_to_speak_timestamp"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn a_changed_account_name_appears_everywhere() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let bot = api(&sim, "bot");
    assert_eq!(code(&bot.patch("/users/@me", json!({ "username": "x" })).await), (400, 50035));
    let body = json!({ "username": "robot", "avatar": PIXEL });
    let changed = bot.made(Method::PATCH, "/users/@me", body).await;
    assert_eq!(changed["username"], "robot");
    let update = socket.event("USER_UPDATE").await;
    assert_eq!(update["avatar"], changed["avatar"]);
    assert_eq!(update["mfa_enabled"], true, "hikari reads what only the account itself is shown: {update}");
    assert_eq!(socket.event("GUILD_MEMBER_UPDATE").await["user"]["username"], "robot");
    assert_eq!(bot.get("/applications/@me").await.1["bot"]["username"], "robot");
    let (_, same) = bot.patch("/users/@me", json!({ "username": "alice" })).await;
    assert_eq!(same["errors"]["username"]["_errors"][0]["code"], "USERNAME_ALREADY_TAKEN");
}

#[tokio::test]
async fn a_deleted_channel_is_no_longer_one_of_the_guilds_settings() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let (alice, guild) = (api(&sim, "alice"), format!("/guilds/{}", harbour(&sim)));
    let channels = format!("{guild}/channels");
    let away = alice.made(Method::POST, &channels, json!({ "name": "away", "type": 2 })).await;
    let news = alice.made(Method::POST, &channels, json!({ "name": "news" })).await;
    let settings = json!({ "afk_channel_id": away["id"], "system_channel_id": news["id"], "safety_alerts_channel_id": news["id"] });
    alice.made(Method::PATCH, &guild, settings).await;
    socket.settled().await;
    for (channel, afk) in [(&news, &away["id"]), (&away, &Value::Null)] {
        assert_eq!(alice.delete(&format!("/channels/{}", id(channel))).await.0, 200);
        let changed = socket.event("GUILD_UPDATE").await;
        assert_eq!((&changed["system_channel_id"], &changed["afk_channel_id"]), (&Value::Null, afk));
        assert_eq!(changed["safety_alerts_channel_id"], Value::Null);
    }
    let renamed = alice.made(Method::PATCH, &guild, json!({ "name": "Port" })).await;
    assert_eq!((&renamed["name"], &renamed["afk_channel_id"]), (&json!("Port"), &Value::Null));
}
