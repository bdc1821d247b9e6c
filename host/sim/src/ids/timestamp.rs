//! A moment, and how Discord's timestamps are written and read.

use std::fmt;
use std::ops::Add;
use std::str::FromStr;
use std::time::Duration;

use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in milliseconds since the Unix epoch, written as Discord does: `2026-11-22T16:24:06.123000+00:00`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// How long before this moment `earlier` was; zero if it is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// A text that is not a timestamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid timestamp `{0}`; expected e.g. `2026-11-22T16:24:06Z`")]
pub struct ParseTimestampError(String);

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads ISO 8601 with a zone: `2026-11-22T16:24:06.123000+00:00`, `2026-11-22T16:24Z`.
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        let moment: Option<jiff::Timestamp> = text.parse().ok();
        let ms = moment.and_then(|moment| u64::try_from(moment.as_millisecond()).ok());
        ms.map(Self).ok_or_else(|| ParseTimestampError(text.to_owned()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = i64::try_from(self.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        // All moments past the year 9999 are written alike.
        let at = Offset::UTC.to_datetime(moment.unwrap_or(jiff::Timestamp::MAX));
        let (year, month, day, ms) = (at.year(), at.month(), at.day(), at.millisecond());
        let (hour, minute, second) = (at.hour(), at.minute(), at.second());
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}000+00:00")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_formatted_as_discord_does() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(Timestamp(1_709_164_800_007).to_string(), "2024-02-29T00:00:00.007000+00:00");
        assert_eq!(Timestamp(1_795_364_646_123).to_string(), "2026-11-22T16:24:06.123000+00:00");
    }

    #[test]
    fn written_worlds_can_be_read_back() {
        for ms in [0, 1_709_164_800_007, 1_795_364_646_123, 951_827_696_789, 4_102_444_799_999] {
            let moment = Timestamp(ms);
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
        for (text, ms) in [
            ("2026-11-22T16:24Z", 1_795_364_640_000),
            ("2026-11-22 16:24:06.5Z", 1_795_364_646_500),
            ("2026-11-22T18:24:06.123999+02:00", 1_795_364_646_123),
            ("2026-11-22T11:24:06.123-05:00", 1_795_364_646_123),
            ("2026-11-22T11:24:06.123-0500", 1_795_364_646_123),
            ("2026-11-22T18:24:06.123+02", 1_795_364_646_123),
        ] {
            assert_eq!(text.parse(), Ok(Timestamp(ms)), "{text}");
        }
        for text in [
            "",
            "2026-11-22",
            "2026-02-30T00:00Z",
            "0000-01-01T00:00Z",
            "2027-03-00T00:00Z",
            "2026-13-01T00:00Z",
            "2026-11-22T24:00Z",
            "2026-11-22T16:24",
            "2026-11-22T16:24+ä0",
            "2026-11-22T16:24++1",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
