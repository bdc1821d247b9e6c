//! Virtual time: everything that depends on time follows the simulator's clock, in order and without waiting.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gearshift_sim::{BotClock, EntryKind, IdleProbe, NO_OPTIONS, Sim, SimOptions, Timestamp};
use serde_json::json;

use crate::raw::{INTENTS, Socket, options, post, register, sim};

const HOUR: Duration = Duration::from_secs(3600);

fn unanswered(sim: &Sim) -> Vec<(Timestamp, String)> {
    let history = sim.transcript().history();
    let of = |entry: &gearshift_sim::Entry| match &entry.kind {
        EntryKind::Unanswered { line, .. } => Some((entry.at, line.to_string())),
        _ => None,
    };
    history.iter().filter_map(|entry| of(entry)).collect()
}

async fn with_commands() -> (Sim, Socket) {
    let sim = sim().await;
    let commands = ["one", "two"].map(|name| json!({ "name": name, "description": "Waits", "type": 1 }));
    register(&sim, json!(commands)).await;
    let (socket, _) = Socket::identified(&sim, INTENTS).await;
    (sim, socket)
}

#[tokio::test]
async fn frozen_time_stamps_everything_alike_and_ids_still_grow() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap();
    sim.clock().freeze();
    let first = alice.say("general", "one").await.unwrap();
    let second = alice.say("general", "two").await.unwrap();
    sim.clock().advance(HOUR);
    let third = alice.say("general", "three").await.unwrap();
    assert!(first < second && second < third);
    let stamps: Vec<_> =
        sim.messages("general").unwrap().iter().rev().take(3).map(|one| one.timestamp).collect();
    assert_eq!(stamps[1], stamps[2]);
    assert_eq!(stamps[0], stamps[1] + HOUR);
    assert_eq!(third.unix_ms(), sim.clock().now().0);
}

#[tokio::test]
async fn timers_fire_at_their_own_time_and_in_order() {
    let (sim, mut socket) = with_commands().await;
    let alice = sim.member("alice").unwrap();
    sim.clock().freeze();
    let began = sim.clock().now();
    alice.slash("one", NO_OPTIONS).await.unwrap();
    sim.clock().advance(Duration::from_secs(1));
    alice.slash("two", NO_OPTIONS).await.unwrap();
    assert_eq!(unanswered(&sim), []);
    sim.clock().advance(HOUR);
    let due = |seconds| began + Duration::from_secs(seconds);
    assert_eq!(unanswered(&sim), [(due(3), "/one".to_owned()), (due(4), "/two".to_owned())]);
    let late = socket.event("INTERACTION_CREATE").await;
    let path = format!(
        "/interactions/{}/{}/callback",
        late["id"].as_str().unwrap(),
        late["token"].as_str().unwrap()
    );
    let (status, answer) = post(&sim, &path, json!({ "type": 5 })).await;
    assert_eq!((status.as_u16(), &answer["code"]), (404, &json!(10062)));
}

#[tokio::test]
async fn a_frozen_interaction_waits_for_its_answer_and_its_token_ends_after_a_quarter_of_an_hour() {
    let options = SimOptions { interaction_window: Duration::from_millis(1), ..options() };
    let sim = Sim::start(options).await.unwrap();
    register(&sim, json!([{ "name": "one", "description": "Waits", "type": 1 }])).await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    sim.clock().freeze();
    sim.member("alice").unwrap().slash("one", NO_OPTIONS).await.unwrap();
    let heard = socket.event("INTERACTION_CREATE").await;
    let (id, token) = (heard["id"].as_str().unwrap(), heard["token"].as_str().unwrap());
    let callback = format!("/interactions/{id}/{token}/callback");
    assert_eq!(post(&sim, &callback, json!({ "type": 5 })).await.0, 204);
    let follow_up = format!("/webhooks/{}/{token}", heard["application_id"].as_str().unwrap());
    sim.clock().advance(Duration::from_secs(15 * 60 - 1));
    assert_eq!(post(&sim, &follow_up, json!({ "content": "in time" })).await.0, 200);
    sim.clock().advance(Duration::from_secs(1));
    let (status, answer) = post(&sim, &follow_up, json!({ "content": "late" })).await;
    assert_eq!((status.as_u16(), &answer["code"]), (401, &json!(50027)));
}

#[tokio::test]
async fn a_session_can_be_resumed_for_five_minutes_of_the_clock() {
    for (away, op) in [(Duration::from_secs(299), 0), (Duration::from_secs(301), 9)] {
        let sim = sim().await;
        let (socket, ready) = Socket::identified(&sim, INTENTS).await;
        sim.gateway().drop_sockets();
        drop(socket);
        let mut reader = sim.transcript().reader_from(0);
        let deadline = std::time::Instant::now() + crate::raw::PATIENCE;
        let parted =
            |entry: &gearshift_sim::Entry| entry.to_string().contains("socket dropped").then_some(());
        reader
            .until(deadline, |entry| parted(entry).filter(|()| sim.gateway().connected() == 0))
            .await
            .unwrap();
        sim.clock().advance(away);
        let mut again = Socket::open(&sim).await;
        again.resume(sim.token(), &ready["session_id"], 1).await;
        assert_eq!(again.payload().await["op"], op, "after {away:?}");
    }
}

/// A bot that waits for these moments, counted from its start, and records the simulator's time when it was woken.
#[derive(Debug, Default)]
struct Alarms {
    now: Duration,
    waits: Vec<Duration>,
    rung: Vec<Duration>,
    turns: Vec<&'static str>,
}

#[derive(Clone, Debug, Default)]
struct Waiting(Arc<Mutex<Alarms>>);

impl BotClock for Waiting {
    fn next_due(&self) -> Option<Duration> {
        let alarms = self.0.lock().unwrap();
        alarms.waits.iter().map(|due| due.saturating_sub(alarms.now)).min()
    }

    fn advance(&self, by: Duration) {
        let Alarms { now, waits, rung, .. } = &mut *self.0.lock().unwrap();
        *now += by;
        rung.extend(waits.extract_if(.., |due| *due <= *now).map(|_| *now));
    }

    fn freeze(&self) {
        self.0.lock().unwrap().turns.push("freeze");
    }

    fn resume(&self) {
        self.0.lock().unwrap().turns.push("resume");
    }
}

#[tokio::test]
async fn a_bot_on_the_same_clock_is_woken_at_each_of_its_timers() {
    let seconds = Duration::from_secs;
    let bot = Waiting::default();
    bot.0.lock().unwrap().waits =
        vec![seconds(30), seconds(10), seconds(100), Duration::from_micros(20_000_300)];
    let sim = Sim::start(SimOptions {
        bot_clock: Some(Arc::new(bot.clone())),
        idle: Some(IdleProbe::new(|| true)),
        ..options()
    })
    .await
    .unwrap();
    sim.clock().freeze();
    let began = sim.clock().now();
    sim.advance(seconds(60)).await;
    assert_eq!(sim.clock().now(), began + seconds(60));
    let alarms = bot.0.lock().unwrap();
    assert_eq!(alarms.now, seconds(60));
    // The simulator counts whole milliseconds, and never wakes a bot early.
    assert_eq!(alarms.rung, [seconds(10), Duration::from_millis(20_001), seconds(30)]);
    assert_eq!((&alarms.waits[..], &alarms.turns[..]), (&[seconds(100)][..], &["freeze"][..]));
}
