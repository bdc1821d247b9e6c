//! Users on the wire: with a token of their own, the same REST API and gateway, and only what they may see.

use gearshift_sim::{NO_OPTIONS, Sim, SimOptions, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::raw::{INTENTS, Socket, call, call_as, channel_id, client, get, options, post, register, sim};

fn token(sim: &Sim, name: &str) -> String {
    sim.member(name).unwrap().token()
}

fn names(channels: &Value) -> Vec<&str> {
    channels.as_array().unwrap().iter().map(|channel| channel["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_person_speaks_and_hears_as_a_bot_does() {
    let sim = sim().await;
    let general = channel_id(&sim, "general");
    let (mut bob, _) = client(&sim, "bob").await;
    let body = json!({ "content": "hello", "nonce": "1" });
    let path = format!("/channels/{general}/messages");
    let (status, said) = call_as(&sim, &token(&sim, "alice"), Method::POST, &path, Some(body)).await;
    assert_eq!((status.as_u16(), &said["author"]["username"]), (200, &json!("alice")));
    let heard = bob.event("MESSAGE_CREATE").await;
    assert_eq!(
        (&heard["content"], &heard["id"], &heard["nonce"]),
        (&json!("hello"), &said["id"], &json!("1"))
    );
    let (_, me) = call_as(&sim, &token(&sim, "bob"), Method::GET, "/users/@me", None).await;
    assert_eq!((&me["username"], &me["bot"]), (&json!("bob"), &json!(false)));
}

#[tokio::test]
async fn a_person_writes_text_and_files_but_no_embeds_or_components() {
    let sim = sim().await;
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let fancy = json!({ "embeds": [{ "title": "x" }], "components": [{ "type": 1, "components": [
        { "type": 2, "style": 1, "label": "x", "custom_id": "x" },
    ]}]});
    let (status, error) =
        call_as(&sim, &token(&sim, "alice"), Method::POST, &path, Some(fancy.clone())).await;
    assert_eq!((status.as_u16(), &error["code"]), (400, &json!(50006)));
    let mut with_text = fancy;
    with_text["content"] = json!("plain");
    let (_, said) = call_as(&sim, &token(&sim, "alice"), Method::POST, &path, Some(with_text)).await;
    assert_eq!(
        (&said["content"], &said["embeds"], &said["components"]),
        (&json!("plain"), &json!([]), &json!([]))
    );
}

#[tokio::test]
async fn a_wrong_token_opens_nothing() {
    let sim = sim().await;
    let forged = token(&sim, "alice").replace(&sim.member("alice").unwrap().id().to_string(), "1");
    let with_prefix = format!("Bot {}", token(&sim, "alice"));
    for token in [&*forged, &with_prefix, "person.1", "", sim.token()] {
        let (status, _) = call_as(&sim, token, Method::GET, "/users/@me", None).await;
        assert_eq!(status, 401, "{token}");
    }
    let mut socket = Socket::open(&sim).await;
    socket.identify(&forged, 0).await;
    assert_eq!(socket.close_code().await, Some(4004));
}

#[tokio::test]
async fn bot_only_routes_are_refused_to_users() {
    let sim = sim().await;
    let (_, bot) = get(&sim, "/users/@me").await;
    let commands = format!("/applications/{}/commands", bot["id"].as_str().unwrap());
    for (method, path) in
        [(Method::GET, "/gateway/bot"), (Method::GET, "/oauth2/applications/@me"), (Method::GET, &commands)]
    {
        let (status, body) = call_as(&sim, &token(&sim, "alice"), method, path, None).await;
        assert_eq!((status.as_u16(), &body["code"]), (403, &json!(20002)), "{path}");
    }
}

#[tokio::test]
async fn a_person_sees_its_own_guilds_channels_and_direct_messages_only() {
    let sim = sim().await;
    sim.member("dave").unwrap().say("@bot", "psst").await.unwrap();
    let (mut dave, ready) = client(&sim, "dave").await;
    let partner = &ready["private_channels"][0]["recipients"];
    assert_eq!((partner.as_array().unwrap().len(), &partner[0]["username"]), (1, &json!("bot")));
    assert!(ready["application"].is_null());
    assert_eq!(ready["guilds"].as_array().unwrap().len(), 1);
    let harbour = dave.event("GUILD_CREATE").await;
    assert_eq!(names(&harbour["channels"]), ["general", "random", "dev", "lounge"]);
    assert_eq!(harbour["members"].as_array().unwrap().len(), 6);
    let (_, ready) = client(&sim, "bob").await;
    assert_eq!(ready["private_channels"], json!([]));
    let staff = channel_id(&sim, "staff");
    let (status, body) =
        call_as(&sim, &token(&sim, "dave"), Method::GET, &format!("/channels/{staff}"), None).await;
    assert_eq!((status.as_u16(), &body["code"]), (403, &json!(50001)));
}

#[tokio::test]
async fn a_large_guild_is_sent_with_its_first_thousand_members() {
    let mut world = World::empty();
    let guild = world.add_guild("Crowd", "alice");
    world.add_channel(guild, "general");
    for number in 0..1200 {
        world.add_member(guild, &format!("m{number}"));
    }
    let sim = Sim::start(SimOptions { world, ..options() }).await.unwrap();
    let (mut last, _) = client(&sim, "m1199").await;
    let crowd = last.event("GUILD_CREATE").await;
    let members = crowd["members"].as_array().unwrap();
    assert_eq!((members.len(), &crowd["member_count"], &crowd["large"]), (1000, &json!(1202), &json!(true)));
    assert_eq!(members[0]["user"]["username"], "m1199");
    last.send(json!({ "op": 8, "d": { "guild_id": crowd["id"], "query": "m7", "limit": 100 } })).await;
    assert_eq!(last.event("GUILD_MEMBERS_CHUNK").await["members"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn an_ephemeral_answer_reaches_the_one_who_asked_and_nobody_else() {
    let sim = sim().await;
    register(&sim, json!([{ "name": "secret", "description": "x" }])).await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    let (mut alice, _) = client(&sim, "alice").await;
    let (mut bob, _) = client(&sim, "bob").await;
    sim.member("alice").unwrap().slash("secret", NO_OPTIONS).await.unwrap();
    let asked = bot.event("INTERACTION_CREATE").await;
    let callback = format!(
        "/interactions/{}/{}/callback",
        asked["id"].as_str().unwrap(),
        asked["token"].as_str().unwrap()
    );
    post(&sim, &callback, json!({ "type": 4, "data": { "content": "for you", "flags": 64 } })).await;
    let webhook = format!(
        "/webhooks/{}/{}/messages/@original",
        asked["application_id"].as_str().unwrap(),
        asked["token"].as_str().unwrap()
    );
    call(&sim, Method::PATCH, &webhook, Some(json!({ "content": "still for you" }))).await;
    call(&sim, Method::DELETE, &webhook, None).await;
    let created = alice.event("MESSAGE_CREATE").await;
    assert_eq!((&created["content"], created["flags"].as_u64()), (&json!("for you"), Some(64)));
    assert_eq!(alice.event("MESSAGE_UPDATE").await["content"], "still for you");
    assert_eq!(alice.event("MESSAGE_DELETE").await["id"], created["id"]);
    for other in [&mut bob, &mut bot] {
        let told = other.settled().await;
        assert!(!told.iter().any(|one| one["t"].as_str().is_some_and(|name| name.starts_with("MESSAGE"))));
    }
}

#[tokio::test]
async fn a_new_direct_message_is_announced_to_the_person() {
    let sim = sim().await;
    let (mut erin, _) = client(&sim, "erin").await;
    let id = sim.member("erin").unwrap().id().to_string();
    let (_, opened) = post(&sim, "/users/@me/channels", json!({ "recipient_id": id })).await;
    let announced = erin.event("CHANNEL_CREATE").await;
    assert_eq!((&announced["id"], &announced["type"]), (&opened["id"], &json!(1)));
    assert_eq!(announced["recipients"][0]["username"], "bot");
    post(&sim, &format!("/channels/{}/messages", opened["id"].as_str().unwrap()), json!({ "content": "hi" }))
        .await;
    assert_eq!(erin.event("MESSAGE_CREATE").await["content"], "hi");
}

#[tokio::test]
async fn a_persons_client_resumes_and_does_not_count_as_a_bots_session() {
    let sim = sim().await;
    let (mut alice, ready) = client(&sim, "alice").await;
    assert_eq!((sim.gateway().connected(), sim.gateway().drop_sockets()), (0, 0));
    let seq = alice.settled().await.last().unwrap()["s"].as_u64().unwrap();
    drop(alice);
    sim.member("bob").unwrap().say("general", "missed").await.unwrap();
    let mut again = Socket::open(&sim).await;
    again.resume(&token(&sim, "bob"), &ready["session_id"], seq).await;
    assert_eq!(again.payload().await["op"], 9, "somebody else's session");
    again.resume(&token(&sim, "alice"), &ready["session_id"], seq).await;
    assert_eq!(again.event("MESSAGE_CREATE").await["content"], "missed");
    again.event("RESUMED").await;
}

#[tokio::test]
async fn joining_a_guild_sends_guild_create() {
    let sim = sim().await;
    let (mut dave, _) = client(&sim, "dave").await;
    let at_first = dave.event("GUILD_CREATE").await;
    let member = sim.member("dave").unwrap();
    member.leave("Harbour").await.unwrap();
    member.join("Harbour").await.unwrap();
    let again = dave.event("GUILD_CREATE").await;
    assert!(!at_first["presences"].as_array().unwrap().is_empty());
    for key in ["presences", "channels", "member_count", "large"] {
        assert_eq!(at_first[key], again[key], "{key}");
    }
}
