//! Messages to a cog's owner, and how its answers look.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gearshift_cog::manifest::Manifest;
use tokio::{sync::oneshot, time::Instant};

use super::{CogError, Report, life::Candidate, report::Retirement};
use crate::{fault::Fault, lane::State};

/// A message to a cog's owner.
pub(super) enum Message<T> {
    /// The cog is in the folder when the host starts: its events wait from now on.
    Expect(PathBuf, Arc<Manifest>, Answer),
    /// Load this, or replace what serves by it.
    Bring(Candidate<T>, Wish, Answer),
    /// What is set for it has changed.
    Renew(Answer),
    /// Retire it for good.
    Leave(Leaving, Answer),
    /// A handler of generation `number` ended with a fault.
    Fault { number: u64, what: String, fault: Fault },
    /// Generation `number` serves no more, though nobody asked it to stop.
    Lost { number: u64, how: Lost, why: String },
}

/// How a generation is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It does not return to its loop.
    Hang,
    /// Its process has crashed, or its thread has ended.
    Crash,
}

impl<T> Message<T> {
    /// Whether what a file held before does not matter any more.
    pub(super) fn replaces(&self, file: &Path) -> bool {
        match self {
            Message::Bring(candidate, ..) => candidate.file == file,
            Message::Leave(Leaving::FileGone(gone), _) => gone == file,
            _ => false,
        }
    }
}

/// Who wants a library loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Somebody who asked for it.
    Asked,
    /// Its file changed. What serves already, and what the host went back from, is left alone.
    Changed,
}

/// Why a cog goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// This file of its is gone, or is another cog now. Another file may be the cog.
    FileGone(PathBuf),
    /// It is not wanted: no file brings it back by itself.
    Unloaded,
}

/// Where the outcome goes: to the caller that asked, or else into the log.
pub(super) struct Answer(pub(super) Option<oneshot::Sender<Outcomes>>);

/// The report of an operation; none if there was nothing to do.
pub(super) type Outcomes = Result<Option<Report>, CogError>;

impl Answer {
    pub(super) fn give(self, outcome: Outcomes) {
        let Some(outcome) = (match self.0 {
            Some(asker) => asker.send(outcome).err(),
            None => Some(outcome),
        }) else {
            return;
        };
        match outcome {
            // Nobody asked, and there was nothing to do.
            Ok(None) | Err(CogError::NotLoaded { .. }) => {}
            Ok(Some(report)) => report.log(),
            Err(error) => super::log_error(&error),
        }
    }
}

/// The report of an operation, and what will become of the generation that went.
pub(super) type Done = (Report, Option<oneshot::Receiver<Retirement>>);

/// How a library comes into service.
pub(super) enum How {
    /// It is what its file holds, or what served before a crash.
    Deploy,
    /// It served before the generation on probation.
    GoBack {
        /// The state it handed over, and when.
        state: Option<(State, Instant)>,
        /// The generation on probation.
        from: u64,
        /// The one that it replaced.
        to: u64,
        /// Why.
        note: String,
    },
}

impl How {
    pub(super) fn is_going_back(&self) -> bool {
        matches!(self, How::GoBack { .. })
    }
}
