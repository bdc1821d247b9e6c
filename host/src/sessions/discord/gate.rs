//! The last thing a request passes before it is sent: the bot's requests per second, the pauses that Discord demands
//! of the bot, and the block of this address by a proxy. It knows no routes and no buckets, and sends nothing.
//!
//! Waiting requests form one queue, first come, first served, and leave it at the rate of the budget. That holds
//! after a pause too, so that its end does not cause a stampede.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::Instant;

use super::error::Throttle;
use super::headers::Headers;
use super::limits::{TooLong, locked};
use super::route::Access;
use crate::sessions::Backoff;

/// Requests of one bot per second, whatever their routes. Large bots are granted more.
/// <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
pub(super) const REQUESTS_PER_SECOND: u32 = 50;
/// A tenth of the budget may be sent at once after a quiet time; the rest is spread over the second.
const BURST_PART: u32 = 10;
/// While one pause follows another, the log warns at most this often.
const WARN_EVERY: Duration = Duration::from_secs(60);
/// Pauses while a proxy refuses everything; they double.
const FIRST_BLOCK: Duration = Duration::from_secs(1);
const LONGEST_BLOCK: Duration = Duration::from_secs(120);
/// The longest stop of all requests, whatever a server announces: a mistake must not silence a bot for a day. Longer
/// waits apply to single routes only.
const LONGEST_STOP: Duration = Duration::from_secs(3600);

/// One per token.
pub(super) struct Gate {
    /// The time between two requests while others wait.
    interval: Duration,
    /// How far the budget may be overdrawn at once.
    burst: Duration,
    /// The queue of waiting requests. The mutex guards the time when the budget is full again; the head of the queue
    /// holds it while it waits.
    queue: tokio::sync::Mutex<Instant>,
    stops: Mutex<Stops>,
}

struct Stops {
    /// Whether requests are held to the budget; see [`Gate::note_answer`].
    enforces_budget: bool,
    /// Whether the budget is certain, so that no answer can show it to be larger.
    budget_is_fixed: bool,
    /// No request of the bot is sent before this time.
    paused_until: Instant,
    /// When the log last warned of a pause.
    warned_of_pause: Option<Instant>,
    block: Option<Block>,
}

/// A proxy refuses everything from this address.
struct Block {
    since: Instant,
    until: Instant,
    backoff: Backoff,
}

/// While an address is blocked, one request at a time is sent to see whether it still is; it holds the queue until it
/// is answered.
pub(super) type Probe<'g> = MutexGuard<'g, Instant>;

impl Gate {
    /// `requests_per_second` is the budget that the operator configured; the default is Discord's.
    pub(super) fn new(requests_per_second: Option<u32>) -> Gate {
        let rate = requests_per_second.unwrap_or(REQUESTS_PER_SECOND).max(1);
        let burst = (rate / BURST_PART).max(1);
        // The burst and the spread requests together never exceed the budget in any second, wherever Discord's begins.
        let interval = Duration::from_secs(1) / (rate - burst).max(1);
        let now = Instant::now();
        let stops = Stops {
            enforces_budget: true,
            budget_is_fixed: requests_per_second.is_some(),
            paused_until: now,
            warned_of_pause: None,
            block: None,
        };
        Gate {
            interval,
            burst: interval * (burst - 1),
            queue: tokio::sync::Mutex::new(now),
            stops: Mutex::new(stops),
        }
    }

    /// Waits until a request may be sent, but not beyond `deadline`. Interactions and webhooks have tokens of their
    /// own and wait only for the end of a block.
    pub(super) async fn pass(&self, access: Access, deadline: Instant) -> Result<Option<Probe<'_>>, TooLong> {
        if access != Access::Bot && locked(&self.stops).block.is_none() {
            return Ok(None);
        }
        self.opens(access, None).within(deadline)?;
        let Ok(mut full_at) = tokio::time::timeout_at(deadline, self.queue.lock()).await else {
            let opens = self.opens(access, None);
            return Err(TooLong { why: opens.why, wait: opens.at.saturating_duration_since(Instant::now()) });
        };
        loop {
            let opens = self.opens(access, Some(*full_at));
            if opens.at <= Instant::now() {
                break;
            }
            opens.within(deadline)?;
            tokio::time::sleep_until(opens.at).await;
        }
        if access == Access::Bot {
            *full_at = (*full_at).max(Instant::now()) + self.interval;
        }
        Ok(locked(&self.stops).block.is_some().then_some(full_at))
    }

    /// A 429 that applies to every route of the bot.
    pub(super) fn pause(&self, wait: Duration) {
        let (now, wait) = (Instant::now(), wait.min(LONGEST_STOP));
        let mut stops = locked(&self.stops);
        (stops.enforces_budget, stops.budget_is_fixed) = (true, true);
        if stops.warned_of_pause.is_none_or(|warned| warned + WARN_EVERY <= now) {
            stops.warned_of_pause = Some(now);
            tracing::warn!(
                wait_ms = wait.as_millis() as u64,
                "Discord's global rate limit was reached; all requests of the bot wait. If another program uses the same token, `[discord] requests_per_second` must be lower"
            );
        }
        stops.paused_until = stops.paused_until.max(now + wait);
    }

    /// A 429 that does not come from Discord's API: a proxy in front of it refuses this address. Returns for how long
    /// nothing is sent.
    /// <https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
    pub(super) fn block(&self, announced: Option<Duration>) -> Duration {
        let (now, announced) = (Instant::now(), announced.map(|wait| wait.min(LONGEST_STOP)));
        let mut stops = locked(&self.stops);
        let is_new = stops.block.is_none();
        let block = stops.block.get_or_insert_with(|| Block {
            since: now,
            until: now,
            backoff: Backoff::new(FIRST_BLOCK, LONGEST_BLOCK),
        });
        // Requests already in flight when the block began bring no news.
        if is_new || block.until <= now {
            block.until = now + announced.unwrap_or_else(|| block.backoff.pause());
        } else if let Some(announced) = announced {
            block.until = block.until.max(now + announced);
        }
        let wait = block.until - now;
        let wait_ms = wait.as_millis() as u64;
        match is_new {
            true => tracing::error!(
                wait_ms,
                "this address is blocked: 429 from a proxy in front of Discord, without Discord's rate limit \
                 headers. Nothing is sent meanwhile; then one request at a time, after growing pauses, until \
                 Discord answers"
            ),
            false => tracing::debug!(wait_ms, "this address is still blocked"),
        }
        wait
    }

    /// Discord has answered. That ends a block, unless the request was in flight when the block began.
    pub(super) fn note_answer(&self, headers: &Headers) {
        let mut stops = locked(&self.stops);
        if let Some(block) = stops.block.take_if(|block| block.until <= Instant::now()) {
            let after_ms = block.since.elapsed().as_millis() as u64;
            tracing::info!(after_ms, "Discord answers again; this address is no longer blocked");
        }
        // A server that grants a single route more than the budget has a larger budget: the built-in Discord without
        // rate limits, or a proxy that enforces them itself. A global 429 takes it back.
        if stops.enforces_budget && !stops.budget_is_fixed && headers.grants_more_than(REQUESTS_PER_SECOND) {
            stops.enforces_budget = false;
        }
    }

    /// When a request of this kind may be sent, as far as is known. Only the head of the queue knows `full_at`.
    fn opens(&self, access: Access, full_at: Option<Instant>) -> Opens {
        let stops = locked(&self.stops);
        let why = if stops.block.is_some() { Throttle::Blocked } else { Throttle::Budget };
        let mut opens = Opens { at: Instant::now(), why };
        let mut not_before = |at: Option<Instant>, why| {
            if let Some(at) = at.filter(|at| *at > opens.at) {
                opens = Opens { at, why };
            }
        };
        if access == Access::Bot {
            let full_at = full_at.filter(|_| stops.enforces_budget);
            not_before(full_at.and_then(|at| at.checked_sub(self.burst)), Throttle::Budget);
            not_before(Some(stops.paused_until), Throttle::Global);
        }
        not_before(stops.block.as_ref().map(|block| block.until), Throttle::Blocked);
        opens
    }
}

struct Opens {
    at: Instant,
    why: Throttle,
}

impl Opens {
    fn within(&self, deadline: Instant) -> Result<(), TooLong> {
        match self.at > deadline {
            true => Err(TooLong { why: self.why, wait: self.at.saturating_duration_since(Instant::now()) }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    /// When each of `count` simultaneous requests is sent, in milliseconds.
    async fn passed(gate: &Gate, count: usize) -> Vec<u64> {
        let start = Instant::now();
        let passing = (0..count).map(|_| async {
            gate.pass(Access::Bot, later(600)).await.unwrap();
            start.elapsed().as_millis() as u64
        });
        futures_util::future::join_all(passing).await
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_requests_than_the_budget_and_none_comes_too_late() {
        for rate in [1, 2, 3, 10, 50, 1000] {
            let gate = Gate::new(Some(rate));
            let times = passed(&gate, rate as usize * 4).await;
            assert!(times.is_sorted(), "first come, first served");
            for (index, time) in times.iter().enumerate() {
                let same_second = times[index..].iter().take_while(|later| **later < time + 1000).count();
                assert!(same_second <= rate.max(2) as usize, "{same_second} in a second, of {rate}");
            }
            assert!(*times.last().unwrap() <= 8000, "{rate}: {times:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_pause_is_no_herd() {
        let gate = Gate::new(None);
        gate.pause(Duration::from_secs(3));
        let times = passed(&gate, 100).await;
        assert!(times[0] >= 3000 && times[5] > times[0] && times[99] >= 4500, "{times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_given_up_takes_nothing_from_the_others() {
        let gate = Gate::new(Some(1));
        gate.pass(Access::Bot, later(1)).await.unwrap();
        for _ in 0..100 {
            let given_up = gate.pass(Access::Bot, later(60));
            assert!(tokio::time::timeout(Duration::from_millis(1), given_up).await.is_err());
        }
        assert!(passed(&gate, 1).await[0] <= 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_block_stops_everything_and_then_lets_one_through_at_a_time_after_growing_pauses() {
        let gate = Gate::new(None);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            pauses.push(gate.block(None));
            for access in [Access::Hook, Access::Callback, Access::Bot] {
                let waiting = gate.pass(access, later(600));
                assert!(tokio::time::timeout(Duration::from_millis(100), waiting).await.is_err());
            }
            let probe = gate.pass(Access::Hook, later(600)).await.unwrap();
            assert!(probe.is_some());
            let second = gate.pass(Access::Bot, later(600));
            assert!(tokio::time::timeout(Duration::from_secs(60), second).await.is_err());
        }
        assert!(pauses[5] > pauses[0] * 8, "{pauses:?}");
        gate.note_answer(&Headers::default());
        assert!(gate.pass(Access::Callback, later(1)).await.unwrap().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_block_announces_is_kept_and_a_wait_that_is_too_long_fails_at_once() {
        let gate = Gate::new(None);
        gate.block(Some(Duration::from_secs(3600)));
        // It was in flight when the block began.
        gate.note_answer(&Headers::default());
        let before = Instant::now();
        let error = gate.pass(Access::Callback, later(60)).await.unwrap_err();
        assert_eq!((error.why, before.elapsed()), (Throttle::Blocked, Duration::ZERO));
        assert_eq!(error.wait, Duration::from_secs(3600));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_silences_a_bot_for_a_day() {
        const DAY: Duration = Duration::from_secs(86_400);
        let gate = Gate::new(None);
        assert_eq!(gate.block(Some(DAY)), LONGEST_STOP);
        gate.pause(DAY);
        let error = gate.pass(Access::Bot, later(60)).await.unwrap_err();
        assert_eq!(error.wait, LONGEST_STOP);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_grants_one_route_more_than_the_budget_is_not_held_to_it_until_it_refuses() {
        let grants =
            Headers { limit: Some(1000), remaining: Some(999), reset_after: Some(1.0), ..Headers::default() };
        let gate = Gate::new(None);
        gate.note_answer(&Headers { remaining: Some(500), ..grants });
        assert!(passed(&gate, 100).await[99] > 1000, "a window that has begun says nothing of its length");
        gate.note_answer(&grants);
        assert_eq!(passed(&gate, 1000).await[999], 0);
        gate.pause(Duration::ZERO);
        gate.note_answer(&grants);
        assert!(passed(&gate, 100).await[99] > 1000);
        let set = Gate::new(Some(50));
        set.note_answer(&grants);
        assert!(passed(&set, 100).await[99] > 1000, "the operator's word");
    }
}
