//! Code that was lost and cannot be brought back at once: when it is tried again, and when it is not.

use super::script::{Code, Harness};
use crate::{
    cogs::{
        Absence, Stage,
        message::{Leaving, Trigger},
    },
    fault::FaultKind,
    step::Step,
};

const GOOD: Code = Code { version: 1, fails_in: None };
const BETTER: Code = Code { version: 2, fails_in: None };

/// One generation serves, and is lost; the next one fails in `step`.
async fn lost_and_failing(step: Step, how: impl FnOnce(&Harness)) -> Harness {
    let harness = Harness::new(&["music"]);
    harness.deploy("music", GOOD, Trigger::Requested).await.expect("it is good");
    harness.script("music").spoil(GOOD, step);
    how(&harness);
    harness.stuck("music", 1).await;
    harness
}

async fn advance(harness: &Harness, secs: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(secs)).await;
    harness.settle("music").await;
}

fn attempts(harness: &Harness) -> usize {
    harness.script("music").notes().done.iter().filter(|step| step.starts_with("open")).count()
}

#[tokio::test(start_paused = true)]
async fn what_the_system_was_short_of_costs_time_and_no_event() {
    for step in [Step::Open, Step::Setup, Step::Restore] {
        let harness = lost_and_failing(step, |harness| {
            harness.script("music").notes().stored = Some(crate::lane::State { version: 1, bytes: vec![1] });
        })
        .await;
        harness.router.route("TYPING_START", "{}");
        let mut counts = Vec::new();
        for secs in [0, 1, 1, 1, 4] {
            advance(&harness, secs).await;
            counts.push(attempts(&harness));
            assert_eq!((harness.stage("music").0, harness.waiting("music")), (Stage::Loading, 1), "{step}");
        }
        assert_eq!(counts, [2, 3, 3, 4, 5], "{step}: after 1, 3 and 7 s");
        harness.script("music").notes().spoiled.clear();
        advance(&harness, 9).await;
        assert_eq!((harness.stage("music"), harness.waiting("music")), ((Stage::Serving, Some(6)), 1));
        advance(&harness, 600).await;
        assert_eq!(attempts(&harness), 6, "{step}: and then it is over");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_version_that_fails_meanwhile_changes_nothing_of_what_waits() {
    let harness = lost_and_failing(Step::Open, |_| {}).await;
    let worse = Code { version: 3, fails_in: Some(Step::Setup) };
    harness.deploy("music", worse, Trigger::FileChanged).await.expect_err("it fails");
    let status = harness.status("music");
    assert_eq!((status.stage, status.commands().collect()), (Stage::Loading, vec!["music", "music-1"]));
}

#[tokio::test(start_paused = true)]
async fn what_fails_in_the_same_way_again_is_not_tried_again() {
    for kind in [FaultKind::Panic, FaultKind::State, FaultKind::Settings] {
        let harness =
            lost_and_failing(Step::Setup, |harness| harness.script("music").notes().fails_by = Some(kind))
                .await;
        advance(&harness, 600).await;
        assert_eq!((harness.stage("music").0, attempts(&harness)), (Stage::Away, 2), "{kind:?}");
        assert_eq!(harness.status("music").absence, Absence::Failed);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_and_is_damaged_comes_from_its_file() {
    let harness = Harness::new(&["music"]);
    harness.deploy("music", GOOD, Trigger::Requested).await.expect("it is good");
    for (number, damage) in [(1, None), (2, Some(BETTER))] {
        harness.script("music").keep_file("music", GOOD);
        harness.script("music").damage_kept(damage);
        harness.stuck("music", number).await;
        assert_eq!(harness.stage("music"), (Stage::Serving, Some(number + 1)));
        assert_eq!(harness.status("music").manifest.expect("it has one").commands[1].name, "music-1");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ends_in_its_first_setup_is_tried_again() {
    let harness = Harness::new(&["music"]);
    harness.script("music").keep_file("music", GOOD);
    harness.script("music").notes().crashes = true;
    harness.script("music").spoil(GOOD, Step::Setup);
    harness.deploy("music", GOOD, Trigger::FileChanged).await.expect_err("it crashes");
    advance(&harness, 1).await;
    assert_eq!((harness.stage("music").0, attempts(&harness)), (Stage::Away, 2));
    harness.script("music").notes().spoiled.clear();
    advance(&harness, 2).await;
    assert_eq!(harness.stage("music").0, Stage::Serving);
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_it_is_brought_back_counts_as_any_other() {
    let harness =
        lost_and_failing(Step::Setup, |harness| harness.script("music").notes().crashes = true).await;
    assert_eq!(harness.stage("music").0, Stage::Loading);
    advance(&harness, 1).await;
    let status = harness.status("music");
    assert_eq!((status.stage, status.absence), (Stage::Away, Absence::Parked));
    advance(&harness, 600).await;
    assert_eq!(attempts(&harness), 3);
}

#[tokio::test(start_paused = true)]
async fn whatever_comes_meanwhile_takes_its_place_or_leaves_it_to_come_back() {
    let harness = lost_and_failing(Step::Open, |_| {}).await;
    harness.deploy("music", BETTER, Trigger::FileChanged).await.expect("it is good");
    harness.script("music").notes().spoiled.clear();
    advance(&harness, 600).await;
    assert_eq!((harness.stage("music"), attempts(&harness)), ((Stage::Serving, Some(3)), 3));

    let harness = lost_and_failing(Step::Open, |_| {}).await;
    let broken = Code { version: 3, fails_in: Some(Step::Setup) };
    harness.deploy("music", broken, Trigger::FileChanged).await.expect_err("it is broken");
    harness.router.route("TYPING_START", "{}");
    harness.script("music").notes().spoiled.clear();
    advance(&harness, 2).await;
    assert_eq!(harness.stage("music").0, Stage::Serving);
    assert_eq!(harness.status("music").manifest.expect("it has one").commands[1].name, "music-1");
    assert_eq!(harness.waiting("music"), 1);

    let harness = lost_and_failing(Step::Open, |_| {}).await;
    harness.leave("music", Leaving::Unloaded).await.expect("it goes");
    harness.script("music").notes().spoiled.clear();
    advance(&harness, 600).await;
    assert_eq!(harness.stage("music").0, Stage::Away);

    // The new settings may be what it lacked.
    let harness = lost_and_failing(Step::Open, |_| {}).await;
    harness.script("music").notes().spoiled.clear();
    harness.renew("music").await.expect("nothing is refused");
    assert_eq!(harness.stage("music").0, Stage::Serving);
}

#[tokio::test(start_paused = true)]
async fn what_was_on_probation_when_it_was_lost_is_replaced_by_what_was_before_as_soon_as_that_can_be() {
    let harness = Harness::new(&["music"]);
    for code in [GOOD, BETTER] {
        harness.deploy("music", code, Trigger::FileChanged).await.expect("it is good");
    }
    for code in [GOOD, BETTER] {
        harness.script("music").spoil(code, Step::Open);
    }
    harness.stuck("music", 2).await;
    assert_eq!(harness.stage("music").0, Stage::Loading);
    harness.script("music").notes().spoiled.clear();
    advance(&harness, 1).await;
    assert_eq!(harness.stage("music").0, Stage::Serving);
    assert_eq!(serving(&harness), "music-1");
}

/// The version whose command is declared.
fn serving(harness: &Harness) -> String {
    harness.status("music").manifest.expect("it has one").commands[1].name.clone()
}

#[tokio::test(start_paused = true)]
async fn what_takes_the_place_of_lost_code_can_still_be_gone_back_from() {
    let newest = Code { version: 3, fails_in: None };
    for is_saved_meanwhile in [false, true] {
        let harness = Harness::new(&["music"]);
        for code in [GOOD, BETTER] {
            harness.deploy("music", code, Trigger::FileChanged).await.expect("it is good");
        }
        let script = harness.script("music");
        script.spoil(GOOD, Step::Open);
        if is_saved_meanwhile {
            script.spoil(BETTER, Step::Open);
        }
        harness.stuck("music", 2).await;
        if is_saved_meanwhile {
            assert_eq!(harness.stage("music").0, Stage::Loading);
            harness.deploy("music", newest, Trigger::FileChanged).await.expect("it is good");
        }
        assert_eq!(serving(&harness), if is_saved_meanwhile { "music-3" } else { "music-2" });
        script.notes().spoiled.clear();
        let (_, generation) = harness.stage("music");
        for _ in 0..3 {
            harness.fault("music", generation.expect("one serves"), FaultKind::Panic).await;
        }
        assert_eq!(serving(&harness), "music-1", "saved meanwhile: {is_saved_meanwhile}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_store_lost_code_is_given_what_it_saved_last_until_the_cog_is_unloaded() {
    let harness = Harness::new(&["music"]);
    harness.script("music").notes().has_no_store = true;
    let restored = |harness: &Harness| {
        let notes = harness.script("music").notes();
        notes.done.iter().filter(|step| step.starts_with("restore")).cloned().collect::<Vec<_>>()
    };
    harness.deploy("music", GOOD, Trigger::Requested).await.expect("it is good");
    harness.stuck("music", 1).await;
    assert_eq!(restored(&harness), [""; 0], "nothing was saved yet");
    advance(&harness, 61).await;
    harness.stuck("music", 2).await;
    assert_eq!(restored(&harness), ["restore 3"]);
    harness.leave("music", Leaving::Unloaded).await.expect("it goes");
    harness.deploy("music", GOOD, Trigger::Requested).await.expect("it is good");
    assert_eq!(restored(&harness), ["restore 3"]);
}
