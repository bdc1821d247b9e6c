//! What survives the process: the rhythm of tasks, on a real store.

use std::path::Path;

use tokio_util::task::TaskTracker;

use super::*;
use crate::{config::Config, sessions::Store};

/// Upper bound for every wait in a test.
const SOON: Duration = Duration::from_secs(20);

/// A host that is started again and again on one store, with a clock that only the test moves.
struct Restarts {
    _folder: tempfile::TempDir,
    config: Config,
    clock: HostClock,
}

impl Restarts {
    fn new() -> Restarts {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("gearshift.toml");
        let config = Config::parse("[store]\n", Path::new(&file)).expect("it is valid");
        let clock = HostClock::at("2026-11-02T08:00:00+01:00");
        clock.freeze();
        Restarts { _folder: folder, config, clock }
    }

    /// Starts the host with some tasks, lets `what` happen, and ends it; if `clear`, in order.
    async fn live(&self, plans: &[(&str, Plan)], clear: bool, what: impl AsyncFnOnce(&Planner)) {
        let store = self.config.store.as_ref().expect("it has one");
        let store =
            Store::open(&self.config, store, self.clock.clone()).await.expect("nobody else has it open");
        let work = TaskTracker::new();
        let runtime = runtime::Handle::current();
        let tasks = TaskStore::new(&"music".into(), Arc::clone(&store), runtime, work.clone());
        let began = crate::clock::unix_ms_of("2026-11-02T08:00:00+01:00");
        let it = Planner { began, patience: SOON, ..Planner::new(self.clock.clone(), Some(tasks)) };
        it.schedule.recall().await;
        for (name, plan) in plans {
            it.plan(1, name, plan.clone());
        }
        it.schedule.take_over(1);
        what(&it).await;
        if clear {
            it.inbox.close().into_iter().filter_map(|item| item.observer).for_each(|it| it.decline());
            it.schedule.clear();
        }
        work.close();
        tokio::time::timeout(SOON, work.wait()).await.expect("the store writes");
        store.close(SOON).await;
    }
}

#[tokio::test]
async fn rhythms_outlast_the_process_and_what_was_due_meanwhile_runs_once() {
    let host = Restarts::new();
    let plans = [("beat", every(3 * HOUR)), ("morning", daily("0 9 * * *"))];
    for clear in [true, false] {
        // Periods longer than a run of the host: it runs for ten minutes at a time.
        let began = host.clock.unix_ms();
        for _ in 0..4 {
            host.live(&plans, clear, async |it| {
                assert!(it.inbox.is_empty());
                host.clock.advance(10 * MINUTE);
            })
            .await;
        }
        // The host is down for a day and a half.
        host.clock.advance(36 * HOUR - 40 * MINUTE);
        host.live(&plans, clear, async |it| {
            let (one, other) = (it.given().await, it.given().await);
            let mut owed = [(one.name, one.due), (other.name, other.due)];
            owed.sort();
            let begun = it.secs(began);
            let expected = [("beat".to_owned(), begun + 3 * 3600), ("morning".to_owned(), begun + 3600)];
            assert_eq!(owed, expected);
            assert!(it.inbox.is_empty(), "once each");
            one.observer.end(Ended::Done);
            other.observer.end(Ended::Done);
            host.clock.advance(3 * HOUR);
            let beat = it.given().await;
            assert_eq!((&*beat.name, beat.due), ("beat", begun + 39 * 3600));
            beat.observer.end(Ended::Done);
            host.clock.advance(9 * HOUR);
            it.given().await.observer.end(Ended::Done);
        })
        .await;
        // Tasks that the code no longer plans are forgotten.
        host.live(&[], clear, async |_| {}).await;
    }
}

#[tokio::test]
async fn a_run_that_the_end_of_the_host_has_cancelled_is_made_up_for() {
    let host = Restarts::new();
    let plans = [("morning", daily("0 9 * * *"))];
    host.live(&plans, true, async |it| {
        host.clock.advance(HOUR);
        it.given().await.observer.end(Ended::Cancelled);
    })
    .await;
    host.live(&plans, true, async |it| {
        // This time it is not even started.
        assert_eq!(it.inbox.len(), 1);
    })
    .await;
    host.live(&plans, true, async |it| {
        let owed = it.given().await;
        assert_eq!(owed.due, 3600);
        owed.observer.end(Ended::Done);
    })
    .await;
    host.live(&plans, true, async |it| assert!(it.inbox.is_empty())).await;
}

#[tokio::test]
async fn a_run_that_ended_the_process_is_not_run_at_every_start() {
    let host = Restarts::new();
    let plans = [("morning", daily("0 9 * * *"))];
    let mut begun = None;
    host.live(&plans, false, async |it| {
        host.clock.advance(HOUR);
        begun = Some(it.given().await);
    })
    .await;
    host.live(&plans, true, async |it| assert!(it.inbox.is_empty())).await;
}
