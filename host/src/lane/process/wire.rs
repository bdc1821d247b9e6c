//! What goes between the host and the process of a cog. Both are this program, so the encoding may change with it.

use std::{borrow::Cow, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::super::{Call, Ended, State};
use crate::{
    config::Sandbox,
    fault::Fault,
    handles::{News, Request},
};

/// Both sides must have the same.
pub(super) const VERSION: u32 = 1;

/// What the process begins with.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) version: u32,
    pub(super) cog: String,
    pub(super) number: u64,
    /// The private copy of its library.
    pub(super) file: PathBuf,
    pub(super) settings: String,
    pub(super) bot_id: u64,
    /// The most detailed level of the log; 0 = none, 5 = everything.
    pub(super) log_level: u8,
    pub(super) events: Vec<String>,
    pub(super) commands: Vec<String>,
    pub(super) handlers_in_flight: usize,
    pub(super) calls_in_flight: usize,
    /// Bytes of private memory; none = as many as there are.
    pub(super) memory_max: Option<u64>,
    pub(super) sandbox: Sandbox,
}

/// From the host.
#[derive(Serialize, Deserialize)]
pub(super) enum ToCog<'a> {
    Start(Start),
    Order(u64, Order),
    /// Nobody waits for the answer to that order.
    Abandon(u64),
    Serve,
    End,
    Item {
        number: u64,
        call: Cow<'a, Call>,
        /// Whether the host is asked before it begins.
        is_followed: bool,
    },
    /// It begins now, as it is by now.
    Begin {
        number: u64,
        call: Call,
    },
    /// To a request; the answer's own encoding comes behind it.
    Answer(u64),
}

/// An order that is answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    Setup,
    Restore(State),
    Save,
    Teardown,
    /// Answered by [`Answer::Paused`], and by [`Answer::Drained`] as the order of the next number.
    Pause,
    Cancel,
}

/// The answer to an order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Done(Result<(), Fault>),
    Saved(Result<Option<State>, Fault>),
    Paused,
    Drained,
    Cancelled(usize),
}

/// From the process of the cog.
#[derive(Serialize, Deserialize)]
pub(super) enum ToHost<'a> {
    /// Its library is open and its cog is made, or why not.
    Opened(Result<(), String>),
    Answer(u64, Answer),
    /// A followed item begins.
    Begins(u64),
    /// Many of the items that waited have begun.
    Room,
    /// A handler has ended; none: the cog's code does not know the call.
    Ended(u64, Option<Ended>),
    Fault {
        what: Cow<'a, str>,
        fault: Fault,
    },
    Ask(u64, Request),
    GiveUp(u64),
    News(News),
}
