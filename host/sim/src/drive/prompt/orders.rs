//! Commands to the simulator itself: what should go wrong, and how time should pass.

use std::time::Duration;

use crate::faults::RestFault;

pub(super) const FAULTS_HELP: &str = "\
:faults clear                          clear all faults
:faults drop                           cut all gateway connections
:faults reconnect                      ask all sessions to reconnect (op 7)
:faults invalidate                     end all sessions (op 9)
:faults close CODE                     close all gateway connections with a code
:faults silence on|off                 do not acknowledge heartbeats
:faults refuse on|off                  refuse new gateway connections
:faults METHOD PATH WHAT [TIMES]       apply a fault to REST calls; METHOD may be *, PATH may contain *,
                                       WHAT is a status, `drop`, `lose`, `delay=MS` or `429=MS`";

/// The arguments of `:faults`.
#[derive(Debug, PartialEq)]
pub(super) enum FaultCommand {
    List,
    Help,
    Clear,
    Drop,
    Reconnect,
    Invalidate,
    Close(u16),
    Silence(bool),
    Refuse(bool),
    Rest { method: String, path: String, fault: RestFault, times: u64 },
}

/// The arguments of `:time`.
#[derive(Debug, PartialEq)]
pub(super) enum TimeCommand {
    Show,
    Freeze,
    Advance(Duration),
    Resume,
}

pub(super) fn faults(line: &str) -> Result<FaultCommand, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let switch = |word: &str| match word {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(format!("expected `on` or `off`, not `{other}`")),
    };
    Ok(match words[..] {
        [] => FaultCommand::List,
        ["help"] => FaultCommand::Help,
        ["clear"] => FaultCommand::Clear,
        ["drop"] => FaultCommand::Drop,
        ["reconnect"] => FaultCommand::Reconnect,
        ["invalidate"] => FaultCommand::Invalidate,
        ["close", code] => match code.parse() {
            Ok(code @ 1000..=4999) => FaultCommand::Close(code),
            _ => return Err(format!("the close code must be a number from 1000 to 4999, not `{code}`")),
        },
        ["silence", word] => FaultCommand::Silence(switch(word)?),
        ["refuse", word] => FaultCommand::Refuse(switch(word)?),
        [method, path, what] => rest_fault(method, path, what, "1")?,
        [method, path, what, times] => rest_fault(method, path, what, times)?,
        _ => return Err("invalid arguments; see `:faults help`".to_owned()),
    })
}

fn rest_fault(method: &str, path: &str, what: &str, times: &str) -> Result<FaultCommand, String> {
    let millis = |text: &str| {
        text.parse()
            .map(Duration::from_millis)
            .map_err(|_| format!("expected a time in milliseconds, not `{text}`"))
    };
    let fault = match what.split_once('=') {
        None if what == "drop" => RestFault::Drop,
        None if what == "lose" => RestFault::DropAnswer,
        None => match what.parse() {
            Ok(status @ 400..=599) => RestFault::on_demand(status, 0, None),
            _ => {
                return Err(format!(
                    "expected a status from 400 to 599, `drop`, `lose`, `delay=MS` or `429=MS`, not `{what}`"
                ));
            }
        },
        Some(("delay", time)) => RestFault::Delay(millis(time)?),
        Some(("429", time)) => RestFault::RateLimit { retry_after: millis(time)?, global: false },
        Some((other, _)) => return Err(format!("expected `delay=MS` or `429=MS`, not `{other}=…`")),
    };
    let times = times.parse().map_err(|_| format!("the count must be a number, not `{times}`"))?;
    if !path.starts_with(['/', '*']) {
        return Err(format!(
            "the path must start with `/` or `*`, like `/channels/*/messages`, not `{path}`"
        ));
    }
    Ok(FaultCommand::Rest { method: method.to_owned(), path: path.to_owned(), fault, times })
}

pub(super) fn time(line: &str) -> Result<TimeCommand, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    Ok(match words[..] {
        [] => TimeCommand::Show,
        ["freeze"] => TimeCommand::Freeze,
        ["resume"] => TimeCommand::Resume,
        ["advance", span] => TimeCommand::Advance(parse_duration(span)?),
        _ => return Err("expected `:time` alone, or with `freeze`, `advance 15m` or `resume`".to_owned()),
    })
}

/// `500ms`, `2s`, `15m`, `3h` or `7d`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let ms = match unit {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let number: Option<u64> = digits.parse().ok();
    let span = number.zip(ms).and_then(|(number, ms)| number.checked_mul(ms));
    span.map(Duration::from_millis)
        .ok_or_else(|| format!("invalid duration `{text}`; use `500ms`, `2s`, `15m`, `3h` or `7d`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_parsed_and_mistakes_explained() {
        let order = FaultCommand::Rest {
            method: "POST".to_owned(),
            path: "/channels/*".to_owned(),
            fault: RestFault::RateLimit { retry_after: Duration::from_millis(50), global: false },
            times: 3,
        };
        assert_eq!(faults("POST /channels/* 429=50 3"), Ok(order));
        assert_eq!(time("advance 15m"), Ok(TimeCommand::Advance(Duration::from_secs(900))));
        assert_eq!(time("advance 500ms"), Ok(TimeCommand::Advance(Duration::from_millis(500))));
        assert!(faults("GET nowhere 500").unwrap_err().contains("the path must start with `/`"));
        assert!(faults("GET /x 200").unwrap_err().contains("a status from 400 to 599"));
        assert!(time("advance soon").unwrap_err().contains("invalid duration"));
        assert!(time("back").unwrap_err().contains("`:time` alone"));
    }
}
