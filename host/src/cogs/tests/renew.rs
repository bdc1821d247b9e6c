//! The settings of a cog have changed: which code starts again with them.

use std::{sync::Arc, time::Duration};

use super::script::{Code, Theatre, candidate, file};
use crate::{
    cogs::{
        Outcome, Stage,
        message::{Leaving, Wish},
    },
    fault::FaultKind,
    step::Step,
};

const GOOD: Code = Code { version: 1, fails_in: None };
const BETTER: Code = Code { version: 2, fails_in: None };

async fn theatre(codes: &[Code]) -> Theatre {
    let theatre = Theatre::new(&["music"]);
    for code in codes {
        theatre.bring("music", *code, Wish::Changed).await.expect("it is new");
        theatre.script("music").keep_file("music", *code);
    }
    theatre
}

fn version(theatre: &Theatre) -> String {
    theatre.status("music").manifest.expect("it has one").commands[1].name.clone()
}

#[tokio::test(start_paused = true)]
async fn the_code_that_serves_begins_again_and_not_what_was_gone_back_from() {
    let theatre = theatre(&[GOOD, BETTER]).await;
    for _ in 0..3 {
        theatre.fault("music", 2, FaultKind::Panic).await;
    }
    assert_eq!((theatre.stage("music"), &*version(&theatre)), ((Stage::Serving, Some(3)), "music-1"));
    let report = theatre.renew("music").await.expect("it is good").expect("it serves");
    assert_eq!(report.outcome, Outcome::Replaced);
    assert_eq!((theatre.stage("music"), &*version(&theatre)), ((Stage::Serving, Some(4)), "music-1"));
    theatre.bring("music", BETTER, Wish::Changed).await.expect_err("it is still what was gone back from");
}

#[tokio::test(start_paused = true)]
async fn the_same_code_again_stays_on_probation() {
    let theatre = theatre(&[GOOD, BETTER]).await;
    theatre.renew("music").await.expect("it is good");
    theatre.bring("music", BETTER, Wish::Asked).await.expect("it is good");
    for _ in 0..3 {
        theatre.fault("music", 4, FaultKind::Panic).await;
    }
    assert_eq!((theatre.stage("music"), &*version(&theatre)), ((Stage::Serving, Some(5)), "music-1"));
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_and_what_was_unloaded_is_not() {
    let theatre = Theatre::new(&["music"]);
    let failing = Code { version: 1, fails_in: Some(Step::Open) };
    theatre.bring("music", failing, Wish::Changed).await.expect_err("it fails");
    theatre.script("music").keep_file("music", GOOD);
    theatre.renew("music").await.expect("it is good").expect("it is loaded");
    assert_eq!(theatre.stage("music"), (Stage::Serving, Some(2)));
    theatre.leave("music", Leaving::Unloaded).await.expect("it is there");
    assert!(theatre.renew("music").await.expect("nobody wants it").is_none());
    assert_eq!(theatre.stage("music"), (Stage::Away, None));
}

#[tokio::test(start_paused = true)]
async fn a_setup_that_fails_for_the_code_that_serves_is_tried_again_too() {
    for renew in [true, false] {
        let theatre = theatre(&[GOOD]).await;
        theatre.script("music").spoil(GOOD, Step::Setup);
        let outcome = match renew {
            true => theatre.renew("music").await,
            false => theatre.bring("music", GOOD, Wish::Asked).await,
        };
        outcome.expect_err("its site is not up");
        theatre.script("music").notes().spoiled.clear();
        tokio::time::sleep(Duration::from_secs(1)).await;
        theatre.settle("music").await;
        assert_eq!(theatre.stage("music"), (Stage::Serving, Some(3)), "renewed: {renew}");
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(theatre.stage("music"), (Stage::Serving, Some(3)), "and no more");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_lacked_a_setting_comes_when_it_is_set_and_otherwise_what_serves_begins_again() {
    for (spoiled, version_then) in [(false, "music-2"), (true, "music-1")] {
        let theatre = theatre(&[GOOD]).await;
        let script = theatre.script("music");
        script.spoil(BETTER, Step::Setup);
        theatre.bring("music", BETTER, Wish::Changed).await.expect_err("it lacks something");
        script.keep_file("music", BETTER);
        if !spoiled {
            script.notes().spoiled.clear();
        }
        theatre.renew("music").await.expect("one of them is good").expect("it serves");
        assert_eq!(version(&theatre), version_then);
        // What failed is still tried again.
        script.notes().spoiled.clear();
        tokio::time::sleep(Duration::from_secs(5)).await;
        theatre.settle("music").await;
        assert_eq!(version(&theatre), "music-2");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_and_what_serves_that_both_fail_are_both_tried_again() {
    for renewed_first in [false, true] {
        let theatre = theatre(&[GOOD]).await;
        let script = theatre.script("music");
        script.spoil(GOOD, Step::Setup);
        script.spoil(BETTER, Step::Setup);
        if renewed_first {
            theatre.renew("music").await.expect_err("its site is not up");
        }
        script.keep_file("music", BETTER);
        theatre.bring("music", BETTER, Wish::Changed).await.expect_err("its site is not up");
        if !renewed_first {
            theatre.renew("music").await.expect_err("its site is not up");
        }
        assert_eq!(theatre.stage("music"), (Stage::Serving, Some(1)), "renewed first: {renewed_first}");
        script.notes().spoiled.retain(|(code, _)| *code == BETTER);
        tokio::time::sleep(Duration::from_secs(5)).await;
        theatre.settle("music").await;
        let (_, renewed) = theatre.stage("music");
        assert!(renewed > Some(1), "renewed first: {renewed_first}, {:?}", script.notes().done);
        assert_eq!(version(&theatre), "music-1");
        script.notes().spoiled.clear();
        tokio::time::sleep(Duration::from_secs(600)).await;
        theatre.settle("music").await;
        assert_eq!(version(&theatre), "music-2", "renewed first: {renewed_first}");
        assert!(theatre.status("music").generation > renewed);
    }
}

#[tokio::test(start_paused = true)]
async fn what_begins_from_the_file_needs_no_renewal() {
    let theatre = theatre(&[GOOD]).await;
    let script = theatre.script("music");
    script.spoil(GOOD, Step::Setup);
    script.spoil(BETTER, Step::Setup);
    theatre.renew("music").await.expect_err("its site is not up");
    script.keep_file("music", BETTER);
    theatre.bring("music", BETTER, Wish::Changed).await.expect_err("its site is not up");
    script.notes().spoiled.clear();
    tokio::time::sleep(Duration::from_secs(600)).await;
    theatre.settle("music").await;
    assert_eq!((theatre.stage("music"), &*version(&theatre)), ((Stage::Serving, Some(4)), "music-2"));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_failed_is_tried_again_though_what_serves_was_given_up_meanwhile() {
    let theatre = theatre(&[GOOD]).await;
    let script = theatre.script("music");
    script.spoil(BETTER, Step::Setup);
    script.keep_file("music", BETTER);
    theatre.bring("music", BETTER, Wish::Changed).await.expect_err("its site is not up");
    theatre.stuck("music", 1).await;
    assert_eq!((theatre.stage("music"), &*version(&theatre)), ((Stage::Serving, Some(3)), "music-1"));
    script.notes().spoiled.clear();
    tokio::time::sleep(Duration::from_secs(5)).await;
    theatre.settle("music").await;
    assert_eq!(version(&theatre), "music-2");
}

#[tokio::test(start_paused = true)]
async fn a_file_whose_command_is_anothers_when_it_is_tried_again_waits_for_it() {
    let theatre = Theatre::new(&["music", "tunes"]);
    let failing = Code { version: 1, fails_in: Some(Step::Setup) };
    theatre.script("tunes").keep_file("tunes", failing);
    theatre.bring("tunes", failing, Wish::Changed).await.expect_err("it fails");
    let mut thief = candidate("music", GOOD);
    Arc::make_mut(&mut thief.manifest).commands[0].name = "tunes".to_owned();
    theatre.bring_file("music", thief, Wish::Changed).await.expect("nobody has it");
    assert_eq!(theatre.registry.refused(), []);
    tokio::time::sleep(Duration::from_secs(1)).await;
    theatre.settle("tunes").await;
    let [refused] = &theatre.registry.refused()[..] else { panic!("{:?}", theatre.registry.refused()) };
    assert!(refused.file == file("tunes") && refused.reason.contains("music"), "{refused:?}");
}
