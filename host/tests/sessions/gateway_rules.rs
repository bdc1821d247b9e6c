//! The gateway connection against a server that follows a script: what no proper Discord does.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gearshift_host::gateway::{Dispatch, Gateway, State, Timing};
use gearshift_host::sessions::Sessions;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::stand_in::*;

/// The server's side: accepts connections and speaks as it is told.
struct Script {
    listener: TcpListener,
}

struct Line {
    socket: WebSocketStream<TcpStream>,
}

struct Host {
    gateway: Gateway,
    heard: mpsc::UnboundedReceiver<Dispatch>,
    _sessions: Sessions,
    _rest: Server,
}

fn timing() -> Timing {
    Timing {
        hello: Duration::from_secs(1),
        reconnect_first: Duration::from_millis(5),
        invalid_session: (Duration::ZERO, Duration::from_millis(5)),
        identify_every: Duration::from_millis(5),
        goodbye: Duration::from_millis(100),
    }
}

async fn start(url_of: impl Fn(u16) -> String) -> (Script, Host) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url_of(listener.local_addr().unwrap().port());
    let answer = json!({"url": url, "shards": 1, "session_start_limit":
        {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}})
    .to_string();
    let rest = discord(move |_, _| reply(200, &[], &answer)).await;
    let config = discord_config(&rest.url());
    let sessions = soon(Sessions::open(&config)).await.unwrap();
    let (sink, heard) = mpsc::unbounded_channel();
    let gateway = Gateway::open_with(
        sessions.discord.as_ref().unwrap(),
        &sessions.net,
        config.discord.as_ref().unwrap(),
        move |event| {
            // The receiver is gone at the end of a test.
            let _ = sink.send(event);
        },
        timing(),
    )
    .unwrap();
    (Script { listener }, Host { gateway, heard, _sessions: sessions, _rest: rest })
}

async fn plain() -> (Script, Host) {
    start(|port| format!("ws://127.0.0.1:{port}")).await
}

impl Script {
    async fn accept(&self) -> Line {
        let (stream, _) = soon(self.listener.accept()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Line { socket: soon(tokio_tungstenite::accept_async(stream)).await.unwrap() }
    }

    /// Accepts, says HELLO, takes IDENTIFY or RESUME.
    async fn accept_and_greet(&self) -> (Line, Value) {
        let mut line = self.accept().await;
        line.say(json!({"op": 10, "d": {"heartbeat_interval": 60_000}})).await;
        let greeting = line.hear().await;
        (line, greeting)
    }

    /// Until READY, with this server as the address to resume at.
    async fn accept_until_ready(&self) -> Line {
        let (mut line, identify) = self.accept_and_greet().await;
        assert_eq!(identify["op"], 2);
        let url = format!("ws://{}", self.listener.local_addr().unwrap());
        let d = json!({"session_id": "one", "resume_gateway_url": url});
        line.say(json!({"op": 0, "s": 1, "t": "READY", "d": d})).await;
        line
    }
}

impl Line {
    async fn say(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        loop {
            match soon(self.socket.next()).await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                other => assert!(other.is_ping(), "a frame was expected, not {other:?}"),
            }
        }
    }

    /// The code the host closes with.
    async fn hear_close(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = soon(self.socket.next()).await.unwrap().unwrap() {
                return frame.unwrap().code.into();
            }
        }
    }

    async fn event(&mut self, seq: u64, name: &str) {
        self.say(json!({"op": 0, "s": seq, "t": name, "d": {"n": seq}})).await;
    }
}

async fn heard(host: &mut Host, count: usize) -> Vec<(u64, String)> {
    let mut events = Vec::new();
    while events.len() < count {
        let event = soon(host.heard.recv()).await.unwrap();
        events.push((event.seq, event.name().to_owned()));
    }
    events
}

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
async fn resume_names_the_last_event_that_was_handed_over() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    line.event(2, "A").await;
    line.event(3, "B").await;
    heard(&mut host, 3).await;
    drop(line);
    let (mut line, resume) = script.accept_and_greet().await;
    assert_eq!(resume, json!({"op": 6, "d": {"token": "t0ken.of.a.test", "session_id": "one", "seq": 3}}));
    // A server that replays too much, and one event that is new.
    for (seq, name) in [(2, "A"), (3, "B"), (4, "C")] {
        line.event(seq, name).await;
    }
    line.say(json!({"op": 0, "s": 5, "t": "RESUMED", "d": {}})).await;
    assert_eq!(heard(&mut host, 2).await, [(4, "C".to_owned()), (5, "RESUMED".to_owned())]);
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
    heard(&mut host, 1).await;
    line.socket.send(Message::text("{\"op\":0,")).await.unwrap();
    assert_eq!(line.hear_close().await, 4000);
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
    assert_eq!(heard(&mut host, 2).await[1], (2, "AN_EVENT_OF_TOMORROW".to_owned()));
}

#[tokio::test]
async fn a_heartbeat_that_is_asked_for_comes_at_once_with_the_last_number() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    line.event(2, "A").await;
    heard(&mut host, 2).await;
    line.say(json!({"op": 1, "d": null})).await;
    assert_eq!(line.hear().await, json!({"op": 1, "d": 2}));
}

#[tokio::test]
async fn heartbeats_keep_the_connection_and_measure_the_way() {
    let (script, mut host) = plain().await;
    let mut line = script.accept().await;
    line.say(json!({"op": 10, "d": {"heartbeat_interval": 500}})).await;
    assert_eq!(line.hear().await["op"], 2);
    let url = format!("ws://{}", script.listener.local_addr().unwrap());
    let d = json!({"session_id": "one", "resume_gateway_url": url});
    line.say(json!({"op": 0, "s": 1, "t": "READY", "d": d})).await;
    heard(&mut host, 1).await;
    for seq in 1..6 {
        let beat = line.hear().await;
        // The first may have gone out before READY came in.
        assert!(
            beat == json!({"op": 1, "d": seq}) || (seq == 1 && beat == json!({"op": 1, "d": null})),
            "{beat}"
        );
        line.say(json!({"op": 11})).await;
        line.event(seq + 1, "A").await;
        heard(&mut host, 1).await;
    }
    assert!(host.gateway.latency(0).unwrap() < SOON);
    // Nobody answers the next: the connection is left, and the session kept.
    assert_eq!(line.hear().await["op"], 1);
    assert_eq!(line.hear_close().await, 4000);
    let (_line, resume) = script.accept_and_greet().await;
    assert_eq!((&resume["op"], &resume["d"]["session_id"]), (&json!(6), &json!("one")));
}

#[tokio::test]
async fn a_flood_of_events_does_not_delay_the_heartbeat() {
    let (script, _host) = plain().await;
    let mut line = script.accept().await;
    line.say(json!({"op": 10, "d": {"heartbeat_interval": 50}})).await;
    line.hear().await;
    let (mut send, mut receive) = line.socket.split();
    let url = format!("ws://{}", script.listener.local_addr().unwrap());
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
    // The flood never ends, so a heartbeat that waited for a pause in it would never come.
    let beat = soon(receive.next()).await.unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Value>(beat.to_text().unwrap()).unwrap()["op"], 1);
    flood.abort();
}

#[tokio::test]
async fn closing_ends_the_session_with_1000() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    heard(&mut host, 1).await;
    let (code, ()) = tokio::join!(line.hear_close(), host.gateway.close());
    assert_eq!(code, 1000);
}

#[tokio::test]
async fn closing_does_not_wait_for_a_server_that_does_not_say_goodbye() {
    let (script, mut host) = plain().await;
    let _line = script.accept_until_ready().await;
    heard(&mut host, 1).await;
    soon(host.gateway.close()).await;
    assert!(matches!(*host.gateway.state(0).unwrap().borrow(), State::Closed));
}

#[tokio::test]
async fn an_address_that_is_no_gateway_is_a_reason_to_wait_and_not_to_panic() {
    for (scheme, part) in [("wss", "handshake"), ("https", "not with ws or wss")] {
        let (script, host) = start(|port| format!("{scheme}://127.0.0.1:{port}")).await;
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
