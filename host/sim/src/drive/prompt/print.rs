//! Entries of the transcript as lines for a terminal. It prints nothing itself; its caller does.

use crate::transcript::{Acknowledgement, Entry, EntryKind, Reader};

/// How much to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What a user of Discord would see, and what went wrong.
    Talk,
    /// Also REST calls and gateway events.
    Wire,
}

/// Follows the transcript and returns the lines worth showing.
#[derive(Debug)]
pub struct Printer {
    reader: Reader,
    detail: Detail,
}

impl Printer {
    pub(crate) fn of(reader: Reader, detail: Detail) -> Self {
        Self { reader, detail }
    }

    /// Waits for the next line. Cancel safe.
    pub async fn line(&mut self) -> String {
        loop {
            let entry = self.reader.next().await;
            if is_shown(&entry, self.detail) {
                return entry.to_string();
            }
        }
    }

    /// The next line, if there is one already.
    pub fn try_line(&mut self) -> Option<String> {
        loop {
            let entry = self.reader.try_next()?;
            if is_shown(&entry, self.detail) {
                return Some(entry.to_string());
            }
        }
    }
}

fn is_shown(entry: &Entry, detail: Detail) -> bool {
    match &entry.kind {
        EntryKind::Rest { .. } | EntryKind::Dispatched { .. } | EntryKind::Gateway { .. } => {
            detail == Detail::Wire
        }
        // The messages that follow from these are shown themselves.
        EntryKind::Acknowledged { how, .. } => {
            matches!(how, Acknowledgement::Modal | Acknowledgement::Choices)
        }
        EntryKind::Posted { .. }
        | EntryKind::Membership { .. }
        | EntryKind::Moderated { .. }
        | EntryKind::Edited { .. }
        | EntryKind::Deleted { .. }
        | EntryKind::Reacted { .. }
        | EntryKind::Pinned { .. }
        | EntryKind::Typing { .. }
        | EntryKind::Invoked { .. }
        | EntryKind::Unanswered { .. }
        | EntryKind::Commands { .. }
        | EntryKind::UnknownRoute { .. }
        | EntryKind::UnknownField { .. }
        | EntryKind::Fault { .. }
        | EntryKind::Note { .. } => true,
    }
}
