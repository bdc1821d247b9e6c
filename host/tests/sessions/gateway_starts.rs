//! Session starts of several shards, with a gateway that follows a script.

use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt};
use gearshift_host::gateway::{State, Timing};
use serde_json::json;

use crate::gateway_script::*;
use crate::stand_in::*;

#[tokio::test]
async fn the_time_between_two_identifies_is_counted_from_the_first_and_not_from_its_turn() {
    const EVERY: Duration = Duration::from_millis(200);
    let timing = Timing { identify_every: EVERY, hello: SOON, ..timing() };
    let (script, _host) = start(Setting { timing, shards: 2, ..Setting::default() }).await;
    let mut line = script.accept().await;
    // IDENTIFY cannot be sent before HELLO, so the other shard does not even connect before this moment and the pause.
    let greeted = Instant::now();
    line.say(json!({"op": 10, "d": {"heartbeat_interval": 60_000}})).await;
    assert_eq!(line.receive().await["op"], 2);
    script.accept().await;
    assert!(greeted.elapsed() >= EVERY, "{:?}", greeted.elapsed());
}

#[tokio::test]
async fn shards_share_what_is_left_of_the_days_starts() {
    let limit = |_| json!({"total": 1000, "remaining": 1, "reset_after": 3_600_000, "max_concurrency": 16});
    let (script, host) = start(Setting { shards: 4, limit, ..Setting::default() }).await;
    let _line = script.accept_until_ready().await;
    for mut state in host.gateway.states() {
        soon(state.wait_for(|state| matches!(state, State::Ready { .. } | State::Waiting { .. })))
            .await
            .unwrap();
    }
    let waiting: Vec<String> = host.gateway.states().iter().map(|state| state.borrow().to_string()).collect();
    let used_up = waiting.iter().filter(|state| state.contains("limit of 1000 session starts")).count();
    assert_eq!(used_up, 3, "{waiting:?}");
}

#[tokio::test]
async fn another_host_with_the_same_token_is_noticed_by_its_session_starts() {
    logged();
    let limit = |asked: usize| json!({"total": 1000, "remaining": 900 - 7 * asked.min(1), "reset_after": 3_600_000, "max_concurrency": 1});
    let timing = Timing { compare_starts_every: Duration::from_millis(20), ..timing() };
    let (script, mut host) = start(Setting { timing, limit, ..Setting::default() }).await;
    let mut line = script.accept_until_ready().await;
    received(&mut host, 1).await;
    let noticed = async {
        while !logged().contains("another process has started 6 gateway session(s) with this bot's token") {
            line.event(2, "A").await;
            received(&mut host, 1).await;
        }
    };
    soon(noticed).await;
}

#[tokio::test]
async fn a_limit_that_is_used_up_is_asked_for_again_when_it_is_renewed() {
    let limit = |asked| match asked {
        0 => json!({"total": 1000, "remaining": 0, "reset_after": 30, "max_concurrency": 1}),
        _ => json!({"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}),
    };
    let (script, host) = start(Setting { limit, ..Setting::default() }).await;
    script.accept_until_ready().await;
    let asked = host.rest.seen().iter().filter(|seen| seen.target.ends_with("/gateway/bot")).count();
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn a_shard_connects_at_once_and_identifies_when_somebody_listens() {
    let (script, host) = start(Setting { listens: false, ..Setting::default() }).await;
    let mut line = script.accept().await;
    line.say(json!({"op": 10, "d": {"heartbeat_interval": 60_000}})).await;
    // Another host has connected and identified in the meantime.
    let (other, _listening) = plain().await;
    other.accept_until_ready().await;
    assert!(line.socket.next().now_or_never().is_none(), "nothing was listening");
    host.gateway.listen();
    assert_eq!(line.receive().await["op"], 2);
}
