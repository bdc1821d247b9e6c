//! The gateway connection with a server that follows a script: behaviour that a real Discord never shows.

use futures_util::{SinkExt, StreamExt};
use gearshift_host::config::{self, ActivityKind, Status};
use gearshift_host::gateway::{Command, Presence, State};
use gearshift_host::sessions::Discord;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::gateway_script::*;
use crate::stand_in::*;

#[tokio::test]
async fn identify_says_who_and_what_and_nothing_is_compressed() {
    let (script, _host) = plain().await;
    let (_line, identify) = script.accept_and_greet().await;
    let d = &identify["d"];
    assert_eq!((&d["token"], &d["compress"]), (&json!("t0ken.of.a.test"), &json!(false)));
    assert_eq!(d["shard"], json!([0, 1]));
    assert_eq!(d["intents"].as_u64().unwrap() & (1 << 15), 1 << 15);
}

#[tokio::test]
async fn identify_shows_what_the_config_says_and_later_sessions_what_was_said_last() {
    fn change(discord: &mut config::Discord) {
        discord.status = Status::Dnd;
        discord.activity = Some("the gates".to_owned());
        discord.activity_kind = ActivityKind::Watching;
    }
    let (script, host) = start(Setting { change, ..Setting::default() }).await;
    let (mut line, identify) = script.accept_and_greet().await;
    let shown = json!({"status": "dnd", "activities": [{"name": "the gates", "type": 3}], "since": null, "afk": false});
    assert_eq!(identify["d"]["presence"], shown);
    line.ready(&script.url(), json!(1)).await;
    // Of many presences, only the last one must arrive.
    for status in [Status::Online, Status::Invisible, Status::Idle] {
        host.gateway.send(Command::Presence(Presence { status, ..Presence::default() })).unwrap();
    }
    while line.receive().await["d"]["status"] != "idle" {}
    line.say(json!({"op": 9, "d": false})).await;
    let (_line, identify) = script.accept_and_greet().await;
    assert_eq!((&identify["op"], &identify["d"]["presence"]["status"]), (&json!(2), &json!("idle")));
}

#[tokio::test]
async fn a_presence_that_is_wanted_before_the_gateway_is_open_goes_out_with_identify() {
    fn before(discord: &Discord) {
        let idle = r#"{"do":"presence","presence":{"status":"idle"}}"#;
        assert_eq!(discord.gateway_request(idle).unwrap(), "null");
        let application: Value =
            serde_json::from_str(&discord.gateway_request(r#"{"do":"application"}"#).unwrap()).unwrap();
        assert_eq!((&application["id"], &application["owner_ids"]), (&json!("8"), &json!(["9"])));
        for wrong in [r#"{"do":"shards"}"#, r#"{"do":"members","guild_id":"1"}"#, "{}", ""] {
            discord.gateway_request(wrong).unwrap_err();
        }
    }
    let (script, _host) = start(Setting { before, ..Setting::default() }).await;
    let (mut line, identify) = script.accept_and_greet().await;
    line.ready(&script.url(), json!(1)).await;
    // Either may be quicker.
    if identify["d"].get("presence").is_none() {
        assert_eq!(line.receive().await["d"]["status"], "idle");
    } else {
        assert_eq!(identify["d"]["presence"]["status"], "idle");
    }
}

#[tokio::test]
async fn shards_say_how_they_are() {
    let (script, mut host) = plain().await;
    let line = script.accept_until_ready().await;
    received(&mut host, 1).await;
    let mut state = host.gateway.state(0).unwrap();
    soon(state.wait_for(|state| matches!(state, State::Ready { .. }))).await.unwrap();
    let shards = host.gateway.shards();
    assert_eq!((shards.len(), shards[0].state, shards[0].resumes), (1, "ready", 0));
    assert!(shards[0].session_ms.is_some() && shards[0].latency_ms.is_none());
    drop(line);
    let (mut line, _) = script.accept_and_greet().await;
    assert_eq!(host.gateway.shards()[0].state, "resuming");
    line.say(json!({"op": 0, "s": 2, "t": "RESUMED", "d": {}})).await;
    received(&mut host, 1).await;
    assert_eq!(host.gateway.shards()[0].resumes, 1);
    host.gateway.close().await;
    assert_eq!(host.gateway.shards()[0].state, "closed");
}

#[tokio::test]
async fn resume_names_the_last_event_that_was_handed_over() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    line.event(2, "A").await;
    line.event(3, "B").await;
    received(&mut host, 3).await;
    drop(line);
    let (mut line, resume) = script.accept_and_greet().await;
    assert_eq!(resume, json!({"op": 6, "d": {"token": "t0ken.of.a.test", "session_id": "one", "seq": 3}}));
    // A server that replays too much, and one event that is new.
    for (seq, name) in [(2, "A"), (3, "B"), (4, "C")] {
        line.event(seq, name).await;
    }
    line.say(json!({"op": 0, "s": 5, "t": "RESUMED", "d": {}})).await;
    assert_eq!(received(&mut host, 2).await, numbered(&[(4, "C"), (5, "RESUMED")]));
}

#[tokio::test]
async fn a_server_without_hello_is_left() {
    let (script, host) = plain().await;
    let silent = script.accept().await;
    let _line = script.accept_and_greet().await;
    drop(silent);
    drop(host);
}

#[tokio::test]
async fn frames_that_are_not_understood_end_the_connection_and_not_the_session() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    received(&mut host, 1).await;
    line.socket.send(Message::text("{\"op\":0,")).await.unwrap();
    assert_eq!(line.receive_close().await, 4000);
    let (_line, resume) = script.accept_and_greet().await;
    assert_eq!((&resume["op"], &resume["d"]["seq"]), (&json!(6), &json!(1)));
}

#[tokio::test]
async fn what_is_unknown_is_passed_over() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    line.say(json!({"op": 99, "d": {"new": true}})).await;
    line.socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    line.event(2, "AN_EVENT_OF_TOMORROW").await;
    assert_eq!(received(&mut host, 2).await[1..], numbered(&[(2, "AN_EVENT_OF_TOMORROW")]));
}

#[tokio::test]
async fn a_heartbeat_that_is_asked_for_comes_at_once_with_the_last_number() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    line.event(2, "A").await;
    received(&mut host, 2).await;
    line.say(json!({"op": 1, "d": null})).await;
    assert_eq!(line.receive().await, json!({"op": 1, "d": 2}));
}

#[tokio::test]
async fn heartbeats_keep_the_connection_and_measure_the_way() {
    let (script, mut host) = plain().await;
    let mut line = script.accept().await;
    line.say(json!({"op": 10, "d": {"heartbeat_interval": 500}})).await;
    assert_eq!(line.receive().await["op"], 2);
    line.ready(&script.url(), json!(1)).await;
    received(&mut host, 1).await;
    for seq in 1..6 {
        let beat = line.receive().await;
        // The first heartbeat may have been sent before READY was received.
        assert!(
            beat == json!({"op": 1, "d": seq}) || (seq == 1 && beat == json!({"op": 1, "d": null})),
            "{beat}"
        );
        line.say(json!({"op": 11})).await;
        line.event(seq + 1, "A").await;
        received(&mut host, 1).await;
    }
    let latency = host.gateway.shards()[0].latency_ms.unwrap();
    assert!(latency > 0.0 && latency < SOON.as_secs_f64() * 1000.0, "{latency}");
    // The next one gets no answer, so the connection is closed, and the session kept.
    assert_eq!(line.receive().await["op"], 1);
    assert_eq!(line.receive_close().await, 4000);
    let (_line, resume) = script.accept_and_greet().await;
    assert_eq!((&resume["op"], &resume["d"]["session_id"]), (&json!(6), &json!("one")));
}

#[tokio::test]
async fn a_flood_of_events_does_not_delay_the_heartbeat() {
    let (script, _host) = plain().await;
    let mut line = script.accept().await;
    line.say(json!({"op": 10, "d": {"heartbeat_interval": 50}})).await;
    line.receive().await;
    let (mut send, mut receive) = line.socket.split();
    let url = script.url();
    let ready = json!({"op": 0, "s": 1, "t": "READY", "d": {"session_id": "one", "resume_gateway_url": url}});
    send.send(Message::text(ready.to_string())).await.unwrap();
    let flood = tokio::spawn(async move {
        let mut seq = 1;
        loop {
            seq += 1;
            let event = format!("{{\"op\":0,\"s\":{seq},\"t\":\"A\",\"d\":{{}}}}");
            if send.feed(Message::text(event)).await.is_err()
                || (seq % 64 == 0 && send.flush().await.is_err())
            {
                return;
            }
        }
    });
    // The flood never ends, so a heartbeat that waited for a pause in it would never be sent.
    let beat = soon(receive.next()).await.unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Value>(beat.to_text().unwrap()).unwrap()["op"], 1);
    flood.abort();
}

#[tokio::test]
async fn closing_ends_the_session_with_1000() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    received(&mut host, 1).await;
    let (code, ()) = tokio::join!(line.receive_close(), host.gateway.close());
    assert_eq!(code, 1000);
}

#[tokio::test]
async fn closing_does_not_wait_for_a_server_that_does_not_say_goodbye() {
    let (script, mut host) = plain().await;
    let _line = script.accept_until_ready().await;
    received(&mut host, 1).await;
    soon(host.gateway.close()).await;
    assert!(matches!(*host.gateway.state(0).unwrap().borrow(), State::Closed { .. }));
}

#[tokio::test]
async fn an_address_that_is_no_gateway_is_a_reason_to_wait_and_not_to_panic() {
    for (scheme, part) in [("wss", "handshake"), ("https", "not with ws or wss")] {
        let (script, host) = start(Setting { scheme, ..Setting::default() }).await;
        let garbage = tokio::spawn(async move {
            while let Ok((mut stream, _)) = script.listener.accept().await {
                tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 no\r\n\r\n").await.unwrap();
            }
        });
        let mut state = host.gateway.state(0).unwrap();
        let waiting =
            soon(state.wait_for(|state| matches!(state, State::Waiting { .. }))).await.unwrap().clone();
        assert!(waiting.to_string().contains(part), "{waiting}");
        garbage.abort();
    }
}
