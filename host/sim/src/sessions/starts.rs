//! Session starts of applications: what `GET /gateway/bot` reports, and when there are too many.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::ids::{Snowflake, Timestamp};

const DAY_MS: u64 = 24 * 3600 * 1000;
/// The time between two starts of shards with the same id modulo `max_concurrency`.
const BETWEEN: Duration = Duration::from_secs(5);

/// The session starts of all applications.
pub(crate) struct SessionStarts {
    /// How many an application has per day.
    /// <https://discord.com/developers/docs/events/gateway#session-start-limit-object>
    total: u32,
    of: HashMap<Snowflake, Count>,
}

struct Count {
    since: Timestamp,
    used: u32,
    /// The last start by shard id modulo `max_concurrency`.
    last: HashMap<u64, Timestamp>,
}

/// Why a session may not start.
#[derive(Debug, PartialEq)]
pub(crate) enum StartLimited {
    /// A shard with the same id modulo `max_concurrency` started less than five seconds ago.
    Concurrency,
    /// The day's starts are used up.
    DailyLimit,
}

impl SessionStarts {
    pub(crate) fn new(total: u32) -> Self {
        Self { total, of: HashMap::new() }
    }

    /// Counts the start of a shard.
    pub(crate) fn start(
        &mut self,
        bot: Snowflake,
        shard: u64,
        concurrency: u32,
        now: Timestamp,
    ) -> Result<(), StartLimited> {
        let key = shard % u64::from(concurrency.max(1));
        let count = self.of.entry(bot).or_insert_with(|| Count::from(now));
        if now.0.saturating_sub(count.since.0) >= DAY_MS {
            *count = Count::from(now);
        }
        if count.used >= self.total {
            return Err(StartLimited::DailyLimit);
        }
        count.used += 1;
        let before = count.last.insert(key, now);
        match before {
            Some(before) if now.0.saturating_sub(before.0) < BETWEEN.as_millis() as u64 => {
                Err(StartLimited::Concurrency)
            }
            _ => Ok(()),
        }
    }

    /// The `session_start_limit` of an application.
    pub(crate) fn json(&self, bot: Snowflake, concurrency: u32, now: Timestamp) -> Value {
        let count = self.of.get(&bot).filter(|count| now.0.saturating_sub(count.since.0) < DAY_MS);
        let used = count.map_or(0, |count| count.used);
        let since = count.map_or(now, |count| count.since);
        json!({
            "total": self.total, "remaining": self.total.saturating_sub(used),
            "reset_after": DAY_MS - now.0.saturating_sub(since.0).min(DAY_MS), "max_concurrency": concurrency.max(1),
        })
    }
}

impl Count {
    fn from(now: Timestamp) -> Self {
        Self { since: now, used: 0, last: HashMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_five_seconds_apart_unless_concurrent() {
        let (mut starts, bot) = (SessionStarts::new(1000), Snowflake(1));
        assert_eq!(starts.start(bot, 0, 2, Timestamp(0)), Ok(()));
        assert_eq!(starts.start(bot, 1, 2, Timestamp(0)), Ok(()));
        assert_eq!(starts.start(bot, 2, 2, Timestamp(4999)), Err(StartLimited::Concurrency));
        assert_eq!(starts.start(bot, 3, 2, Timestamp(5000)), Ok(()));
        assert_eq!(starts.json(bot, 2, Timestamp(5000))["remaining"], 996);
    }

    #[test]
    fn session_starts_are_limited_per_day() {
        let (mut starts, bot) = (SessionStarts::new(3), Snowflake(1));
        for n in 0..3 {
            assert_eq!(starts.start(bot, 0, 1, Timestamp(n * 5000)), Ok(()));
        }
        assert_eq!(starts.start(bot, 0, 1, Timestamp(15_000)), Err(StartLimited::DailyLimit));
        assert_eq!(starts.json(bot, 1, Timestamp(15_000))["remaining"], 0);
        assert_eq!(starts.start(Snowflake(2), 0, 1, Timestamp(15_000)), Ok(()));
        assert_eq!(starts.start(bot, 0, 1, Timestamp(DAY_MS)), Ok(()));
    }
}
