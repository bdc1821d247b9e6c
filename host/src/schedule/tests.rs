//! A schedule on a clock that the tests move, or that follows tokio's paused time.

mod restarts;

use std::future::poll_fn;

use super::*;
use crate::lane::{Begin, Call, Ended, Item, Observer};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn every(period: Duration) -> Plan {
    let when = When::Repeated { first: period, rhythm: Rhythm::Every(period) };
    Plan { when, runs_at_start: false }
}

fn once(after: Duration) -> Plan {
    Plan { when: When::Once(after), runs_at_start: false }
}

fn daily(expression: &str) -> Plan {
    let times = Times::read(expression, "Europe/Berlin", 0).expect("it can be read");
    let when = When::Repeated { first: Duration::ZERO, rhythm: Rhythm::Times(Box::new(times)) };
    Plan { when, runs_at_start: false }
}

/// A schedule, its queue and its clock.
struct Planner {
    schedule: Arc<Schedule>,
    inbox: Arc<Inbox>,
    clock: HostClock,
    began: u64,
    /// How long to wait for a run.
    patience: Duration,
}

/// A run that a cog has received.
struct Given {
    name: String,
    /// Seconds since the test began.
    due: u64,
    at: u64,
    observer: Box<dyn Observer>,
}

impl Planner {
    fn new(clock: HostClock, store: Option<TaskStore>) -> Planner {
        let inbox = Inbox::new(100);
        inbox.open();
        let runtime = runtime::Handle::current();
        let schedule = Schedule::new(&"music".into(), Arc::clone(&inbox), runtime, clock.clone(), store);
        let began = clock.unix_ms();
        Planner { schedule, inbox, clock, began, patience: 7 * 24 * HOUR }
    }

    /// A planner whose generation 1 serves.
    fn serving() -> Planner {
        Planner::at("2026-11-02T12:00:00Z")
    }

    fn at(time: &str) -> Planner {
        let planner = Planner::new(HostClock::at(time), None);
        planner.schedule.take_over(1);
        planner
    }

    fn plan(&self, generation: u64, name: &str, plan: Plan) {
        self.schedule.plan(generation, name.to_owned(), plan).expect("there is room for it");
    }

    fn secs(&self, unix_ms: u64) -> u64 {
        (unix_ms - self.began) / 1000
    }

    /// The next run, which the cog starts.
    async fn given(&self) -> Given {
        let next = poll_fn(|cx| self.inbox.poll_next(cx));
        let Item { call, observer, .. } =
            tokio::time::timeout(self.patience, next).await.expect("a task is due");
        let mut observer = observer.expect("it is followed");
        let Begin::Now(Call::Task(run)) = observer.begin(call) else { panic!("a run of a task") };
        let (due, at) = (self.secs(run.due_unix_ms), self.secs(self.clock.unix_ms()));
        Given { name: run.name.into(), due, at, observer }
    }

    /// Runs the next run successfully; returns when it was given to the cog.
    async fn run(&self) -> u64 {
        let given = self.given().await;
        given.observer.end(Ended::Done);
        given.at
    }

    fn only(&self) -> TaskStatus {
        let tasks = self.schedule.tasks(9);
        assert_eq!(tasks.len(), 1, "{tasks:?}");
        tasks.into_iter().next().expect("there is one")
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_task_keeps_its_rhythm_over_a_reload() {
    let it = Planner::serving();
    it.plan(1, "digest", every(HOUR));
    tokio::time::sleep(50 * MINUTE).await;
    it.plan(2, "digest", every(HOUR));
    it.schedule.take_over(2);
    assert_eq!([it.run().await, it.run().await], [3600, 7200]);
}

#[tokio::test(start_paused = true)]
async fn what_the_new_code_does_not_repeat_ends_and_single_runs_stay() {
    let it = Planner::serving();
    it.plan(1, "digest", every(HOUR));
    it.plan(1, "morning", daily("0 9 * * *"));
    it.plan(1, "tea", once(10 * MINUTE));
    it.schedule.take_over(2);
    assert_eq!(it.given().await.name, "tea");
    assert_eq!(it.schedule.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn plans_of_a_generation_that_never_serves_are_void() {
    let it = Planner::serving();
    it.plan(1, "tea", once(10 * MINUTE));
    assert!(it.schedule.cancel(2, "tea"));
    it.plan(2, "other", once(MINUTE));
    it.schedule.forget(2);
    assert_eq!((it.given().await.name.as_str(), it.schedule.len()), ("tea", 0));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_task_runs_at_each_of_its_moments_by_the_clock_it_was_given() {
    let it = Planner::serving();
    it.clock.freeze();
    it.plan(1, "digest", every(HOUR));
    for runs in 1..=24 {
        assert_eq!(it.clock.next_due(), Some(HOUR));
        it.clock.advance(HOUR);
        assert!(it.clock.is_behind() || !it.inbox.is_empty());
        assert_eq!(it.run().await, runs * 3600);
    }
    it.schedule.clear();
    assert_eq!(it.clock.next_due(), None);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_under_way_when_the_next_is_due_leaves_that_one_out() {
    let it = Planner::serving();
    it.plan(1, "digest", every(MINUTE));
    let first = it.given().await;
    tokio::time::sleep(150 * Duration::from_secs(1)).await;
    assert_eq!((it.only().left_out, it.only().is_running, it.inbox.len()), (2, true, 0));
    first.observer.end(Ended::Done);
    assert_eq!((it.run().await, it.only().last), (240, Some("done")));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_in_the_queue_leaves_the_next_one_out() {
    let it = Planner::serving();
    it.plan(1, "digest", every(MINUTE));
    tokio::time::sleep(10 * MINUTE + Duration::from_secs(1)).await;
    assert_eq!((it.inbox.len(), it.only().left_out), (1, 9));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_is_tried_again_and_the_rhythm_goes_on() {
    let it = Planner::serving();
    it.plan(1, "digest", every(HOUR));
    let mut given = Vec::new();
    for _ in 0..6 {
        let run = it.given().await;
        given.push((run.due, run.at));
        run.observer.end(Ended::Failed);
    }
    // After 5 s, 30 s and 3 min.
    let tries = [(3600, 3600), (3600, 3605), (3600, 3635), (3600, 3815), (7200, 7200), (7200, 7205)];
    assert_eq!(given, tries);
    assert_eq!(it.only().last, Some("failed"));
    // A success resets the count of failures.
    assert_eq!(it.run().await, 7235);
    it.given().await.observer.end(Ended::Failed);
    assert_eq!(it.run().await, 3 * 3600 + 5);
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_is_not_tried_again_when_the_next_is_due_before() {
    let it = Planner::serving();
    it.plan(1, "beat", every(Duration::from_secs(20)));
    let mut at = Vec::new();
    for _ in 0..4 {
        let run = it.given().await;
        at.push(run.at);
        run.observer.end(Ended::Failed);
    }
    assert_eq!(at, [20, 25, 40, 45]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_a_reload_cancels_is_tried_again_by_the_new_generation() {
    let it = Planner::serving();
    it.plan(1, "morning", daily("0 14 * * *"));
    let run = it.given().await;
    it.plan(2, "morning", daily("0 14 * * *"));
    run.observer.end(Ended::Cancelled);
    it.schedule.take_over(2);
    assert_eq!([it.run().await, it.run().await], [3605, 25 * 3600]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_keeps_its_thread_for_good_ends_with_its_generation() {
    let it = Planner::serving();
    it.plan(1, "digest", every(HOUR));
    let stuck = it.given().await;
    it.plan(2, "digest", every(HOUR));
    it.schedule.take_over(2);
    assert_eq!((it.only().is_running, it.only().last), (false, Some("cancelled")));
    assert_eq!(it.run().await, 7200);
    // It ends after all.
    stuck.observer.end(Ended::Failed);
    assert_eq!((it.only().last, it.run().await), (Some("done"), 3 * 3600));
}

#[tokio::test(start_paused = true)]
async fn a_single_run_that_finds_the_queue_full_waits_for_room() {
    let it = Planner::serving();
    for number in 0..101 {
        it.plan(1, &format!("tea {number}"), once(MINUTE));
    }
    for _ in 0..100 {
        assert_eq!(it.given().await.at, 60);
    }
    assert_eq!((it.given().await.at, it.schedule.len()), (65, 0));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_runs_at_the_start_runs_when_the_cog_begins_to_serve_and_at_no_reload() {
    let it = Planner::new(HostClock::at("2026-11-02T12:00:00Z"), None);
    let plan = || Plan { runs_at_start: true, ..every(HOUR) };
    it.plan(1, "warm", plan());
    it.schedule.take_over(1);
    assert_eq!([it.run().await, it.run().await], [0, 3600]);
    it.plan(2, "warm", plan());
    it.schedule.take_over(2);
    assert_eq!(it.run().await, 7200);
    // The cog went, and comes back.
    it.schedule.clear();
    it.plan(3, "warm", plan());
    it.schedule.take_over(3);
    assert_eq!([it.run().await, it.run().await], [7200, 3 * 3600]);
}

#[tokio::test(start_paused = true)]
async fn a_cog_that_was_away_goes_on_in_its_rhythm_and_makes_up_for_one_run() {
    let it = Planner::serving();
    it.plan(1, "digest", every(HOUR));
    tokio::time::sleep(30 * MINUTE).await;
    it.schedule.clear();
    it.plan(2, "digest", every(HOUR));
    it.schedule.take_over(2);
    assert_eq!(it.run().await, 3600);
    it.schedule.clear();
    tokio::time::sleep(200 * MINUTE).await;
    it.plan(3, "digest", every(HOUR));
    it.schedule.take_over(3);
    let owed = it.given().await;
    assert_eq!((owed.due, owed.at), (7200, 3600 + 200 * 60));
    owed.observer.end(Ended::Done);
    assert_eq!(it.run().await, 5 * 3600);
    // With another rhythm it is another task.
    it.schedule.clear();
    it.plan(4, "digest", every(2 * HOUR));
    it.schedule.take_over(4);
    assert_eq!(it.run().await, 7 * 3600);
}

#[tokio::test(start_paused = true)]
async fn times_of_the_wall_clock_are_met_when_the_clocks_are_put_forward_and_back() {
    let it = Planner::at("2026-03-29T00:00:00+01:00");
    it.plan(1, "night", daily("30 2 * * *"));
    // At 03:00 summer time, two hours later; then at 02:30 of the next day.
    assert_eq!([it.run().await, it.run().await], [2 * 3600, 25 * 3600 + 1800]);
    let it = Planner::at("2026-10-25T00:00:00+02:00");
    it.plan(1, "night", daily("30 2 * * *"));
    assert_eq!([it.run().await, it.run().await], [2 * 3600 + 1800, 27 * 3600 + 1800]);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_was_put_forward_or_a_machine_that_slept_makes_up_for_one_run() {
    let it = Planner::at("2026-11-02T08:00:00+01:00");
    it.plan(1, "morning", daily("0 9 * * *"));
    it.plan(1, "beat", every(10 * MINUTE));
    tokio::time::sleep(MINUTE).await;
    it.clock.set_wall_clock("2026-11-02T11:05:00+01:00");
    let (one, other) = (it.given().await, it.given().await);
    // As soon as the clock is read.
    assert!(one.at < 3 * 3600 + 5 * 60 + 20 && other.at == one.at, "{} {}", one.at, other.at);
    assert_eq!([(&*one.name, one.due), (&*other.name, other.due)], [("beat", 600), ("morning", 3600)]);
    one.observer.end(Ended::Done);
    other.observer.end(Ended::Done);
    assert_eq!(it.run().await, 3 * 3600 + 600);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_is_put_back_a_little_runs_nothing_twice() {
    let it = Planner::at("2026-11-02T08:00:00+01:00");
    it.plan(1, "morning", daily("0 9 * * *"));
    assert_eq!(it.run().await, 3600);
    it.clock.set_wall_clock("2026-11-02T08:50:00+01:00");
    assert_eq!(it.run().await, 25 * 3600);
}

#[tokio::test(start_paused = true)]
async fn an_interval_lasts_as_long_whether_or_not_the_wall_clock_is_put_back() {
    let it = Planner::at("2026-11-02T08:00:00+01:00");
    it.plan(1, "beat", every(20 * MINUTE));
    assert_eq!([it.run().await, it.run().await, it.run().await], [1200, 2400, 3600]);
    it.clock.set_wall_clock("2026-11-02T08:30:00+01:00");
    assert_eq!(it.run().await, 1800 + 1200, "20 minutes later");
    // A run that failed is tried again as soon as at any other time.
    let failed = it.given().await;
    failed.observer.end(Ended::Failed);
    it.clock.set_wall_clock("2026-11-02T08:40:00+01:00");
    let again = it.given().await;
    assert_eq!((again.due, again.at), (failed.due, 2400 + 5));
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_was_years_ahead_leaves_no_task_waiting_for_years() {
    let it = Planner::at("2036-11-02T08:00:00+01:00");
    it.plan(1, "beat", every(10 * MINUTE));
    it.plan(1, "morning", daily("0 9 * * *"));
    tokio::time::sleep(MINUTE).await;
    it.clock.set_wall_clock("2026-11-02T08:01:00+01:00");
    let it = Planner { began: crate::clock::unix_ms_of("2026-11-02T08:00:00+01:00"), ..it };
    let beats = [it.run().await, it.run().await, it.run().await, it.run().await, it.run().await];
    assert_eq!(beats, [600, 1200, 1800, 2400, 3000]);
    assert_eq!([it.run().await, it.run().await], [3600, 3600]);
}
