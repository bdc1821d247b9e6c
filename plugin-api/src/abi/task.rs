//! A task that the host runs for a cog, as planned by the cog.

use std::time::Duration;

use abi_stable::{StableAbi, std_types::RString};
use serde::{Deserialize, Serialize};

/// The longest time until a task's first run, and between runs: a year. Longer ones are mistakes in the unit.
pub const TASK_LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Maximum length of a task's name, in bytes.
pub const TASK_NAME_MAX: usize = 256;

/// A task that the host runs for the cog.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct TaskPlan {
    /// The name. Planning a name again replaces the task; a repeated task that is planned as before keeps its rhythm.
    pub name: RString,
    /// When it runs.
    pub when: TaskWhen,
    /// Whether it also runs when the cog begins to serve and no generation served before.
    pub runs_at_start: bool,
}

/// When a planned task runs.
#[repr(C, u8)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub enum TaskWhen {
    /// Once.
    Once {
        /// Milliseconds until then.
        after_ms: u64,
    },
    /// Repeatedly, start to start.
    Every {
        /// Milliseconds until the first run.
        first_ms: u64,
        /// Milliseconds from start to start.
        every_ms: u64,
    },
    /// At wall-clock times.
    Cron {
        /// Five fields: minute, hour, day of month, month, day of week.
        expression: RString,
        /// The time zone, by its name in the IANA database.
        zone: RString,
    },
}
