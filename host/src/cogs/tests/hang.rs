//! A generation that keeps its thread: what replaces it, and when.

use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use super::script::{Code, Theatre, candidate, file};
use crate::{
    cogs::{
        Absence, CogError, Outcome, Stage,
        message::{Leaving, Wish},
    },
    fault::FaultKind,
    lane::{Activity, State},
    step::Step,
};

const GOOD: Code = Code { version: 1, fails_in: None };
/// It does not pause, like code that keeps its thread.
const HANGING: Code = Code { version: 2, fails_in: Some(Step::Pause) };
const BETTER: Code = Code { version: 3, fails_in: None };

/// The thread of the serving generation is in one call as long as this lives.
struct Call {
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Call {
    fn begin(theatre: &Theatre) -> Call {
        let pulse = Arc::clone(&theatre.status("music").pulse.expect("it serves"));
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

/// A theatre in which `codes` were loaded one after the other.
async fn theatre(codes: &[Code]) -> Theatre {
    let theatre = Theatre::new(&["music"]);
    for code in codes {
        save(&theatre, *code).await.expect("it is new");
    }
    theatre
}

/// Puts `code` into the file.
async fn save(theatre: &Theatre, code: Code) -> Result<(), CogError> {
    theatre.script("music").keep_file("music", code);
    theatre.bring("music", code, Wish::Changed).await.map(drop)
}

async fn advance(theatre: &Theatre, secs: u64) {
    tokio::time::sleep(Duration::from_secs(secs)).await;
    theatre.settle("music").await;
}

fn now(theatre: &Theatre) -> (Option<u64>, String) {
    let status = theatre.status("music");
    assert_eq!(status.stage, Stage::Serving);
    (status.generation, status.manifest.expect("it has one").commands[1].name.clone())
}

fn serves(number: u64, version: u8) -> (Option<u64>, String) {
    (Some(number), format!("music-{version}"))
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_while_a_cog_hangs_takes_its_place_when_it_is_given_up() {
    let theatre = theatre(&[HANGING]).await;
    let hang = Call::begin(&theatre);
    let error = save(&theatre, BETTER).await.expect_err("it does not pause");
    let help = error.help().expect("it says what follows");
    assert!(help.contains("stuck_after_ms"), "{help}");
    advance(&theatre, 20).await;
    assert_eq!(now(&theatre), serves(1, 2));
    theatre.stuck("music", 1).await;
    drop(hang);
    assert_eq!(now(&theatre), serves(3, 3));
    advance(&theatre, 600).await;
    assert_eq!(now(&theatre), serves(3, 3), "and it is not tried again");
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_while_a_cog_hangs_takes_its_place_when_it_returns_and_is_not_tried_before() {
    let theatre = theatre(&[GOOD]).await;
    let script = theatre.script("music");
    let hang = Call::begin(&theatre);
    // It pauses again once its thread has returned.
    script.spoil(GOOD, Step::Pause);
    save(&theatre, BETTER).await.expect_err("it does not pause");
    script.notes().done.clear();
    advance(&theatre, 20).await;
    assert_eq!(script.notes().done, [""; 0]);
    script.notes().spoiled.clear();
    drop(hang);
    advance(&theatre, 2).await;
    assert_eq!(now(&theatre), serves(3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_gone_back_from_does_not_take_the_place_of_one_that_hangs() {
    let theatre = theatre(&[GOOD, BETTER]).await;
    for _ in 0..3 {
        theatre.fault("music", 2, FaultKind::Panic).await;
    }
    theatre.stuck("music", 3).await;
    assert_eq!(now(&theatre), serves(4, 1));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_fails_in_place_of_one_that_hangs_leaves_the_way_back_and_the_same_code() {
    for (before, version) in [(vec![HANGING], 2), (vec![GOOD, HANGING], 1)] {
        let theatre = theatre(&before).await;
        let _hang = Call::begin(&theatre);
        save(&theatre, BETTER).await.expect_err("what serves does not pause");
        theatre.script("music").spoil(BETTER, Step::Setup);
        let number = theatre.status("music").generation.expect("it serves");
        theatre.stuck("music", number).await;
        assert_eq!(now(&theatre).1, format!("music-{version}"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_the_place_of_a_hang_on_probation_is_on_probation_itself() {
    let theatre = theatre(&[GOOD, HANGING]).await;
    let _hang = Call::begin(&theatre);
    save(&theatre, BETTER).await.expect_err("what serves does not pause");
    theatre.stuck("music", 2).await;
    assert_eq!(now(&theatre), serves(4, 3));
    for _ in 0..3 {
        theatre.fault("music", 4, FaultKind::Panic).await;
    }
    assert_eq!(now(&theatre), serves(5, 1));
    let report = theatre.status("music").last_report.expect("it reported");
    assert_eq!((report.outcome, report.restored), (Outcome::WentBack, Some(1)));
}

#[tokio::test(start_paused = true)]
async fn a_hang_that_began_on_probation_goes_back_however_late_it_is_noticed() {
    let probation = crate::config::Limits::default().probation.as_secs();
    for (begins, version) in [(0, 1), (probation - 1, 1), (probation + 1, 3)] {
        let theatre = theatre(&[GOOD, BETTER]).await;
        advance(&theatre, begins).await;
        let hang = Call::begin(&theatre);
        advance(&theatre, 10 * probation).await;
        theatre.stuck("music", 2).await;
        drop(hang);
        assert_eq!(now(&theatre), serves(3, version), "it begins after {begins} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_outlasts_probation_and_returns_ends_it() {
    let theatre = theatre(&[GOOD, BETTER]).await;
    advance(&theatre, 20).await;
    let long = Call::begin(&theatre);
    advance(&theatre, 20).await;
    drop(long);
    let _another = Call::begin(&theatre);
    for _ in 0..3 {
        theatre.fault("music", 2, FaultKind::Panic).await;
    }
    theatre.stuck("music", 2).await;
    assert_eq!(now(&theatre), serves(3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_gone_back_from_is_listed_until_it_holds_something_else() {
    let theatre = theatre(&[GOOD, BETTER]).await;
    let listed = || theatre.registry.refused();
    assert_eq!(listed(), []);
    for _ in 0..3 {
        theatre.fault("music", 2, FaultKind::Panic).await;
    }
    assert_eq!(now(&theatre), serves(3, 1));
    let [refused] = &listed()[..] else { panic!("one file is not loaded: {:?}", listed()) };
    assert!(refused.reason.contains("went back from"), "{}", refused.reason);
    let help = refused.help.as_deref().unwrap_or_default();
    assert!(help.contains("`gearshift cogs reload music`"), "{help}");
    save(&theatre, Code { version: 4, fails_in: None }).await.expect("it is new");
    assert_eq!(listed(), []);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_gone_back_from_takes_no_cog_away_when_it_is_renamed() {
    let theatre = theatre(&[GOOD, BETTER]).await;
    for _ in 0..3 {
        theatre.fault("music", 2, FaultKind::Panic).await;
    }
    let mut renamed = candidate("music", BETTER);
    renamed.file = file("other");
    theatre.bring_file("music", renamed, Wish::Changed).await.expect_err("it is the same");
    theatre.leave("music", Leaving::FileGone(file("music"))).await.expect_err("it has another file");
    assert_eq!(now(&theatre), serves(3, 1));
    assert_eq!(theatre.status("music").file, file("other"));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_back_from_leaves_no_state_in_the_store_that_it_alone_can_read() {
    let theatre = theatre(&[GOOD, BETTER]).await;
    theatre.settle("music").await;
    let stored = || theatre.script("music").notes().stored.clone();
    let given = stored().expect("it was handed over");
    theatre.script("music").notes().stored = Some(State { version: 2, bytes: vec![2] });
    advance(&theatre, 3).await;
    theatre.stuck("music", 2).await;
    assert_eq!(now(&theatre), serves(3, 1));
    theatre.settle("music").await;
    assert_eq!(stored(), Some(given));
    let report = theatre.status("music").last_report.expect("it reported");
    assert_eq!(report.state_age, Some(Duration::from_secs(3)));
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_shown_until_other_code_comes_and_not_until_the_same_code_comes_again() {
    let theatre = theatre(&[GOOD]).await;
    let fault = || theatre.status("music").last_fault.map(|fault| (fault.text, fault.at.elapsed().as_secs()));
    theatre.fault("music", 1, FaultKind::Error).await;
    advance(&theatre, 60).await;
    assert_eq!(fault().map(|(_, age)| age), Some(60));
    theatre.stuck("music", 1).await;
    assert_eq!(now(&theatre), serves(2, 1));
    assert_eq!(fault(), Some(("it did not return".to_owned(), 0)));
    save(&theatre, BETTER).await.expect("it is new");
    assert_eq!(fault(), None);
    theatre.fault("music", 3, FaultKind::Error).await;
    theatre.renew("music").await.expect("it is good");
    assert_eq!(fault(), None, "what is set for it is mended");
}

#[tokio::test(start_paused = true)]
async fn a_cog_that_hangs_again_and_again_is_parked_until_its_file_changes_or_somebody_asks() {
    for wish in [Wish::Changed, Wish::Asked] {
        let theatre = theatre(&[GOOD]).await;
        for number in 1..=3 {
            assert_eq!(theatre.stage("music"), (Stage::Serving, Some(number)));
            theatre.stuck("music", number).await;
        }
        let status = theatre.status("music");
        assert_eq!((status.stage, status.absence), (Stage::Away, Absence::Parked));
        assert!(status.reason.expect("it says why").contains("it did not return"));
        let touched = theatre.bring("music", GOOD, Wish::Changed).await;
        assert!(touched.expect("it is no other than before").is_none());
        assert_eq!(theatre.status("music").absence, Absence::Parked);
        theatre.bring("music", BETTER, wish).await.expect("it is wanted again");
        assert_eq!(theatre.stage("music").0, Stage::Serving);
    }
}
