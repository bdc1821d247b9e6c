//! The gateway's finer rules: compression, pace, session starts, shards, member chunks, presences.

use std::time::Duration;

use gearshift_sim::{RateLimits, Sim, SimOptions, World};
use serde_json::{Value, json};

use crate::raw::{INTENTS, Received, Socket, get, options, sim};

const MEMBERS: u64 = 1 << 1;
const PRESENCES: u64 = 1 << 8;

#[tokio::test]
async fn more_than_120_payloads_in_a_minute_close_with_4008_and_the_session_can_be_resumed() {
    let sim = sim().await;
    let (mut socket, ready) = Socket::identified(&sim, INTENTS).await;
    for _ in 0..120 {
        socket.send(json!({ "op": 1, "d": null })).await;
    }
    assert_eq!(socket.close_code().await, Some(4008));
    let mut socket = Socket::open(&sim).await;
    socket.resume(sim.token(), &ready["session_id"], 1).await;
    socket.event("RESUMED").await;
}

#[tokio::test]
async fn unsupported_versions_and_encodings_close_with_4012() {
    let sim = sim().await;
    for query in ["v=6&encoding=json", "v=10&encoding=etf", "v=11"] {
        assert_eq!(Socket::raw(&sim, query).await.close_code().await, Some(4012), "{query}");
    }
    for query in ["v=9&encoding=json", "v=10", ""] {
        assert_eq!(Socket::raw(&sim, query).await.payload().await["op"], 10, "{query}");
    }
}

#[tokio::test]
async fn every_compression_carries_the_same_events() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap();
    for query in ["v=10", "v=10&compress=zlib-stream", "v=10&compress=zstd-stream"] {
        for compress in [false, true] {
            let mut socket = Socket::raw(&sim, query).await;
            assert_eq!(socket.payload().await["op"], 10);
            let identify = json!({ "token": sim.token(), "intents": INTENTS, "compress": compress });
            socket.send(json!({ "op": 2, "d": identify })).await;
            socket.event("READY").await;
            alice.say("general", "hi").await.unwrap();
            assert_eq!(socket.event("MESSAGE_CREATE").await["content"], "hi", "{query}, {compress}");
        }
    }
}

#[tokio::test]
async fn session_starts_are_counted_and_enforced_where_limits_hold() {
    let sim = sim().await;
    for _ in 0..2 {
        Socket::identified(&sim, 0).await;
    }
    let limit = &get(&sim, "/gateway/bot").await.1["session_start_limit"];
    assert_eq!((&limit["total"], &limit["remaining"]), (&json!(1000), &json!(998)));

    let options = SimOptions { rate_limits: RateLimits::Discord, max_concurrency: 2, ..options() };
    let sim = Sim::start(options).await.unwrap();
    let start = async |shard: u64| {
        let mut socket = Socket::open(&sim).await;
        let identify = json!({ "token": sim.token(), "intents": 0, "shard": [shard, 4] });
        socket.send(json!({ "op": 2, "d": identify })).await;
        socket.payload().await["op"].as_u64()
    };
    assert_eq!((start(0).await, start(1).await), (Some(0), Some(0)), "two may start side by side");
    assert_eq!(start(2).await, Some(9), "the next must wait");
    sim.clock().advance(Duration::from_secs(5));
    assert_eq!(start(3).await, Some(0), "for five seconds");
    assert_eq!(get(&sim, "/gateway/bot").await.1["session_start_limit"]["max_concurrency"], 2);
}

#[tokio::test]
async fn when_the_session_starts_of_a_day_are_used_up_all_sessions_of_the_bot_end() {
    let options = SimOptions { rate_limits: RateLimits::Discord, session_starts: 2, ..options() };
    let sim = Sim::start(options).await.unwrap();
    let left = async || get(&sim, "/gateway/bot").await.1["session_start_limit"].clone();
    sim.clock().freeze();
    let (mut first, _) = Socket::identified(&sim, 0).await;
    sim.clock().advance(Duration::from_secs(5));
    let (mut second, _) = Socket::identified(&sim, 0).await;
    let limit = left().await;
    assert_eq!((&limit["total"], &limit["remaining"]), (&json!(2), &json!(0)));
    assert_eq!(limit["reset_after"], 24 * 3600 * 1000 - 5000, "milliseconds");
    sim.clock().advance(Duration::from_secs(5));
    let mut third = Socket::open(&sim).await;
    third.identify(sim.token(), 0).await;
    for socket in [&mut third, &mut first, &mut second] {
        assert_eq!(socket.close_code().await, Some(4004));
    }
    assert!(sim.gateway().sessions().is_empty(), "none can be resumed");
    sim.clock().advance(Duration::from_secs(24 * 3600));
    assert_eq!(left().await["remaining"], 2);
    Socket::identified(&sim, 0).await;
}

#[tokio::test]
async fn all_members_of_a_guild_are_limited_to_one_request_in_thirty_seconds() {
    let options = SimOptions { rate_limits: RateLimits::Discord, ..options() };
    let sim = Sim::start(options).await.unwrap();
    sim.clock().freeze();
    let (mut socket, ready) = Socket::identified(&sim, INTENTS | MEMBERS).await;
    let guild = ready["guilds"][0]["id"].clone();
    let all = json!({ "op": 8, "d": { "guild_id": guild, "query": "", "limit": 0, "nonce": "n" } });
    socket.send(all.clone()).await;
    socket.event("GUILD_MEMBERS_CHUNK").await;
    sim.clock().advance(Duration::from_secs(10));
    socket.send(all.clone()).await;
    let limited = socket.event("RATE_LIMITED").await;
    let meta = json!({ "guild_id": guild, "nonce": "n" });
    assert_eq!(limited, json!({ "opcode": 8, "retry_after": 20.0, "meta": meta }));
    let some = json!({ "guild_id": guild, "query": "a", "limit": 5 });
    socket.send(json!({ "op": 8, "d": some })).await;
    socket.event("GUILD_MEMBERS_CHUNK").await;
    sim.clock().advance(Duration::from_secs(20));
    socket.send(all).await;
    socket.event("GUILD_MEMBERS_CHUNK").await;
}

#[tokio::test]
async fn a_session_with_too_many_guilds_closes_with_4011() {
    let sim = Sim::start(SimOptions { guilds_per_shard: 1, ..options() }).await.unwrap();
    let mut socket = Socket::open(&sim).await;
    socket.identify(sim.token(), 0).await;
    assert_eq!(socket.close_code().await, Some(4011));
}

/// A guild with 2,500 members, and its id.
async fn crowd() -> (Sim, Value) {
    let mut world = World::empty();
    let guild = world.add_guild("Crowd", "alice");
    world.add_channel(guild, "general");
    for number in 0..2498 {
        world.add_member(guild, &format!("m{number:04}"));
    }
    (Sim::start(SimOptions { world, ..options() }).await.unwrap(), json!(guild))
}

#[tokio::test]
async fn all_members_are_sent_in_chunks_and_only_with_the_intent() {
    let (sim, guild) = crowd().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS | MEMBERS | PRESENCES).await;
    let created = socket.event("GUILD_CREATE").await;
    assert_eq!((&created["large"], &created["member_count"]), (&json!(true), &json!(2500)));
    assert_eq!(created["members"].as_array().unwrap().len(), 1, "of a large guild only the bot itself");
    let all = json!({ "guild_id": guild, "query": "", "limit": 0, "presences": true, "nonce": "n" });
    socket.send(json!({ "op": 8, "d": all })).await;
    for index in 0..3 {
        let chunk = socket.event("GUILD_MEMBERS_CHUNK").await;
        assert_eq!((&chunk["chunk_index"], &chunk["chunk_count"]), (&json!(index), &json!(3)));
        assert_eq!((&chunk["nonce"], &chunk["not_found"]), (&json!("n"), &Value::Null));
        let members = chunk["members"].as_array().unwrap().len();
        assert_eq!(members, [1000, 1000, 500][index]);
        assert_eq!(chunk["presences"].as_array().unwrap().len(), members);
    }
    let found = json!({ "guild_id": guild, "query": "m0", "limit": 500, "nonce": "x".repeat(33) });
    socket.send(json!({ "op": 8, "d": found })).await;
    let chunk = socket.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["members"].as_array().unwrap().len(), 100, "a prefix finds 100 at most");
    assert_eq!((&chunk["nonce"], &chunk["presences"]), (&Value::Null, &Value::Null));

    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    socket.settled().await;
    socket.send(json!({ "op": 8, "d": all })).await;
    assert!(socket.settled().await.is_empty(), "everybody is for those with GUILD_MEMBERS");
    for bad in [json!({}), json!({ "guild_id": guild }), json!({ "guild_id": guild, "query": "a" })] {
        let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
        socket.send(json!({ "op": 8, "d": bad })).await;
        assert_eq!(socket.close_code().await, Some(4002), "{bad}");
    }
}

#[tokio::test]
async fn a_presence_reaches_sessions_with_the_intent_that_share_a_guild() {
    let sim = sim().await;
    let other = sim.add_bot("other");
    let (mut watcher, _) = Socket::identified(&sim, INTENTS | PRESENCES).await;
    let (mut blind, _) = Socket::identified(&sim, INTENTS).await;
    watcher.settled().await;
    blind.settled().await;
    let mut socket = Socket::open(&sim).await;
    let presence = json!({ "status": "idle", "since": null, "afk": false,
        "activities": [{ "name": "chess", "type": 0 }] });
    let identify = json!({ "token": other.token, "intents": 0, "presence": presence });
    socket.send(json!({ "op": 2, "d": identify })).await;
    socket.event("READY").await;
    let heard = watcher.event("PRESENCE_UPDATE").await;
    assert_eq!((&heard["user"]["id"], &heard["status"]), (&json!(other.id()), &json!("idle")));
    assert_eq!(heard["activities"][0]["name"], "chess");
    watcher.event("PRESENCE_UPDATE").await;

    // serenity sends an object as `since`.
    let odd = json!({ "status": "dnd", "since": { "secs_since_epoch": 1, "nanos_since_epoch": 2 }, "activities": [] });
    socket.send(json!({ "op": 3, "d": odd })).await;
    assert_eq!(watcher.event("PRESENCE_UPDATE").await["status"], "dnd");
    watcher.event("PRESENCE_UPDATE").await;
    let (mut late, _) = Socket::identified(&sim, INTENTS | PRESENCES).await;
    let guild = late.event("GUILD_CREATE").await;
    let seen =
        guild["presences"].as_array().unwrap().iter().find(|one| one["user"]["id"] == json!(other.id()));
    assert_eq!(seen.unwrap()["status"], "dnd");

    socket.close_with(1000).await;
    assert_eq!(watcher.event("PRESENCE_UPDATE").await["status"], "offline");
    assert!(blind.settled().await.is_empty());
    socket = Socket::identified(&sim, 0).await.0;
    socket.send(json!({ "op": 3, "d": { "status": "asleep" } })).await;
    assert_eq!(socket.close_code().await, Some(4002));
}

#[tokio::test]
async fn sounds_are_asked_for_politely() {
    let sim = sim().await;
    let (mut socket, ready) = Socket::identified(&sim, 0).await;
    let guild = &ready["guilds"][0]["id"];
    socket.send(json!({ "op": 31, "d": { "guild_ids": [guild] } })).await;
    let sounds = socket.event("SOUNDBOARD_SOUNDS").await;
    assert_eq!((&sounds["guild_id"], &sounds["soundboard_sounds"]), (guild, &json!([])));
}

#[tokio::test]
async fn whether_a_session_resumes_depends_on_how_the_connection_ended() {
    for (code, resumable) in [(4000, true), (4008, true), (4009, false), (4007, false), (4014, false)] {
        let sim = sim().await;
        let (mut socket, ready) = Socket::identified(&sim, 0).await;
        sim.gateway().close_sockets(code);
        assert_eq!(socket.close_code().await, Some(code));
        let mut socket = Socket::open(&sim).await;
        socket.resume(sim.token(), &ready["session_id"], 1).await;
        match socket.receive().await {
            Received::Payload(payload) if resumable => assert_eq!(payload["t"], "RESUMED", "{code}"),
            Received::Payload(payload) => assert_eq!(payload["op"], 9, "{code}"),
            closed => panic!("{code}: {closed:?}"),
        }
    }
}
