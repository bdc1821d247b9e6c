//! The gateway's rules: who may connect, which code closes a connection, what a resume replays.

use std::time::Duration;

use gearshift_sim::{Sim, SimOptions};
use serde_json::{Value, json};

use crate::raw::{INTENTS, PATIENCE, Received, Socket, options, sim};

#[tokio::test]
async fn a_wrong_token_closes_with_4004() {
    let sim = sim().await;
    let mut socket = Socket::open(&sim).await;
    socket.identify("wrong", INTENTS).await;
    assert_eq!(socket.close_code().await, Some(4004));
}

#[tokio::test]
async fn each_mistake_has_its_close_code() {
    let sim = sim().await;
    let long = format!(r#"{{"op":1,"d":"{}"}}"#, "x".repeat(5000));
    let bad_shard =
        json!({ "op": 2, "d": { "token": sim.token(), "intents": 0, "shard": [2, 2] } }).to_string();
    let bad_intents = json!({ "op": 2, "d": { "token": sim.token(), "intents": 1_u64 << 40 } }).to_string();
    let no_token = json!({ "op": 2, "d": { "intents": 0 } }).to_string();
    let odd = |more: (&str, Value)| {
        let mut identify = json!({ "token": sim.token(), "intents": 0 });
        identify[more.0] = more.1;
        json!({ "op": 2, "d": identify }).to_string()
    };
    let odd_threshold = odd(("large_threshold", json!("many")));
    let odd_shard = odd(("shard", json!("first")));
    let odd_presence = odd(("presence", json!({ "status": "idle", "activities": [{ "name": "chess" }] })));
    for (text, code) in [
        ("{}", 4002),
        ("not json", 4002),
        (r#"{"op":99}"#, 4001),
        (r#"{"op":3,"d":{}}"#, 4003),
        (&long, 4002),
        (&bad_shard, 4010),
        (&bad_intents, 4013),
        (&no_token, 4002),
        (&odd_threshold, 4002),
        (&odd_shard, 4002),
        (&odd_presence, 4002),
    ] {
        let mut socket = Socket::open(&sim).await;
        socket.send_text(text).await;
        assert_eq!(socket.close_code().await, Some(code), "{text}");
    }
}

#[tokio::test]
async fn a_malformed_request_for_members_closes_with_4002() {
    for odd in [
        json!({ "query": "", "limit": 0 }),
        json!({ "guild_id": "1", "query": 5, "limit": 0 }),
        json!({ "guild_id": ["1", "2"], "query": "", "limit": 0 }),
        json!({ "guild_id": "1", "user_ids": ["alice"] }),
    ] {
        let sim = sim().await;
        let (mut socket, _) = Socket::identified(&sim, 0).await;
        socket.send(json!({ "op": 8, "d": odd })).await;
        assert_eq!(socket.close_code().await, Some(4002), "{odd}");
    }
}

#[tokio::test]
async fn identifying_twice_closes_with_4005() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    socket.identify(sim.token(), INTENTS).await;
    assert_eq!(socket.close_code().await, Some(4005));
}

#[tokio::test]
async fn an_intent_that_was_not_granted_closes_with_4014() {
    let sim = sim().await;
    let bot = sim.world(|world| world.bots()[0].id());
    sim.revoke_intents(bot, 1 << 15);
    let mut socket = Socket::open(&sim).await;
    socket.identify(sim.token(), INTENTS).await;
    assert_eq!(socket.close_code().await, Some(4014));
    let (_socket, ready) = Socket::identified(&sim, INTENTS & !(1 << 15)).await;
    assert!(ready["session_id"].is_string());
}

#[tokio::test]
async fn missing_heartbeats_close_with_4009_and_heartbeats_keep_a_session_alive() {
    let options = SimOptions { heartbeat_interval: Duration::from_secs(1), ..options() };
    let sim = Sim::start(options).await.unwrap();
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let started = std::time::Instant::now();
    while started.elapsed() < Duration::from_secs(2) {
        socket.settled().await;
        // Nothing arrives. The wait also keeps the heartbeats from going out as fast as possible.
        assert!(tokio::time::timeout(Duration::from_millis(20), socket.receive()).await.is_err());
    }
    assert_eq!(socket.close_code().await, Some(4009));
}

#[tokio::test]
async fn ready_names_a_local_resume_address_and_the_guilds_follow() {
    let sim = sim().await;
    let (mut socket, ready) = Socket::identified(&sim, INTENTS).await;
    assert_eq!(ready["resume_gateway_url"], format!("{}/resume", sim.gateway_url()));
    assert_eq!(ready["user"]["username"], "bot");
    assert_eq!(ready["guilds"].as_array().unwrap().len(), 2);
    for _ in 0..2 {
        let guild = socket.event("GUILD_CREATE").await;
        assert!(ready["guilds"].as_array().unwrap().iter().any(|known| known["id"] == guild["id"]));
    }
}

#[tokio::test]
async fn a_resume_replays_exactly_what_was_missed_in_order() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap();
    let (mut socket, ready) = Socket::identified(&sim, INTENTS).await;
    alice.say("general", "heard").await.unwrap();
    let seq = socket.dispatch("MESSAGE_CREATE").await["s"].as_u64().unwrap();
    assert_eq!(sim.gateway().drop_sockets(), 1);
    assert!(matches!(socket.receive().await, Received::Closed(None)));
    for number in 0..50 {
        alice.say("general", &number.to_string()).await.unwrap();
    }
    let mut socket = Socket::open(&sim).await;
    socket.resume(sim.token(), &ready["session_id"], seq).await;
    for number in 0..50 {
        let missed = socket.payload().await;
        assert_eq!(missed["d"]["content"], number.to_string());
        assert_eq!(missed["s"], seq + 1 + number);
    }
    assert_eq!(socket.payload().await["t"], "RESUMED");
    alice.say("general", "live again").await.unwrap();
    assert_eq!(socket.payload().await["d"]["content"], "live again");
}

#[tokio::test]
async fn a_session_has_only_its_latest_connection() {
    let sim = sim().await;
    let (mut first, ready) = Socket::identified(&sim, INTENTS).await;
    first.settled().await;
    let mut second = Socket::open(&sim).await;
    second.resume(sim.token(), &ready["session_id"], 3).await;
    second.event("RESUMED").await;
    assert!(matches!(first.receive().await, Received::Closed(None)));
    sim.member("alice").unwrap().say("general", "here").await.unwrap();
    assert_eq!(second.event("MESSAGE_CREATE").await["content"], "here");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_and_loses_nothing() {
    let sim = Sim::start(SimOptions { outbox_limit: 100, ..options() }).await.unwrap();
    let alice = sim.member("alice").unwrap();
    let (mut socket, ready) = Socket::identified(&sim, INTENTS).await;
    socket.settled().await;
    // Nothing is awaited here, so the connection's task cannot receive anything meanwhile.
    for number in 0..200 {
        alice.say("general", &number.to_string()).await.unwrap();
    }
    let (mut seq, mut heard) = (0, Vec::new());
    while let Received::Payload(payload) = socket.receive().await {
        seq = payload["s"].as_u64().unwrap();
        heard.push(payload["d"]["content"].as_str().unwrap().to_owned());
    }
    assert_eq!(heard.len(), 100);
    let mut socket = Socket::open(&sim).await;
    socket.resume(sim.token(), &ready["session_id"], seq).await;
    while heard.len() < 200 {
        heard.push(socket.event("MESSAGE_CREATE").await["content"].as_str().unwrap().to_owned());
    }
    assert_eq!(heard, (0..200).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_session_that_cannot_be_resumed_is_invalid() {
    let options = SimOptions { replay_limit: 10, ..options() };
    let sim = Sim::start(options).await.unwrap();
    let alice = sim.member("alice").unwrap();
    let (mut socket, ready) = Socket::identified(&sim, INTENTS).await;
    sim.gateway().drop_sockets();
    socket.close_code().await;
    for number in 0..20 {
        alice.say("general", &number.to_string()).await.unwrap();
    }
    for session in [&ready["session_id"], &json!("nobody's")] {
        let mut socket = Socket::open(&sim).await;
        socket.resume(sim.token(), session, 1).await;
        let answer = socket.payload().await;
        assert_eq!((&answer["op"], &answer["d"]), (&json!(9), &json!(false)));
        // The same connection may identify again.
        socket.identify(sim.token(), INTENTS).await;
        socket.event("READY").await;
    }
    let mut socket = Socket::open(&sim).await;
    socket.resume(sim.token(), &ready["session_id"], 1000).await;
    assert_eq!(socket.close_code().await, Some(4007));
}

#[tokio::test]
async fn orders_reach_the_client() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, 0).await;
    assert_eq!(sim.gateway().ask_reconnect(), 1);
    assert_eq!(socket.payload().await["op"], 7);
    assert_eq!(sim.gateway().invalidate(false), 1);
    let invalid = socket.payload().await;
    assert_eq!((&invalid["op"], &invalid["d"]), (&json!(9), &json!(false)));
    assert!(sim.gateway().sessions().is_empty());
    socket.identify(sim.token(), 0).await;
    socket.event("READY").await;
    assert_eq!(sim.gateway().close_sockets(4000), 1);
    assert_eq!(socket.close_code().await, Some(4000));
    assert_eq!(sim.gateway().sessions().len(), 1, "4000 leaves the session resumable");
}

#[tokio::test]
async fn a_normal_close_ends_the_session_and_others_leave_it_resumable() {
    for (code, words, left) in [
        (Some(1000), "closed by the client", 0),
        (Some(4200), "connection lost", 1),
        (None, "connection lost", 1),
    ] {
        let sim = sim().await;
        let mut reader = sim.transcript().reader();
        let (mut socket, _) = Socket::identified(&sim, 0).await;
        match code {
            Some(code) => socket.close_with(code).await,
            None => drop(socket),
        }
        let deadline = std::time::Instant::now() + PATIENCE;
        let ended = reader.until(deadline, |entry| entry.to_string().ends_with(words).then_some(())).await;
        assert!(ended.is_some(), "{code:?}");
        assert_eq!((sim.gateway().sessions().len(), sim.gateway().connected()), (left, 0), "{code:?}");
    }
}

#[tokio::test]
async fn shards_share_the_guilds_and_direct_messages_go_to_the_first() {
    let sim = sim().await;
    let mut seen = Vec::new();
    let mut sockets = Vec::new();
    for shard in 0..2 {
        let mut socket = Socket::open(&sim).await;
        socket
            .send(json!({ "op": 2, "d": { "token": sim.token(), "intents": INTENTS, "shard": [shard, 2] } }))
            .await;
        for guild in socket.event("READY").await["guilds"].as_array().unwrap() {
            let id: u64 = guild["id"].as_str().unwrap().parse().unwrap();
            assert_eq!((id >> 22) % 2, shard);
            seen.push(id);
        }
        socket.settled().await;
        sockets.push(socket);
    }
    assert_eq!(seen.len(), 2, "every guild is on one shard");
    sim.member("alice").unwrap().say("@bot", "psst").await.unwrap();
    let heard: Vec<usize> =
        [sockets[0].settled().await, sockets[1].settled().await].iter().map(Vec::len).collect();
    assert_eq!(heard, [1, 0]);
}

#[tokio::test]
async fn members_are_sent_in_chunks_by_prefix_and_by_id() {
    let sim = sim().await;
    let (mut socket, ready) = Socket::identified(&sim, INTENTS).await;
    let guild = &ready["guilds"][0]["id"];
    socket
        .send(json!({ "op": 8, "d": { "guild_id": guild, "query": "AL", "limit": 5, "nonce": "n" } }))
        .await;
    let chunk = socket.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["members"][0]["user"]["username"], "alice");
    assert_eq!((&chunk["nonce"], &chunk["chunk_count"]), (&json!("n"), &json!(1)));
    socket.send(json!({ "op": 8, "d": { "guild_id": guild, "user_ids": [1_u64] } })).await;
    let chunk = socket.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["not_found"], json!(["1"]));
    assert_eq!(chunk["members"], Value::Array(vec![]));
}

#[tokio::test]
async fn heartbeats_are_acknowledged_without_identify() {
    let sim = sim().await;
    let mut socket = Socket::open(&sim).await;
    socket.send(json!({ "op": 1, "d": null })).await;
    assert_eq!(socket.payload().await["op"], 11);
}
