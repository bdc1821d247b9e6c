//! A sliding window: how many frames may be sent on one connection within some length of time. It sends nothing.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

pub(super) struct Allowance {
    most: usize,
    within: Duration,
    /// When the last of them were sent, oldest first.
    sent: VecDeque<Instant>,
}

impl Allowance {
    pub(super) fn new((most, within): (usize, Duration)) -> Allowance {
        Allowance { most, within, sent: VecDeque::with_capacity(most) }
    }

    /// Whether a frame may be sent now, and `others` more after it.
    pub(super) fn has_room_for(&self, others: usize) -> bool {
        // The frame that must have left the window for the last of them.
        let oldest = (self.sent.len() + others).checked_sub(self.most);
        oldest.is_none_or(|at| self.sent.get(at).is_some_and(|sent| sent.elapsed() >= self.within))
    }

    pub(super) fn take(&mut self) {
        if self.sent.len() == self.most {
            self.sent.pop_front();
        }
        self.sent.push_back(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_span_of_time_has_more_frames_than_allowed() {
        let mut allowance = Allowance::new((3, Duration::from_secs(60)));
        let mut sent = Vec::new();
        for _ in 0..200 {
            while allowance.has_room_for(0) {
                allowance.take();
                sent.push(Instant::now());
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(sent.len(), 12);
        assert!(sent.windows(4).all(|four| four[3] - four[0] >= Duration::from_secs(60)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_for_others_is_left_to_them() {
        let mut allowance = Allowance::new((3, Duration::from_secs(60)));
        for _ in 0..2 {
            assert!(allowance.has_room_for(1));
            allowance.take();
        }
        assert!(!allowance.has_room_for(1) && allowance.has_room_for(0));
        allowance.take();
        assert!(!allowance.has_room_for(0));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(allowance.has_room_for(1));
    }
}
