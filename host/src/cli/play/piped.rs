//! Play without a terminal: lines from stdin, what happens to stdout. For scripts and tests.
//! It shows no prompt and keeps no history.

use std::{
    io::{BufRead, Write, stdin, stdout},
    time::Duration,
};

use gearshift_sim::{Outcome, Printer, Prompt};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use crate::{cli::exit::Failure, log, text::Lines};

/// When stdin has ended and nothing was shown for so long, nothing more is expected.
const QUIET: Duration = Duration::from_millis(700);
/// Waiting for that takes at most so long.
const AFTER_END: Duration = Duration::from_secs(15);

/// Why nobody talks any more.
pub(super) enum End {
    /// A line asks to leave.
    Asked,
    /// Stdin has ended, and what was open is answered.
    OfInput,
}

/// Until stdin ends, or a line asks to leave.
pub(super) async fn talk(mut prompt: Prompt, mut printer: Printer) -> Result<End, Failure> {
    let mut lines = read();
    loop {
        let line = tokio::select! {
            biased;
            shown = printer.line() => {
                print(&shown)?;
                continue;
            }
            line = lines.recv() => line,
        };
        let Some(line) = line else { break };
        match prompt.line(&line?).await {
            Outcome::Done => {}
            Outcome::Shown(text) => print(&text)?,
            Outcome::Refused(why) => log::write(&format!("error: {why}\n")),
            Outcome::Quit => return Ok(End::Asked),
        }
    }
    let until = Instant::now() + AFTER_END;
    while let Ok(Ok(shown)) = timeout_at(until, timeout(QUIET, printer.line())).await {
        print(&shown)?;
    }
    Ok(End::OfInput)
}

/// Lines of stdin. Read by a thread of its own, which ends with the process: stdin cannot be read without blocking.
fn read() -> mpsc::Receiver<std::io::Result<String>> {
    let (send, lines) = mpsc::channel(64);
    std::thread::spawn(move || {
        for line in stdin().lock().lines() {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// At once: stdout into a pipe keeps lines back otherwise. A message may have several lines.
fn print(line: &str) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{}", Lines(line))?;
    out.flush()
}
