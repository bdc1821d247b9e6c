//! Signals: the first one asks the host to end in order, with states saved; a later one ends it at once.
//! This module closes nothing; the code that waits for the first signal does.
#![allow(
    unsafe_code,
    reason = "asks for a signal's disposition, and ignores one; ends the process without running anything else"
)]

use std::{
    io,
    mem::MaybeUninit,
    ptr,
    time::{Duration, Instant},
};

use tokio::{
    runtime::Handle,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

use super::play::restore_terminal;
use crate::log;

/// Signals within this time count as one request: a supervisor may signal a process and its group, and a shell that
/// ends closes its terminal too.
const REPEAT_WINDOW: Duration = Duration::from_secs(1);
/// How long to wait for the last log lines when the process ends at once.
const LAST_LINES: Duration = Duration::from_millis(100);

/// Which signal asked the host to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndSignal {
    Interrupt,
    Terminate,
    Quit,
    /// The terminal is gone, or a custom unit sends it on `systemctl reload`.
    Hangup,
}

/// Reports when the host is asked to end.
#[derive(Clone, Debug)]
pub(super) struct Signals(watch::Receiver<bool>);

impl Signals {
    /// Starts to listen for signals.
    pub(super) fn listen(runtime: &Handle) -> io::Result<Signals> {
        let _entered = runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut quit = signal(SignalKind::quit())?;
        // A host that was started with `nohup` is meant to outlive the terminal.
        let mut hangup = match is_ignored(libc::SIGHUP) {
            true => None,
            false => Some(signal(SignalKind::hangup())?),
        };
        let (tell, asked) = watch::channel(false);
        runtime.spawn(async move {
            let mut first = None;
            loop {
                let now = tokio::select! {
                    Some(()) = interrupt.recv() => EndSignal::Interrupt,
                    Some(()) = terminate.recv() => EndSignal::Terminate,
                    Some(()) = quit.recv() => EndSignal::Quit,
                    Some(()) = next(&mut hangup) => EndSignal::Hangup,
                    else => return,
                };
                match verdict(first, Instant::now(), now) {
                    Verdict::End => {
                        first = Some(Instant::now());
                        tell.send_replace(true);
                        tracing::info!("closing; a second signal ends at once");
                    }
                    Verdict::Same => {}
                    Verdict::AtOnce => end_at_once(now),
                }
            }
        });
        Ok(Signals(asked))
    }

    /// Whether the host is asked to end.
    pub(super) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the host is asked to end.
    pub(super) async fn asked(&mut self) {
        // An error cannot occur: the task lives as long as the runtime, and so as long as any caller that waits here.
        let _ = self.0.wait_for(|is_asked| *is_asked).await;
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    End,
    /// The same request as the previous signal.
    Same,
    AtOnce,
}

fn verdict(first: Option<Instant>, now: Instant, signal: EndSignal) -> Verdict {
    match first {
        None => Verdict::End,
        // If the terminal is gone, no impatient user has sent it.
        Some(_) if signal == EndSignal::Hangup => Verdict::Same,
        Some(first) if now.saturating_duration_since(first) < REPEAT_WINDOW => Verdict::Same,
        Some(_) => Verdict::AtOnce,
    }
}

async fn next(signal: &mut Option<Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => None,
    }
}

/// Makes a write beyond the limit of a file's size (`ulimit -f`) an error, instead of the end of this process.
/// <https://man7.org/linux/man-pages/man2/setrlimit.2.html>
pub(super) fn ignore_file_size_limit() {
    // SAFETY: nothing runs when an ignored signal arrives.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Whether this process was started with a signal ignored.
pub(super) fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action sigaction(2) changes nothing, and writes the current one to memory of its size.
    let asked = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: `action` was written if the call succeeded.
    asked == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

fn end_at_once(signal: EndSignal) -> ! {
    log::flush(LAST_LINES);
    restore_terminal();
    // The exit code that a shell gives a process that a signal ended.
    let code = 128
        + match signal {
            EndSignal::Interrupt => libc::SIGINT,
            EndSignal::Terminate => libc::SIGTERM,
            EndSignal::Quit => libc::SIGQUIT,
            EndSignal::Hangup => libc::SIGHUP,
        };
    // SAFETY: `_exit` takes any number. Unlike `exit` it runs no destructors of libraries, whose threads still run.
    unsafe { libc::_exit(code) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_of_one_second_are_one_and_a_later_one_ends_at_once() {
        let first = Instant::now();
        let after = |millis| first + Duration::from_millis(millis);
        assert_eq!(verdict(None, first, EndSignal::Terminate), Verdict::End);
        for signal in [EndSignal::Interrupt, EndSignal::Terminate, EndSignal::Quit, EndSignal::Hangup] {
            assert_eq!(verdict(Some(first), after(999), signal), Verdict::Same);
        }
        assert_eq!(verdict(Some(first), after(1_000), EndSignal::Terminate), Verdict::AtOnce);
        assert_eq!(verdict(Some(first), after(60_000), EndSignal::Hangup), Verdict::Same);
    }
}
