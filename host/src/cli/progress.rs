//! Shows progress on a terminal: a spinner with the elapsed time, or a bar for a download. It logs nothing; log lines
//! are printed above it.

use std::{
    io::{IsTerminal, Write, stderr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    log,
    packages::{Download, Downloads},
};

/// How often the spinner moves.
const TICK: Duration = Duration::from_millis(100);
/// Downloads smaller than this are not shown, in bytes: they are over before anybody can read it.
const DOWNLOAD_MIN: u64 = 256 << 10;
const SPINNER: &str = "{spinner} {msg} {elapsed:.dim}";
const BYTES: &str = "{spinner} {msg} {wide_bar} {binary_bytes} of {binary_total_bytes} {elapsed:.dim}";

/// Shows the progress of each larger download. `None` without a terminal.
pub(super) fn downloads() -> Option<Downloads> {
    if !stderr().is_terminal() {
        return None;
    }
    let shown: Mutex<Option<(u64, Progress)>> = Mutex::default();
    Some(Downloads::new(move |Download { done, size }| {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        if size < DOWNLOAD_MIN {
            return;
        }
        let is_this = shown.as_ref().is_some_and(|(of, _)| *of == size);
        if !is_this {
            // The previous bar must be removed first: there is only one at a time.
            *shown = None;
            *shown = Some((size, Progress::show(BYTES, "downloading", Some(size))));
        }
        if let Some((_, progress)) = &*shown {
            progress.at(done);
        }
        if done >= size {
            *shown = None;
        }
    }))
}

/// A spinner or a bar, removed when dropped. Shows nothing without a terminal.
#[derive(Debug)]
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Shows a spinner with `what` is going on.
    pub(super) fn begin(what: &'static str) -> Progress {
        match stderr().is_terminal() {
            true => Progress::show(SPINNER, what, None),
            false => Progress(None),
        }
    }

    /// `size` is the total for `{bytes}` in the template.
    fn show(template: &str, what: &'static str, size: Option<u64>) -> Progress {
        let style = ProgressStyle::with_template(template).expect("it is a constant, and a test reads it");
        let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::stderr()).with_style(style);
        bar.set_message(what);
        bar.enable_steady_tick(TICK);
        let above = bar.clone();
        log::redirect(move |line| above.suspend(|| _ = stderr().write_all(line.as_bytes())));
        Progress(Some(bar))
    }

    /// Sets how many bytes have arrived.
    fn at(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(bytes);
        }
    }

    /// Changes what is going on.
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
    fn the_templates_are_valid() {
        for template in [SPINNER, BYTES] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
