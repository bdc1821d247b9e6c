//! How spans of time are shown everywhere: in a unit in which they do not round to nothing.

use std::{fmt, time::Duration};

/// `0.48 ms`, `600 ms`, `1.5 s`, `90 s`, `3 min 5 s`, `7 h 20 min`, `12 d 1 h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown(pub Duration);

impl fmt::Display for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;
        let (seconds, millis) = (self.0.as_secs(), self.0.as_secs_f64() * 1000.0);
        match seconds {
            0 if self.0.is_zero() => out.write_str("0 ms"),
            0 if millis < 10.0 => write!(out, "{} ms", trimmed(millis.max(0.01))),
            0 => write!(out, "{} ms", self.0.as_millis()),
            1..120 => write!(out, "{} s", trimmed(self.0.as_secs_f64())),
            120..HOUR => two(out, (seconds / MINUTE, "min"), (seconds % MINUTE, "s")),
            HOUR..DAY => two(out, (seconds / HOUR, "h"), (seconds % HOUR / MINUTE, "min")),
            _ => two(out, (seconds / DAY, "d"), (seconds % DAY / HOUR, "h")),
        }
    }
}

/// A span that was measured in whole seconds, and may be up to a second longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownSecs(pub u64);

impl fmt::Display for ShownSecs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => out.write_str("<1 s"),
            seconds => Shown(Duration::from_secs(seconds)).fmt(out),
        }
    }
}

/// At most two decimals, without trailing zeros.
fn trimmed(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn two(out: &mut fmt::Formatter<'_>, large: (u64, &str), small: (u64, &str)) -> fmt::Result {
    write!(out, "{} {}", large.0, large.1)?;
    match small.0 {
        0 => Ok(()),
        _ => write!(out, " {} {}", small.0, small.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_left_of_every_span() {
        let micros = |micros| Shown(Duration::from_micros(micros)).to_string();
        assert_eq!(
            [0, 1, 480, 8_400, 600_000, 999_999].map(micros),
            ["0 ms", "0.01 ms", "0.48 ms", "8.4 ms", "600 ms", "999 ms"]
        );
        let millis = |millis| Shown(Duration::from_millis(millis)).to_string();
        assert_eq!(
            [1_000, 1_500, 30_000, 90_500, 185_000, 7_200_000, 26_400_000, 1_040_400_000].map(millis),
            ["1 s", "1.5 s", "30 s", "90.5 s", "3 min 5 s", "2 h", "7 h 20 min", "12 d 1 h"]
        );
        assert_eq!([0, 1, 185].map(|secs| ShownSecs(secs).to_string()), ["<1 s", "1 s", "3 min 5 s"]);
    }
}
