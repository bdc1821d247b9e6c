//! One metric as a line of the statsd protocol; characters in names and values that would break the line are
//! replaced. It collects and sends nothing.
//!
//! <https://github.com/statsd/statsd/blob/master/docs/metric_types.md>

use std::fmt::Write;
use std::time::Duration;

/// What can be measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Metric {
    /// Add to a counter; a negative number subtracts.
    Count(i64),
    /// Set a gauge.
    Gauge(f64),
    /// Change a gauge.
    GaugeDelta(f64),
    /// Count the distinct values.
    Set(String),
    /// How long something took.
    Timing(Duration),
}

/// Longest name and longest value of a set, in bytes; longer ones are truncated.
const MAX_PART: usize = 250;

/// Appends one line, sometimes two, without a line break at the end.
pub(super) fn write(line: &mut String, prefix: &str, name: &str, metric: &Metric) {
    match metric {
        Metric::Count(count) => {
            write_name(line, prefix, name);
            write_to(line, format_args!(":{count}|c"));
        }
        Metric::Gauge(value) => {
            if value.is_sign_negative() && *value != 0.0 {
                // A sign means a change, so a negative gauge is set in two steps.
                write_name(line, prefix, name);
                line.push_str(":0|g\n");
            }
            write_name(line, prefix, name);
            write_to(line, format_args!(":{}|g", finite(*value)));
        }
        Metric::GaugeDelta(value) => {
            write_name(line, prefix, name);
            write_to(line, format_args!(":{:+}|g", finite(*value)));
        }
        Metric::Set(value) => {
            write_name(line, prefix, name);
            line.push(':');
            push_safe(line, value, |c| !c.is_control() && !matches!(c, ':' | '|' | '@' | '#' | ','));
            line.push_str("|s");
        }
        Metric::Timing(took) => {
            write_name(line, prefix, name);
            write_to(line, format_args!(":{}|ms", (took.as_secs_f64() * 1e6).round() / 1e3));
        }
    }
}

fn write_to(line: &mut String, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text).expect("a String takes every text");
}

/// Anything but a finite number is 0.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

fn write_name(line: &mut String, prefix: &str, name: &str) {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !prefix.is_empty() {
        push_safe(line, prefix.trim_matches('.'), fits);
        line.push('.');
    }
    let name = name.trim_matches('.');
    push_safe(line, if name.is_empty() { "_" } else { name }, fits);
}

fn push_safe(line: &mut String, text: &str, fits: impl Fn(char) -> bool) {
    let until = line.len() + MAX_PART;
    for c in text.chars() {
        if line.len() + c.len_utf8() > until {
            break;
        }
        line.push(if fits(c) { c } else { '_' });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, metric: Metric) -> String {
        let mut line = String::new();
        write(&mut line, "bot", name, &metric);
        line
    }

    #[test]
    fn every_kind_has_its_form() {
        assert_eq!(line("a", Metric::Count(-2)), "bot.a:-2|c");
        assert_eq!(line("a", Metric::Gauge(3.0)), "bot.a:3|g");
        assert_eq!(line("a", Metric::Gauge(-3.5)), "bot.a:0|g\nbot.a:-3.5|g");
        assert_eq!(line("a", Metric::GaugeDelta(2.0)), "bot.a:+2|g");
        assert_eq!(line("a", Metric::GaugeDelta(-2.0)), "bot.a:-2|g");
        assert_eq!(line("a", Metric::Set("u1".to_owned())), "bot.a:u1|s");
        assert_eq!(line("a", Metric::Timing(Duration::from_micros(1500))), "bot.a:1.5|ms");
    }

    #[test]
    fn a_name_can_never_break_the_line() {
        assert_eq!(line("a b:1|c\nevil", Metric::Count(1)), "bot.a_b_1_c_evil:1|c");
        assert_eq!(line("", Metric::Count(1)), "bot._:1|c");
        assert_eq!(line("..x.", Metric::Count(1)), "bot.x:1|c");
        assert_eq!(line("a", Metric::Set("1|c\nevil:1".to_owned())), "bot.a:1_c_evil_1|s");
        assert!(line(&"x".repeat(9000), Metric::Count(1)).len() < 300);
    }

    #[test]
    fn what_is_no_number_changes_nothing() {
        assert_eq!(line("a", Metric::GaugeDelta(f64::NAN)), "bot.a:+0|g");
        assert_eq!(line("a", Metric::Gauge(f64::INFINITY)), "bot.a:0|g");
    }
}
