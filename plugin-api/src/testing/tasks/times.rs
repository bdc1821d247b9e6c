//! Times of the wall clock in some zone, as the host reads them: see [`Task::cron`](crate::manifest::Task::cron).

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{
    Timestamp, Zoned,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset, TimeZone},
};

/// A cron expression in its zone.
#[derive(Clone)]
pub(super) struct Times {
    cron: Cron,
    zone: TimeZone,
    /// Whether times of day are meant; else a rhythm in real time.
    names_times: bool,
    /// As the cog wrote both.
    written: (String, String),
}

impl PartialEq for Times {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Times {
    /// Reads both, and when they come first after `now`, in milliseconds since the Unix epoch.
    pub(super) fn read(expression: &str, zone: &str, now: u64) -> Result<(Self, u64), String> {
        let found =
            TimeZone::get(zone).map_err(|_| format!("`{zone}` is no time zone of the IANA database"))?;
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let fields = expression.split_whitespace().count();
        let parsed = match fields {
            5 => parser.parse(expression).map_err(|error| error.to_string()),
            fields => Err(format!("it has {fields}")),
        };
        let cron = parsed.map_err(|error| {
            format!("`{expression}` is no cron expression of five fields (minute, hour, day of month, month, day of week): {error}")
        })?;
        let names_times = expression.split_whitespace().take(2).all(|field| !field.contains('*'));
        let written = (expression.to_owned(), zone.to_owned());
        let times = Self { cron, zone: found, names_times, written };
        let first = times.after(now).ok_or_else(|| format!("`{expression}` never comes"))?;
        Ok((times, first))
    }

    /// The first of them after a moment.
    pub(super) fn after(&self, unix_ms: u64) -> Option<u64> {
        let after = Timestamp::from_millisecond(i64::try_from(unix_ms).ok()?).ok()?;
        let next = match self.names_times {
            true => self.time_of_day_after(after)?,
            false => {
                let now = Zoned::new(after, self.zone.clone());
                self.cron.find_next_occurrence(&now, false).ok()?.timestamp()
            }
        };
        next.as_millisecond().try_into().ok()
    }

    fn time_of_day_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut civil: DateTime = self.zone.to_datetime(after);
        loop {
            civil = self.cron.find_next_occurrence(&civil, false).ok()?;
            let at = self.moment_of(civil)?;
            // In the second of two doubled hours its times have been.
            if at > after {
                return Some(at);
            }
        }
    }

    /// When the wall clock first shows that time, or is put forward over it.
    fn moment_of(&self, civil: DateTime) -> Option<Timestamp> {
        let as_if = |offset: Offset| offset.to_timestamp(civil).ok();
        match self.zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => as_if(offset),
            AmbiguousOffset::Fold { before, .. } => as_if(before),
            AmbiguousOffset::Gap { after, .. } => {
                Some(self.zone.following(as_if(after)?).next()?.timestamp())
            }
        }
    }
}
