//! Cron expressions, as far as they can be checked at compile time. The host parses the rest (`L`, `W`, `#`) when the
//! cog is set up. <https://man7.org/linux/man-pages/man5/crontab.5.html>

use syn::{Error, LitStr, Result};

/// A field: its name, its smallest and largest value, and names for the values, beginning with the smallest.
struct Field {
    name: &'static str,
    values: (u8, u8),
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: [Field; 5] = [
    Field { name: "minute", values: (0, 59), names: &[] },
    Field { name: "hour", values: (0, 23), names: &[] },
    Field { name: "day of month", values: (1, 31), names: &[] },
    Field { name: "month", values: (1, 12), names: MONTHS },
    // Sunday is both 0 and 7.
    Field { name: "day of week", values: (0, 7), names: DAYS },
];

/// The lengths of the months, in a leap year.
const LENGTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Checks that it can be parsed, and that it ever matches a date.
pub(crate) fn check(text: &LitStr) -> Result<()> {
    let value = text.value();
    let unfit = |why: String| Error::new(text.span(), why);
    let fields: Vec<&str> = value.split_whitespace().collect();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "*/,-#?".contains(letter);
    if fields.len() != FIELDS.len() || !fields.iter().all(|field| field.chars().all(fits)) {
        return Err(unfit(format!(
            "`{value}` is not a cron expression; it has five fields: minute, hour, day of month, month and \
             day of week, such as `0 18 * * fri`"
        )));
    }
    let mut all = Vec::new();
    for (field, text) in FIELDS.iter().zip(&fields) {
        all.push(field.values_of(text).map_err(|why| unfit(format!("`{value}`: {why}")))?);
    }
    // If a day of week is given as well, it is enough that either matches.
    if let ([_, _, Some(days), Some(months), _], "*" | "?") = (&all[..], fields[4]) {
        let length = |month: &u8| LENGTHS[usize::from(month - 1)];
        if !months.iter().any(|month| days.iter().any(|day| *day <= length(month))) {
            return Err(unfit(format!("`{value}` never occurs: none of these months has such a day")));
        }
    }
    Ok(())
}

impl Field {
    /// The values that a text stands for; `None` if they cannot be determined here.
    fn values_of(&self, text: &str) -> std::result::Result<Option<Vec<u8>>, String> {
        if text.contains(['#', '?']) || text.split([',', '-', '/']).any(|word| self.is_of_calendar(word)) {
            return Ok(None);
        }
        let mut all = Vec::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (
                    range,
                    step.parse()
                        .ok()
                        .filter(|step| *step > 0)
                        .ok_or_else(|| format!("`{step}` is not a step; write `*/5`"))?,
                ),
                None => (part, 1),
            };
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => self.values,
                Some((first, last)) => (self.value(first)?, self.value(last)?),
                // After a single value, a step continues to the maximum.
                None if part.contains('/') => (self.value(range)?, self.values.1),
                None => (self.value(range)?, self.value(range)?),
            };
            if first > last {
                return Err(format!(
                    "`{range}` starts after its end; write `{last}-{first}`, or two ranges with a comma"
                ));
            }
            all.extend((first..=last).step_by(step));
        }
        Ok(Some(all))
    }

    fn value(&self, text: &str) -> std::result::Result<u8, String> {
        let (min, max) = self.values;
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value =
            named.and_then(|at| u8::try_from(at).ok()).map(|at| at + min).or_else(|| text.parse().ok());
        value.filter(|value| (min..=max).contains(value)).ok_or_else(|| {
            let names = match self.names {
                [first, .., last] => format!(", or `{first}` to `{last}`"),
                _ => String::new(),
            };
            format!("`{text}` is not a valid {}, which is from {min} to {max}{names}", self.name)
        })
    }

    /// Whether it is `L`, `15W` or `friL`, whose day depends on the month.
    fn is_of_calendar(&self, word: &str) -> bool {
        let value = word.trim_end_matches(['L', 'W', 'l', 'w']);
        let is_value = value.bytes().all(|byte| byte.is_ascii_digit())
            || self.names.iter().any(|name| name.eq_ignore_ascii_case(value));
        self.name.starts_with("day") && value.len() < word.len() && is_value
    }
}

#[cfg(test)]
mod tests {
    use croner::parser::{CronParser, Seconds, Year};
    use jiff::civil::{DateTime, date};
    use proc_macro2::Span;

    use super::*;

    /// The host's parser accepts more than is checked here; of what is refused here, it accepts only a superfluous
    /// comma.
    #[test]
    fn expressions_that_occur_are_accepted() {
        let hours = ["*", "9", "24", "*/2", "9-17", "5-1", "5/2", "*/0", "1,2"];
        let days = ["*", "?", "1", "32", "0", "31", "30,31", "L", "15W", "LW", "L-3", "1-31/2", "1,L", "1l"];
        let months = ["*", "2", "jan", "feb,apr", "JAN-mar", "dec-jan", "13", "*/3", "?", "foo"];
        let weekdays = [
            "*", "?", "0", "7", "8", "fri", "fri-mon", "5L", "monL", "friL", "sunl", "mon#2", "fri#L", "6-0",
        ];
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let now: DateTime = date(2026, 1, 1).into();
        for (hour, day) in hours.iter().flat_map(|hour| days.iter().map(move |day| (hour, day))) {
            for (month, weekday) in
                months.iter().flat_map(|month| weekdays.iter().map(move |weekday| (month, weekday)))
            {
                let text = format!("0 {hour} {day} {month} {weekday}");
                if let Err(why) = check(&LitStr::new(&text, Span::call_site())) {
                    let cron = parser.parse(&text).ok();
                    let next = cron.and_then(|cron| cron.find_next_occurrence(&now, false).ok());
                    assert!(next.is_none(), "{text} comes, and is refused: {why}");
                }
            }
        }
    }

    #[test]
    fn an_expression_needs_five_valid_fields() {
        let table = [
            ("0 18 * * fri", ""),
            ("*/5 * * * 1-5", ""),
            ("0 0 29 2 *", ""),
            ("0 0 31 jan,Feb *", ""),
            ("0 0 30 2 mon", ""),
            ("5/20 0 1-7/2 * 7", ""),
            ("0 9 L * *", ""),
            ("0 9 15W * mon#2", ""),
            ("0 9 ? * 5L", ""),
            ("0 18 * *", "five fields"),
            ("now", "five fields"),
            ("0 0 30 2 *", "never occurs"),
            ("0 0 31 feb,apr *", "never occurs"),
            ("61 9 * * *", "`61` is not a valid minute, which is from 0 to 59"),
            ("0 9 * foo *", "`foo` is not a valid month, which is from 1 to 12, or `jan` to `dec`"),
            ("0 9 0 * *", "`0` is not a valid day of month"),
            ("0 9 * * 8", "`8` is not a valid day of week"),
            ("*/0 * * * *", "`0` is not a step"),
            ("5-1 * * * *", "starts after its end"),
            (", * * * *", "`` is not a valid minute"),
        ];
        for (text, expected) in table {
            let found = check(&LitStr::new(text, Span::call_site()));
            let said = found.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{text}: {said}");
        }
    }
}
