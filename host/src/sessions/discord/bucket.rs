//! One bucket of Discord's rate limits: how many requests are left in the current window, and what each answer
//! changes. It does not know which requests share it, and sends nothing.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::error::Throttle;
use super::headers::{Headers, seconds};
use super::limits::{TooLong, locked};

/// The counts of one bucket, for one channel, guild or webhook.
pub(super) struct Bucket {
    window: Mutex<Window>,
    /// Requests that wait for their turn; the first of them holds the lock. Without the queue the last to arrive
    /// could be served first, and the others would wait until their deadline.
    queue: tokio::sync::Mutex<()>,
    /// Notified at every answer; only requests that cannot name a time wait for it.
    answered: Notify,
}

struct Window {
    /// Requests per window; `None` before the first answer, [`UNLIMITED`] if that named no limit.
    limit: Option<u32>,
    remaining: u32,
    in_flight: u32,
    ends: Instant,
    /// The longest time seen between an answer and the end of its window: about the length of a window.
    length: Duration,
    /// When Discord says the window ends, in seconds since 1970; tells two windows apart.
    reset: f64,
    /// Nothing is sent before this time, whatever the window says: Discord has refused a request.
    closed_until: Instant,
}

const UNLIMITED: u32 = u32::MAX;

/// When the caller may send.
enum Turn {
    /// Now; the request is counted.
    Now,
    /// Not before this time.
    At(Instant),
    /// Not before one of the requests in flight is answered.
    AfterAnswer,
}

impl Bucket {
    /// `limit` is the limit that the same route has elsewhere, if it is known.
    pub(super) fn new(limit: Option<u32>) -> Bucket {
        let limit = limit.map(at_least_one);
        let now = Instant::now();
        let window = Window {
            limit,
            remaining: limit.unwrap_or(1),
            in_flight: 0,
            ends: now,
            length: Duration::ZERO,
            reset: 0.0,
            closed_until: now,
        };
        Bucket { window: Mutex::new(window), queue: tokio::sync::Mutex::default(), answered: Notify::new() }
    }

    /// Waits for the caller's turn, first come, first served, but not beyond `deadline`. The request is then counted.
    pub(super) async fn turn(&self, deadline: Instant) -> Result<(), TooLong> {
        if let Ok(_head) = self.queue.try_lock()
            && let Turn::Now = locked(&self.window).take()
        {
            return Ok(());
        }
        let opens = locked(&self.window).opens();
        within(opens, deadline)?;
        let Ok(_head) = tokio::time::timeout_at(deadline, self.queue.lock()).await else {
            let opens = locked(&self.window).opens();
            let wait = opens.saturating_duration_since(Instant::now());
            return Err(TooLong { why: Throttle::Route, wait });
        };
        loop {
            // The lock must not be held while waiting.
            let turn = locked(&self.window).take();
            match turn {
                Turn::Now => return Ok(()),
                Turn::At(at) => {
                    within(at, deadline)?;
                    tokio::time::sleep_until(at).await;
                }
                Turn::AfterAnswer => self.wait_for_answer(deadline).await?,
            }
        }
    }

    /// Waits until an answer may have changed whose turn it is.
    async fn wait_for_answer(&self, deadline: Instant) -> Result<(), TooLong> {
        let answered = self.answered.notified();
        tokio::pin!(answered);
        answered.as_mut().enable();
        // The last request in flight may have been answered between `take` and `enable`.
        if locked(&self.window).in_flight == 0 {
            return Ok(());
        }
        let too_long = |_| TooLong { why: Throttle::Route, wait: Duration::ZERO };
        tokio::time::timeout_at(deadline, answered).await.map_err(too_long)
    }

    /// A request is no longer in flight: it was answered with these headers, or given up.
    pub(super) fn give_back(&self, headers: Option<&Headers>) {
        let mut window = locked(&self.window);
        window.in_flight = window.in_flight.saturating_sub(1);
        if let Some(headers) = headers {
            window.update(headers);
        }
        drop(window);
        self.answered.notify_waiters();
    }

    /// These headers answer a request that was counted in another bucket.
    pub(super) fn note(&self, headers: &Headers) {
        locked(&self.window).update(headers);
        self.answered.notify_waiters();
    }

    /// A request was answered 429: the bucket stays closed for `wait`.
    pub(super) fn block(&self, wait: Duration) {
        let mut window = locked(&self.window);
        window.limit = Some(window.limit.filter(|limit| *limit != UNLIMITED).unwrap_or(1));
        window.closed_until = window.closed_until.max(Instant::now() + wait);
        window.stay_closed();
        drop(window);
        self.answered.notify_waiters();
    }

    /// Whether the bucket can be forgotten without any effect.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let window = locked(&self.window);
        window.in_flight == 0 && window.ends <= now
    }
}

/// A limit of 0, as a proxy may send it, would let nothing through forever, so one request at a time is allowed.
fn at_least_one(limit: u32) -> u32 {
    limit.max(1)
}

fn within(at: Instant, deadline: Instant) -> Result<(), TooLong> {
    match at > deadline {
        true => {
            let wait = at.saturating_duration_since(Instant::now());
            Err(TooLong { why: Throttle::Route, wait })
        }
        false => Ok(()),
    }
}

impl Window {
    /// The earliest time at which anyone can have a turn, as far as is known.
    fn opens(&self) -> Instant {
        match self.remaining {
            0 => self.ends,
            _ => Instant::now(),
        }
    }

    fn take(&mut self) -> Turn {
        if self.remaining == 0 {
            let now = Instant::now();
            match self.limit {
                _ if now < self.ends => return Turn::At(self.ends),
                None if self.in_flight > 0 => return Turn::AfterAnswer,
                None => self.remaining = 1,
                Some(limit) => {
                    // Requests still in flight may be counted in the new window.
                    self.remaining = limit.saturating_sub(self.in_flight);
                    if self.remaining == 0 {
                        return Turn::AfterAnswer;
                    }
                    self.ends = now + self.length;
                }
            }
        }
        self.remaining -= 1;
        self.in_flight += 1;
        Turn::Now
    }

    fn update(&mut self, headers: &Headers) {
        let (Some(limit), Some(remaining)) = (headers.limit, headers.remaining) else {
            if self.limit.is_none() {
                (self.limit, self.remaining) = (Some(UNLIMITED), UNLIMITED);
            }
            return;
        };
        let was_unknown = self.limit.is_none_or(|known| known == UNLIMITED);
        self.limit = Some(at_least_one(limit));
        let reset = headers.reset.unwrap_or(0.0);
        if was_unknown || reset > self.reset {
            let left = seconds(headers.reset_after.unwrap_or(0.0));
            self.remaining = remaining.saturating_sub(self.in_flight);
            self.reset = reset;
            self.length = self.length.max(left);
            self.ends = Instant::now() + left;
        } else if reset == self.reset {
            // Answers of one window can arrive out of order; within a window the count only falls.
            self.remaining = self.remaining.min(remaining);
        }
        if Instant::now() < self.closed_until {
            // It answers a request that was in flight when the bucket was closed.
            self.stay_closed();
        }
    }

    fn stay_closed(&mut self) {
        self.remaining = 0;
        self.ends = self.ends.max(self.closed_until);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_to_come_is_served_first() {
        let bucket = Bucket::new(Some(2));
        let window = Headers {
            limit: Some(2),
            remaining: Some(0),
            reset: Some(100.0),
            reset_after: Some(1.0),
            ..Headers::default()
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        bucket.turn(deadline).await.unwrap();
        bucket.give_back(Some(&window));
        let served = Mutex::new(Vec::new());
        join_all((0..20).map(|number| {
            let (bucket, served) = (&bucket, &served);
            async move {
                bucket.turn(deadline).await.unwrap();
                locked(served).push(number);
                bucket.give_back(None);
            }
        }))
        .await;
        assert_eq!(locked(&served).as_slice(), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn who_may_not_wait_so_long_is_refused_at_once_and_who_gives_up_keeps_nobody() {
        let bucket = Bucket::new(Some(1));
        let now = Instant::now();
        bucket.turn(now + Duration::from_secs(1)).await.unwrap();
        bucket.block(Duration::from_secs(10));
        bucket.give_back(None);
        let mut patient = std::pin::pin!(bucket.turn(now + Duration::from_secs(60)));
        assert!(futures_util::poll!(patient.as_mut()).is_pending());
        let refused = bucket.turn(now + Duration::from_secs(5)).await.err().unwrap();
        assert_eq!((refused.wait, now.elapsed()), (Duration::from_secs(10), Duration::ZERO));
        {
            let mut given_up = std::pin::pin!(bucket.turn(now + Duration::from_secs(60)));
            assert!(futures_util::poll!(given_up.as_mut()).is_pending());
        }
        patient.await.unwrap();
        assert_eq!(now.elapsed(), Duration::from_secs(10));
    }
}
