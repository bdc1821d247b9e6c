//! The transcript: what users said and did, and what the cog requested and answered, in order. A failed test prints it.

use std::{
    cell::{Cell, RefCell},
    fmt::Write,
};

/// How many characters of a text a line shows.
const SHOWN: usize = 200;

/// All lines so far.
#[derive(Default)]
pub(super) struct Transcript {
    lines: RefCell<Vec<(u64, String)>>,
    /// Whether a failure has printed it.
    is_shown: Cell<bool>,
}

impl Transcript {
    pub(super) fn note(&self, elapsed_ms: u64, line: String) {
        self.lines.borrow_mut().push((elapsed_ms, line));
    }

    /// All lines, each with the time since the test began.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (at, line) in &*self.lines.borrow() {
            let _ = writeln!(text, "{:>5}.{:03} s  {line}", at / 1000, at % 1000);
        }
        text
    }

    /// Like [`text`](Self::text), for a failure, which prints it.
    pub(super) fn show(&self) -> String {
        self.is_shown.set(true);
        self.text()
    }

    pub(super) fn is_shown(&self) -> bool {
        self.is_shown.get()
    }
}

/// A text in quotation marks, shortened if it is long.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
