//! Applications, stages, counts, and what is due later and survives a restart.

use std::time::Duration;

use gearshift_sim::{MessageKind, Sim, SimOptions, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id};
use crate::raw::{INTENTS, Socket, channel_id, client, options, sim};

#[tokio::test]
async fn an_application_has_a_description_and_role_connection_metadata() {
    let sim = sim().await;
    let bot = api(&sim, "bot");
    let body =
        json!({ "description": "Keeps the log", "tags": ["sea"], "custom_install_url": "http://127.0.0.1/" });
    let changed = bot.made(Method::PATCH, "/applications/@me", body).await;
    assert_eq!((&changed["description"], &changed["tags"][0]), (&json!("Keeps the log"), &json!("sea")));
    assert_eq!(bot.get("/oauth2/applications/@me").await.1, changed);
    let bad = json!({ "description": "x".repeat(401), "tags": ["y".repeat(21)] });
    let (_, error) = bot.patch("/applications/@me", bad).await;
    assert!(error["errors"]["description"].is_object() && error["errors"]["tags"].is_object(), "{error}");
    let path = format!("/applications/{}/role-connections/metadata", id(&changed));
    let miles = json!([{ "type": 2, "key": "miles", "name": "Miles", "description": "sailed at least" }]);
    assert_eq!(bot.put(&path, miles.clone()).await, (200, miles.clone()));
    assert_eq!(bot.get(&path).await.1, miles);
    assert_eq!(code(&bot.put(&path, json!([{ "type": 9, "key": "x" }])).await), (400, 50035));
    assert_eq!(code(&api(&sim, "alice").get(&path).await), (403, 20002));
}

#[tokio::test]
async fn a_stage_is_opened_once_renamed_and_closed() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let alice = api(&sim, "alice");
    let channels = format!("/guilds/{}/channels", harbour(&sim));
    let channel = alice.made(Method::POST, &channels, json!({ "name": "Deck", "type": 13 })).await;
    let body = json!({ "channel_id": channel["id"], "topic": "Knots" });
    assert_eq!(code(&api(&sim, "bot").post("/stage-instances", body.clone()).await), (403, 50013));
    alice.made(Method::POST, "/stage-instances", body.clone()).await;
    assert_eq!(socket.event("STAGE_INSTANCE_CREATE").await["topic"], "Knots");
    assert_eq!(code(&alice.post("/stage-instances", body).await), (400, 150_006));
    let one = format!("/stage-instances/{}", id(&channel));
    assert_eq!(alice.patch(&one, json!({ "topic": "Better knots" })).await.1["topic"], "Better knots");
    assert_eq!(socket.event("STAGE_INSTANCE_UPDATE").await["topic"], "Better knots");
    assert_eq!(alice.delete(&one).await.0, 204);
    assert_eq!(socket.event("STAGE_INSTANCE_DELETE").await["channel_id"], channel["id"]);
    assert_eq!(code(&alice.get(&one).await), (404, 10067));
    let text = json!({ "channel_id": channel_id(&sim, "general"), "topic": "x" });
    assert_eq!(code(&alice.post("/stage-instances", text).await), (400, 50024));
}

#[tokio::test]
async fn own_guilds_come_in_pages_and_roles_are_counted() {
    let sim = sim().await;
    let bot = api(&sim, "bot");
    let (_, first) = bot.get("/users/@me/guilds?limit=1&with_counts=true").await;
    assert!(first[0]["approximate_member_count"].as_u64().unwrap() > 1, "{first}");
    let (_, rest) = bot.get(&format!("/users/@me/guilds?after={}", id(&first[0]))).await;
    assert_eq!(rest.as_array().unwrap().len(), 1);
    let (_, before) = bot.get(&format!("/users/@me/guilds?before={}", id(&rest[0]))).await;
    assert_eq!(id(&before[0]), id(&first[0]));
    let (_, counts) = bot.get(&format!("/guilds/{}/roles/member-counts", harbour(&sim))).await;
    let own = sim.world(|world| {
        let guild = world.guilds().next().unwrap();
        guild.roles.iter().find(|role| role.bot.is_some()).unwrap().id.to_string()
    });
    assert_eq!(counts[own], 1);
    assert_eq!(sim.unknown_fields(), [], "every key above is known");
}

#[tokio::test]
async fn new_members_are_announced_in_a_world_files_system_channel_unless_disabled() {
    let sim = sim().await;
    let workshop = sim.world(|world| world.guilds().find(|guild| guild.name == "Workshop").unwrap().id);
    let notices = |sim: &Sim| {
        let said = sim.messages("Workshop/general").unwrap();
        said.iter().map(|one| (one.author.username.clone(), one.kind)).collect::<Vec<_>>()
    };
    sim.member("dave").unwrap().join("Workshop").await.unwrap();
    assert_eq!(notices(&sim), [("dave".to_owned(), MessageKind::Join)]);
    let written = sim.world(|world| world.write());
    assert_eq!(written.matches("system = true").count(), 2, "{written}");
    assert_eq!(World::read(&written).unwrap().write(), written);
    // SUPPRESS_JOIN_NOTIFICATIONS: https://discord.com/developers/docs/resources/guild#guild-object-system-channel-flags
    let path = format!("/guilds/{workshop}");
    api(&sim, "bob").made(Method::PATCH, &path, json!({ "system_channel_flags": 1 })).await;
    sim.member("erin").unwrap().join("Workshop").await.unwrap();
    assert_eq!(notices(&sim).len(), 1);
}

#[tokio::test]
async fn new_members_are_announced_in_the_system_channel() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let random = channel_id(&sim, "random");
    alice.made(Method::PATCH, &format!("/guilds/{guild}"), json!({ "system_channel_id": random })).await;
    let leave = format!("/users/@me/guilds/{guild}");
    assert_eq!(api(&sim, "dave").delete(&leave).await.0, 204);
    let path = format!("/channels/{random}/invites");
    let invite = alice.made(Method::POST, &path, json!({})).await;
    let (mut owner, _) = client(&sim, "alice").await;
    let enter = format!("/invites/{}", invite["code"].as_str().unwrap());
    api(&sim, "dave").made(Method::POST, &enter, json!({})).await;
    let notice = owner.event("MESSAGE_CREATE").await;
    assert_eq!((&notice["type"], &notice["author"]["username"]), (&json!(7), &json!("dave")));
}

#[tokio::test]
async fn pending_timers_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Sim::start(SimOptions { persist_dir: Some(folder.path().to_owned()), ..options() });
    let sim = start().await.unwrap();
    let general = channel_id(&sim, "general");
    let body = json!({ "name": "short", "type": 11, "auto_archive_duration": 60 });
    let threads = format!("/channels/{general}/threads");
    let thread = api(&sim, "alice").made(Method::POST, &threads, body).await;
    let answers = json!([{ "poll_media": { "text": "Aye" } }]);
    let poll = json!({ "poll": { "question": { "text": "Sail?" }, "answers": answers, "duration": 1 } });
    let path = format!("/channels/{general}/messages");
    let asked = api(&sim, "alice").made(Method::POST, &path, poll).await;
    let invites = format!("/channels/{general}/invites");
    api(&sim, "alice").made(Method::POST, &invites, json!({ "max_age": 3600 })).await;
    sim.close().await;

    let sim = start().await.unwrap();
    let alice = api(&sim, "alice");
    assert_eq!(alice.get(&invites).await.1.as_array().unwrap().len(), 1);
    sim.clock().advance(Duration::from_secs(3700));
    assert_eq!(alice.get(&invites).await.1, json!([]));
    let (_, thread) = alice.get(&format!("/channels/{}", id(&thread))).await;
    assert_eq!(thread["thread_metadata"]["archived"], true);
    let (_, asked) = alice.get(&format!("{path}/{}", id(&asked))).await;
    assert_eq!(asked["poll"]["results"]["is_finalized"], true);
    assert_ne!(asked["poll"], Value::Null);
}
