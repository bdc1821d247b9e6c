//! The settings of a cog have changed: which code starts again with them.

use std::{sync::Arc, time::Duration};

use super::script::{Code, Harness, candidate, file};
use crate::{
    cogs::{
        Outcome, Stage,
        message::{Leaving, Trigger},
    },
    fault::FaultKind,
    step::Step,
};

const GOOD: Code = Code { version: 1, fails_in: None };
const BETTER: Code = Code { version: 2, fails_in: None };

async fn harness(codes: &[Code]) -> Harness {
    let harness = Harness::new(&["music"]);
    for code in codes {
        harness.deploy("music", *code, Trigger::FileChanged).await.expect("it is new");
        harness.script("music").keep_file("music", *code);
    }
    harness
}

fn version(harness: &Harness) -> String {
    harness.status("music").manifest.expect("it has one").commands[1].name.clone()
}

#[tokio::test(start_paused = true)]
async fn the_code_that_serves_begins_again_and_not_what_was_gone_back_from() {
    let harness = harness(&[GOOD, BETTER]).await;
    for _ in 0..3 {
        harness.fault("music", 2, FaultKind::Panic).await;
    }
    assert_eq!((harness.stage("music"), &*version(&harness)), ((Stage::Serving, Some(3)), "music-1"));
    let report = harness.renew("music").await.expect("it is good").expect("it serves");
    assert_eq!(report.outcome, Outcome::Replaced);
    assert_eq!((harness.stage("music"), &*version(&harness)), ((Stage::Serving, Some(4)), "music-1"));
    harness
        .deploy("music", BETTER, Trigger::FileChanged)
        .await
        .expect_err("it is still what the host went back from");
}

#[tokio::test(start_paused = true)]
async fn the_same_code_again_stays_on_probation() {
    let harness = harness(&[GOOD, BETTER]).await;
    harness.renew("music").await.expect("it is good");
    harness.deploy("music", BETTER, Trigger::Requested).await.expect("it is good");
    for _ in 0..3 {
        harness.fault("music", 4, FaultKind::Panic).await;
    }
    assert_eq!((harness.stage("music"), &*version(&harness)), ((Stage::Serving, Some(5)), "music-1"));
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_and_what_was_unloaded_is_not() {
    let harness = Harness::new(&["music"]);
    let failing = Code { version: 1, fails_in: Some(Step::Open) };
    harness.deploy("music", failing, Trigger::FileChanged).await.expect_err("it fails");
    harness.script("music").keep_file("music", GOOD);
    harness.renew("music").await.expect("it is good").expect("it is loaded");
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(2)));
    harness.leave("music", Leaving::Unloaded).await.expect("it is there");
    assert!(harness.renew("music").await.expect("nobody wants it").is_none());
    assert_eq!(harness.stage("music"), (Stage::Away, None));
}

#[tokio::test(start_paused = true)]
async fn a_setup_that_fails_for_the_code_that_serves_is_tried_again_too() {
    for renew in [true, false] {
        let harness = harness(&[GOOD]).await;
        harness.script("music").spoil(GOOD, Step::Setup);
        let outcome = match renew {
            true => harness.renew("music").await,
            false => harness.deploy("music", GOOD, Trigger::Requested).await,
        };
        outcome.expect_err("its site is not up");
        harness.script("music").notes().spoiled.clear();
        tokio::time::sleep(Duration::from_secs(1)).await;
        harness.settle("music").await;
        assert_eq!(harness.stage("music"), (Stage::Serving, Some(3)), "renewed: {renew}");
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(harness.stage("music"), (Stage::Serving, Some(3)), "and no more");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_lacked_a_setting_comes_when_it_is_set_and_otherwise_what_serves_begins_again() {
    for (spoiled, version_then) in [(false, "music-2"), (true, "music-1")] {
        let harness = harness(&[GOOD]).await;
        let script = harness.script("music");
        script.spoil(BETTER, Step::Setup);
        harness.deploy("music", BETTER, Trigger::FileChanged).await.expect_err("it lacks something");
        script.keep_file("music", BETTER);
        if !spoiled {
            script.notes().spoiled.clear();
        }
        harness.renew("music").await.expect("one of them is good").expect("it serves");
        assert_eq!(version(&harness), version_then);
        // What failed is still tried again.
        script.notes().spoiled.clear();
        tokio::time::sleep(Duration::from_secs(5)).await;
        harness.settle("music").await;
        assert_eq!(version(&harness), "music-2");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_and_what_serves_that_both_fail_are_both_tried_again() {
    for renewed_first in [false, true] {
        let harness = harness(&[GOOD]).await;
        let script = harness.script("music");
        script.spoil(GOOD, Step::Setup);
        script.spoil(BETTER, Step::Setup);
        if renewed_first {
            harness.renew("music").await.expect_err("its site is not up");
        }
        script.keep_file("music", BETTER);
        harness.deploy("music", BETTER, Trigger::FileChanged).await.expect_err("its site is not up");
        if !renewed_first {
            harness.renew("music").await.expect_err("its site is not up");
        }
        assert_eq!(harness.stage("music"), (Stage::Serving, Some(1)), "renewed first: {renewed_first}");
        script.notes().spoiled.retain(|(code, _)| *code == BETTER);
        tokio::time::sleep(Duration::from_secs(5)).await;
        harness.settle("music").await;
        let (_, renewed) = harness.stage("music");
        assert!(renewed > Some(1), "renewed first: {renewed_first}, {:?}", script.notes().done);
        assert_eq!(version(&harness), "music-1");
        script.notes().spoiled.clear();
        tokio::time::sleep(Duration::from_secs(600)).await;
        harness.settle("music").await;
        assert_eq!(version(&harness), "music-2", "renewed first: {renewed_first}");
        assert!(harness.status("music").generation > renewed);
    }
}

#[tokio::test(start_paused = true)]
async fn what_begins_from_the_file_needs_no_renewal() {
    let harness = harness(&[GOOD]).await;
    let script = harness.script("music");
    script.spoil(GOOD, Step::Setup);
    script.spoil(BETTER, Step::Setup);
    harness.renew("music").await.expect_err("its site is not up");
    script.keep_file("music", BETTER);
    harness.deploy("music", BETTER, Trigger::FileChanged).await.expect_err("its site is not up");
    script.notes().spoiled.clear();
    tokio::time::sleep(Duration::from_secs(600)).await;
    harness.settle("music").await;
    assert_eq!((harness.stage("music"), &*version(&harness)), ((Stage::Serving, Some(4)), "music-2"));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_failed_is_tried_again_though_what_serves_was_given_up_meanwhile() {
    let harness = harness(&[GOOD]).await;
    let script = harness.script("music");
    script.spoil(BETTER, Step::Setup);
    script.keep_file("music", BETTER);
    harness.deploy("music", BETTER, Trigger::FileChanged).await.expect_err("its site is not up");
    harness.stuck("music", 1).await;
    assert_eq!((harness.stage("music"), &*version(&harness)), ((Stage::Serving, Some(3)), "music-1"));
    script.notes().spoiled.clear();
    tokio::time::sleep(Duration::from_secs(5)).await;
    harness.settle("music").await;
    assert_eq!(version(&harness), "music-2");
}

#[tokio::test(start_paused = true)]
async fn a_file_whose_command_is_anothers_when_it_is_tried_again_waits_for_it() {
    let harness = Harness::new(&["music", "tunes"]);
    let failing = Code { version: 1, fails_in: Some(Step::Setup) };
    harness.script("tunes").keep_file("tunes", failing);
    harness.deploy("tunes", failing, Trigger::FileChanged).await.expect_err("it fails");
    let mut thief = candidate("music", GOOD);
    Arc::make_mut(&mut thief.manifest).commands[0].name = "tunes".to_owned();
    harness.deploy_file("music", thief, Trigger::FileChanged).await.expect("nobody has it");
    assert_eq!(harness.registry.refused(), []);
    tokio::time::sleep(Duration::from_secs(1)).await;
    harness.settle("tunes").await;
    let [refused] = &harness.registry.refused()[..] else { panic!("{:?}", harness.registry.refused()) };
    assert!(refused.file == file("tunes") && refused.reason.contains("music"), "{refused:?}");
}
