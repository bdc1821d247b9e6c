//! `gearshift play` without a terminal: reads lines from stdin and prints what happens to stdout, for scripts and
//! tests. It shows no prompt and keeps no history.

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

/// After stdin has ended: once nothing has been shown for this long, nothing more is expected.
const QUIET: Duration = Duration::from_millis(700);
/// The longest wait for that.
const AFTER_END: Duration = Duration::from_secs(15);

/// Why the talk has ended.
pub(super) enum End {
    /// A line asked to leave.
    Asked,
    /// Stdin has ended, and pending answers have arrived.
    OfInput,
}

/// Talks to the bot until stdin ends or a line asks to leave.
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

/// The lines of stdin, read by a thread of its own, which ends with the process: reading stdin blocks.
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

/// Prints and flushes, as stdout is buffered when it is a pipe. A message may have several lines.
fn print(line: &str) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{}", Lines(line))?;
    out.flush()
}
