//! Messages to a cog's owner, and the form of its answers.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gearshift_cog::manifest::Manifest;
use tokio::{sync::oneshot, time::Instant};

use super::{CogError, Report, lifecycle::Candidate, report::Retirement};
use crate::{fault::Fault, lane::State};

/// A message to a cog's owner.
pub(super) enum Message<T> {
    /// The cog is in the folder when the host starts: its events are queued from now on.
    Expect(PathBuf, Arc<Manifest>, Answer),
    /// Load this library, or replace what serves by it.
    Deploy(Candidate<T>, Trigger, Answer),
    /// The cog's settings have changed.
    Renew(Answer),
    /// Unload the cog.
    Leave(Leaving, Answer),
    /// A handler of generation `number` ended with a fault.
    Fault { number: u64, what: String, fault: Fault },
    /// Generation `number` no longer serves, though it was not asked to stop.
    Lost { number: u64, how: Lost, why: String },
}

/// How a generation was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// Its thread does not return to its loop.
    Hang,
    /// Its process has crashed, or its thread has ended.
    Crash,
}

impl<T> Message<T> {
    /// Whether it makes what `file` held before irrelevant.
    pub(super) fn replaces(&self, file: &Path) -> bool {
        match self {
            Message::Deploy(candidate, ..) => candidate.file == file,
            Message::Leave(Leaving::FileGone(gone), _) => gone == file,
            _ => false,
        }
    }
}

/// Why a library is to be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    /// A user asked for it.
    Requested,
    /// Its file has changed. Nothing happens if the content serves already, or if the host went back from it.
    FileChanged,
}

/// Why a cog goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// This file of the cog is gone, or holds another cog now. Another file may hold the cog.
    FileGone(PathBuf),
    /// It is not wanted: no file brings it back automatically.
    Unloaded,
}

/// Where the outcome goes: to the caller, if it waits for one, or else to the log.
pub(super) struct Answer(pub(super) Option<oneshot::Sender<OperationResult>>);

/// The report of an operation; `None` if there was nothing to do.
pub(super) type OperationResult = Result<Option<Report>, CogError>;

impl Answer {
    pub(super) fn send(self, outcome: OperationResult) {
        let Some(outcome) = (match self.0 {
            Some(asker) => asker.send(outcome).err(),
            None => Some(outcome),
        }) else {
            return;
        };
        match outcome {
            // No caller waits for it, and there was nothing to do.
            Ok(None) | Err(CogError::NotLoaded { .. }) => {}
            Ok(Some(report)) => report.log(),
            Err(error) => super::log_error(&error),
        }
    }
}

/// The report of an operation, and the future outcome of retiring the old generation.
pub(super) type Finished = (Report, Option<oneshot::Receiver<Retirement>>);

/// Why a library is brought into service.
pub(super) enum Purpose {
    /// It is what its file holds, or what served before a crash.
    Deploy,
    /// It served before the generation on probation.
    GoBack {
        /// The state that it handed over, and when.
        state: Option<(State, Instant)>,
        /// The generation on probation.
        from: u64,
        /// The one that it replaced.
        to: u64,
        /// Why.
        note: String,
    },
}

impl Purpose {
    pub(super) fn is_going_back(&self) -> bool {
        matches!(self, Purpose::GoBack { .. })
    }
}
