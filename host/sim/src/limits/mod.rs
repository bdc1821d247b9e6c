//! Rate limits: how often an account calls which route, what the headers report, and when a call is refused.

mod table;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::ids::Timestamp;
use crate::limits::table::{GLOBAL, INVALID, Limit};

/// How many windows are kept; beyond that, those that are over are dropped.
const MAX_WINDOWS: usize = 10_000;

/// What the headers of a reply say about its bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quota {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) reset: Timestamp,
    pub(crate) reset_after: Duration,
    /// Identifies the route only: calls to two channels have the same bucket, but are counted separately.
    pub(crate) bucket: u64,
}

impl Quota {
    /// What the headers promise when nothing is counted; `None` on routes without limits, because hikari reports
    /// headers there.
    pub(crate) fn promised(method: &str, path: &str, now: Timestamp) -> Option<Self> {
        if table::is_free(&segments(path)) {
            return None;
        }
        let (reset_after, bucket) = (Duration::from_secs(1), plain_bucket(method, path));
        Some(Self { limit: 1000, remaining: 999, reset: Timestamp(now.0 + 1000), reset_after, bucket })
    }

    /// The same quota with nothing left for a while.
    pub(crate) fn used_up(self, wait: Duration) -> Self {
        let now = self.reset.0.saturating_sub(self.reset_after.as_millis() as u64);
        Self { remaining: 0, reset: Timestamp(now) + wait, reset_after: wait, ..self }
    }
}

/// The verdict on a call before it is carried out.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It may be carried out; `None` if it is not counted.
    Granted(Option<Quota>),
    /// Too many calls on this route.
    Refused(Quota),
    /// Too many calls of this account on all routes.
    RefusedGlobally(Duration),
    /// The address is banned because it sent too many invalid calls.
    Banned(Duration),
}

/// A call, as far as it matters for counting.
pub(crate) struct CountedCall<'a> {
    /// The account, or the address of a caller without one.
    pub(super) account: u64,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
}

/// All counts.
#[derive(Default)]
pub(crate) struct Limits {
    /// By account and bucket with its major parameter.
    windows: HashMap<u64, Window>,
    invalid: Option<Window>,
}

/// A period that begins with the first call in it.
#[derive(Clone, Copy)]
struct Window {
    ends: Timestamp,
    calls: u32,
}

impl Window {
    fn is_over(self, now: Timestamp) -> bool {
        now >= self.ends
    }

    fn left(self, now: Timestamp) -> Duration {
        Duration::from_millis(self.ends.0.saturating_sub(now.0))
    }

    /// Counts a call; false if it exceeds the limit.
    fn count(window: &mut Option<Self>, limit: &Limit, now: Timestamp) -> (Self, bool) {
        let fresh = Self { ends: Timestamp(now.0 + limit.within.as_millis() as u64), calls: 0 };
        let mut current = window.filter(|window| !window.is_over(now)).unwrap_or(fresh);
        let fits = current.calls < limit.calls;
        current.calls += u32::from(fits);
        *window = Some(current);
        (current, fits)
    }
}

impl Limits {
    /// Counts a call and decides whether it may be carried out.
    pub(crate) fn count(&mut self, call: &CountedCall<'_>, now: Timestamp) -> Verdict {
        if let Some(window) = self.invalid
            && window.calls >= INVALID.calls
            && !window.is_over(now)
        {
            return Verdict::Banned(window.left(now));
        }
        let segments = segments(call.path);
        if table::is_free(&segments) {
            return Verdict::Granted(None);
        }
        // A webhook is authenticated by its own token: the call is not made by its application.
        if segments.first() != Some(&"webhooks") {
            let (window, fits) = self.within(key(call.account, GLOBAL.name, &[]), &GLOBAL, now);
            if !fits {
                return Verdict::RefusedGlobally(window.left(now));
            }
        }
        let limit = table::limit_of(call.method, &segments);
        let (window, fits) = self.within(key(call.account, limit.name, &major(&segments)), limit, now);
        let quota = Quota {
            limit: limit.calls,
            remaining: limit.calls - window.calls,
            reset: window.ends,
            reset_after: window.left(now),
            bucket: key(0, limit.name, &[]),
        };
        if fits { Verdict::Granted(Some(quota)) } else { Verdict::Refused(quota) }
    }

    /// Counts a response that marks the call as invalid.
    pub(crate) fn count_invalid(&mut self, now: Timestamp) {
        Window::count(&mut self.invalid, &INVALID, now);
    }

    /// Invalid calls in the current ten minutes.
    pub(crate) fn invalid(&self, now: Timestamp) -> u32 {
        self.invalid.filter(|window| !window.is_over(now)).map_or(0, |window| window.calls)
    }

    fn within(&mut self, key: u64, limit: &Limit, now: Timestamp) -> (Window, bool) {
        if self.windows.len() >= MAX_WINDOWS && !self.windows.contains_key(&key) {
            self.windows.retain(|_, window| !window.is_over(now));
        }
        let mut window = self.windows.get(&key).copied();
        let counted = Window::count(&mut window, limit, now);
        // Even if all windows are current, their number is limited: those beyond it are not stored.
        if self.windows.len() < MAX_WINDOWS || self.windows.contains_key(&key) {
            self.windows.insert(key, counted.0);
        }
        counted
    }
}

/// The resource that is counted separately: a channel, a guild, or a webhook with its token.
/// <https://discord.com/developers/docs/topics/rate-limits#rate-limits>
fn major<'a>(segments: &[&'a str]) -> Vec<&'a str> {
    match segments {
        ["channels" | "guilds", id, ..] => vec![id],
        ["webhooks", id, token, ..] => vec![id, token],
        ["webhooks", id] => vec![id],
        _ => Vec::new(),
    }
}

fn key(account: u64, name: &str, major: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (account, name, major).hash(&mut hasher);
    hasher.finish()
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

/// The bucket of a route while nothing is counted: its method and its shape without ids.
fn plain_bucket(method: &str, path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    method.hash(&mut hasher);
    for segment in
        path.split('/').filter(|segment| !segment.starts_with(|first: char| first.is_ascii_digit()))
    {
        segment.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(limits: &mut Limits, path: &str, at: u64) -> Verdict {
        limits.count(&CountedCall { account: 1, method: "POST", path }, Timestamp(at))
    }

    #[test]
    fn five_messages_in_five_seconds_per_channel() {
        let mut limits = Limits::default();
        for n in 0..5 {
            let Verdict::Granted(Some(quota)) = post(&mut limits, "/channels/1/messages", 100 * n) else {
                panic!("message {n}")
            };
            assert_eq!((quota.limit, quota.remaining, quota.reset.0), (5, 4 - n as u32, 5000));
        }
        let Verdict::Refused(quota) = post(&mut limits, "/channels/1/messages", 1500) else { panic!() };
        assert_eq!((quota.remaining, quota.reset_after), (0, Duration::from_millis(3500)));
        let Verdict::Granted(Some(other)) = post(&mut limits, "/channels/2/messages", 1500) else { panic!() };
        assert_eq!(other.bucket, quota.bucket);
        assert!(matches!(post(&mut limits, "/channels/1/messages", 5000), Verdict::Granted(_)));
    }

    #[test]
    fn fifty_calls_a_second_on_all_routes_but_answers_to_interactions_are_free() {
        let mut limits = Limits::default();
        for n in 0..50 {
            let path = format!("/channels/{n}/typing");
            assert!(matches!(post(&mut limits, &path, 0), Verdict::Granted(_)));
        }
        let refused = post(&mut limits, "/channels/99/typing", 200);
        assert_eq!(refused, Verdict::RefusedGlobally(Duration::from_millis(800)));
        assert_eq!(post(&mut limits, "/interactions/1/token/callback", 200), Verdict::Granted(None));
        assert!(matches!(post(&mut limits, "/webhooks/1/token", 200), Verdict::Granted(Some(_))));
        assert!(matches!(post(&mut limits, "/channels/99/typing", 1000), Verdict::Granted(_)));
    }

    #[test]
    fn ten_thousand_invalid_calls_end_in_a_ban_until_the_ten_minutes_are_over() {
        let mut limits = Limits::default();
        for _ in 0..10_000 {
            limits.count_invalid(Timestamp(0));
        }
        assert_eq!(limits.invalid(Timestamp(0)), 10_000);
        assert_eq!(post(&mut limits, "/x", 1000), Verdict::Banned(Duration::from_millis(599_000)));
        assert!(matches!(post(&mut limits, "/x", 600_000), Verdict::Granted(_)));
        assert_eq!(limits.invalid(Timestamp(600_000)), 0);
    }

    #[test]
    fn windows_are_bounded() {
        let mut limits = Limits::default();
        for channel in 0..MAX_WINDOWS as u64 * 2 {
            post(&mut limits, &format!("/channels/{channel}/messages"), channel * 20);
        }
        assert!(limits.windows.len() <= MAX_WINDOWS);
    }
}
