//! Tasks that a cog declares: the host plans them when the cog serves, and drops them with it.

use std::time::Duration;

use crate::abi::TASK_LONGEST;

/// A task that the host runs for the cog as long as it serves. Its rhythm survives a reload and, if the host has a store, a
/// restart: what became due while the host was down runs once, at the start. A generation without the task ends it.
///
/// If a run is still under way when the next is due, that one is left out. A run that fails, or that a reload has cancelled,
/// is tried again after 5 s, 30 s and 3 min, unless the next is due before, and the rhythm goes on whatever becomes of it.
///
/// Time is the host's wall clock: what became due while the machine was suspended runs once, when it goes on.
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
    /// So much time from start to start.
    Every(Duration),
    /// At a time of day, `HH:MM`, in a zone of the IANA database.
    Daily(&'static str, &'static str),
    /// When a cron expression of five fields (minute, hour, day of month, month, day of week) says so, in a zone of the IANA
    /// database.
    Cron(&'static str, &'static str),
}

impl Task {
    /// A task that runs every `period`, the first time after one period.
    ///
    /// # Panics
    /// When the period is below a second, or longer than a year.
    #[must_use]
    pub const fn every(name: &'static str, period: Duration) -> Self {
        assert!(period.as_millis() >= 1000, "a task's period is a second or more");
        assert!(period.as_millis() <= TASK_LONGEST.as_millis(), "a task's period is a year or less");
        Self { name, when: When::Every(period), runs_at_start: false }
    }

    /// A task that runs once a day, at a wall-clock time such as `09:00`, in a zone such as `Europe/Berlin`. Where the
    /// clock is put forward over that time, it runs when the gap is over; where it is put back, it runs the first time only.
    ///
    /// # Panics
    /// When `time` is not a time of day. An unknown zone is refused when the cog is set up.
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

    /// A task that runs when a cron expression says so: `*`, lists, ranges, steps, and names of months and days. With a day
    /// of month and a day of week, one of them is enough, as in cron. An expression or a zone that cannot be read is refused
    /// when the cog is set up.
    ///
    /// If minute and hour are without `*`, they are times of day, and what [`daily`](Self::daily) says of clocks that are
    /// put forward or back holds for each of them. With a `*` they are a rhythm, which goes on in real time: `*/15 * * * *`
    /// runs every 15 minutes on those two days as well.
    #[must_use]
    pub const fn cron(name: &'static str, expression: &'static str, zone: &'static str) -> Self {
        Self { name, when: When::Cron(expression, zone), runs_at_start: false }
    }

    /// The same task, which also runs once when the cog begins to serve: when it is loaded, and when the host starts. A
    /// reload is no such time.
    #[must_use]
    pub const fn at_start(mut self) -> Self {
        self.runs_at_start = true;
        self
    }
}
