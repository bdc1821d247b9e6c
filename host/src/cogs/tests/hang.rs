//! A generation that blocks its thread: what replaces it, and when.

use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use super::script::{Code, Harness, candidate, file};
use crate::{
    cogs::{
        Absence, CogError, Outcome, Stage,
        message::{Leaving, Trigger},
    },
    fault::FaultKind,
    lane::{Activity, State},
    step::Step,
};

const GOOD: Code = Code { version: 1, fails_in: None };
/// It does not pause, like code that blocks its thread.
const HANGING: Code = Code { version: 2, fails_in: Some(Step::Pause) };
const BETTER: Code = Code { version: 3, fails_in: None };

/// The thread of the serving generation is in one call as long as this lives.
struct Call {
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Call {
    fn begin(harness: &Harness) -> Call {
        let pulse = Arc::clone(&harness.status("music").pulse.expect("it serves"));
        let ((end, ended), (begun, has_begun)) = (mpsc::channel(), mpsc::channel());
        let thread = std::thread::spawn(move || {
            pulse.during(Activity::Event, || {
                begun.send(()).expect("the test waits");
                // Ends when the other side is dropped.
                let _ = ended.recv();
            });
        });
        has_begun.recv().expect("it begins");
        Call { end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        drop(self.end.take());
        self.thread.take().map(JoinHandle::join).expect("it is joined once").expect("it does not panic");
    }
}

/// A harness in which `codes` were loaded one after the other.
async fn harness(codes: &[Code]) -> Harness {
    let harness = Harness::new(&["music"]);
    for code in codes {
        save(&harness, *code).await.expect("it is new");
    }
    harness
}

/// Puts `code` into the file.
async fn save(harness: &Harness, code: Code) -> Result<(), CogError> {
    harness.script("music").keep_file("music", code);
    harness.deploy("music", code, Trigger::FileChanged).await.map(drop)
}

async fn advance(harness: &Harness, secs: u64) {
    tokio::time::sleep(Duration::from_secs(secs)).await;
    harness.settle("music").await;
}

fn now(harness: &Harness) -> (Option<u64>, String) {
    let status = harness.status("music");
    assert_eq!(status.stage, Stage::Serving);
    (status.generation, status.manifest.expect("it has one").commands[1].name.clone())
}

fn serves(number: u64, version: u8) -> (Option<u64>, String) {
    (Some(number), format!("music-{version}"))
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_while_a_cog_hangs_takes_its_place_when_it_is_given_up() {
    let harness = harness(&[HANGING]).await;
    let hang = Call::begin(&harness);
    let error = save(&harness, BETTER).await.expect_err("it does not pause");
    let help = error.help().expect("it says what follows");
    assert!(help.contains("stuck_after_ms"), "{help}");
    advance(&harness, 20).await;
    assert_eq!(now(&harness), serves(1, 2));
    harness.stuck("music", 1).await;
    drop(hang);
    assert_eq!(now(&harness), serves(3, 3));
    advance(&harness, 600).await;
    assert_eq!(now(&harness), serves(3, 3), "and it is not tried again");
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_while_a_cog_hangs_takes_its_place_when_it_returns_and_is_not_tried_before() {
    let harness = harness(&[GOOD]).await;
    let script = harness.script("music");
    let hang = Call::begin(&harness);
    // It pauses again once its thread has returned.
    script.spoil(GOOD, Step::Pause);
    save(&harness, BETTER).await.expect_err("it does not pause");
    script.notes().done.clear();
    advance(&harness, 20).await;
    assert_eq!(script.notes().done, [""; 0]);
    script.notes().spoiled.clear();
    drop(hang);
    advance(&harness, 2).await;
    assert_eq!(now(&harness), serves(3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_gone_back_from_does_not_take_the_place_of_one_that_hangs() {
    let harness = harness(&[GOOD, BETTER]).await;
    for _ in 0..3 {
        harness.fault("music", 2, FaultKind::Panic).await;
    }
    harness.stuck("music", 3).await;
    assert_eq!(now(&harness), serves(4, 1));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_fails_in_place_of_one_that_hangs_leaves_the_way_back_and_the_same_code() {
    for (before, version) in [(vec![HANGING], 2), (vec![GOOD, HANGING], 1)] {
        let harness = harness(&before).await;
        let _hang = Call::begin(&harness);
        save(&harness, BETTER).await.expect_err("what serves does not pause");
        harness.script("music").spoil(BETTER, Step::Setup);
        let number = harness.status("music").generation.expect("it serves");
        harness.stuck("music", number).await;
        assert_eq!(now(&harness).1, format!("music-{version}"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_the_place_of_a_hang_on_probation_is_on_probation_itself() {
    let harness = harness(&[GOOD, HANGING]).await;
    let _hang = Call::begin(&harness);
    save(&harness, BETTER).await.expect_err("what serves does not pause");
    harness.stuck("music", 2).await;
    assert_eq!(now(&harness), serves(4, 3));
    for _ in 0..3 {
        harness.fault("music", 4, FaultKind::Panic).await;
    }
    assert_eq!(now(&harness), serves(5, 1));
    let report = harness.status("music").last_report.expect("it reported");
    assert_eq!((report.outcome, report.restored), (Outcome::WentBack, Some(1)));
}

#[tokio::test(start_paused = true)]
async fn a_hang_that_began_on_probation_goes_back_however_late_it_is_noticed() {
    let probation = crate::config::Limits::default().probation.as_secs();
    for (begins, version) in [(0, 1), (probation - 1, 1), (probation + 1, 3)] {
        let harness = harness(&[GOOD, BETTER]).await;
        advance(&harness, begins).await;
        let hang = Call::begin(&harness);
        advance(&harness, 10 * probation).await;
        harness.stuck("music", 2).await;
        drop(hang);
        assert_eq!(now(&harness), serves(3, version), "it begins after {begins} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_outlasts_probation_and_returns_ends_it() {
    let harness = harness(&[GOOD, BETTER]).await;
    advance(&harness, 20).await;
    let long = Call::begin(&harness);
    advance(&harness, 20).await;
    drop(long);
    let _another = Call::begin(&harness);
    for _ in 0..3 {
        harness.fault("music", 2, FaultKind::Panic).await;
    }
    harness.stuck("music", 2).await;
    assert_eq!(now(&harness), serves(3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_gone_back_from_is_listed_until_it_holds_something_else() {
    let harness = harness(&[GOOD, BETTER]).await;
    let listed = || harness.registry.refused();
    assert_eq!(listed(), []);
    for _ in 0..3 {
        harness.fault("music", 2, FaultKind::Panic).await;
    }
    assert_eq!(now(&harness), serves(3, 1));
    let [refused] = &listed()[..] else { panic!("one file is not loaded: {:?}", listed()) };
    assert!(refused.reason.contains("went back from"), "{}", refused.reason);
    let help = refused.help.as_deref().unwrap_or_default();
    assert!(help.contains("`gearshift cogs reload music`"), "{help}");
    save(&harness, Code { version: 4, fails_in: None }).await.expect("it is new");
    assert_eq!(listed(), []);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_gone_back_from_takes_no_cog_away_when_it_is_renamed() {
    let harness = harness(&[GOOD, BETTER]).await;
    for _ in 0..3 {
        harness.fault("music", 2, FaultKind::Panic).await;
    }
    let mut renamed = candidate("music", BETTER);
    renamed.file = file("other");
    harness.deploy_file("music", renamed, Trigger::FileChanged).await.expect_err("it is the same");
    harness.leave("music", Leaving::FileGone(file("music"))).await.expect_err("it has another file");
    assert_eq!(now(&harness), serves(3, 1));
    assert_eq!(harness.status("music").file, file("other"));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_back_from_leaves_no_state_in_the_store_that_it_alone_can_read() {
    let harness = harness(&[GOOD, BETTER]).await;
    harness.settle("music").await;
    let stored = || harness.script("music").notes().stored.clone();
    let given = stored().expect("it was handed over");
    harness.script("music").notes().stored = Some(State { version: 2, bytes: vec![2] });
    advance(&harness, 3).await;
    harness.stuck("music", 2).await;
    assert_eq!(now(&harness), serves(3, 1));
    harness.settle("music").await;
    assert_eq!(stored(), Some(given));
    let report = harness.status("music").last_report.expect("it reported");
    assert_eq!(report.state_age, Some(Duration::from_secs(3)));
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_shown_until_other_code_comes_and_not_until_the_same_code_comes_again() {
    let harness = harness(&[GOOD]).await;
    let fault = || harness.status("music").last_fault.map(|fault| (fault.text, fault.at.elapsed().as_secs()));
    harness.fault("music", 1, FaultKind::Error).await;
    advance(&harness, 60).await;
    assert_eq!(fault().map(|(_, age)| age), Some(60));
    harness.stuck("music", 1).await;
    assert_eq!(now(&harness), serves(2, 1));
    assert_eq!(fault(), Some(("it did not return".to_owned(), 0)));
    save(&harness, BETTER).await.expect("it is new");
    assert_eq!(fault(), None);
    harness.fault("music", 3, FaultKind::Error).await;
    harness.renew("music").await.expect("it is good");
    assert_eq!(fault(), None, "what is set for it is mended");
}

#[tokio::test(start_paused = true)]
async fn a_cog_that_hangs_again_and_again_is_parked_until_its_file_changes_or_somebody_asks() {
    for trigger in [Trigger::FileChanged, Trigger::Requested] {
        let harness = harness(&[GOOD]).await;
        for number in 1..=3 {
            assert_eq!(harness.stage("music"), (Stage::Serving, Some(number)));
            harness.stuck("music", number).await;
        }
        let status = harness.status("music");
        assert_eq!((status.stage, status.absence), (Stage::Away, Absence::Parked));
        assert!(status.reason.expect("it says why").contains("it did not return"));
        let touched = harness.deploy("music", GOOD, Trigger::FileChanged).await;
        assert!(touched.expect("it is no other than before").is_none());
        assert_eq!(harness.status("music").absence, Absence::Parked);
        harness.deploy("music", BETTER, trigger).await.expect("it is wanted again");
        assert_eq!(harness.stage("music").0, Stage::Serving);
    }
}
