//! The heartbeat of one connection: when the next is due, and whether the last was acknowledged.
//! It sends nothing and knows no socket.

use std::time::Duration;

use tokio::time::Instant;

/// The longest interval, whatever a server says: heartbeats are how a dead connection is noticed. Discord's is 41 s.
const LONGEST: Duration = Duration::from_secs(300);

/// Times of the heartbeat.
#[derive(Debug)]
pub(super) struct Heartbeat {
    interval: Duration,
    due: Instant,
    unanswered_since: Option<Instant>,
}

/// The last heartbeat was not acknowledged before the next was due: the connection is dead (a zombie).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unacknowledged;

impl Heartbeat {
    /// `fraction` of the interval passes before the first heartbeat, so that not all bots send it at once after an
    /// outage.
    pub(super) fn new(interval: Duration, fraction: f64, now: Instant) -> Heartbeat {
        let interval = interval.min(LONGEST);
        Heartbeat { interval, due: now + interval.mul_f64(fraction), unanswered_since: None }
    }

    /// When the next heartbeat is due.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// A heartbeat is due: counts it as sent, unless the last one is unanswered.
    pub(super) fn beat(&mut self, now: Instant) -> Result<(), Unacknowledged> {
        if self.unanswered_since.is_some() {
            return Err(Unacknowledged);
        }
        self.unanswered_since = Some(now);
        // Counted from now: after a suspend, missed heartbeats are not caught up on.
        self.due = now + self.interval;
        Ok(())
    }

    /// A heartbeat is due, but must not be sent; the one before may still be acknowledged.
    pub(super) fn postpone(&mut self, now: Instant) {
        self.due = now + self.interval.max(Duration::from_secs(1));
    }

    /// The server requested a heartbeat out of turn; the next one is due a full interval from now.
    pub(super) fn requested(&mut self, now: Instant) {
        self.unanswered_since.get_or_insert(now);
        self.due = now + self.interval;
    }

    /// A heartbeat was acknowledged; returns how long that took.
    pub(super) fn answered(&mut self, now: Instant) -> Option<Duration> {
        self.unanswered_since.take().map(|since| now.saturating_duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_without_an_answer_is_silence() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(Duration::from_secs(40), 0.25, start);
        assert_eq!(heartbeat.due(), start + Duration::from_secs(10));
        heartbeat.beat(heartbeat.due()).unwrap();
        assert_eq!(heartbeat.due(), start + Duration::from_secs(50));
        assert_eq!(heartbeat.answered(start + Duration::from_secs(11)), Some(Duration::from_secs(1)));
        heartbeat.beat(heartbeat.due()).unwrap();
        assert_eq!(heartbeat.beat(heartbeat.due()), Err(Unacknowledged));
    }

    #[test]
    fn a_connection_beats_however_long_an_interval_the_server_wants() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(Duration::from_millis(u64::MAX), 0.5, start);
        assert!(heartbeat.due() <= start + LONGEST);
        heartbeat.beat(start).unwrap();
        assert_eq!(heartbeat.due(), start + LONGEST);
    }

    #[test]
    fn a_beat_that_may_not_go_out_is_not_awaited() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(Duration::from_secs(1), 0.0, start);
        heartbeat.postpone(start);
        heartbeat.beat(heartbeat.due()).unwrap();
    }
}
