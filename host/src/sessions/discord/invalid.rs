//! The brake on invalid requests: Discord bans an address that received 401, 403 or 429 too often. It counts answers;
//! it knows no routes and sends nothing.
//! <https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::limits::locked;

/// Discord's window, and how many invalid requests in it lead to a ban.
const WINDOW: Duration = Duration::from_secs(600);
const BAN_AT: u32 = 10_000;
const WARN_AT: u32 = 2_000;
/// Below the ban, to leave room for requests in flight and for other programs behind the same address.
const STOP_AT: u32 = 8_000;
/// Answers are counted in intervals of this length.
const STEP: Duration = Duration::from_secs(10);

/// Invalid requests of the last ten minutes.
#[derive(Default)]
pub(super) struct Invalid(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// When each interval began, and how many answers it counted; oldest first.
    steps: VecDeque<(Instant, u32)>,
    sum: u32,
    /// Whether a warning was logged since the count was last below the threshold.
    is_warned: bool,
    is_stopped: bool,
}

impl Invalid {
    /// Counts one answer.
    pub(super) fn count(&self) {
        let now = Instant::now();
        let mut counts = locked(&self.0);
        counts.forget(now);
        match counts.steps.back_mut() {
            Some((began, count)) if now < *began + STEP => *count += 1,
            _ => counts.steps.push_back((now, 1)),
        }
        counts.sum += 1;
        let (sum, wait) = (counts.sum, counts.wait(now));
        if sum >= STOP_AT && !std::mem::replace(&mut counts.is_stopped, true) {
            tracing::error!(
                wait_ms = wait.as_millis() as u64,
                "{sum} requests of the last 10 minutes were refused (401, 403 or 429); at {BAN_AT} Discord bans \
                 this address, so nothing is sent meanwhile. Check which cog sends requests that it has no \
                 permission for"
            );
        } else if sum >= WARN_AT && !std::mem::replace(&mut counts.is_warned, true) {
            tracing::warn!(
                "{sum} requests of the last 10 minutes were refused (401, 403 or 429); at {STOP_AT} nothing \
                 more is sent, at {BAN_AT} Discord bans this address. Check which cog sends requests that it \
                 has no permission for"
            );
        }
    }

    /// How long nothing may be sent; `None` if requests may be sent.
    pub(super) fn stop(&self) -> Option<Duration> {
        let mut counts = locked(&self.0);
        if counts.sum < STOP_AT {
            return None;
        }
        let now = Instant::now();
        counts.forget(now);
        (counts.sum >= STOP_AT).then(|| counts.wait(now))
    }
}

impl Counts {
    fn forget(&mut self, now: Instant) {
        while let Some((_, count)) = self.steps.pop_front_if(|(began, _)| *began + STEP + WINDOW <= now) {
            self.sum -= count;
        }
        self.is_warned &= self.sum >= WARN_AT;
        self.is_stopped &= self.sum >= STOP_AT;
    }

    /// How long until enough answers are forgotten that requests may be sent again.
    fn wait(&self, now: Instant) -> Duration {
        let mut left = self.sum;
        for (began, count) in &self.steps {
            if left < STOP_AT {
                break;
            }
            left -= count;
            if left < STOP_AT {
                return (*began + STEP + WINDOW).saturating_duration_since(now);
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn at_8000_nothing_is_sent_until_enough_of_them_are_ten_minutes_old() {
        let invalid = Invalid::default();
        for _ in 0..STOP_AT - 1 {
            invalid.count();
        }
        assert_eq!(invalid.stop(), None);
        tokio::time::advance(Duration::from_secs(60)).await;
        invalid.count();
        let wait = invalid.stop().unwrap();
        assert!(wait > Duration::from_secs(540) && wait <= Duration::from_secs(550), "{wait:?}");
        tokio::time::advance(wait).await;
        assert_eq!(invalid.stop(), None);
        assert_eq!(locked(&invalid.0).sum, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bot_that_is_refused_now_and_then_is_never_stopped() {
        let invalid = Invalid::default();
        for _ in 0..50_000 {
            invalid.count();
            tokio::time::advance(Duration::from_millis(100)).await;
            assert_eq!(invalid.stop(), None);
        }
        assert!(locked(&invalid.0).steps.len() <= 62);
    }
}
