//! One planned task: when it is due, and the state of its present run. It knows the time only from its arguments.

use std::time::Duration;

use super::{TaskStatus, When, due::SET_BACK, rhythm::Rhythm};
use crate::{
    clock::{HostClock, PendingWait},
    lane::Ended,
};

/// How long after a failure a run is tried again, as the SDK promises for a `Task`.
const TRIES: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(180)];

/// A planned task.
#[derive(Debug)]
pub(super) struct Planned {
    when: When,
    /// The generation that planned it last.
    pub(super) by: u64,
    /// When it is due next.
    pub(super) next: u64,
    /// The clock's registration of `next`.
    wait: PendingWait,
    pub(super) run: Run,
    /// How often the present run has failed.
    failures: usize,
    left_out: u64,
    last: Option<Ended>,
}

/// The present run of a task, and when it was due.
#[derive(Debug)]
pub(super) enum Run {
    None,
    /// It is queued.
    Waiting {
        number: u64,
        due: u64,
    },
    /// The cog is running it.
    UnderWay {
        number: u64,
        due: u64,
    },
    /// It failed, and is tried again.
    Retry {
        at: u64,
        due: u64,
        _wait: PendingWait,
    },
    /// The cog was leaving.
    Missed {
        due: u64,
    },
}

impl Planned {
    pub(super) fn new(when: When, by: u64, next: u64, clock: &HostClock) -> Planned {
        let wait = clock.register_wait(next);
        Planned { when, by, next, wait, run: Run::None, failures: 0, left_out: 0, last: None }
    }

    /// `None` for a task that runs once.
    pub(super) fn rhythm(&self) -> Option<&Rhythm> {
        match &self.when {
            When::Repeated { rhythm, .. } => Some(rhythm),
            When::Once(_) => None,
        }
    }

    /// All moments at which something has to be done for it.
    pub(super) fn moments(&self) -> impl Iterator<Item = u64> + use<> {
        let again = match self.run {
            Run::Retry { at, .. } => Some(at),
            _ => None,
        };
        [Some(self.next), again].into_iter().flatten()
    }

    /// The due time for the next generation: the past one if a run was not started or has to be tried again.
    pub(super) fn owed(&self) -> u64 {
        match self.run {
            Run::Waiting { due, .. } | Run::Retry { due, .. } | Run::Missed { due } => due,
            // A run that did not end, though it was given the time to, might not end the next time either.
            Run::None | Run::UnderWay { .. } => self.next,
        }
    }

    /// The time is `at`, one of its moments. Returns the due time of the run to start now, if any, and the wait
    /// that is over.
    pub(super) fn reach(&mut self, at: u64, now: u64, clock: &HostClock) -> (Option<u64>, PendingWait) {
        match std::mem::replace(&mut self.run, Run::None) {
            Run::Retry { at: again, due, _wait } if again == at && at < self.next => {
                return (Some(due), _wait);
            }
            run => self.run = run,
        }
        let Some(rhythm) = self.rhythm() else { return (Some(at), clock.register_wait(at)) };
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

    /// Sets the next due time. Returns the wait for the previous one.
    pub(super) fn plan_next(&mut self, next: u64, clock: &HostClock) -> PendingWait {
        self.next = next;
        std::mem::replace(&mut self.wait, clock.register_wait(next))
    }

    /// The wall clock was set back by `by` milliseconds.
    pub(super) fn shift_back(&mut self, by: u64, now: u64, clock: &HostClock) {
        let next = match self.rhythm() {
            // An interval is no shorter or longer for it.
            Some(Rhythm::Every(_)) => self.next.saturating_sub(by),
            _ if by <= super::millis(SET_BACK) => self.next,
            Some(rhythm @ Rhythm::Times(_)) => rhythm.first(Duration::ZERO, now),
            None => self.next.saturating_sub(by),
        };
        drop(self.plan_next(next, clock));
        if let Run::Retry { at, due, .. } = self.run {
            let at = at.saturating_sub(by);
            self.run = Run::Retry { at, due, _wait: clock.register_wait(at) };
        }
    }

    /// The cog has started a run.
    pub(super) fn begun(&mut self, number: u64) {
        if let Run::Waiting { number: own, due } = self.run
            && own == number
        {
            self.run = Run::UnderWay { number, due };
        }
    }

    /// A run is over; `ended` is `None` if it was not started.
    pub(super) fn ended(&mut self, number: u64, ended: Option<Ended>, now: u64, clock: &HostClock) {
        let due = match self.run {
            Run::Waiting { number: own, due } | Run::UnderWay { number: own, due } if own == number => due,
            // It was planned again in the meantime.
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

    /// Another generation serves. A run of the previous one has ended when that was paused, or it keeps its abandoned
    /// thread, and its result is ignored.
    pub(super) fn leave_behind(&mut self) {
        if let Run::UnderWay { .. } = self.run {
            self.run = Run::None;
            self.last = Some(Ended::Cancelled);
        }
    }

    /// Plans another try, unless it has been tried often enough or is due earlier anyway.
    pub(super) fn fail(&mut self, due: u64, now: u64, clock: &HostClock) {
        let pause = TRIES.get(self.failures).copied();
        self.failures += 1;
        let at = pause.map(|pause| now.saturating_add(super::millis(pause)));
        if let Some(at) = at.filter(|at| *at < self.next) {
            self.run = Run::Retry { at, due, _wait: clock.register_wait(at) };
        }
    }

    /// How many runs were skipped.
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
