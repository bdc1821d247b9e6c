//! Tasks that a cog declares: the host plans them when the cog serves, and ends them with it.

use std::time::Duration;

use crate::abi::TASK_LONGEST;

/// A task that the host runs for as long as the cog serves. Its rhythm survives a reload and, if the host has a store,
/// a restart: a run that was due while the host was down takes place once, at the start. A generation that does not
/// declare the task ends it.
///
/// If a run is still in progress when the next one is due, the next one is skipped. A run that fails, or that a reload
/// cancelled, is retried after 5 s, 30 s and 3 min, unless the next one is due before; the rhythm continues in any
/// case.
///
/// Time is the host's wall clock: a run that was due while the machine was suspended takes place once, when it resumes.
///
/// ```
/// use std::time::Duration;
/// use gearshift_cog::manifest::Task;
///
/// const TASKS: &[Task] = &[
///     Task::every("beat", Duration::from_secs(30)),
///     Task::daily("greet", "09:00", "Europe/Berlin"),
///     Task::cron("report", "0 18 * * fri", "UTC"),
/// ];
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Task {
    pub(crate) name: &'static str,
    pub(crate) when: When,
    pub(crate) runs_at_start: bool,
}

/// When a task runs.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// With this much time from start to start.
    Every(Duration),
    /// At a time of day, `HH:MM`, in a zone of the IANA database.
    Daily(&'static str, &'static str),
    /// According to a cron expression of five fields (minute, hour, day of month, month, day of week), in a zone of the
    /// IANA database.
    Cron(&'static str, &'static str),
}

impl Task {
    /// A task that runs every `period`, for the first time after one period.
    ///
    /// # Panics
    /// If the period is shorter than a second, or longer than a year.
    #[must_use]
    pub const fn every(name: &'static str, period: Duration) -> Self {
        assert!(period.as_millis() >= 1000, "a task's period must be at least a second");
        assert!(period.as_millis() <= TASK_LONGEST.as_millis(), "a task's period must be at most a year");
        Self { name, when: When::Every(period), runs_at_start: false }
    }

    /// A task that runs once a day, at a wall-clock time such as `09:00`, in a zone such as `Europe/Berlin`. If the
    /// clock is put forward past that time, it runs at the end of the gap; if the clock is put back, it runs the first
    /// time only.
    ///
    /// # Panics
    /// If `time` is not a time of day. An unknown zone is refused when the cog is set up.
    #[must_use]
    pub const fn daily(name: &'static str, time: &'static str, zone: &'static str) -> Self {
        let bytes = time.as_bytes();
        assert!(bytes.len() == 5 && bytes[2] == b':', "a time of day is written `HH:MM`");
        let digits = bytes[0].is_ascii_digit()
            && bytes[1].is_ascii_digit()
            && bytes[3].is_ascii_digit()
            && bytes[4].is_ascii_digit();
        assert!(digits, "a time of day is written `HH:MM`");
        let hour = (bytes[0] - b'0') * 10 + bytes[1] - b'0';
        assert!(hour < 24 && bytes[3] < b'6', "a time of day lies between 00:00 and 23:59");
        Self { name, when: When::Daily(time, zone), runs_at_start: false }
    }

    /// A task that runs according to a cron expression: `*`, lists, ranges, steps, and names of months and days. If
    /// both a day of month and a day of week are given, either is enough, as in cron. An expression or a zone that
    /// cannot be read is refused when the cog is set up.
    ///
    /// If minute and hour have no `*`, they are times of day, and clock changes affect each of them as in
    /// [`daily`](Self::daily). With a `*` they are a rhythm, which continues in real time: `*/15 * * * *` runs every 15
    /// minutes on those two days as well.
    #[must_use]
    pub const fn cron(name: &'static str, expression: &'static str, zone: &'static str) -> Self {
        Self { name, when: When::Cron(expression, zone), runs_at_start: false }
    }

    /// Also runs the task once when the cog begins to serve: when it is loaded, and when the host starts, but not after
    /// a reload.
    #[must_use]
    pub const fn at_start(mut self) -> Self {
        self.runs_at_start = true;
        self
    }
}
