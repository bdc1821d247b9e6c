//! What a lane's thread is doing, written by the thread and read by the watchdog without a lock.
//! It keeps no times: the watchdog compares two looks.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

/// What cog code a lane's thread is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Activity {
    /// None: it waits for work.
    Idle,
    /// Opening the library and making the instance.
    Open,
    /// `setup`
    Setup,
    /// `restore`
    Restore,
    /// `event`
    Event,
    /// `command`
    Command,
    /// `task`
    Task,
    /// `save`
    Save,
    /// `teardown`
    Teardown,
    /// Dropping a handler or the cog itself.
    Drop,
}

impl Activity {
    /// The function of the cog, as its author knows it.
    pub fn name(self) -> &'static str {
        match self {
            Activity::Idle => "idle",
            Activity::Open => "open",
            Activity::Setup => "setup",
            Activity::Restore => "restore",
            Activity::Event => "event",
            Activity::Command => "command",
            Activity::Task => "task",
            Activity::Save => "save",
            Activity::Teardown => "teardown",
            Activity::Drop => "drop",
        }
    }

    fn from_byte(byte: u8) -> Activity {
        use Activity::{Command, Drop, Event, Idle, Open, Restore, Save, Setup, Task, Teardown};
        [Idle, Open, Setup, Restore, Event, Command, Task, Save, Teardown, Drop][usize::from(byte)]
    }
}

/// A counter that moves whenever the thread enters or leaves cog code, and what it is in.
#[derive(Debug, Default)]
pub struct Pulse {
    turns: AtomicU64,
    activity: AtomicU8,
    handlers: AtomicUsize,
}

impl Pulse {
    /// Runs cog code under its name.
    pub(super) fn during<T>(&self, activity: Activity, body: impl FnOnce() -> T) -> T {
        self.activity.store(activity as u8, Ordering::Relaxed);
        self.turns.fetch_add(1, Ordering::Release);
        let result = body();
        self.activity.store(Activity::Idle as u8, Ordering::Relaxed);
        self.turns.fetch_add(1, Ordering::Release);
        result
    }

    /// Tells how many handlers are begun and not done.
    pub(super) fn holds(&self, handlers: usize) {
        self.handlers.store(handlers, Ordering::Relaxed);
    }

    /// Handlers that were begun and are not done, as of the thread's last look.
    pub fn handlers(&self) -> usize {
        self.handlers.load(Ordering::Relaxed)
    }

    /// The counter and the activity. The same counter with an activity other than idle: still in the same call.
    pub fn look(&self) -> (u64, Activity) {
        let turns = self.turns.load(Ordering::Acquire);
        (turns, Activity::from_byte(self.activity.load(Ordering::Relaxed)))
    }
}
