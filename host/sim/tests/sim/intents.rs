//! Intents and permissions decide which events a session receives.

use gearshift_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use crate::raw::{INTENTS, Socket, call, channel_id, post, sim};

const GUILD_MESSAGES: u64 = 1 << 9;
const REACTIONS: u64 = 1 << 10;
const DIRECT_MESSAGES: u64 = 1 << 12;
const MESSAGE_CONTENT: u64 = 1 << 15;

async fn heard_with(sim: &Sim, intents: u64) -> Vec<String> {
    let (mut socket, _) = Socket::identified(sim, intents).await;
    socket.settled().await;
    let alice = sim.member("alice").unwrap();
    let said = alice.say("general", "hi").await.unwrap();
    alice.react(said, "👍").await.unwrap();
    alice.typing("general").await.unwrap();
    alice.edit(said, "hi there").await.unwrap();
    alice.say("@bot", "psst").await.unwrap();
    alice.delete(said).await.unwrap();
    socket.settled().await.iter().map(|payload| payload["t"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_session_receives_only_events_of_its_intents() {
    let sim = sim().await;
    assert_eq!(heard_with(&sim, 0).await, Vec::<String>::new());
    assert_eq!(
        heard_with(&sim, GUILD_MESSAGES).await,
        ["MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"]
    );
    assert_eq!(heard_with(&sim, REACTIONS).await, ["MESSAGE_REACTION_ADD"]);
    assert_eq!(heard_with(&sim, DIRECT_MESSAGES).await, ["MESSAGE_CREATE"]);
    let all = [
        "MESSAGE_CREATE",
        "MESSAGE_REACTION_ADD",
        "TYPING_START",
        "MESSAGE_UPDATE",
        "MESSAGE_CREATE",
        "MESSAGE_DELETE",
    ];
    assert_eq!(heard_with(&sim, INTENTS).await, all);
}

async fn contents(socket: &mut Socket) -> Vec<String> {
    let heard = socket.settled().await;
    heard.iter().map(|payload| payload["d"]["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn without_message_content_only_mentions_own_and_direct_messages_have_text() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap();
    let bot = sim.world(|world| world.bots()[0].id());
    let intents = GUILD_MESSAGES | DIRECT_MESSAGES;
    let (mut blind, _) = Socket::identified(&sim, intents).await;
    let (mut seeing, _) = Socket::identified(&sim, intents | MESSAGE_CONTENT).await;
    alice.say("general", "secret").await.unwrap();
    alice.say("general", &format!("<@{bot}> hello")).await.unwrap();
    alice.say("@bot", "direct").await.unwrap();
    let general = channel_id(&sim, "general");
    let body = json!({ "content": "own", "embeds": [{ "title": "own" }] });
    post(&sim, &format!("/channels/{general}/messages"), body).await;
    let mention = format!("<@{bot}> hello");
    assert_eq!(contents(&mut blind).await, ["", &mention, "direct", "own"]);
    assert_eq!(contents(&mut seeing).await, ["secret", &mention, "direct", "own"]);
}

#[tokio::test]
async fn an_invisible_channel_sends_no_events_and_cannot_be_used() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    socket.settled().await;
    let bob = sim.member("bob").unwrap();
    bob.say("staff", "among us").await.unwrap();
    assert_eq!(socket.settled().await, Vec::<Value>::new());
    let staff = channel_id(&sim, "staff");
    let (status, error) =
        post(&sim, &format!("/channels/{staff}/messages"), json!({ "content": "hi" })).await;
    assert_eq!((status.as_u16(), &error["code"]), (403, &json!(50001)));
    let (status, error) = call(&sim, Method::GET, &format!("/channels/{staff}"), None).await;
    assert_eq!((status.as_u16(), &error["code"]), (403, &json!(50001)));
    // The member's client refuses it as well.
    let refused = sim.member("carol").unwrap().say("staff", "me too").await.unwrap_err();
    assert_eq!(refused.to_string(), "carol may not read messages in #staff");
}

#[tokio::test]
async fn a_bot_receives_its_own_messages() {
    let sim = sim().await;
    let (mut socket, ready) = Socket::identified(&sim, INTENTS).await;
    let general = channel_id(&sim, "general");
    let (_, posted) = post(&sim, &format!("/channels/{general}/messages"), json!({ "content": "me" })).await;
    let heard = socket.event("MESSAGE_CREATE").await;
    assert_eq!(heard["id"], posted["id"]);
    assert_eq!(heard["author"]["id"], ready["user"]["id"]);
    assert!(heard["guild_id"].is_string() && heard["member"]["roles"].is_array());
    assert!(posted.get("guild_id").is_none(), "REST answers do not carry the guild");
}

#[tokio::test]
async fn several_bots_hear_each_other() {
    let sim = sim().await;
    let other = sim.add_bot("other");
    let (mut first, _) = Socket::identified(&sim, INTENTS).await;
    let mut second = Socket::open(&sim).await;
    second.identify(&other.token, INTENTS).await;
    assert_eq!(second.event("READY").await["user"]["username"], "other");
    let general = channel_id(&sim, "general");
    post(&sim, &format!("/channels/{general}/messages"), json!({ "content": "from the first" })).await;
    for socket in [&mut first, &mut second] {
        assert_eq!(socket.event("MESSAGE_CREATE").await["content"], "from the first");
    }
}

#[tokio::test]
async fn over_rest_a_bot_without_the_granted_intent_reads_what_its_events_would_show() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap();
    let bot = sim.world(|world| world.bots()[0].id());
    let general = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let secret = alice.say("general", "secret").await.unwrap();
    let mention = format!("<@{bot}> hello");
    alice.say("general", &mention).await.unwrap();
    post(&sim, &general, json!({ "content": "own" })).await;
    let private = alice.say("@bot", "direct").await.unwrap();
    let dm = sim.world(|world| world.channel_named("@alice", None).unwrap().id);
    let forward = json!({ "message_reference": { "type": 1, "channel_id": channel_id(&sim, "general"), "message_id": secret } });
    let get = async |path: &str| call(&sim, Method::GET, path, None).await.1;
    assert_eq!(get(&general).await[2]["content"], "secret");
    sim.revoke_intents(bot, MESSAGE_CONTENT);
    let page = get(&general).await;
    let texts: Vec<&Value> = page.as_array().unwrap().iter().map(|one| &one["content"]).collect();
    assert_eq!(texts, ["own", &mention, ""]);
    assert_eq!(get(&format!("{general}/{secret}")).await["content"], "");
    assert_eq!(get(&format!("/channels/{dm}/messages/{private}")).await["content"], "direct");
    let (status, error) = post(&sim, &general, forward).await;
    assert_eq!((status.as_u16(), &error["code"]), (400, &json!(160_014)));
}

#[tokio::test]
async fn a_bots_own_reply_does_not_show_it_what_it_replied_to() {
    let sim = sim().await;
    let bot = sim.world(|world| world.bots()[0].id());
    let general = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let secret = sim.member("alice").unwrap().say("general", "secret").await.unwrap();
    let own = post(&sim, &general, json!({ "content": "own" })).await.1["id"].clone();
    let reply = |to: Value| json!({ "content": "re", "message_reference": { "message_id": to } });
    let (mut blind, _) = Socket::identified(&sim, GUILD_MESSAGES).await;
    let (mut seeing, _) = Socket::identified(&sim, GUILD_MESSAGES | MESSAGE_CONTENT).await;
    sim.revoke_intents(bot, MESSAGE_CONTENT);
    for (to, shown) in [(json!(secret), ""), (own, "own")] {
        let (_, answer) = post(&sim, &general, reply(to)).await;
        let heard = blind.event("MESSAGE_CREATE").await;
        for message in [&answer, &heard] {
            assert_eq!(message["content"], "re");
            assert_eq!(message["referenced_message"]["content"], shown);
        }
        let all = seeing.event("MESSAGE_CREATE").await;
        assert_ne!(all["referenced_message"]["content"], "");
    }
}
