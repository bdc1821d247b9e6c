//! Delays as people write them: `90s`, `10m`, `1h30m`, `2d`. Knows no dates and no time zones.

use std::time::Duration;

use gearshift_cog::handles::Clock;

/// Units, the longest first, in seconds.
const UNITS: [(char, u64); 4] = [('d', 24 * 60 * 60), ('h', 60 * 60), ('m', 60), ('s', 1)];

/// Reads a delay between one second and a year; otherwise says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; write it like `90s`, `10m`, `1h30m` or `2d`");
    let mut seconds = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.chars().next().ok_or_else(wrong)?;
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        seconds = seconds.saturating_add(number.saturating_mul(*length));
        rest = &tail[unit.len_utf8()..];
    }
    match Duration::from_secs(seconds) {
        Duration::ZERO => Err(wrong()),
        delay if delay > Clock::LONGEST => Err(format!("`{text}` is longer than a year")),
        delay => Ok(delay),
    }
}

/// A delay as [`parse`] reads it.
pub(crate) fn text(delay: Duration) -> String {
    let mut rest = delay.as_secs();
    let mut text = String::new();
    for (name, length) in UNITS {
        if rest >= length {
            text.push_str(&format!("{}{name}", rest / length));
            rest %= length;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_read_and_written_alike() {
        for (written, seconds) in [("10s", 10), ("10m", 600), ("1h30m", 5400), ("2d", 172_800)] {
            let delay = parse(written).expect("it is valid");
            assert_eq!((delay.as_secs(), text(delay).as_str()), (seconds, written));
        }
        assert_eq!(text(parse("90s").expect("it is valid")), "1m30s");
    }

    #[test]
    fn what_is_no_delay_is_refused_in_words() {
        for wrong in ["", "tea", "10", "s", "10x", "0s", "-1s", "1é", "99999999999999999999s"] {
            assert!(parse(wrong).expect_err("it is refused").contains("is no time"), "{wrong}");
        }
        assert_eq!(parse("365d"), Ok(Clock::LONGEST));
        for longer in ["366d", "365d1s", "8761h"] {
            assert!(parse(longer).expect_err("it is refused").contains("longer than a year"), "{longer}");
        }
        assert!(parse("400d").expect_err("it is refused").contains("longer than a year"));
        assert!(parse("18446744073709551615d").expect_err("it is refused").contains("longer than a year"));
    }
}
