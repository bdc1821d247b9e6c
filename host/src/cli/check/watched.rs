//! A trial in a child process, seen from the parent: what it reports, and how it ends, by itself or not.
//! It runs no code of a cog.

use std::{
    fmt,
    io::{self, BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Instant,
};

use super::trial::{self, Line};
use crate::{
    cogs::{TrialEvent, TrialFailure},
    config::TOKEN_VARIABLE,
    log,
    step::Step,
    text::OneLine,
};

/// How a trial ended.
#[derive(Debug)]
pub(super) enum End {
    Passed,
    Failed(TrialFailure),
    /// The process ended before the trial was over.
    Died(Option<Step>, ExitStatus),
    /// The trial did not end in time.
    Hung(Option<Step>),
    /// The trial could not start.
    NotBegun {
        text: String,
        help: Option<String>,
    },
}

impl fmt::Display for End {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |step: &Option<Step>| {
            step.map_or_else(|| "before anything".to_owned(), |step| format!("in {step}"))
        };
        match self {
            End::Passed => out.write_str("nothing"),
            End::Failed(TrialFailure { step, text, help }) => {
                write!(out, "in {step}: {}", OneLine(text))?;
                help.iter().try_for_each(|help| write!(out, "\n  help: {help}"))
            }
            End::NotBegun { text, help } => {
                write!(out, "it could not begin: {text}")?;
                help.iter().try_for_each(|help| write!(out, "\n  help: {help}"))
            }
            End::Died(step, status) => match status.signal() {
                Some(signal) => {
                    write!(out, "{}: it crashed: {} (signal {signal})", at(step), name_of(signal))
                }
                None => write!(out, "{}: it ended the process ({status})", at(step)),
            },
            End::Hung(step) => {
                write!(out, "{}: it hung, and was killed at the deadline (--timeout)", at(step))
            }
        }
    }
}

/// The process of a trial; killed when dropped.
#[derive(Debug)]
pub(super) struct Watched {
    child: Child,
    lines: Receiver<Line>,
}

impl Watched {
    /// Starts this same program with the hidden subcommand for a trial.
    pub(super) fn start(file: &Path, config: Option<&Path>) -> io::Result<Watched> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(trial::COMMAND)
            .arg(file)
            .args(config)
            // A trial does not connect to Discord.
            .env_remove(TOKEN_VARIABLE)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let (send, lines) = channel();
        if let Some(out) = child.stdout.take() {
            std::thread::spawn(move || {
                // Cogs may print anything, including bytes that are not UTF-8.
                for line in BufReader::new(out).split(b'\n') {
                    let Ok(line) = line else { return };
                    match Line::read(&line) {
                        Some(line) => _ = send.send(line),
                        None => log::write(&format!("{}\n", String::from_utf8_lossy(&line))),
                    }
                }
            });
        }
        Ok(Watched { child, lines })
    }

    /// Passes on the news until the trial ends.
    pub(super) fn follow(&mut self, deadline: Instant, mut hear: impl FnMut(&TrialEvent)) -> io::Result<End> {
        let (mut at, mut failed) = (None, None);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(Line::News(news)) => {
                    match &news {
                        TrialEvent::Begins { step } | TrialEvent::Passed { step, .. } => at = Some(*step),
                        TrialEvent::Failed(failure) => failed = Some(failure.clone()),
                        TrialEvent::Warned { .. } => {}
                    }
                    hear(&news);
                }
                Ok(Line::Passed) => return Ok(End::Passed),
                Ok(Line::Failed(failure)) => return Ok(End::Failed(failure)),
                Ok(Line::NotBegun { text, help }) => return Ok(End::NotBegun { text, help }),
                Err(RecvTimeoutError::Timeout) => return Ok(failed.map_or(End::Hung(at), End::Failed)),
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait()?;
                    return Ok(failed.map_or(End::Died(at, status), End::Failed));
                }
            }
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn name_of(signal: i32) -> &'static str {
    match signal {
        libc::SIGSEGV => "invalid memory access",
        libc::SIGABRT => "abort",
        libc::SIGILL => "illegal instruction",
        libc::SIGBUS => "bus error",
        libc::SIGFPE => "arithmetic error",
        libc::SIGKILL => "killed",
        _ => "ended by a signal",
    }
}
