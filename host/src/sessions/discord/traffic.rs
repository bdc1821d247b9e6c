//! What became of the session's requests, in numbers: by route and status, and how long they waited for rate limits.
//! It keeps no id, token or path of a single request.

use std::time::Duration;

use gearshift_cog::abi::Method;

use super::client::Unanswered;
use super::route::{self, Route};
use crate::counters::{Counters, Times, TimesSeen};

/// How many kinds of attempts, each a route and a status, are counted separately.
const KINDS_MAX: usize = 512;

/// The numbers of one session.
#[derive(Debug)]
pub struct Traffic {
    attempts: Counters<(u64, Ended), Attempt>,
    waits: Times,
}

/// What kind of request an attempt was, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// The method, such as `POST`.
    pub method: &'static str,
    /// The path with ids and tokens left out, such as `/channels/{id}/messages`.
    pub route: String,
    /// The HTTP status, such as `200`; without an answer `connect`, `timeout` or `broken`, and `not_sent` if it would
    /// have waited too long for a limit.
    pub status: String,
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Ended {
    Status(u16),
    Unanswered(&'static str),
}

impl Ended {
    pub(super) const NOT_SENT: Ended = Ended::Unanswered("not_sent");
}

impl From<&Unanswered> for Ended {
    fn from(why: &Unanswered) -> Ended {
        Ended::Unanswered(match why {
            Unanswered::Connect(_) => "connect",
            Unanswered::Timeout => "timeout",
            Unanswered::Broken(_) | Unanswered::TooLarge => "broken",
        })
    }
}

impl Default for Traffic {
    fn default() -> Traffic {
        Traffic { attempts: Counters::new(KINDS_MAX), waits: Times::default() }
    }
}

impl Traffic {
    /// Counts an attempt that has ended.
    pub(super) fn ended(&self, method: Method, route: &Route, path: &str, ended: Ended) {
        self.attempts.count(&(route.shape, ended), || {
            let status = match ended {
                Ended::Status(status) => status.to_string(),
                Ended::Unanswered(why) => why.to_owned(),
            };
            let attempt = Attempt { method: method.as_str(), route: route::template(path), status };
            ((route.shape, ended), attempt)
        });
    }

    /// Records how long a request waited for limits.
    pub(super) fn waited(&self, time: Duration) {
        self.waits.count(time);
    }

    /// Attempts so far, by kind.
    pub fn attempts(&self) -> Vec<(Attempt, u64)> {
        let others = Attempt { method: "other", route: "other".to_owned(), status: "other".to_owned() };
        let others = Some((others, self.attempts.others())).filter(|(_, count)| *count > 0);
        self.attempts.counts().into_iter().chain(others).collect()
    }

    /// How long requests waited for limits before they were sent, including those that did not have to wait.
    pub fn waits(&self) -> TimesSeen {
        self.waits.seen()
    }
}
