//! One planned task: when it is due, and how its present run is. It knows no clock but what it is given.

use std::time::Duration;

use super::{TaskStatus, When, rhythm::Rhythm};
use crate::{
    clock::{Due, HostClock},
    lane::Ended,
};

/// When a run that failed is tried again, as the SDK promises for a `Task`.
const TRIES: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(180)];

/// A planned task.
#[derive(Debug)]
pub(super) struct Planned {
    when: When,
    /// The generation that planned it last.
    pub(super) by: u64,
    /// When it is due next.
    pub(super) next: u64,
    /// Of `next`.
    wait: Due,
    pub(super) run: Run,
    /// How often the present run has failed.
    failures: usize,
    left_out: u64,
    last: Option<Ended>,
}

/// The present run of a task, and when that was due.
#[derive(Debug)]
pub(super) enum Run {
    None,
    /// It waits in the queue.
    Waiting {
        number: u64,
        due: u64,
    },
    /// The cog has it.
    UnderWay {
        number: u64,
        due: u64,
    },
    /// It failed and is tried again.
    Again {
        at: u64,
        due: u64,
        _wait: Due,
    },
    /// The cog was leaving.
    Missed {
        due: u64,
    },
}

impl Planned {
    pub(super) fn new(when: When, by: u64, next: u64, clock: &HostClock) -> Planned {
        let wait = clock.expect(next);
        Planned { when, by, next, wait, run: Run::None, failures: 0, left_out: 0, last: None }
    }

    /// None of one that runs once.
    pub(super) fn rhythm(&self) -> Option<&Rhythm> {
        match &self.when {
            When::Repeated { rhythm, .. } => Some(rhythm),
            When::Once(_) => None,
        }
    }

    /// When something is to be done for it.
    pub(super) fn moments(&self) -> impl Iterator<Item = u64> + use<> {
        let again = match self.run {
            Run::Again { at, .. } => Some(at),
            _ => None,
        };
        [Some(self.next), again].into_iter().flatten()
    }

    /// When it is due for the next generation: at once, if a run was not begun or has to be tried again.
    pub(super) fn owed(&self) -> u64 {
        match self.run {
            Run::Waiting { due, .. } | Run::Again { due, .. } | Run::Missed { due } => due,
            // What never ended, though it was given the time to, may never end the next time.
            Run::None | Run::UnderWay { .. } => self.next,
        }
    }

    /// It is `at`, one of its moments. When the run was due that begins now, if one does, and the wait that is over then.
    pub(super) fn reach(&mut self, at: u64, now: u64, clock: &HostClock) -> (Option<u64>, Due) {
        match std::mem::replace(&mut self.run, Run::None) {
            Run::Again { at: again, due, _wait } if again == at && at < self.next => {
                return (Some(due), _wait);
            }
            run => self.run = run,
        }
        let Some(rhythm) = self.rhythm() else { return (Some(at), clock.expect(at)) };
        let next = rhythm.next(at, now);
        let over = self.plan_next(next, clock);
        if matches!(self.run, Run::Waiting { .. } | Run::UnderWay { .. }) {
            self.left_out += 1;
            return (None, over);
        }
        self.failures = 0;
        self.run = Run::None;
        (Some(at), over)
    }

    /// It is due at another time from now on. The wait that was for the one before.
    pub(super) fn plan_next(&mut self, next: u64, clock: &HostClock) -> Due {
        self.next = next;
        std::mem::replace(&mut self.wait, clock.expect(next))
    }

    /// The wall clock was put back by so much.
    pub(super) fn put_back(&mut self, by: u64, now: u64, clock: &HostClock) {
        let next = match self.rhythm() {
            Some(rhythm @ Rhythm::Times(_)) => rhythm.first(Duration::ZERO, now),
            Some(Rhythm::Every(_)) | None => self.next.saturating_sub(by),
        };
        drop(self.plan_next(next, clock));
        if let Run::Again { at, due, .. } = self.run {
            let at = at.saturating_sub(by);
            self.run = Run::Again { at, due, _wait: clock.expect(at) };
        }
    }

    /// The cog has begun a run.
    pub(super) fn begun(&mut self, number: u64) {
        if let Run::Waiting { number: own, due } = self.run
            && own == number
        {
            self.run = Run::UnderWay { number, due };
        }
    }

    /// A run is over; `None`: it did not begin.
    pub(super) fn ended(&mut self, number: u64, ended: Option<Ended>, now: u64, clock: &HostClock) {
        let due = match self.run {
            Run::Waiting { number: own, due } | Run::UnderWay { number: own, due } if own == number => due,
            // Planned again meanwhile.
            _ => return,
        };
        let Some(ended) = ended else { return self.run = Run::Missed { due } };
        self.last = Some(ended);
        self.run = Run::None;
        match ended {
            Ended::Done => self.failures = 0,
            Ended::Failed | Ended::Cancelled => self.fail(due, now, clock),
        }
    }

    /// Another generation serves. What a generation had begun has ended when it was paused, or it keeps the thread that was
    /// given up with it, and nothing will come of it.
    pub(super) fn leave_behind(&mut self) {
        if let Run::UnderWay { .. } = self.run {
            self.run = Run::None;
            self.last = Some(Ended::Cancelled);
        }
    }

    /// Plans another try, unless it was tried often enough or is due before.
    pub(super) fn fail(&mut self, due: u64, now: u64, clock: &HostClock) {
        let pause = TRIES.get(self.failures).copied();
        self.failures += 1;
        let at = pause.map(|pause| now.saturating_add(super::millis(pause)));
        if let Some(at) = at.filter(|at| *at < self.next) {
            self.run = Run::Again { at, due, _wait: clock.expect(at) };
        }
    }

    /// How often runs were left out.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    pub(super) fn status(&self, name: &str, now: u64) -> TaskStatus {
        let next = self.moments().min().unwrap_or(self.next);
        TaskStatus {
            name: name.to_owned(),
            when: self.rhythm().map_or_else(|| "once".to_owned(), ToString::to_string),
            next_due_unix_ms: next,
            due_in_secs: next.saturating_sub(now) / 1000,
            is_running: matches!(self.run, Run::Waiting { .. } | Run::UnderWay { .. }),
            last: self.last.map(|ended| match ended {
                Ended::Done => "done",
                Ended::Failed => "failed",
                Ended::Cancelled => "cancelled",
            }),
            left_out: self.left_out,
        }
    }
}
