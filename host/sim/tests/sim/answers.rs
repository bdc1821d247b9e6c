//! Routes that no other test needs: `scripts/clients` compares their answers with Discord's specification.

use gearshift_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{api, harbour, id, user};
use crate::raw::{INTENTS, Socket, channel_id, sim};

const PIXEL: &str = "data:image/png;base64,iVBORw0KGgo=";

async fn own_application(sim: &Sim) -> String {
    id(&api(sim, "bot").get("/users/@me").await.1).to_owned()
}

#[tokio::test]
async fn a_guild_command_is_created_read_edited_and_deleted() {
    let sim = sim().await;
    let (bot, application) = (api(&sim, "bot"), own_application(&sim).await);
    let commands = format!("/applications/{application}/guilds/{}/commands", harbour(&sim));
    let made = bot.made(Method::POST, &commands, json!({ "name": "ping", "description": "x" })).await;
    let one = format!("{commands}/{}", id(&made));
    assert_eq!(bot.get(&one).await, (200, made.clone()));
    assert_eq!(bot.get(&format!("{commands}?with_localizations=true")).await.1, json!([made]));
    assert_eq!(bot.get(&format!("{commands}/permissions")).await.1, json!([]));
    assert_eq!(bot.patch(&one, json!({ "description": "y" })).await.1["description"], "y");
    let replaced = bot.put(&commands, json!([{ "name": "pong", "description": "x" }])).await.1;
    assert_eq!(replaced[0]["name"], "pong");
    assert_eq!(bot.delete(&format!("{commands}/{}", id(&replaced[0]))).await.0, 204);
    let global = format!("/applications/{application}/commands");
    let made = bot.made(Method::POST, &global, json!({ "name": "ping", "description": "x" })).await;
    assert_eq!(bot.get(&format!("{global}/{}", id(&made))).await, (200, made));
}

#[tokio::test]
async fn reactions_are_removed_by_user_by_emoji_and_all_at_once() {
    let sim = sim().await;
    let said = sim.member("alice").unwrap().say("general", "x").await.unwrap();
    let message = format!("/channels/{}/messages/{said}", channel_id(&sim, "general"));
    let count = async || api(&sim, "alice").get(&message).await.1["reactions"].as_array().map_or(0, Vec::len);
    let dave = user(&sim, "dave");
    for (path, left) in [(format!("/👍/{dave}"), 1), ("/👍".to_owned(), 1), (String::new(), 0)] {
        sim.member("dave").unwrap().react(said, "👍").await.unwrap();
        sim.member("dave").unwrap().react(said, "👎").await.unwrap();
        assert_eq!(api(&sim, "alice").delete(&format!("{message}/reactions{path}")).await.0, 204);
        assert_eq!(count().await, left, "{path}");
    }
}

#[tokio::test]
async fn a_poll_is_ended_by_its_author() {
    let sim = sim().await;
    let bot = api(&sim, "bot");
    let channel = format!("/channels/{}", channel_id(&sim, "general"));
    let answer = |text: &str| json!({ "poll_media": { "text": text } });
    let poll =
        json!({ "question": { "text": "Tea?" }, "answers": [answer("yes"), answer("no")], "duration": 1 });
    let said = bot.made(Method::POST, &format!("{channel}/messages"), json!({ "poll": poll })).await;
    let ended = bot.made(Method::POST, &format!("{channel}/polls/{}/expire", id(&said)), Value::Null).await;
    assert_eq!(ended["poll"]["results"]["is_finalized"], true);
}

#[tokio::test]
async fn private_threads_list_their_members_and_are_listed_when_archived() {
    let sim = sim().await;
    let (alice, general) = (api(&sim, "alice"), channel_id(&sim, "general"));
    let thread = alice
        .made(Method::POST, &format!("/channels/{general}/threads"), json!({ "name": "x", "type": 12 }))
        .await;
    let members = format!("/channels/{}/thread-members", id(&thread));
    let dave = user(&sim, "dave");
    alice.made(Method::PUT, &format!("{members}/{dave}"), Value::Null).await;
    assert_eq!(
        alice.get(&format!("{members}/{dave}?with_member=true")).await.1["member"]["user"]["id"],
        dave
    );
    api(&sim, "dave").made(Method::PUT, &format!("{members}/@me"), Value::Null).await;
    assert_eq!(alice.delete(&format!("{members}/{dave}")).await.0, 204);
    alice.made(Method::PATCH, &format!("/channels/{}", id(&thread)), json!({ "archived": true })).await;
    for list in ["threads/archived/private", "users/@me/threads/archived/private"] {
        let listed = alice.get(&format!("/channels/{general}/{list}")).await.1;
        assert_eq!((&listed["threads"][0]["id"], &listed["has_more"]), (&thread["id"], &json!(false)));
    }
}

#[tokio::test]
async fn guild_resources_are_read_one_by_one() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), format!("/guilds/{}", harbour(&sim)));
    let emoji =
        alice.made(Method::POST, &format!("{guild}/emojis"), json!({ "name": "dot", "image": PIXEL })).await;
    assert_eq!(alice.get(&format!("{guild}/emojis/{}", id(&emoji))).await, (200, emoji));
    let emojis = format!("/applications/{}/emojis", own_application(&sim).await);
    let emoji = api(&sim, "bot").made(Method::POST, &emojis, json!({ "name": "dot", "image": PIXEL })).await;
    assert_eq!(api(&sim, "bot").get(&format!("{emojis}/{}", id(&emoji))).await, (200, emoji));
    for (path, key) in [("preview", "emojis"), ("regions", ""), ("stickers", "")] {
        let (status, answer) = api(&sim, "bot").get(&format!("{guild}/{path}")).await;
        let list = if key.is_empty() { &answer } else { &answer[key] };
        assert!(status == 200 && list.is_array(), "{path}: {answer}");
    }
    for path in ["/voice/regions", "/sticker-packs"] {
        assert_eq!(api(&sim, "bot").get(path).await.0, 200, "{path}");
    }
    let own = alice.get(&format!("/users/@me{guild}/member")).await.1;
    assert_eq!(own["user"]["username"], "alice");
    let stage =
        alice.made(Method::POST, &format!("{guild}/channels"), json!({ "name": "Deck", "type": 13 })).await;
    let opened = json!({ "channel_id": stage["id"], "topic": "Knots" });
    let opened = alice.made(Method::POST, "/stage-instances", opened).await;
    assert_eq!(alice.get(&format!("/stage-instances/{}", id(&stage))).await, (200, opened));
    let (start, end) = ("2099-01-01T00:00:00+00:00", "2099-01-02T00:00:00+00:00");
    let event = json!({
        "name": "x", "privacy_level": 2, "entity_type": 3, "entity_metadata": { "location": "bay" },
        "scheduled_start_time": start, "scheduled_end_time": end,
    });
    let event = alice.made(Method::POST, &format!("{guild}/scheduled-events"), event).await;
    let one = format!("{guild}/scheduled-events/{}", id(&event));
    assert_eq!(alice.get(&format!("{one}?with_user_count=true")).await.1["user_count"], 0);
    let interest = format!("{one}/users/@me");
    api(&sim, "dave").made(Method::PUT, &interest, Value::Null).await;
    assert_eq!(api(&sim, "dave").delete(&interest).await.0, 204);
}

#[tokio::test]
async fn a_webhook_is_read_by_its_owner_and_renamed_by_its_token() {
    let sim = sim().await;
    let alice = api(&sim, "alice");
    let path = format!("/channels/{}/webhooks", channel_id(&sim, "general"));
    let hook = alice.made(Method::POST, &path, json!({ "name": "log" })).await;
    let one = format!("/webhooks/{}", id(&hook));
    assert_eq!(alice.get(&one).await.1["name"], "log");
    let with_token = format!("{one}/{}", hook["token"].as_str().unwrap());
    assert_eq!(alice.patch(&with_token, json!({ "name": "book" })).await.1["name"], "book");
}

#[tokio::test]
async fn a_bots_own_voice_state_is_read_once_it_is_in_a_channel() {
    let sim = sim().await;
    let guild = harbour(&sim);
    let channel = json!({ "name": "Deck", "type": 2 });
    let path = format!("/guilds/{guild}/channels");
    let voice = api(&sim, "alice").made(Method::POST, &path, channel).await["id"].clone();
    let (mut socket, _) = Socket::identified(&sim, INTENTS | 1 << 7).await;
    let join = json!({ "guild_id": guild, "channel_id": voice, "self_mute": false, "self_deaf": false });
    socket.send(json!({ "op": 4, "d": join })).await;
    socket.event("VOICE_STATE_UPDATE").await;
    let own = api(&sim, "bot").get(&format!("/guilds/{guild}/voice-states/@me")).await.1;
    assert_eq!(own["channel_id"], voice);
}
