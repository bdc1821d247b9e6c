//! What rolls back a deployment and what does not, and what a hanging cog costs the others.

use std::path::PathBuf;

use gearshift_host::{
    cogs::{Absence, Outcome},
    config::LaneKind,
    step::Step,
};
use gearshift_sim::RestFault;

use crate::{
    libraries::{Build, library},
    stage::{SOON, Setting, Stage, put},
};

fn versions() -> (PathBuf, PathBuf) {
    (Build::of("faulty").variant("one").library(), Build::of("faulty").variant("two").library())
}

/// Variant one serves, and variant two has just replaced it.
async fn on_probation(limits: &str) -> Stage {
    let (one, two) = versions();
    let stage = Setting::new().with_file(&one, "faulty").config(limits).up().await;
    assert!(stage.ask("!faulty version").await.ends_with("one"));
    put(&two, &stage.cogs(), "faulty");
    stage.until_status("faulty", |status| status.generation == Some(2)).await;
    stage
}

async fn hang(stage: &Stage) {
    let generation = stage.status("faulty").generation;
    assert_eq!(stage.ask("!faulty block 60000").await, "blocking");
    stage.until_status("faulty", |status| status.generation != generation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_that_were_there_before_do_not_undo_a_deployment() {
    let (one, two) = versions();
    let stage = Setting::new().with_file(&one, "faulty").up().await;
    for number in 1..=3 {
        stage.alice.say("general", "!faulty error").await.unwrap();
        stage.until_status("faulty", |status| status.faults == number).await;
    }
    put(&two, &stage.cogs(), "faulty");
    stage.until_status("faulty", |status| status.generation == Some(2)).await;
    for number in 1..=3 {
        stage.alice.say("general", "!faulty error").await.unwrap();
        stage.until_status("faulty", |status| status.faults == number).await;
    }
    assert!(stage.ask("!faulty version").await.ends_with("two"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_typed_and_what_discord_refused_undo_nothing() {
    let stage = on_probation("").await;
    let refused = RestFault::Status { status: 403, code: 50013, message: "Missing Permissions".to_owned() };
    stage.sim.faults().rest("POST", "/channels/*/messages", 5, refused);
    for number in 1..=5 {
        stage.alice.say("general", "!faulty version").await.unwrap();
        stage.until_status("faulty", |status| status.refusals == number).await;
    }
    for _ in 0..5 {
        assert_eq!(stage.ask("!faulty number many").await, "Invalid digit found in string.");
    }
    assert!(stage.ask("!faulty version").await.ends_with("two"));
    assert_eq!(stage.status("faulty").faults, 0);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_on_probation_brings_the_old_code_back_and_a_later_one_keeps_it() {
    let stage = on_probation("stuck_after_ms = 300\njoin_timeout_ms = 100").await;
    hang(&stage).await;
    stage.until_status("faulty", |status| status.generation == Some(3)).await;
    assert!(stage.ask("!faulty version").await.ends_with("one"));
    let report = stage.status("faulty").last_report.unwrap();
    assert_eq!(report.outcome, Outcome::WentBack, "{report}");
    // The generation that serves is loaded again, not the content of the file.
    hang(&stage).await;
    stage.until_status("faulty", |status| status.generation == Some(4)).await;
    assert!(stage.ask("!faulty version").await.ends_with("one"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_saved_while_the_old_one_hangs_comes_when_that_returns_or_is_given_up() {
    let (one, two) = versions();
    for (block, limits) in [(60_000, "stuck_after_ms = 2000"), (2_000, "stuck_after_ms = 60000")] {
        let limits = format!("{limits}\ndrain_timeout_ms = 100\njoin_timeout_ms = 100");
        let stage = Setting::new().with_file(&one, "faulty").config(&limits).up().await;
        assert_eq!(stage.ask(&format!("!faulty block {block}")).await, "blocking");
        put(&two, &stage.cogs(), "faulty");
        stage.until_status("faulty", |status| status.generation.is_some_and(|number| number > 1)).await;
        assert!(stage.ask("!faulty version").await.ends_with("two"), "blocked for {block} ms");
        stage.down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_the_host_went_back_from_is_loaded_after_a_restart_only_by_request() {
    let stage = on_probation("").await;
    for _ in 0..3 {
        stage.alice.say("general", "!faulty panic").await.unwrap();
    }
    stage.until_status("faulty", |status| status.generation == Some(3)).await;
    let stage = stage.restart().await;
    assert!(stage.ask("!faulty version").await.ends_with("one"));
    stage.host.cogs().reload("faulty").await.unwrap();
    assert!(stage.ask("!faulty version").await.ends_with("two"));
    let stage = stage.restart().await;
    assert!(stage.ask("!faulty version").await.ends_with("two"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_that_hangs_repeatedly_is_parked_without_affecting_the_others() {
    let limits = "stuck_after_ms = 300\njoin_timeout_ms = 100\nheld_max = 3";
    let stage = Setting::new().on(LaneKind::Thread).with("faulty").with("ping").config(limits).up().await;
    for _ in 0..3 {
        hang(&stage).await;
    }
    stage.until_status("faulty", |status| status.absence == Some(Absence::Parked)).await;
    let reason = stage.status("faulty").reason.unwrap();
    assert!(reason.contains("command !faulty"), "{reason}");
    // Three generations are held, and another cog can still be replaced.
    stage.until(|status| status.held.len() == 3).await;
    stage.host.cogs().reload("ping").await.unwrap();
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_whose_thread_does_not_end_delays_no_other() {
    let stage = Setting::new()
        .on(LaneKind::Thread)
        .with("faulty")
        .with("ping")
        .config("join_timeout_ms = 500")
        .up()
        .await;
    assert!(stage.ask("!faulty tls 30000").await.starts_with("on "));
    stage.host.cogs().reload("faulty").await.unwrap();
    stage.until(|status| status.held.iter().any(|held| held.generation == "faulty#1")).await;
    let reason = stage.host.cogs().status().held[0].reason.clone();
    assert_eq!(reason, "destructors of its thread-local values have not ended");
    let reloaded =
        tokio::time::timeout(SOON, stage.host.cogs().reload("ping")).await.expect("it waits for nobody");
    assert!(reloaded.unwrap().retirement.is_some());
    put(&library("faulty"), &stage.cogs(), "faulty");
    assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_that_failed_is_tried_again() {
    let stage = Setting::new().with("faulty").up().await;
    assert!(stage.ask("!faulty arm setup error").await.starts_with("armed"));
    stage.host.cogs().unload("faulty").await.unwrap();
    stage.host.cogs().load("faulty").await.expect_err("it fails");
    let store = stage.host.sessions().store.clone().unwrap();
    let mut keys = store.list("faulty", "", None, 10).await.unwrap();
    assert_eq!(keys.len(), 1, "what is armed");
    store.delete("faulty", &keys.remove(0).key).await.unwrap();
    stage.until_status("faulty", |status| status.generation.is_some()).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cog_did_is_counted_over_all_of_its_generations() {
    let stage = on_probation("stuck_after_ms = 300\njoin_timeout_ms = 100").await;
    stage.alice.say("general", "!faulty error").await.unwrap();
    stage.until_status("faulty", |status| status.faults == 1).await;
    hang(&stage).await;
    stage.until_status("faulty", |status| status.totals.operations["went_back"] == 1).await;
    assert!(stage.ask("!faulty arm setup error").await.starts_with("armed"));
    stage.host.cogs().reload("faulty").await.expect_err("it fails");
    // It is retried, and fails again.
    stage.until_status("faulty", |status| status.totals.operations["failed"] >= 2).await;
    let status = stage.status("faulty");
    let (faults, operations) = (&status.totals.faults, &status.totals.operations);
    assert_eq!((faults["error"], faults["hang"], faults["panic"]), (1, 1, 0));
    assert_eq!((operations["loaded"], operations["replaced"], operations["unloaded"]), (1, 1, 0));
    assert_eq!(status.faults, 0, "the generation that serves has none");
    let durations = stage.host.cogs().status().durations;
    assert!(durations.phases.iter().all(|(step, seen)| seen.count() > 0 || *step == Step::Restore));
    assert_eq!(durations.pauses.count(), 1, "what hung was not paused");
    stage.down().await;
}
