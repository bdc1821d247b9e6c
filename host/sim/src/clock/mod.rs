//! The one clock of the simulated Discord: what time it is, and what falls due when. It does not reach into clients,
//! except for a bot that shares its own clock ([`BotClock`]); the timers of other clients and network deadlines use
//! real time.
//!
//! On this clock: ids and timestamps, the windows of interactions, rate limits, timeouts, expiry of polls and invites,
//! and how long a session can be resumed. In real time: heartbeats (real clients send them in real time), delays
//! injected as faults, deadlines for writing and closing, and every `within` that a test waits for.

mod due;
mod schedule;

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

pub(crate) use due::{Due, OnDue};
use schedule::Schedule;

use crate::ids::Timestamp;

/// The clock of a simulator; clones share it. It runs with the wall clock until it is frozen or advanced.
///
/// Do not move it inside [`Sim::world`](crate::Sim::world): what falls due needs the world itself.
#[derive(Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

/// The clock that a bot in this process uses for its timers. The simulator moves it together with its own, so a test
/// need not wait an hour to see what the bot does in an hour.
pub trait BotClock: fmt::Debug + Send + Sync {
    /// How long until the first moment that the bot waits for; `None` if it waits for none.
    fn next_due(&self) -> Option<Duration>;
    /// Advances, running or frozen; tasks that wait for a moment within `by` wake up.
    fn advance(&self, by: Duration);
    /// Stops the clock.
    fn freeze(&self);
    /// Lets the clock run from its current time.
    fn resume(&self);
}

struct Inner {
    /// See [`ClockState::packed`]; a single word, so that reading the time needs no lock.
    state: AtomicI64,
    schedule: Mutex<Schedule>,
    /// Held while time is moved or timers fire, so that they fire in order. Taken before every other lock.
    turn: Mutex<()>,
    /// Notified when the earliest timer changed or time was moved.
    changed: Notify,
    /// Set when the simulator starts; nothing can fall due before that.
    owner: OnceLock<Weak<dyn OnDue>>,
    /// Set together with the owner, if its bot has a clock.
    bot: OnceLock<Arc<dyn BotClock>>,
}

#[derive(Clone, Copy)]
enum ClockState {
    Running { ahead_ms: i64 },
    Frozen { at: Timestamp },
}

impl ClockState {
    /// Milliseconds in the upper bits; the lowest bit is the variant.
    fn packed(self) -> i64 {
        match self {
            Self::Running { ahead_ms } => ahead_ms << 1,
            Self::Frozen { at } => (at.0 as i64) << 1 | 1,
        }
    }

    fn unpacked(word: i64) -> Self {
        match word & 1 {
            0 => Self::Running { ahead_ms: word >> 1 },
            _ => Self::Frozen { at: Timestamp((word >> 1) as u64) },
        }
    }

    fn running_from(now: Timestamp) -> Self {
        Self::Running { ahead_ms: now.0 as i64 - wall_ms() }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            inner: Arc::new(Inner {
                state: AtomicI64::new(ClockState::Running { ahead_ms: 0 }.packed()),
                schedule: Mutex::default(),
                turn: Mutex::default(),
                changed: Notify::new(),
                owner: OnceLock::new(),
                bot: OnceLock::new(),
            }),
        }
    }
}

impl Clock {
    /// The current time.
    pub fn now(&self) -> Timestamp {
        match self.state() {
            ClockState::Running { ahead_ms } => Timestamp((wall_ms() + ahead_ms) as u64),
            ClockState::Frozen { at } => at,
        }
    }

    /// Whether time is frozen.
    pub fn is_frozen(&self) -> bool {
        matches!(self.state(), ClockState::Frozen { .. })
    }

    /// Freezes time until [`Clock::advance`] or [`Clock::resume`]. Ids still grow.
    pub fn freeze(&self) {
        let _turn = self.turn();
        self.set(ClockState::Frozen { at: self.now() });
        self.with_bot(|bot| bot.freeze());
    }

    /// Lets time run from where it stands.
    pub fn resume(&self) {
        let _turn = self.turn();
        self.set(ClockState::running_from(self.now()));
        self.with_bot(|bot| bot.resume());
        self.inner.changed.notify_one();
    }

    /// Advances time, frozen or not. When this returns, everything that falls due on the way has happened, each at its
    /// own moment and in order, and its events have reached the sessions. To also let a bot act at those moments, use
    /// [`Sim::advance`](crate::Sim::advance).
    pub fn advance(&self, by: Duration) {
        let _turn = self.turn();
        let (before, target) = (self.state(), self.now() + by);
        self.set(ClockState::Frozen { at: self.now() });
        loop {
            let due = self.schedule().pop(target);
            let Some((when, due)) = due else { break };
            self.set(ClockState::Frozen { at: when.max(self.now()) });
            self.carry_out(due);
        }
        self.set(match before {
            ClockState::Running { .. } => ClockState::running_from(target),
            ClockState::Frozen { .. } => ClockState::Frozen { at: target },
        });
        self.with_bot(|bot| bot.advance(by));
        self.inner.changed.notify_one();
    }

    /// Moves time forward to `moment`, unless that has passed already.
    pub(crate) fn not_before(&self, moment: Timestamp) {
        self.advance(moment.since(self.now()));
    }

    /// Schedules something for a moment; if the moment has passed, it is due at once.
    pub(crate) fn at(&self, when: Timestamp, due: Due) {
        let added = self.schedule().add(when, due);
        match added {
            Some(true) => self.inner.changed.notify_one(),
            Some(false) => {}
            None => tracing::warn!("too many pending timers in the simulator; dropped one"),
        }
    }

    /// Starts the timers for this simulator, and moves its bot's clock along from now on.
    pub(crate) fn start(&self, owner: Weak<dyn OnDue>, bot: Option<Arc<dyn BotClock>>) {
        let _ = self.inner.owner.set(owner);
        if let Some(bot) = bot {
            bot.advance(self.now().since(Timestamp(wall_ms() as u64)));
            let _ = self.inner.bot.set(bot);
        }
    }

    /// Whether a bot shares this clock.
    pub(crate) fn has_bot(&self) -> bool {
        self.inner.bot.get().is_some()
    }

    /// How long until the next moment that such a bot waits for, rounded up to the milliseconds of this clock.
    pub(crate) fn bot_due(&self) -> Option<Duration> {
        let left = self.inner.bot.get()?.next_due()?;
        Some(Duration::from_millis(left.as_nanos().div_ceil(1_000_000) as u64))
    }

    fn with_bot(&self, act: impl FnOnce(&dyn BotClock)) {
        if let Some(bot) = self.inner.bot.get() {
            act(&**bot);
        }
    }

    /// Fires timers at their time; never returns.
    pub(crate) async fn run(self) {
        loop {
            self.fire_due();
            let earliest = self.schedule().earliest();
            let until = earliest.filter(|_| !self.is_frozen()).map(|when| when.since(self.now()));
            let changed = self.inner.changed.notified();
            match until {
                // The timer is as coarse as the clock: a moment within the same millisecond is waited for, not polled
                // for.
                Some(span) => {
                    let _ = tokio::time::timeout(span.max(Duration::from_millis(1)), changed).await;
                }
                None => changed.await,
            }
        }
    }

    fn fire_due(&self) {
        let _turn = self.turn();
        loop {
            let due = self.schedule().pop(self.now());
            let Some((_, due)) = due else { return };
            self.carry_out(due);
        }
    }

    fn carry_out(&self, due: Due) {
        if let Some(owner) = self.inner.owner.get().and_then(Weak::upgrade) {
            owner.fall_due(due);
        }
    }

    fn state(&self) -> ClockState {
        ClockState::unpacked(self.inner.state.load(Ordering::Relaxed))
    }

    fn set(&self, state: ClockState) {
        self.inner.state.store(state.packed(), Ordering::Relaxed);
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.inner.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.inner.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_frozen() { "frozen at" } else { "running at" };
        write!(f, "Clock {state} {}", self.now())
    }
}

fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_time_only_moves_when_advanced() {
        let clock = Clock::default();
        clock.freeze();
        let at = clock.now();
        assert_eq!(clock.now(), at);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(clock.now(), at + Duration::from_secs(3600));
        assert!(clock.is_frozen());
        clock.resume();
        assert!(!clock.is_frozen() && clock.now() >= at + Duration::from_secs(3600));
    }

    #[test]
    fn running_time_can_be_advanced_and_runs_on() {
        let clock = Clock::default();
        let before = clock.now();
        clock.advance(Duration::from_secs(60));
        assert!(!clock.is_frozen() && clock.now() >= before + Duration::from_secs(60));
    }
}
