//! A moment, and how Discord writes and reads it.

use std::fmt;
use std::ops::Add;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in milliseconds since the Unix epoch, written as Discord does: `2026-11-22T16:24:06.123000+00:00`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// How long `earlier` is ago at this moment; zero if it is still to come.
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

/// A text that is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no moment; `2026-11-22T16:24:06Z` is")]
pub struct NoTimestamp(String);

impl FromStr for Timestamp {
    type Err = NoTimestamp;

    /// Reads ISO 8601 with a zone: `2026-11-22T16:24:06.123000+00:00`, `2026-11-22T16:24Z`.
    fn from_str(text: &str) -> Result<Self, NoTimestamp> {
        read(text).map(Self).ok_or_else(|| NoTimestamp(text.to_owned()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.0 / 1000, self.0 % 1000);
        let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil_date(days);
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
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

/// Year, month and day of a count of days since 1970-01-01 (Howard Hinnant's `civil_from_days`).
fn civil_date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// The inverse of [`civil_date`] (Howard Hinnant's `days_from_civil`); none for what is no date, and before 1970.
fn days_of(year: u64, month: u64, day: u64) -> Option<u64> {
    if year == 0 || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    let year_from_march = year - u64::from(month <= 2);
    let (era, year_of_era) = (year_from_march / 400, year_from_march % 400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    (civil_date(days) == (year, month, day)).then_some(days)
}

fn read(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let at_zone = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(at_zone);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':').or_else(|| {
        let [hour, minute] = numbers(time, ':')?;
        Some([hour, minute, 0])
    })?;
    let days = days_of(year, month, day)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit()) && !fraction.is_empty();
    let ms: u64 = if digits { format!("{fraction:0<3}")[..3].parse().ok()? } else { return None };
    let local = (days * 86_400 + hour * 3600 + minute * 60 + second) * 1000 + ms;
    if zone.eq_ignore_ascii_case("z") {
        return Some(local);
    }
    // ISO 8601 knows `+02:00`, `+0200` and `+02`.
    let [hours, minutes] = match *zone[1..].replace(':', "").as_bytes() {
        [a, b] => [two_digits(a, b)?, 0],
        [a, b, c, d] => [two_digits(a, b)?, two_digits(c, d)?],
        _ => return None,
    };
    let ahead = (hours * 60 + minutes) * 60_000;
    if zone.starts_with('+') { local.checked_sub(ahead) } else { local.checked_add(ahead) }
}

fn two_digits(tens: u8, ones: u8) -> Option<u64> {
    let digit = |byte: u8| char::from(byte).to_digit(10).map(u64::from);
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// Exactly `N` short numbers between separators.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[u64; N]> {
    let short = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split(separator).map(|part| if short(part) { part.parse().ok() } else { None });
    parts.collect::<Option<Vec<u64>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_discord_writes_it() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(Timestamp(1_709_164_800_007).to_string(), "2024-02-29T00:00:00.007000+00:00");
        assert_eq!(Timestamp(1_795_364_646_123).to_string(), "2026-11-22T16:24:06.123000+00:00");
    }

    #[test]
    fn what_is_written_can_be_read_back() {
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
