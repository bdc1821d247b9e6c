//! Stage × message → stage, and what is done on the way.

use super::script::{Code, Harness};
use crate::{
    cogs::{
        CogError, Outcome, Stage,
        message::{Leaving, Trigger},
    },
    fault::FaultKind,
    library::CommandKey,
    step::Step,
};

const GOOD: Code = Code { version: 1, fails_in: None };
const BETTER: Code = Code { version: 2, fails_in: None };

fn failing(step: Step) -> Code {
    Code { version: 3, fails_in: Some(step) }
}

/// A cog in the stage that the row begins with.
async fn harness(stage: Stage) -> Harness {
    let harness = Harness::new(&["music"]);
    if stage == Stage::Serving {
        harness.deploy("music", GOOD, Trigger::Requested).await.expect("it is good");
        harness.script("music").notes().done.clear();
    }
    harness
}

fn done(harness: &Harness) -> String {
    harness.script("music").notes().done.join(", ")
}

#[tokio::test(start_paused = true)]
async fn a_library_that_comes_is_loaded_replaces_or_changes_nothing() {
    use Stage::{Away, Serving};
    let table = [
        (Away, GOOD, (Serving, Some(1)), "open 1, setup 1, serve 1"),
        (Away, failing(Step::Open), (Away, None), "open 1"),
        (Away, failing(Step::Setup), (Away, None), "open 1, setup 1, retire 1"),
        (
            Serving,
            BETTER,
            (Serving, Some(2)),
            "open 2, setup 2, pause 1, save 1, restore 2, serve 2, retire 1",
        ),
        (Serving, failing(Step::Open), (Serving, Some(1)), "open 2"),
        (Serving, failing(Step::Setup), (Serving, Some(1)), "open 2, setup 2, serve 1, retire 2"),
        (
            Serving,
            failing(Step::Restore),
            (Serving, Some(1)),
            "open 2, setup 2, pause 1, save 1, restore 2, serve 1, retire 2",
        ),
    ];
    for (from, code, to, steps) in table {
        let harness = harness(from).await;
        let outcome = harness.deploy("music", code, Trigger::FileChanged).await;
        assert_eq!(outcome.is_ok(), code.fails_in.is_none(), "{from:?} {code:?}: {outcome:?}");
        assert_eq!((harness.stage("music"), &*done(&harness)), (to, steps), "{from:?} {code:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_generation_that_cannot_be_taken_over_from_goes_on() {
    for (step, steps) in [
        (Step::Pause, "open 2, setup 2, pause 1, serve 1, retire 2"),
        (Step::Save, "open 2, setup 2, pause 1, save 1, serve 1, retire 2"),
    ] {
        let harness = Harness::new(&["music"]);
        harness.deploy("music", failing(step), Trigger::Requested).await.expect("it fails later");
        harness.script("music").notes().done.clear();
        let error = harness.deploy("music", BETTER, Trigger::Requested).await.expect_err("it stays");
        assert!(matches!(error, CogError::Stays { .. }), "{error}");
        assert_eq!((harness.stage("music"), &*done(&harness)), ((Stage::Serving, Some(1)), steps));
    }
}

#[tokio::test(start_paused = true)]
async fn what_serves_is_not_loaded_again_unless_somebody_asks() {
    let harness = harness(Stage::Serving).await;
    assert!(harness.deploy("music", GOOD, Trigger::FileChanged).await.expect("it is known").is_none());
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(1)));
    harness.deploy("music", GOOD, Trigger::Requested).await.expect("it is good");
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn a_cog_that_leaves_gives_everything_up_whatever_stage_it_is_in() {
    for (from, is_there) in [(Stage::Away, false), (Stage::Serving, true)] {
        let harness = harness(from).await;
        assert_eq!(harness.leave("music", Leaving::Unloaded).await.is_ok(), is_there);
        assert_eq!(harness.stage("music"), (Stage::Away, None));
        assert!(harness.script("music").notes().alive.is_empty());
    }
    // A cog that failed has commands to give up as well.
    let harness = harness(Stage::Away).await;
    harness.deploy("music", failing(Step::Setup), Trigger::Requested).await.expect_err("it fails");
    assert!(
        harness
            .registry
            .declared(std::time::Duration::ZERO)
            .commands
            .contains_key(&CommandKey::slash("music"))
    );
    harness.leave("music", Leaving::Unloaded).await.expect("it is given up");
    let declared = harness.registry.declared(std::time::Duration::ZERO);
    assert!(
        declared.commands.is_empty() && declared.seen.contains(&CommandKey::slash("music")),
        "{declared:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn three_panics_on_probation_undo_a_generation_and_later_ones_do_not() {
    let harness = harness(Stage::Serving).await;
    harness.deploy("music", BETTER, Trigger::Requested).await.expect("it is good");
    for _ in 0..2 {
        harness.fault("music", 2, FaultKind::Panic).await;
    }
    // A panic of the previous generation does not count.
    harness.fault("music", 1, FaultKind::Panic).await;
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(2)));
    assert_eq!(harness.status("music").faults, 2);
    harness.fault("music", 2, FaultKind::Panic).await;
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(3)));
    assert_eq!(harness.status("music").last_report.expect("it reported").outcome, Outcome::WentBack);
    for _ in 0..9 {
        harness.fault("music", 3, FaultKind::Panic).await;
    }
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(3)), "nothing is on probation");
    // The content that failed is not tried again automatically.
    let error =
        harness.deploy("music", BETTER, Trigger::FileChanged).await.expect_err("it was gone back from");
    assert!(matches!(error, CogError::WentBackFrom { .. }), "{error}");
    harness.deploy("music", BETTER, Trigger::Requested).await.expect("somebody asked");
}

#[tokio::test(start_paused = true)]
async fn probation_ends_by_time() {
    let harness = harness(Stage::Serving).await;
    harness.deploy("music", BETTER, Trigger::Requested).await.expect("it is good");
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    harness.settle("music").await;
    for _ in 0..3 {
        harness.fault("music", 2, FaultKind::Panic).await;
    }
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn a_hang_on_probation_goes_back_and_one_later_loads_the_same_code_again() {
    let harness = harness(Stage::Serving).await;
    harness.deploy("music", BETTER, Trigger::Requested).await.expect("it is good");
    harness.stuck("music", 1).await;
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(2)), "another generation was stuck");
    harness.stuck("music", 2).await;
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(3)));
    assert_eq!(harness.status("music").manifest.expect("it has one").commands[1].name, "music-1");
    harness.stuck("music", 3).await;
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(4)));
    assert_eq!(harness.status("music").manifest.expect("it has one").commands[1].name, "music-1");
}

#[tokio::test(start_paused = true)]
async fn a_library_whose_copy_has_vanished_is_copied_again() {
    let harness = harness(Stage::Away).await;
    harness.script("music").keep_file("music", GOOD);
    harness.script("music").notes().loses_copy = true;
    harness.deploy("music", GOOD, Trigger::FileChanged).await.expect("nothing else is wrong");
    assert_eq!((harness.stage("music").0, &*done(&harness)), (Stage::Serving, "open 2, setup 2, serve 2"));
}

#[tokio::test(start_paused = true)]
async fn a_setup_that_failed_is_tried_again_with_growing_pauses() {
    let harness = harness(Stage::Away).await;
    harness.deploy("music", failing(Step::Setup), Trigger::FileChanged).await.expect_err("it fails");
    harness.script("music").keep_file("music", failing(Step::Setup));
    let attempts =
        || harness.script("music").notes().done.iter().filter(|step| step.starts_with("setup")).count();
    let mut counts = Vec::new();
    for secs in [1, 1, 1, 4] {
        tokio::time::sleep(std::time::Duration::from_secs(secs)).await;
        harness.settle("music").await;
        counts.push(attempts());
    }
    assert_eq!(counts, [2, 2, 3, 4], "after 1, 3 and 7 s");
    harness.script("music").keep_file("music", GOOD);
    tokio::time::sleep(std::time::Duration::from_secs(9)).await;
    harness.settle("music").await;
    assert_eq!(harness.stage("music").0, Stage::Serving);
}

#[tokio::test(start_paused = true)]
async fn a_state_that_the_store_does_not_take_is_kept_and_written_later() {
    let harness = harness(Stage::Serving).await;
    harness.script("music").notes().is_store_full = true;
    let report = harness.leave("music", Leaving::Unloaded).await.expect("it goes").expect("it reports");
    assert!(report.notes.iter().any(|note| note.contains("could not be stored")), "{report}");
    assert!(harness.status("music").is_unsaved);
    // Loaded again before the disk has room: its state comes from memory.
    let report =
        harness.deploy("music", GOOD, Trigger::Requested).await.expect("it is good").expect("it reports");
    assert_eq!(report.state_bytes, Some(1));
    harness.script("music").notes().is_store_full = false;
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    harness.settle("music").await;
    assert!(harness.script("music").notes().stored.is_some() && !harness.status("music").is_unsaved);
}

#[tokio::test(start_paused = true)]
async fn all_cogs_together_have_no_more_commands_than_an_application_may() {
    let harness = Harness::new(&["music", "other"]);
    let with = |name: &str, count: usize| {
        let mut candidate = super::script::candidate(name, GOOD);
        let command = candidate.manifest.commands[0].clone();
        let commands = (0..count)
            .map(|number| gearshift_cog::manifest::CommandManifest {
                name: format!("{name}{number}"),
                ..command.clone()
            })
            .collect();
        candidate.manifest = std::sync::Arc::new(gearshift_cog::manifest::Manifest {
            commands,
            ..(*candidate.manifest).clone()
        });
        candidate
    };
    harness.deploy_file("music", with("music", 60), Trigger::Requested).await.expect("there is room");
    let error =
        harness.deploy_file("other", with("other", 41), Trigger::Requested).await.expect_err("101 in sum");
    assert!(matches!(error, CogError::TooManyCommands { own: 41, others: 60, .. }), "{error}");
    harness.deploy_file("other", with("other", 40), Trigger::Requested).await.expect("100 in sum");
}

#[tokio::test(start_paused = true)]
async fn a_hang_on_probation_whose_way_back_fails_loads_the_same_code_again() {
    let harness = harness(Stage::Serving).await;
    harness.deploy("music", BETTER, Trigger::Requested).await.expect("it is good");
    harness.script("music").notes().done.clear();
    harness.script("music").spoil(GOOD, Step::Setup);
    harness.stuck("music", 2).await;
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(4)));
    assert_eq!(harness.status("music").manifest.expect("it has one").commands[1].name, "music-2");
}

#[tokio::test(start_paused = true)]
async fn a_way_back_that_fails_leaves_the_generation_on_probation() {
    let harness = harness(Stage::Serving).await;
    harness.deploy("music", BETTER, Trigger::Requested).await.expect("it is good");
    harness.script("music").spoil(GOOD, Step::Setup);
    for _ in 0..3 {
        harness.fault("music", 2, FaultKind::Panic).await;
    }
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(2)));
    harness.script("music").notes().spoiled.clear();
    for _ in 0..3 {
        harness.fault("music", 2, FaultKind::Panic).await;
    }
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(4)));
    assert_eq!(harness.status("music").last_report.expect("it reported").outcome, Outcome::WentBack);
}

#[tokio::test(start_paused = true)]
async fn no_content_that_was_gone_back_from_is_loaded_by_itself() {
    let harness = harness(Stage::Serving).await;
    let worse = Code { version: 3, fails_in: None };
    for code in [BETTER, worse] {
        harness.deploy("music", code, Trigger::FileChanged).await.expect("it is new");
        let number = harness.status("music").generation.expect("it serves");
        for _ in 0..3 {
            harness.fault("music", number, FaultKind::Panic).await;
        }
    }
    for code in [BETTER, worse] {
        let error =
            harness.deploy("music", code, Trigger::FileChanged).await.expect_err("it was gone back from");
        assert!(matches!(error, CogError::WentBackFrom { .. }), "{error}");
    }
    harness.deploy("music", BETTER, Trigger::Requested).await.expect("somebody asked");
}

#[tokio::test(start_paused = true)]
async fn of_contents_that_wait_only_the_last_of_a_file_is_brought() {
    let harness = harness(Stage::Serving).await;
    let (first, second) = tokio::join!(
        harness.deploy("music", BETTER, Trigger::FileChanged),
        harness.deploy("music", Code { version: 3, fails_in: None }, Trigger::FileChanged),
    );
    assert!(first.expect("it is passed over").is_none() && second.expect("it is good").is_some());
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn a_library_that_is_renamed_serves_on() {
    let harness = harness(Stage::Serving).await;
    let mut renamed = super::script::candidate("music", GOOD);
    renamed.file = super::script::file("other");
    harness.deploy_file("music", renamed, Trigger::FileChanged).await.expect("the old name is gone");
    let gone = Leaving::FileGone(super::script::file("music"));
    harness.leave("music", gone).await.expect_err("it is another file now");
    assert_eq!(harness.stage("music"), (Stage::Serving, Some(2)));
    assert_eq!(harness.status("music").file, super::script::file("other"));
}
