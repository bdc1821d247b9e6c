//! The clock that cogs' waits and scheduled tasks use: the machine's, or one that can be moved by hand, for the
//! built-in Discord. Deadlines of the host and of the network always use the machine's time.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{sync::Notify, time::Instant};

/// How long to rely on one reading of the machine's wall clock: NTP may adjust it, and it keeps running while the
/// machine is suspended, which the clock of the timers does not.
const MAX_SLEEP: Duration = Duration::from_secs(10);
/// Further ahead than any task can be planned, and less than timers can represent.
const MAX_SPAN: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// A clock; clones share it. The default is the machine's time.
#[derive(Clone, Debug, Default)]
pub struct HostClock(Option<Arc<Movable>>);

#[derive(Debug)]
struct Movable {
    state: Mutex<ClockState>,
    /// Notified when the clock was changed.
    moved: Notify,
}

#[derive(Debug)]
struct ClockState {
    /// A moment on this clock, and the same moment in milliseconds since the Unix epoch.
    origin: (Instant, u64),
    /// The time on this clock, as of `running_since` if it is running.
    at: Instant,
    /// `None`: the clock is frozen.
    running_since: Option<Instant>,
    /// All outstanding waits, earliest first. A wait stays here until the work it was for has been handed on.
    waits: BTreeSet<(Instant, u64)>,
    next: u64,
}

impl ClockState {
    fn now(&self) -> Instant {
        self.at + self.running_since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// A wait that is over. The task that waited drops it once the work that was due is under way, so that
/// [`HostClock::is_behind`] never returns `false` in between.
#[derive(Debug)]
#[must_use = "the wait counts as outstanding until this is dropped"]
pub struct PendingWait(Option<(Arc<Movable>, (Instant, u64))>);

impl Drop for PendingWait {
    fn drop(&mut self) {
        if let Some((clock, wait)) = &self.0 {
            clock.state().waits.remove(wait);
        }
    }
}

impl HostClock {
    /// A clock that runs with the machine's time until it is moved.
    pub fn movable() -> HostClock {
        HostClock::movable_at(machine_unix_ms())
    }

    /// One that starts at the given time, in milliseconds since the Unix epoch.
    fn movable_at(unix_ms: u64) -> HostClock {
        let now = Instant::now();
        let waits = BTreeSet::new();
        let state = ClockState { origin: (now, unix_ms), at: now, running_since: Some(now), waits, next: 0 };
        HostClock(Some(Arc::new(Movable { state: Mutex::new(state), moved: Notify::new() })))
    }

    /// The current moment, for measuring spans.
    pub fn now(&self) -> Instant {
        self.0.as_ref().map_or_else(Instant::now, |clock| clock.state().now())
    }

    /// The current time, in milliseconds since the Unix epoch. Unlike [`now`](Self::now) it may be set forward or back.
    pub fn unix_ms(&self) -> u64 {
        self.0.as_ref().map_or_else(machine_unix_ms, |clock| {
            let state = clock.state();
            let (began, unix_ms) = state.origin;
            unix_ms + whole_ms(state.now().saturating_duration_since(began))
        })
    }

    /// Registers that something is due at a time, in milliseconds since the Unix epoch: a wait like that of
    /// [`until`](Self::until), for a caller that waits with [`wait_until_about`](Self::wait_until_about).
    pub fn register_wait(&self, unix_ms: u64) -> PendingWait {
        let Some(clock) = &self.0 else { return PendingWait(None) };
        let (began, origin_ms) = clock.state().origin;
        let span = Duration::from_millis(unix_ms.saturating_sub(origin_ms)).min(MAX_SPAN);
        clock.enter(began + span)
    }

    /// Waits until a time, in milliseconds since the Unix epoch, but may return earlier: the wall clock can be adjusted
    /// in the meantime, so each caller checks it again.
    pub async fn wait_until_about(&self, unix_ms: u64) {
        let left = Duration::from_millis(unix_ms.saturating_sub(self.unix_ms()));
        let tick = tokio::time::sleep(left.min(MAX_SLEEP));
        let Some(clock) = &self.0 else { return tick.await };
        // Created before the state is read: a `Notified` receives every `notify_waiters` from its creation on, so no
        // move is missed.
        let moved = clock.moved.notified();
        let is_frozen = clock.state().running_since.is_none();
        match unix_ms <= self.unix_ms() {
            true => {}
            false if is_frozen => moved.await,
            false => tokio::select! {
                () = tick => {}
                () = moved => {}
            },
        }
    }

    /// Waits until `moment`, never less. The wait is registered by this call, even before the future is polled.
    pub fn until(&self, moment: Instant) -> impl Future<Output = PendingWait> + Send + use<> {
        let movable = self.0.clone().map(|clock| (clock.enter(moment), clock));
        async move {
            let Some((due, clock)) = movable else {
                tokio::time::sleep_until(moment).await;
                return PendingWait(None);
            };
            loop {
                // Created before the state is read, so that no move is missed.
                let moved = clock.moved.notified();
                let (left, is_frozen) = {
                    let state = clock.state();
                    (moment.saturating_duration_since(state.now()), state.running_since.is_none())
                };
                match (left, is_frozen) {
                    (Duration::ZERO, _) => return due,
                    (_, true) => moved.await,
                    (left, false) => _ = tokio::time::timeout(left, moved).await,
                }
            }
        }
    }

    /// How long until the next wait is over; `None` if there is none, or if this is the machine's clock.
    pub fn next_due(&self) -> Option<Duration> {
        let state = self.0.as_ref()?.state();
        state.waits.first().map(|(due, _)| due.saturating_duration_since(state.now()))
    }

    /// Whether a wait is over whose work is not under way yet.
    pub fn is_behind(&self) -> bool {
        self.next_due() == Some(Duration::ZERO)
    }

    /// Moves the clock forward, whether it runs or is frozen. Has no effect on the machine's clock.
    pub fn advance(&self, by: Duration) {
        self.update(|state| state.at += by);
    }

    /// Stops the clock until it is moved or [resumed](Self::resume). Has no effect on the machine's clock.
    pub fn freeze(&self) {
        self.update(|state| (state.at, state.running_since) = (state.now(), None));
    }

    /// Lets the clock run on from the time it shows.
    pub fn resume(&self) {
        self.update(|state| (state.at, state.running_since) = (state.now(), Some(Instant::now())));
    }

    fn update(&self, change: impl FnOnce(&mut ClockState)) {
        if let Some(clock) = &self.0 {
            change(&mut clock.state());
            clock.moved.notify_waiters();
        }
    }
}

impl Movable {
    fn enter(self: &Arc<Self>, moment: Instant) -> PendingWait {
        let mut state = self.state();
        let wait = (moment, state.next);
        state.next += 1;
        state.waits.insert(wait);
        PendingWait(Some((Arc::clone(self), wait)))
    }

    fn state(&self) -> MutexGuard<'_, ClockState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl HostClock {
    /// One that shows a time such as `2026-03-29T01:59:50+01:00` and runs.
    pub(crate) fn at(time: &str) -> HostClock {
        HostClock::movable_at(unix_ms_of(time))
    }

    /// Adjusts the wall clock, as NTP does: spans are unaffected, and no waiter is notified.
    pub(crate) fn set_wall_clock(&self, time: &str) {
        let clock = self.0.as_ref().expect("the machine's time cannot be moved");
        let mut state = clock.state();
        state.origin = (state.now(), unix_ms_of(time));
    }
}

/// Milliseconds since the Unix epoch.
#[cfg(test)]
pub(crate) fn unix_ms_of(time: &str) -> u64 {
    let time: jiff::Timestamp = time.parse().expect("a time with its offset");
    time.as_millisecond().try_into().expect("a time after 1970")
}

pub(crate) fn machine_unix_ms() -> u64 {
    whole_ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn whole_ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_when_the_clock_is_moved_past_it_and_counts_until_it_is_handed_on() {
        let clock = HostClock::movable();
        let (began, unix_ms) = (Instant::now(), clock.unix_ms());
        let waiting = clock.clone();
        let wait = tokio::spawn(async move { waiting.until(waiting.now() + 10 * MINUTE).await });
        tokio::task::yield_now().await;
        assert_eq!((clock.next_due(), clock.is_behind()), (Some(10 * MINUTE), false));
        clock.advance(9 * MINUTE);
        tokio::task::yield_now().await;
        assert!(!wait.is_finished());
        clock.advance(MINUTE);
        assert!(clock.is_behind());
        let due = wait.await.expect("it waited");
        assert!(clock.is_behind());
        drop(due);
        assert_eq!((clock.next_due(), clock.unix_ms() - unix_ms), (None, 600_000));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_frozen_clock_stands_and_runs_on_from_there() {
        let clock = HostClock::movable();
        clock.freeze();
        let began = clock.now();
        tokio::time::advance(MINUTE).await;
        assert_eq!(clock.now(), began);
        clock.advance(MINUTE);
        clock.resume();
        assert_eq!(clock.now(), began + MINUTE);
        tokio::time::advance(MINUTE).await;
        assert_eq!(clock.now(), began + 2 * MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_on_a_frozen_clock_ends_in_time_after_it_was_resumed() {
        let clock = HostClock::movable();
        clock.freeze();
        let waiting = clock.clone();
        let wait = tokio::spawn(async move { drop(waiting.until(waiting.now() + MINUTE).await) });
        tokio::time::advance(2 * MINUTE).await;
        assert!(!wait.is_finished());
        let resumed = Instant::now();
        clock.resume();
        wait.await.expect("it waited");
        assert_eq!(resumed.elapsed(), MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_given_up_is_forgotten() {
        let clock = HostClock::movable();
        let moment = clock.now() + MINUTE;
        assert!(tokio::time::timeout(Duration::ZERO, clock.until(moment)).await.is_err());
        assert_eq!(clock.next_due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_machine_s_time_cannot_be_moved() {
        let clock = HostClock::default();
        let began = clock.now();
        clock.advance(MINUTE);
        clock.freeze();
        drop(clock.until(began + MINUTE).await);
        assert_eq!(Instant::now(), began + MINUTE);
    }
}
