//! The state of a shard, to wait for and to display.
//! Only the shard changes it.

use std::fmt;
use std::sync::Arc;

use super::{close::Refused, resume_data::ResumableSession};

/// State of one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Asking for the address, waiting for its turn to identify, dialing, waiting for HELLO.
    Connecting,
    /// IDENTIFY was sent.
    Identifying,
    /// RESUME was sent; missed events are arriving.
    Resuming {
        /// The session's id.
        session: String,
    },
    /// Events are arriving.
    Ready {
        /// The session's id; the same before and after a resume.
        session: String,
    },
    /// The last attempt failed; the next follows soon.
    Waiting {
        /// The reason, in words.
        why: String,
    },
    /// The host closed it.
    Closed {
        /// Its session, if another gateway can resume it.
        kept: Option<Box<ResumableSession>>,
    },
    /// Discord rejected it for good.
    Refused(Arc<Refused>),
}

impl State {
    /// Whether nothing more will arrive.
    pub fn is_end(&self) -> bool {
        matches!(self, State::Closed { .. } | State::Refused(_))
    }

    /// Its name, in one word.
    pub fn name(&self) -> &'static str {
        match self {
            State::Connecting => "connecting",
            State::Identifying => "identifying",
            State::Resuming { .. } => "resuming",
            State::Ready { .. } => "ready",
            State::Waiting { .. } => "waiting",
            State::Closed { .. } => "closed",
            State::Refused(_) => "refused",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            State::Waiting { why } => write!(f, ": {why}"),
            State::Refused(refused) => write!(f, " ({})", refused.code),
            _ => Ok(()),
        }
    }
}
