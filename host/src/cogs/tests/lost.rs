//! Code that was lost and cannot be brought back at once: when it is tried again, and when it is not.

use super::script::{Code, Theatre};
use crate::{
    cogs::{
        Absence, Stage,
        message::{Leaving, Wish},
    },
    fault::FaultKind,
    step::Step,
};

const GOOD: Code = Code { version: 1, fails_in: None };
const BETTER: Code = Code { version: 2, fails_in: None };

/// One generation serves, and is lost; the next one fails in `step`.
async fn lost_and_failing(step: Step, how: impl FnOnce(&Theatre)) -> Theatre {
    let theatre = Theatre::new(&["music"]);
    theatre.bring("music", GOOD, Wish::Asked).await.expect("it is good");
    theatre.script("music").spoil(GOOD, step);
    how(&theatre);
    theatre.stuck("music", 1).await;
    theatre
}

async fn advance(theatre: &Theatre, secs: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(secs)).await;
    theatre.settle("music").await;
}

fn attempts(theatre: &Theatre) -> usize {
    theatre.script("music").notes().done.iter().filter(|step| step.starts_with("open")).count()
}

#[tokio::test(start_paused = true)]
async fn what_the_system_was_short_of_costs_time_and_no_event() {
    for step in [Step::Open, Step::Setup, Step::Restore] {
        let theatre = lost_and_failing(step, |theatre| {
            theatre.script("music").notes().stored = Some(crate::lane::State { version: 1, bytes: vec![1] });
        })
        .await;
        theatre.router.route("TYPING_START", "{}");
        let mut counts = Vec::new();
        for secs in [0, 1, 1, 1, 4] {
            advance(&theatre, secs).await;
            counts.push(attempts(&theatre));
            assert_eq!((theatre.stage("music").0, theatre.waiting("music")), (Stage::Loading, 1), "{step}");
        }
        assert_eq!(counts, [2, 3, 3, 4, 5], "{step}: after 1, 3 and 7 s");
        theatre.script("music").notes().spoiled.clear();
        advance(&theatre, 9).await;
        assert_eq!((theatre.stage("music"), theatre.waiting("music")), ((Stage::Serving, Some(6)), 1));
        advance(&theatre, 600).await;
        assert_eq!(attempts(&theatre), 6, "{step}: and then it is over");
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_in_the_same_way_again_is_not_tried_again() {
    for kind in [FaultKind::Panic, FaultKind::State, FaultKind::Settings] {
        let theatre =
            lost_and_failing(Step::Setup, |theatre| theatre.script("music").notes().fails_by = Some(kind))
                .await;
        advance(&theatre, 600).await;
        assert_eq!((theatre.stage("music").0, attempts(&theatre)), (Stage::Away, 2), "{kind:?}");
        assert_eq!(theatre.status("music").absence, Absence::Failed);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_and_is_damaged_comes_from_its_file() {
    let theatre = Theatre::new(&["music"]);
    theatre.bring("music", GOOD, Wish::Asked).await.expect("it is good");
    for (number, damage) in [(1, None), (2, Some(BETTER))] {
        theatre.script("music").keep_file("music", GOOD);
        theatre.script("music").damage_kept(damage);
        theatre.stuck("music", number).await;
        assert_eq!(theatre.stage("music"), (Stage::Serving, Some(number + 1)));
        assert_eq!(theatre.status("music").manifest.expect("it has one").commands[1].name, "music-1");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ends_in_its_first_setup_is_tried_again() {
    let theatre = Theatre::new(&["music"]);
    theatre.script("music").keep_file("music", GOOD);
    theatre.script("music").notes().crashes = true;
    theatre.script("music").spoil(GOOD, Step::Setup);
    theatre.bring("music", GOOD, Wish::Changed).await.expect_err("it crashes");
    advance(&theatre, 1).await;
    assert_eq!((theatre.stage("music").0, attempts(&theatre)), (Stage::Away, 2));
    theatre.script("music").notes().spoiled.clear();
    advance(&theatre, 2).await;
    assert_eq!(theatre.stage("music").0, Stage::Serving);
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_it_is_brought_back_counts_as_any_other() {
    let theatre =
        lost_and_failing(Step::Setup, |theatre| theatre.script("music").notes().crashes = true).await;
    assert_eq!(theatre.stage("music").0, Stage::Loading);
    advance(&theatre, 1).await;
    let status = theatre.status("music");
    assert_eq!((status.stage, status.absence), (Stage::Away, Absence::Parked));
    advance(&theatre, 600).await;
    assert_eq!(attempts(&theatre), 3);
}

#[tokio::test(start_paused = true)]
async fn whatever_comes_meanwhile_takes_its_place_or_leaves_it_to_come_back() {
    let theatre = lost_and_failing(Step::Open, |_| {}).await;
    theatre.bring("music", BETTER, Wish::Changed).await.expect("it is good");
    theatre.script("music").notes().spoiled.clear();
    advance(&theatre, 600).await;
    assert_eq!((theatre.stage("music"), attempts(&theatre)), ((Stage::Serving, Some(3)), 3));

    let theatre = lost_and_failing(Step::Open, |_| {}).await;
    let broken = Code { version: 3, fails_in: Some(Step::Setup) };
    theatre.bring("music", broken, Wish::Changed).await.expect_err("it is broken");
    theatre.router.route("TYPING_START", "{}");
    theatre.script("music").notes().spoiled.clear();
    advance(&theatre, 2).await;
    assert_eq!(theatre.stage("music").0, Stage::Serving);
    assert_eq!(theatre.status("music").manifest.expect("it has one").commands[1].name, "music-1");
    assert_eq!(theatre.waiting("music"), 1);

    let theatre = lost_and_failing(Step::Open, |_| {}).await;
    theatre.leave("music", Leaving::Unloaded).await.expect("it goes");
    theatre.script("music").notes().spoiled.clear();
    advance(&theatre, 600).await;
    assert_eq!(theatre.stage("music").0, Stage::Away);

    // The new settings may be what it lacked.
    let theatre = lost_and_failing(Step::Open, |_| {}).await;
    theatre.script("music").notes().spoiled.clear();
    theatre.renew("music").await.expect("nothing is refused");
    assert_eq!(theatre.stage("music").0, Stage::Serving);
}

#[tokio::test(start_paused = true)]
async fn what_was_on_probation_when_it_was_lost_is_replaced_by_what_was_before_as_soon_as_that_can_be() {
    let theatre = Theatre::new(&["music"]);
    for code in [GOOD, BETTER] {
        theatre.bring("music", code, Wish::Changed).await.expect("it is good");
    }
    for code in [GOOD, BETTER] {
        theatre.script("music").spoil(code, Step::Open);
    }
    theatre.stuck("music", 2).await;
    assert_eq!(theatre.stage("music").0, Stage::Loading);
    theatre.script("music").notes().spoiled.clear();
    advance(&theatre, 1).await;
    assert_eq!(theatre.stage("music").0, Stage::Serving);
    assert_eq!(theatre.status("music").manifest.expect("it has one").commands[1].name, "music-1");
}
