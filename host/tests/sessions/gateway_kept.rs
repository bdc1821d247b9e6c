//! A gateway that closes so that another one can continue its sessions, as from one process to the next.

use futures_util::FutureExt;
use gearshift_host::config::{self, Status};
use gearshift_host::gateway::{Command, Presence, ResumeData, State};
use serde_json::json;

use crate::gateway_script::*;
use crate::stand_in::*;

/// Closes a gateway whose last event has the number 2. The kept sessions go through a file.
async fn leave(host: &mut Host, line: &mut Line) -> ResumeData {
    line.event(2, "A").await;
    received(host, 2).await;
    let (kept, code) = tokio::join!(soon(host.gateway.close_resumable()), line.receive_close());
    assert_eq!((code, kept.len()), (4000, 1), "1000 and 1001 would end the session");
    serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap()
}

fn after(kept: ResumeData) -> Setting {
    Setting { kept: Some(kept), ..Setting::default() }
}

#[tokio::test]
async fn the_next_gateway_resumes_after_the_last_event_that_was_handed_over() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    let kept = leave(&mut host, &mut line).await;
    let mut host = start_on(&script, after(kept)).await;
    let (mut line, resume) = script.accept_and_greet().await;
    assert_eq!(resume, json!({"op": 6, "d": {"token": "t0ken.of.a.test", "session_id": "one", "seq": 2}}));
    line.event(3, "B").await;
    line.say(json!({"op": 0, "s": 4, "t": "RESUMED", "d": {}})).await;
    assert_eq!(received(&mut host, 2).await, numbered(&[(3, "B"), (4, "RESUMED")]));
    assert_eq!(host.gateway.shards()[0].resumes, 1);
    // And again, from there.
    line.event(5, "C").await;
    received(&mut host, 1).await;
    let (kept, code) = tokio::join!(soon(host.gateway.close_resumable()), line.receive_close());
    assert_eq!(code, 4000);
    let _host = start_on(&script, after(kept)).await;
    assert_eq!(script.accept_and_greet().await.1["d"]["seq"], 5);
}

#[tokio::test]
async fn a_session_is_resumed_only_when_somebody_takes_its_events() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    let kept = leave(&mut host, &mut line).await;
    let host = start_on(&script, Setting { listens: false, ..after(kept) }).await;
    let mut line = script.accept().await;
    line.say(json!({"op": 10, "d": {"heartbeat_interval": 60_000}})).await;
    assert!(line.receive().now_or_never().is_none());
    host.gateway.listen();
    assert_eq!(line.receive().await["op"], 6);
}

#[tokio::test]
async fn where_a_session_is_refused_a_new_one_is_begun() {
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    let kept = leave(&mut host, &mut line).await;
    let mut host = start_on(&script, after(kept)).await;
    let (mut line, _) = script.accept_and_greet().await;
    line.say(json!({"op": 9, "d": false})).await;
    let mut line = script.accept_until_ready().await;
    line.event(2, "A").await;
    assert_eq!(received(&mut host, 2).await, numbered(&[(1, "READY"), (2, "A")]));
}

#[tokio::test]
async fn a_bot_is_shown_on_as_a_cog_said_unless_the_config_says_something_else() {
    fn dnd(discord: &mut config::Discord) {
        discord.status = Status::Dnd;
    }
    let (script, mut host) = plain().await;
    let mut line = script.accept_until_ready().await;
    received(&mut host, 1).await;
    let idle = Presence { status: Status::Idle, ..Presence::default() };
    host.gateway.send(Command::Presence(idle)).unwrap();
    assert_eq!(line.receive().await["d"]["status"], "idle");
    line.event(2, "A").await;
    received(&mut host, 1).await;
    let mut state = host.gateway.state(0).unwrap();
    soon(state.wait_for(|state| matches!(state, State::Ready { .. }))).await.unwrap();
    let (kept, _) = tokio::join!(soon(host.gateway.close_resumable()), line.receive_close());
    for change in [None, Some(dnd as fn(&mut config::Discord))] {
        let setting = after(kept.clone());
        let host = start_on(&script, Setting { change: change.unwrap_or(|_| {}), ..setting }).await;
        let (mut line, _) = script.accept_and_greet().await;
        line.say(json!({"op": 0, "s": 3, "t": "RESUMED", "d": {}})).await;
        let wanted = if change.is_some() { "dnd" } else { "invisible" };
        if change.is_none() {
            // Nothing is sent before this.
            let invisible = Presence { status: Status::Invisible, ..Presence::default() };
            let mut state = host.gateway.state(0).unwrap();
            soon(state.wait_for(|state| matches!(state, State::Ready { .. }))).await.unwrap();
            host.gateway.send(Command::Presence(invisible)).unwrap();
        }
        assert_eq!(line.receive().await["d"]["status"], wanted);
        // The bot has the same presence in a new session.
        line.say(json!({"op": 9, "d": false})).await;
        let (_line, identify) = script.accept_and_greet().await;
        assert_eq!(identify["d"]["presence"]["status"], wanted);
    }
}

#[tokio::test]
async fn a_shard_that_was_never_connected_leaves_nothing() {
    let (script, host) = plain().await;
    let (mut line, _) = script.accept_and_greet().await;
    let (kept, code) = tokio::join!(soon(host.gateway.close_resumable()), line.receive_close());
    assert!(kept.is_empty() && code == 1000, "{code}");
}
