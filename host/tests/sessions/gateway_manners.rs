//! How a shard treats a gateway that misbehaves: it connects less and less often, sends no more than Discord accepts,
//! and does not flood the log.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use gearshift_host::gateway::{State, Timing};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};

use crate::gateway_script::*;
use crate::stand_in::*;

/// Waits until the shard pauses. Returns the reason.
async fn waiting(host: &Host) -> String {
    let mut state = host.gateway.state(0).unwrap();
    soon(state.wait_for(|state| matches!(state, State::Waiting { .. }))).await.unwrap().to_string()
}

#[tokio::test]
async fn a_server_that_lets_a_shard_in_and_at_once_out_again_is_left_alone_for_a_while() {
    // Longer than the test may take: the second pause does not end in it.
    let timing = Timing { reconnect_first: Duration::from_secs(60), ..timing() };
    let goodbyes =
        [json!({"op": 7, "d": null}), json!({"op": 9, "d": true}), json!({"op": 0, "s": "no", "t": "X"})];
    for (goodbye, why) in goodbyes.iter().zip(["asks to reconnect", "refused for now", "closed with 4000"]) {
        let (script, host) = start(Setting { timing: timing.clone(), ..Setting::default() }).await;
        let mut line = script.accept_until_ready().await;
        // The session continues at once, as after any connection that was good before.
        leave(&mut line, goodbye).await;
        let (mut line, resume) = script.accept_and_greet().await;
        assert_eq!(resume["op"], 6);
        line.say(json!({"op": 0, "s": 2, "t": "RESUMED", "d": {}})).await;
        leave(&mut line, goodbye).await;
        let text = waiting(&host).await;
        assert!(text.contains(why), "{text}");
    }
}

async fn leave(line: &mut Line, goodbye: &serde_json::Value) {
    match goodbye["op"] == 0 {
        true => {
            let close = CloseFrame { code: 4000.into(), reason: "".into() };
            line.socket.send(Message::Close(Some(close))).await.unwrap();
        }
        false => line.say(goodbye.clone()).await,
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_the_handshake_says_when_it_is_asked_again() {
    logged();
    let (script, host) = plain().await;
    let (mut stream, _) = soon(script.listener.accept()).await.unwrap();
    soon(stream.read(&mut [0; 1024])).await.unwrap();
    let answer = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 777\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    let text = waiting(&host).await;
    assert!(text.contains("429 Too Many Requests"), "{text}");
    assert!(logged().contains("pause_ms=777000"), "{}", logged());
}

#[tokio::test]
async fn no_more_frames_go_out_than_discord_takes_whatever_the_server_asks_for() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    received(&mut host, 1).await;
    for _ in 0..300 {
        line.say(json!({"op": 1, "d": null})).await;
        line.say(json!({"op": 11})).await;
    }
    line.event(2, "LAST").await;
    received(&mut host, 1).await;
    line.socket.send(Message::Close(None)).await.unwrap();
    let mut beats = 0;
    while let Some(Ok(message)) = soon(line.socket.next()).await {
        beats += usize::from(message.is_text());
    }
    // IDENTIFY was one of them.
    assert_eq!(beats, 119);
}

#[tokio::test]
async fn a_flood_of_odd_frames_is_no_flood_of_lines() {
    logged();
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    for _ in 0..100 {
        line.socket.send(Message::binary(vec![0x78, 0x9c])).await.unwrap();
    }
    line.event(2, "A").await;
    received(&mut host, 2).await;
    let log = logged();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("ignored: it is binary")).collect();
    assert_eq!(lines.len(), 7, "{lines:?}");
    assert!(lines[6].contains("count=64"), "{lines:?}");
}

#[tokio::test]
async fn a_limit_that_is_said_to_be_renewed_at_any_moment_is_not_asked_for_all_the_time() {
    const EVERY: Duration = Duration::from_millis(200);
    let timing = Timing { identify_every: EVERY, ..timing() };
    let limit = |_| json!({"total": 1000, "remaining": 0, "reset_after": 1, "max_concurrency": 1});
    let begun = Instant::now();
    let (_script, host) = start(Setting { timing, limit, ..Setting::default() }).await;
    let asks = |seen: &[Seen]| seen.iter().filter(|seen| seen.target.ends_with("/gateway/bot")).count();
    host.rest.until(|seen| asks(seen) == 3).await;
    assert!(begun.elapsed() >= 2 * EVERY, "{:?}", begun.elapsed());
}
