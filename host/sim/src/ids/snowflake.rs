//! Snowflakes: Discord's ordered 64-bit ids, with the milliseconds since Discord's epoch in their upper 42 bits.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds from the Unix epoch to Discord's (2015-01-01T00:00:00Z).
/// <https://discord.com/developers/docs/reference#snowflakes>
pub(crate) const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

/// A Discord id. On the wire it is a decimal string; a JSON number is accepted too, because discord.py sends those.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Snowflake(pub u64);

impl Snowflake {
    /// When the id was created, in milliseconds since the Unix epoch.
    pub fn unix_ms(self) -> u64 {
        (self.0 >> 22) + DISCORD_EPOCH_MS
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<u64> for Snowflake {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl FromStr for Snowflake {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Snowflake {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id;
        impl Visitor<'_> for Id {
            type Value = Snowflake;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a snowflake: a decimal string or a whole number")
            }
            fn visit_u64<E: de::Error>(self, id: u64) -> Result<Snowflake, E> {
                Ok(Snowflake(id))
            }
            /// TOML's integers are signed.
            fn visit_i64<E: de::Error>(self, id: i64) -> Result<Snowflake, E> {
                let wrong = || E::invalid_value(de::Unexpected::Signed(id), &self);
                u64::try_from(id).map(Snowflake).map_err(|_| wrong())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Snowflake, E> {
                text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Id)
    }
}

/// Hands out ids that always grow, even if the clock goes back.
#[derive(Debug, Default)]
pub(crate) struct SnowflakeSource {
    last: AtomicU64,
}

impl SnowflakeSource {
    /// Makes all further ids larger than `id`.
    pub(crate) fn start_after(&mut self, id: Snowflake) {
        *self.last.get_mut() = id.0.max(*self.last.get_mut());
    }

    pub(crate) fn last(&self) -> Snowflake {
        Snowflake(self.last.load(Ordering::Relaxed))
    }

    pub(crate) fn next(&self, unix_ms: u64) -> Snowflake {
        let of_now = unix_ms.saturating_sub(DISCORD_EPOCH_MS) << 22;
        let next = |last: u64| of_now.max(last + 1);
        let before = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        let (Ok(last) | Err(last)) = before;
        Snowflake(next(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_steps_back() {
        let source = SnowflakeSource::default();
        let first = source.next(DISCORD_EPOCH_MS + 5_000);
        let second = source.next(DISCORD_EPOCH_MS + 1_000);
        assert!(second > first);
        assert_eq!(first.unix_ms(), DISCORD_EPOCH_MS + 5_000);
    }

    #[test]
    fn an_id_is_read_from_a_string_and_from_a_number() {
        assert_eq!(serde_json::from_str::<Snowflake>("\"42\"").unwrap(), Snowflake(42));
        assert_eq!(serde_json::from_str::<Snowflake>("42").unwrap(), Snowflake(42));
        assert!(serde_json::from_str::<Snowflake>("\"x\"").is_err());
    }
}
