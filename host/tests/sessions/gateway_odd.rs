//! The gateway connection with servers that number, frame or close differently than Discord.

use std::time::Duration;

use futures_util::SinkExt;
use gearshift_host::config::Status;
use gearshift_host::gateway::{Command, Presence, State, Timing};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::gateway_script::*;
use crate::stand_in::*;

async fn state(host: &Host, wanted: fn(&State) -> bool) -> State {
    let mut state = host.gateway.state(0).unwrap();
    soon(state.wait_for(wanted)).await.unwrap().clone()
}

fn is_ready(state: &State) -> bool {
    matches!(state, State::Ready { .. })
}

#[tokio::test]
async fn ready_is_new_whatever_number_it_has() {
    for s in [json!(0), json!(1), json!(7_000_000), Value::Null, json!("1")] {
        let (script, mut host) = plain().await;
        let (mut line, _) = script.accept_and_greet().await;
        line.ready(&script.url(), s.clone()).await;
        assert_eq!(received(&mut host, 1).await[0].1, "READY", "{s}");
        state(&host, is_ready).await;
        // Commands are sent, so the shard is not considered to be identifying.
        let presence = Presence { status: Status::Idle, ..Presence::default() };
        host.gateway.send(Command::Presence(presence)).unwrap();
        assert_eq!(line.receive().await["op"], 3, "{s}");
        // The number of the next event is taken as it is, and RESUME contains it.
        line.event(1, "A").await;
        received(&mut host, 1).await;
        drop(line);
        let (mut line, resume) = script.accept_and_greet().await;
        assert_eq!((&resume["op"], &resume["d"]["seq"]), (&json!(6), &json!(1)), "{s}");
        line.say(json!({"op": 0, "s": null, "t": "RESUMED", "d": {}})).await;
        assert_eq!(received(&mut host, 1).await[0].1, "RESUMED");
        state(&host, is_ready).await;
    }
}

#[tokio::test]
async fn a_working_session_is_resumed_at_once_however_often_it_breaks() {
    let (script, mut host) = plain().await;
    let (mut line, _) = script.accept_and_greet().await;
    line.ready(&script.url(), json!(0)).await;
    received(&mut host, 1).await;
    for _ in 0..8 {
        drop(line);
        let resume;
        (line, resume) = script.accept_and_greet().await;
        assert_eq!(resume["op"], 6);
        line.say(json!({"op": 0, "s": 0, "t": "RESUMED", "d": {}})).await;
        assert_eq!(received(&mut host, 1).await[0].1, "RESUMED");
        state(&host, is_ready).await;
    }
}

#[tokio::test]
async fn one_number_too_high_makes_nobody_deaf() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    line.event(1_000_000, "HIGH").await;
    line.event(3, "LOW").await;
    assert_eq!(received(&mut host, 3).await[1..], numbered(&[(1_000_000, "HIGH"), (3, "LOW")]));
    drop(line);
    let (_line, resume) = script.accept_and_greet().await;
    assert_eq!(resume["d"]["seq"], 3);
}

#[tokio::test]
async fn what_a_replay_repeats_is_dropped_with_a_warning() {
    logged();
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    line.event(2, "REPEATED_BY_A_SERVER").await;
    received(&mut host, 2).await;
    drop(line);
    let (mut line, _) = script.accept_and_greet().await;
    line.event(2, "REPEATED_BY_A_SERVER").await;
    line.event(3, "B").await;
    line.say(json!({"op": 0, "s": 3, "t": "RESUMED", "d": {}})).await;
    assert_eq!(received(&mut host, 2).await, numbered(&[(3, "B"), (3, "RESUMED")]));
    let log = logged();
    let warning = log.lines().find(|line| line.contains("`REPEATED_BY_A_SERVER` arrived twice"));
    assert!(warning.is_some_and(|line| line.contains("WARN")), "{log}");
}

#[tokio::test]
async fn an_odd_frame_is_passed_over_and_the_connection_stays() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    received(&mut host, 1).await;
    let odd = [
        json!({"op": 0, "s": 2, "t": null, "d": {}}),
        json!({"op": 0, "s": 2, "t": 5, "d": {}}),
        json!({"op": "0", "s": 2, "t": "A", "d": {}}),
        json!({"s": 2, "t": "A", "d": {}}),
        json!({"op": 10, "d": {}}),
        json!([1, 2]),
    ];
    for frame in odd {
        line.say(frame).await;
    }
    // An event without a number is still an event.
    for s in [Value::Null, json!("x"), json!(-1)] {
        line.say(json!({"op": 0, "s": s, "t": "WITHOUT", "d": {}})).await;
        assert_eq!(received(&mut host, 1).await, [(None, "WITHOUT".to_owned())]);
    }
    line.say(json!({"op": 0, "t": "WITHOUT", "d": {}})).await;
    line.event(2, "A").await;
    assert_eq!(received(&mut host, 2).await[1..], numbered(&[(2, "A")]));
    line.say(json!({"op": 1, "d": null})).await;
    assert_eq!(line.receive().await, json!({"op": 1, "d": 2}));
}

#[tokio::test]
async fn a_server_that_never_says_ready_is_left_and_tried_again() {
    let timing = Timing { ready: Duration::from_millis(50), ..timing() };
    let (script, host) = start(Setting { timing, ..Setting::default() }).await;
    let closed = async {
        let (mut line, _) = script.accept_and_greet().await;
        line.receive_close().await
    };
    // The state is short, so the wait for it starts before it can begin.
    let (waiting, code) = tokio::join!(state(&host, |state| matches!(state, State::Waiting { .. })), closed);
    assert_eq!(code, 4000);
    assert!(waiting.to_string().contains("no READY within 50 ms"), "{waiting}");
    assert_eq!(script.accept_and_greet().await.1["op"], 2);
}

#[tokio::test]
async fn a_session_whose_resumes_are_never_confirmed_is_given_up() {
    let (script, mut host) = plain().await;
    drop(script.accept_until_ready().await);
    received(&mut host, 1).await;
    let mut resumes = 0;
    let mut line = loop {
        let (line, greeting) = script.accept_and_greet().await;
        if greeting["op"] == 2 {
            break line;
        }
        resumes += 1;
    };
    assert_eq!(resumes, 5);
    line.ready(&script.url(), json!(1)).await;
    state(&host, is_ready).await;
}

#[tokio::test]
async fn a_session_without_an_address_is_resumed_at_the_usual_one() {
    let (script, mut host) = plain().await;
    let (mut line, _) = script.accept_and_greet().await;
    line.say(json!({"op": 0, "s": 1, "t": "READY", "d": {"session_id": "one"}})).await;
    received(&mut host, 1).await;
    drop(line);
    assert_eq!(script.accept_and_greet().await.1["op"], 6);
}

#[tokio::test]
async fn the_handshake_says_who_asks() {
    let (script, host) = plain().await;
    let line = script.accept().await;
    let rest = host.rest.seen();
    assert_eq!(line.user_agent.as_deref(), rest[0].header("user-agent"));
    assert!(line.user_agent.unwrap().starts_with("DiscordBot ("));
}

#[tokio::test]
async fn the_reason_of_a_close_is_said() {
    let (script, host) = plain().await;
    let (mut line, _) = script.accept_and_greet().await;
    let reason = "rejected:\nUser-Agent is required".into();
    line.socket.send(Message::Close(Some(CloseFrame { code: 4002.into(), reason }))).await.unwrap();
    let waiting = state(&host, |state| matches!(state, State::Waiting { .. })).await;
    assert_eq!(waiting.to_string(), "waiting: closed with 4002: rejected:\\nUser-Agent is required");
}
