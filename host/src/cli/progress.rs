//! Shows that something long goes on: a spinner with the time it takes, on a terminal only.
//! It logs nothing; log lines are printed above it.

use std::{
    io::{IsTerminal, Write, stderr},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::log;

/// How often it moves.
const TICK: Duration = Duration::from_millis(100);

/// A spinner; gone when dropped. Without a terminal there is none.
#[derive(Debug)]
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Shows `what` is going on.
    pub(super) fn begin(what: &'static str) -> Progress {
        if !stderr().is_terminal() {
            return Progress(None);
        }
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}")
            .expect("the template is a constant, and a test reads it");
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        bar.set_message(what);
        bar.enable_steady_tick(TICK);
        let above = bar.clone();
        log::redirect(move |line| above.suspend(|| _ = stderr().write_all(line.as_bytes())));
        Progress(Some(bar))
    }

    /// Something else is going on now.
    pub(super) fn now(&self, what: &'static str) {
        if let Some(bar) = &self.0 {
            bar.set_message(what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.0.take() {
            log::to_stderr();
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}").is_ok());
    }
}
