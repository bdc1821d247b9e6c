//! A cog is replaced while the bot stays connected: nothing is lost or handled twice, state is carried over, the old
//! code is gone.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use gearshift_host::cogs::Outcome;
use gearshift_sim::{Entry, EntryKind, RestFault, Snowflake};

use crate::{
    libraries::{Build, library},
    stage::{SOON, Setting, Stage, put},
};

#[tokio::test(flavor = "multi_thread")]
async fn state_is_carried_over_and_the_old_library_is_unmapped() {
    let stage = Setting::new().with("counter").up().await;
    assert_eq!(stage.ask("!count").await, "1 for you, 1 for everybody");
    let report = stage.host.cogs().reload("counter").await.unwrap();
    assert_eq!((report.outcome, report.from, report.to), (Outcome::Replaced, Some(1), Some(2)));
    assert!(stage.is_gone(&report), "{report}");
    assert_eq!(stage.ask("!count").await, "2 for you, 2 for everybody");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_doubled_or_reordered_by_reloads_under_load() {
    // Its answers are numbered in the order in which the messages were handled.
    let stage = Setting::new().with("counter").up().await;
    let (host, sim, alice) = (&stage.host, &stage.sim, &stage.alice);
    let mark = sim.transcript().mark();
    let flow = async {
        let mut said = Vec::new();
        for number in 0..600 {
            said.push(alice.say("general", "!count").await.unwrap());
            if number % 20 == 0 {
                sim.reply_to(said[number], SOON).await.unwrap();
            }
        }
        for (number, id) in said.iter().enumerate() {
            let Some(reply) = sim.reply_to(*id, SOON).await else { panic!("lost:\n{}", stage.transcript()) };
            let count = number + 1;
            assert_eq!(*reply.content, *format!("{count} for you, {count} for everybody"));
        }
    };
    let reloads = async {
        for _ in 0..30 {
            host.cogs().reload("counter").await.unwrap();
        }
    };
    tokio::join!(flow, reloads);
    let mut answers: HashMap<String, usize> = HashMap::new();
    for entry in sim.transcript().history() {
        if entry.number > mark
            && let EntryKind::Posted { message, .. } = &entry.kind
            && message.content.ends_with("for everybody")
        {
            *answers.entry(message.content.to_string()).or_default() += 1;
        }
    }
    assert_eq!(answers.len(), 600);
    assert!(answers.values().all(|times| *times == 1));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_code_answers_once_its_file_is_in_place() {
    let (one, two) =
        (Build::of("faulty").variant("one").library(), Build::of("faulty").variant("two").library());
    let stage = Setting::new().with_file(&one, "faulty").up().await;
    assert!(stage.ask("!faulty version").await.ends_with("one"));
    put(&two, &stage.cogs(), "faulty");
    stage.until_answer("!faulty version", |answer| answer.ends_with("two")).await;
    // The count of the previous generation continues.
    let count = stage.ask("!faulty count").await;
    let said = stage.sim.transcript().history();
    let said = said.iter().filter(
        |entry| matches!(&entry.kind, EntryKind::Posted { message, .. } if message.content.starts_with("!faulty")),
    );
    assert!(count.starts_with(&format!("{} commands", said.count())), "{count}\n{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_file_retires_its_cog_and_a_new_one_loads_it() {
    let stage = Setting::new().with("ping").up().await;
    std::fs::remove_file(stage.cogs().join("libping.so")).unwrap();
    stage.until_status("ping", |status| status.generation.is_none()).await;
    put(&library("ping"), &stage.cogs(), "ping");
    stage.until_status("ping", |status| status.generation == Some(2)).await;
    assert_eq!(stage.ask("!ping back").await, "pong back");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_instance_keeps_serving_if_the_new_generation_fails() {
    for (trick, limit) in [
        ("panic-in-setup", ""),
        ("arm setup error", ""),
        ("refuse-state", ""),
        ("arm restore panic", ""),
        ("panic-in-save", ""),
        ("arm setup sleep 60000", "setup_timeout_ms = 3000"),
    ] {
        let stage = Setting::new().with("faulty").config(limit).up().await;
        assert_eq!(stage.ask("!faulty count").await, "1 commands, 1 events, 0 ticks");
        assert!(stage.ask(&format!("!faulty {trick}")).await.starts_with("armed"), "{trick}");
        let error = stage.host.cogs().reload("faulty").await.expect_err(trick);
        println!("{}", gearshift_host::error::chain(&error));
        // The same instance: its count since then is still there.
        let count = stage.ask("!faulty count").await;
        assert!(count.starts_with("3 commands"), "{trick}: {count}");
        let status = stage.status("faulty");
        assert_eq!(status.generation, Some(1), "{trick}");
        // And it can be replaced once the new code behaves.
        assert_eq!(stage.ask("!faulty disarm").await, "disarmed");
        stage.host.cogs().reload("faulty").await.unwrap();
        assert!(stage.ask("!faulty count").await.starts_with("5 commands"), "{trick}");
        stage.down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_wait_too_long_are_cancelled_and_counted() {
    let stage = Setting::new().with("faulty").config("drain_timeout_ms = 50").up().await;
    for _ in 0..3 {
        assert_eq!(stage.ask("!faulty hang").await, "hanging");
    }
    assert_eq!(stage.ask("!faulty hang-panic").await, "hanging");
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    assert_eq!(report.cancelled, 4);
    assert!(stage.is_gone(&report), "{report}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_finish_in_time_are_waited_for() {
    let stage = Setting::new().with("faulty").up().await;
    let said = stage.alice.say("general", "!faulty sleep 200").await.unwrap();
    stage.until_status("faulty", |status| status.handled > 0).await;
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    assert_eq!(report.cancelled, 0, "{report}");
    let answer = stage.sim.reply_to(said, SOON).await.unwrap();
    assert_eq!(answer.content, "slept 200 ms");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_failures_on_probation_bring_the_old_code_back() {
    let (one, two) =
        (Build::of("faulty").variant("one").library(), Build::of("faulty").variant("two").library());
    let stage = Setting::new().with_file(&one, "faulty").up().await;
    stage.ask("!faulty version").await;
    put(&two, &stage.cogs(), "faulty");
    stage.until_answer("!faulty version", |answer| answer.ends_with("two")).await;
    for _ in 0..3 {
        stage.alice.say("general", "!faulty panic").await.unwrap();
    }
    stage.until_answer("!faulty version", |answer| answer.ends_with("one")).await;
    assert_eq!(stage.status("faulty").generation, Some(3));
    // The bad content is not retried automatically, while an explicit reload does as requested.
    stage.host.cogs().reload("faulty").await.unwrap();
    assert!(stage.ask("!faulty version").await.ends_with("two"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_without_anything_in_flight_is_short_and_reported_phase_by_phase() {
    let stage = Setting::new().with("counter").up().await;
    let report = stage.host.cogs().reload("counter").await.unwrap();
    let names: Vec<_> = report.phases.iter().map(|phase| phase.name.name()).collect();
    assert_eq!(names, ["prepare", "open", "setup", "pause", "save", "restore", "serve"]);
    assert!(report.pause.unwrap() < Duration::from_secs(1));
    assert!(report.state_bytes.is_some());
    stage.down().await;
}

impl Stage {
    /// Asks repeatedly until the answer is right; the deadline is that of each answer.
    async fn until_answer(&self, line: &str, right: impl Fn(&str) -> bool) -> String {
        let answer = async {
            loop {
                let answer = self.ask(line).await;
                if right(&answer) {
                    return answer;
                }
            }
        };
        tokio::time::timeout(SOON, answer).await.expect("the answer changes")
    }
}

/// A stage on which the bot has sent a reply that Discord delays with a rate limit.
async fn replying_late() -> (Stage, Snowflake) {
    let stage = Setting::new().with("faulty").config("drain_timeout_ms = 50").up().await;
    let later = RestFault::RateLimit { retry_after: Duration::from_millis(1500), global: false };
    stage.sim.faults().rest("POST", "/channels/*/messages", 1, later);
    let said = stage.alice.say("general", "!faulty version").await.unwrap();
    let refused =
        |entry: &Entry| matches!(&entry.kind, EntryKind::Rest { status: Some(429), .. }).then_some(());
    assert!(stage.sim.until(Instant::now() + SOON, refused).await.is_some(), "{}", stage.transcript());
    (stage, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_handler_has_handed_over_is_sent_though_it_is_cancelled() {
    let (stage, said) = replying_late().await;
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    assert_eq!(report.cancelled, 1, "{report}");
    let reply = stage.sim.reply_to(said, SOON).await.expect("the reply comes all the same");
    assert!(reply.content.starts_with("faulty"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_handler_has_handed_over_is_sent_before_the_host_has_closed() {
    let (stage, said) = replying_late().await;
    stage.host.close().await.expect("no state is lost");
    let replies = stage.sim.transcript().history();
    let mut posts = replies.iter().filter_map(|entry| entry.posted());
    assert!(posts.any(|message| message.reply_to == Some(said)), "the reply was sent");
    stage.sim.close().await;
}
