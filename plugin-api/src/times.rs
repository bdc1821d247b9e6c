//! Wall-clock times: when a cron expression is due in its time zone. Used by the host to plan tasks, and by the test
//! kit.
//!
//! On the two days a year on which the clocks are put forward and back, a time of day is treated as in cron
//! (<https://man7.org/linux/man-pages/man8/cron.8.html>): an expression that names its hours and minutes, without `*`,
//! means these times of day. A time in the gap runs when the gap is over; a time that occurs twice runs the first time
//! only. With a `*` in one of the two fields, the expression is a rhythm, which continues in real time: nothing runs in
//! the gap, and the doubled hour is an hour like any other.

use std::{error, fmt};

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{
    Timestamp, Zoned,
    civil::DateTime,
    tz::{self, AmbiguousOffset, TimeZone},
};

/// Wall-clock times in a zone. Two of them are equal if they were written in the same way.
#[derive(Clone, Debug)]
pub struct Times {
    cron: Cron,
    zone: TimeZone,
    /// Whether it names times of day; otherwise it is a rhythm in real time.
    names_times: bool,
    /// As the cog wrote it.
    expression: String,
    zone_name: String,
}

/// Why a task cannot be planned at wall-clock times.
#[derive(Debug)]
pub enum TimesError {
    /// The zone is not in the database.
    Zone {
        /// What was written.
        zone: String,
        /// The most similar name.
        near: Option<String>,
    },
    /// The expression cannot be read.
    Expression {
        /// What was written.
        expression: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no such date.
    Never(String),
}

impl fmt::Display for TimesError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone { zone, near } => {
                write!(out, "`{zone}` is not an IANA time zone")?;
                near.iter().try_for_each(|near| write!(out, "; did you mean `{near}`?"))
            }
            Self::Expression { expression, why } => write!(
                out,
                "`{expression}` is not a cron expression of five fields (minute, hour, day of month, \
                 month, day of week): {why}"
            ),
            Self::Never(expression) => write!(out, "`{expression}` never occurs"),
        }
    }
}

impl error::Error for TimesError {}

impl Times {
    /// Reads an expression of five fields, for a zone such as `Europe/Berlin`. `now` is in milliseconds since the Unix
    /// epoch.
    ///
    /// # Errors
    /// If one of the two cannot be read, or the expression names no time after `now`.
    pub fn read(expression: &str, zone: &str, now: u64) -> Result<Times, TimesError> {
        let found = TimeZone::get(zone)
            .map_err(|_| TimesError::Zone { zone: zone.to_owned(), near: nearest_zone(zone) })?;
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let fields = expression.split_whitespace().count();
        let cron = match fields {
            5 => parser.parse(expression).map_err(|error| error.to_string()),
            fields => Err(format!("it has {fields}")),
        };
        let cron = cron.map_err(|why| TimesError::Expression {
            expression: expression.to_owned(),
            why: why.trim_end_matches('.').to_owned(),
        })?;
        let names_times = expression.split_whitespace().take(2).all(|field| !field.contains('*'));
        let (expression, zone_name) = (expression.to_owned(), zone.to_owned());
        let times = Times { cron, zone: found, names_times, expression, zone_name };
        match times.after(now) {
            Some(_) => Ok(times),
            None => Err(TimesError::Never(times.expression)),
        }
    }

    /// The first of its times after `unix_ms`; both are in milliseconds since the Unix epoch.
    #[must_use]
    pub fn after(&self, unix_ms: u64) -> Option<u64> {
        let after = timestamp(unix_ms);
        let next = match self.names_times {
            true => self.next_time_of_day(after)?,
            false => {
                let now = Zoned::new(after, self.zone.clone());
                self.cron.find_next_occurrence(&now, false).ok()?.timestamp()
            }
        };
        next.as_millisecond().try_into().ok()
    }

    fn next_time_of_day(&self, after: Timestamp) -> Option<Timestamp> {
        let mut civil: DateTime = self.zone.to_datetime(after);
        loop {
            civil = self.cron.find_next_occurrence(&civil, false).ok()?;
            let at = self.moment_of(civil)?;
            // In the second of two doubled hours, its times have already passed.
            if at > after {
                return Some(at);
            }
        }
    }

    /// When the wall clock first shows that time, or is put forward past it.
    fn moment_of(&self, civil: DateTime) -> Option<Timestamp> {
        let as_if = |offset: tz::Offset| offset.to_timestamp(civil).ok();
        match self.zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => as_if(offset),
            AmbiguousOffset::Fold { before, .. } => as_if(before),
            AmbiguousOffset::Gap { after, .. } => {
                let gap = self.zone.following(as_if(after)?).next()?;
                Some(gap.timestamp())
            }
        }
    }
}

impl PartialEq for Times {
    fn eq(&self, other: &Self) -> bool {
        (&self.expression, &self.zone_name) == (&other.expression, &other.zone_name)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.expression, self.zone_name)
    }
}

fn timestamp(unix_ms: u64) -> Timestamp {
    let millis = i64::try_from(unix_ms).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

fn nearest_zone(zone: &str) -> Option<String> {
    let alike =
        |name: &str| strsim::normalized_damerau_levenshtein(&zone.to_lowercase(), &name.to_lowercase());
    // `Berlin` is the end of a name.
    let city = |name: &str| name.rsplit('/').next().map_or(0.0, &alike);
    tz::db()
        .available()
        .map(|name| (alike(name.as_str()).max(city(name.as_str())), name.to_string()))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .filter(|(likeness, _)| *likeness > 0.7)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The runs of a task in Berlin after a given time.
    fn runs(expression: &str, after: &str, count: usize) -> Vec<String> {
        let mut at: Timestamp = after.parse().expect("a timestamp");
        let now = at.as_millisecond().try_into().expect("after the epoch");
        let times = Times::read(expression, "Europe/Berlin", now).expect("it can be read");
        let zone = TimeZone::get("Europe/Berlin").expect("it is brought along");
        let next = |_| {
            at = timestamp(
                times.after(at.as_millisecond().try_into().expect("after the epoch")).expect("it comes"),
            );
            Zoned::new(at, zone.clone()).strftime("%d %H:%M %:z").to_string()
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn a_time_of_day_is_kept_across_daylight_saving_time() {
        let expected = ["28 09:00 +01:00", "29 09:00 +02:00", "30 09:00 +02:00"];
        assert_eq!(runs("0 9 * * *", "2026-03-28T08:00:00+01:00", 3), expected);
        let expected = ["24 09:00 +02:00", "25 09:00 +01:00", "26 09:00 +01:00"];
        assert_eq!(runs("0 9 * * *", "2026-10-24T08:00:00+02:00", 3), expected);
    }

    #[test]
    fn a_time_inside_the_gap_runs_after_the_gap() {
        // At 02:00 the clocks are put forward to 03:00.
        let expected = ["28 02:30 +01:00", "29 03:00 +02:00", "30 02:30 +02:00"];
        assert_eq!(runs("30 2 * * *", "2026-03-28T01:00:00+01:00", 3), expected);
        // Several runs in one gap become one run, together with one that is due then.
        let expected = ["29 03:00 +02:00", "30 02:10 +02:00", "30 02:50 +02:00", "30 03:00 +02:00"];
        assert_eq!(runs("10,50 2 * * *", "2026-03-29T01:59:59+01:00", 3), expected[..3]);
        assert_eq!(
            runs("0 2,3 * * *", "2026-03-29T01:59:59+01:00", 2),
            ["29 03:00 +02:00", "30 02:00 +02:00"]
        );
    }

    #[test]
    fn a_repeated_time_runs_only_the_first_time() {
        // At 03:00 the clocks are put back to 02:00.
        let expected = ["25 02:30 +02:00", "26 02:30 +01:00"];
        assert_eq!(runs("30 2 * * *", "2026-10-25T00:00:00+02:00", 2), expected);
        assert_eq!(runs("30 2 * * *", "2026-10-25T02:10:00+01:00", 1), expected[1..]);
        assert_eq!(runs("30 2,4 * * *", "2026-10-25T02:30:00+02:00", 1), ["25 04:30 +01:00"]);
    }

    #[test]
    fn an_interval_continues_in_real_time() {
        let expected = ["29 01:30 +01:00", "29 03:00 +02:00", "29 03:30 +02:00"];
        assert_eq!(runs("*/30 * * * *", "2026-03-29T01:00:00+01:00", 3), expected);
        let expected = ["25 02:30 +02:00", "25 02:00 +01:00", "25 02:30 +01:00", "25 03:00 +01:00"];
        assert_eq!(runs("*/30 * * * *", "2026-10-25T02:00:00+02:00", 4), expected);
    }

    #[test]
    fn names_of_days_and_months_and_both_kinds_of_day_are_understood() {
        assert_eq!(
            runs("0 18 * * fri", "2026-11-02T00:00:00+01:00", 2),
            ["06 18:00 +01:00", "13 18:00 +01:00"]
        );
        // As in cron: if both days are given, either is enough.
        let expected = ["03 08:00 +01:00", "10 08:00 +01:00", "15 08:00 +01:00"];
        assert_eq!(runs("0 8 15 * tue", "2026-11-01T00:00:00+01:00", 3), expected);
        assert_eq!(runs("0 0 29 feb *", "2026-11-01T00:00:00+01:00", 1), ["29 00:00 +01:00"]);
    }

    #[test]
    fn errors_name_the_zone_and_the_expression() {
        let refused = |expression: &str, zone: &str| {
            Times::read(expression, zone, 0).expect_err("it cannot be read").to_string()
        };
        let berlin = |expression: &str| refused(expression, "Europe/Berlin");
        assert_eq!(
            refused("0 9 * * *", "Europe/Berln"),
            "`Europe/Berln` is not an IANA time zone; did you mean `Europe/Berlin`?"
        );
        assert_eq!(refused("0 9 * * *", "Mars"), "`Mars` is not an IANA time zone");
        for (wrong, why) in [
            ("0 9 * *", ": it has 4"),
            ("0 0 9 * * *", ": it has 6"),
            ("61 9 * * *", "61"),
            ("@daily", "it has 1"),
        ] {
            let error = berlin(wrong);
            assert!(
                error.starts_with(&format!("`{wrong}` is not a cron expression")) && error.contains(why),
                "{error}"
            );
        }
        assert_eq!(berlin("0 0 30 2 *"), "`0 0 30 2 *` never occurs");
    }
}
