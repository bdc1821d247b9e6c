//! Settling and expecting: waiting without sleeping, and what a failure shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gearshift_sim::{IdleProbe, NO_OPTIONS, Pending, Sim, SimOptions};
use serde_json::json;
use tokio::sync::oneshot;

use crate::raw::{INTENTS, PATIENCE, Socket, options, post, register, sim};

/// A bot that answers each message of a user after the time `pondering`.
async fn answering(sim: &Arc<Sim>, pondering: Duration) -> oneshot::Sender<()> {
    let (mut socket, _) = Socket::identified(sim, INTENTS).await;
    let (stop, mut stopped) = oneshot::channel();
    let sim = sim.clone();
    tokio::spawn(async move {
        loop {
            let message = tokio::select! {
                biased;
                _ = &mut stopped => return,
                message = socket.event("MESSAGE_CREATE") => message,
            };
            if message["author"]["bot"] == true {
                continue;
            }
            tokio::time::timeout(pondering, std::future::pending::<()>()).await.unwrap_err();
            let body = json!({ "content": "pong", "message_reference": { "message_id": message["id"] } });
            post(&sim, &format!("/channels/{}/messages", message["channel_id"].as_str().unwrap()), body)
                .await;
        }
    });
    stop
}

fn said(sim: &Sim) -> usize {
    sim.messages("general").unwrap().len()
}

#[tokio::test]
async fn settling_waits_for_every_reply() {
    let options = SimOptions { quiet_period: Duration::from_secs(1), ..options() };
    let sim = Arc::new(Sim::start(options).await.unwrap());
    let _bot = answering(&sim, Duration::from_millis(30)).await;
    let alice = sim.member("alice").unwrap();
    for _ in 0..3 {
        alice.say("general", "!ping").await.unwrap();
    }
    sim.settle(PATIENCE).await.unwrap();
    assert_eq!(said(&sim), 6);
}

#[tokio::test]
async fn a_bot_with_a_probe_needs_no_quiet_period() {
    let idle = Arc::new(AtomicBool::new(false));
    let seen = idle.clone();
    let probe = IdleProbe::new(move || seen.load(Ordering::Relaxed));
    // It is never quiet for this long.
    let quiet_period = Duration::from_secs(3600);
    let sim = Sim::start(SimOptions { idle: Some(probe), quiet_period, ..options() }).await.unwrap();
    let unsettled = sim.settle(Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(unsettled.pending, Pending { bot_busy: true, ..Pending::default() });
    assert!(unsettled.to_string().contains("the bot is busy"), "{unsettled}");
    idle.store(true, Ordering::Relaxed);
    sim.settle(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn an_interaction_that_waits_for_its_bot_is_not_settled() {
    let sim = sim().await;
    register(&sim, json!([{ "name": "slow", "description": "Thinks", "type": 1 }])).await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let asked = sim.member("alice").unwrap().slash("slow", NO_OPTIONS).await.unwrap();
    let waiting = Pending { interactions: 1, ..Pending::default() };
    let short = Duration::from_millis(150);
    assert_eq!(sim.settle(short).await.unwrap_err().pending, waiting);
    let heard = socket.event("INTERACTION_CREATE").await;
    let (id, token) = (heard["id"].as_str().unwrap(), heard["token"].as_str().unwrap());
    post(&sim, &format!("/interactions/{id}/{token}/callback"), json!({ "type": 5 })).await;
    let unsettled = sim.settle(short).await.unwrap_err();
    assert_eq!(unsettled.pending, waiting, "thinking …");
    // The output of a failed `unwrap`.
    assert!(format!("{unsettled:?}").contains("alice: /slow"), "{unsettled:?}");
    let application = heard["application_id"].as_str().unwrap();
    post(&sim, &format!("/webhooks/{application}/{token}"), json!({ "content": "done" })).await;
    assert_eq!(sim.expect_answer(&asked).await.unwrap().content, "done");
    sim.settle(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn an_unanswered_interaction_is_settled_after_its_window() {
    let sim = sim().await;
    register(&sim, json!([{ "name": "slow", "description": "Thinks", "type": 1 }])).await;
    let _bot = Socket::identified(&sim, INTENTS).await;
    sim.clock().freeze();
    sim.member("alice").unwrap().slash("slow", NO_OPTIONS).await.unwrap();
    assert!(sim.settle(Duration::from_millis(150)).await.is_err());
    sim.clock().advance(Duration::from_secs(3));
    sim.settle(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn expect_returns_the_match_or_an_error_with_the_transcript() {
    let options = SimOptions { expect_timeout: Duration::from_millis(150), ..options() };
    let sim = Arc::new(Sim::start(options).await.unwrap());
    let alice = sim.member("alice").unwrap();
    let bot = answering(&sim, Duration::ZERO).await;
    let first = alice.say("general", "!ping").await.unwrap();
    // The short patience is for what never happens.
    sim.reply_to(first, PATIENCE).await.unwrap();
    assert_eq!(sim.expect_reply(first).await.unwrap().content, "pong");
    alice.react(first, "👍").await.unwrap();
    assert_eq!(&*sim.expect_reaction(first, "👍").await.unwrap(), "alice");
    alice.edit(first, "!ping again").await.unwrap();
    assert_eq!(sim.expect_edit(first).await.unwrap().content, "!ping again");
    drop(bot);
    let second = alice.say("dev", "is anybody there?").await.unwrap();
    let unmet = format!("{:?}", sim.expect_reply(second).await.unwrap_err());
    assert!(unmet.contains("a reply to") && unmet.contains("#dev alice: is anybody there?"), "{unmet}");
}
