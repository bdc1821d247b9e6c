//! The dummy's orders, and how they are written. Nothing is carried out here.

use std::time::Duration;

use crate::plan::{Stage, Trick, millis};

/// The maximum number of anything: requests, log lines, futures.
const MOST: usize = 10_000;
/// The maximum number of bytes of state or of leaked memory.
const MOST_BYTES: usize = 64 << 20;

/// The answer to `!faulty help`.
pub(crate) const HELP: &str = "\
now: version, count, plan, panic, error, panic-in-drop, hang, hang-panic, block MS, block-hang MS, \
sleep MS, flood N [log|rest|store|stats], thread [MS], tls [MS], backtrace, leak BYTES, leak-waker N, \
 forget-waker N, many-sleeps N [MS], every MS, cron FIELDS ZONE, spawn TRICK, \
 spawn beat MS, spawn chain, beats, next-beat, settings, chdir, grow-state BYTES, buttons, gateway, number TEXT, signal N, \
 later [defer] MS, crash [MS] [abort|exit CODE|overflow|memory], \
say [wait|defer|defer-ephemeral|public|ephemeral|form|ask|error|hang]...
later: arm STAGE TRICK, disarm; slow-setup MS, panic-in-setup, slow-save MS, panic-in-save, refuse-state, \
exit-drop-block MS";

/// What is flooded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flood {
    Log,
    Rest,
    Store,
    Stats,
}

/// An order to the dummy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Help,
    /// Answers which build this is.
    Version,
    /// Answers what was counted over all generations.
    Count,
    /// Answers what is armed.
    Plan,
    Panic,
    Error,
    /// Panics while a local value is dropped at the end of the handler.
    PanicInDrop,
    /// Never answers; only a cancellation ends it.
    Hang,
    /// Never answers, and panics when it is cancelled.
    HangPanic,
    /// Blocks the cog's thread.
    Block(Duration),
    /// Blocks the cog's thread, and then never answers.
    BlockHang(Duration),
    /// Waits at an `await`.
    Sleep(Duration),
    Flood(usize, Flood),
    /// Starts a thread that ends after a while, or never; when it ends, it wakes a handler that is long finished.
    Thread(Option<Duration>),
    /// Creates a thread-local value whose destructor blocks the thread for a while, and asks for the current thread.
    Tls(Duration),
    /// Resolves a backtrace, which maps the library's file once more.
    Backtrace,
    /// Leaks memory.
    Leak(usize),
    /// Keeps this number of polled futures of handles until the cog is dropped.
    KeepFutures(usize),
    /// Never drops this number of polled futures of handles.
    ForgetFutures(usize),
    /// Starts this number of waits at once.
    ManySleeps(usize, Duration),
    /// Plans a task.
    Every(Duration),
    /// Plans a task with a cron expression in a time zone.
    Cron(String, String),
    /// Spawns a future that plays a trick.
    Spawn(Trick),
    /// Spawns a future that beats at this interval.
    Beat(Duration),
    /// Spawns a future that spawns the next one when it ends, and so on.
    Chain,
    /// Answers how often it has beaten.
    Beats,
    /// The same, after the next beat.
    NextBeat,
    /// Answers with the settings.
    Settings,
    /// Changes the working directory of the whole process.
    Chdir,
    /// Makes the state larger by this number of bytes.
    GrowState(usize),
    Arm(Stage, Trick),
    Disarm,
    /// Shows buttons that are answered by editing the message, with another message, with an ephemeral one, and not at
    /// all.
    Buttons,
    /// Shows the bot as idle, requests a member, and answers who owns the bot and the status of its shards.
    Gateway,
    /// Installs a handler for a signal, by its number.
    Signal(i32),
    /// Parses a number as a user typed it.
    Number(String),
    /// Leaves the answer to a spawned future, which waits first; defers if asked to.
    Later {
        defers: bool,
        time: Duration,
    },
    /// Answers in steps.
    Say(Vec<Step>),
    /// Blocks the cog's thread for a while and then ends its process. On a lane in the host, that ends the bot.
    Crash(Duration, Crash),
}

/// How a process crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    Abort,
    Exit(i32),
    /// Overflows the stack.
    Overflow,
    /// Allocates memory until none is left.
    Memory,
}

/// One step of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Waits until a user writes `go`.
    Wait,
    Defer,
    DeferEphemeral,
    Public,
    Ephemeral,
    /// Opens a form. The answer is the text in it, ephemeral if it begins with `secret`.
    Form,
    /// Asks with a form, behind a button where a form cannot be opened.
    Ask,
    Error,
    /// Never ends; only a cancellation does.
    Hang,
}

impl Op {
    /// Parses an order; the error describes what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(match words[..] {
            ["help"] => Self::Help,
            ["version"] => Self::Version,
            ["count"] => Self::Count,
            ["plan"] => Self::Plan,
            ["panic"] => Self::Panic,
            ["error"] => Self::Error,
            ["panic-in-drop"] => Self::PanicInDrop,
            ["hang"] => Self::Hang,
            ["hang-panic"] => Self::HangPanic,
            ["block", ms] => Self::Block(millis(ms)?),
            ["block-hang", ms] => Self::BlockHang(millis(ms)?),
            ["sleep", ms] => Self::Sleep(millis(ms)?),
            ["flood", n] | ["flood", n, "log"] => Self::Flood(number(n, MOST)?, Flood::Log),
            ["flood", n, "rest"] => Self::Flood(number(n, MOST)?, Flood::Rest),
            ["flood", n, "store"] => Self::Flood(number(n, MOST)?, Flood::Store),
            ["flood", n, "stats"] => Self::Flood(number(n, MOST)?, Flood::Stats),
            ["thread"] => Self::Thread(None),
            ["thread", ms] => Self::Thread(Some(millis(ms)?)),
            ["tls"] => Self::Tls(Duration::ZERO),
            ["tls", ms] => Self::Tls(millis(ms)?),
            ["backtrace"] => Self::Backtrace,
            ["leak", bytes] => Self::Leak(number(bytes, MOST_BYTES)?),
            ["leak-waker", n] => Self::KeepFutures(number(n, MOST)?),
            ["forget-waker", n] => Self::ForgetFutures(number(n, MOST)?),
            ["many-sleeps", n] => Self::ManySleeps(number(n, MOST)?, Duration::from_millis(100)),
            ["many-sleeps", n, ms] => Self::ManySleeps(number(n, MOST)?, millis(ms)?),
            ["every", ms] => Self::Every(millis(ms)?),
            ["cron", ref fields @ .., zone] => Self::Cron(fields.join(" "), zone.to_owned()),
            ["spawn", "beat", ms] => Self::Beat(millis(ms)?),
            ["spawn", "chain"] => Self::Chain,
            ["spawn", ref trick @ ..] => Self::Spawn(trick.join(" ").parse()?),
            ["beats"] => Self::Beats,
            ["next-beat"] => Self::NextBeat,
            ["settings"] => Self::Settings,
            ["chdir"] => Self::Chdir,
            ["later", ms] => Self::Later { defers: false, time: millis(ms)? },
            ["later", "defer", ms] => Self::Later { defers: true, time: millis(ms)? },
            ["grow-state", bytes] => Self::GrowState(number(bytes, MOST_BYTES)?),
            ["arm", stage, ref trick @ ..] => Self::Arm(stage.parse()?, trick.join(" ").parse()?),
            ["disarm"] => Self::Disarm,
            ["buttons"] => Self::Buttons,
            ["gateway"] => Self::Gateway,
            ["signal", text] => Self::Signal(text.parse().map_err(|_| format!("`{text}` is not a signal"))?),
            ["number", text] => Self::Number(text.to_owned()),
            ["crash", ref how @ ..] => match how {
                [ms, how @ ..] if ms.parse::<u64>().is_ok() => Self::Crash(millis(ms)?, crash(how)?),
                how => Self::Crash(Duration::ZERO, crash(how)?),
            },
            ["say", ref steps @ ..] => Self::Say(steps.iter().map(|it| step(it)).collect::<Result<_, _>>()?),
            ["slow-setup", ms] => Self::Arm(Stage::Setup, Trick::Sleep(millis(ms)?)),
            ["panic-in-setup"] => Self::Arm(Stage::Setup, Trick::Panic),
            ["slow-save", ms] => Self::Arm(Stage::Save, Trick::Block(millis(ms)?)),
            ["panic-in-save"] => Self::Arm(Stage::Save, Trick::Panic),
            ["refuse-state"] => Self::Arm(Stage::Restore, Trick::Error),
            ["exit-drop-block", ms] => Self::Arm(Stage::Drop, Trick::Block(millis(ms)?)),
            _ => return Err(format!("I do not know `{text}`.\n{HELP}")),
        })
    }
}

fn step(text: &str) -> Result<Step, String> {
    Ok(match text {
        "wait" => Step::Wait,
        "defer" => Step::Defer,
        "defer-ephemeral" => Step::DeferEphemeral,
        "public" => Step::Public,
        "ephemeral" => Step::Ephemeral,
        "form" => Step::Form,
        "ask" => Step::Ask,
        "error" => Step::Error,
        "hang" => Step::Hang,
        _ => return Err(format!("`{text}` is not a step of an answer")),
    })
}

fn crash(words: &[&str]) -> Result<Crash, String> {
    Ok(match words {
        ["abort"] => Crash::Abort,
        ["exit", code] => Crash::Exit(code.parse().map_err(|_| format!("`{code}` is not an exit code"))?),
        ["overflow"] => Crash::Overflow,
        ["memory"] => Crash::Memory,
        _ => return Err(format!("`{}` is not a crash", words.join(" "))),
    })
}

fn number(text: &str, most: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number <= most => Ok(number),
        _ => Err(format!("`{text}` is not a number up to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_with_their_numbers() {
        let ms = Duration::from_millis;
        assert_eq!(Op::parse(" block  10000 "), Ok(Op::Block(ms(10_000))));
        assert_eq!(Op::parse("flood 7 rest"), Ok(Op::Flood(7, Flood::Rest)));
        assert_eq!(Op::parse("thread 50"), Ok(Op::Thread(Some(ms(50)))));
        assert_eq!(Op::parse("arm save block 5"), Ok(Op::Arm(Stage::Save, Trick::Block(ms(5)))));
        assert_eq!(Op::parse("say defer public"), Ok(Op::Say(vec![Step::Defer, Step::Public])));
        assert_eq!(Op::parse("crash exit 3"), Ok(Op::Crash(ms(0), Crash::Exit(3))));
        assert_eq!(Op::parse("crash 20 abort"), Ok(Op::Crash(ms(20), Crash::Abort)));
        assert_eq!(Op::parse("slow-save 5"), Op::parse("arm save block 5"));
    }

    #[test]
    fn unknown_orders_are_refused() {
        for wrong in
            ["", "explode", "block", "block soon", "flood 10001", "flood 1 mail", "arm save", "arm x panic"]
        {
            assert!(Op::parse(wrong).is_err(), "{wrong}");
        }
    }
}
