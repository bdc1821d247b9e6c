//! Faults on demand: what goes wrong, where, and how often.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::transcript::{EntryKind, Transcript};

/// Something that goes wrong with a REST call.
#[derive(Clone, Debug, PartialEq)]
pub enum RestFault {
    /// The call is not carried out; the answer has this status and a JSON error.
    Status {
        /// The HTTP status, 400 to 599.
        status: u16,
        /// Discord's error code; 0 for a general error.
        code: u32,
        /// The error message.
        message: String,
    },
    /// The call is not carried out; the answer is 429 with `Retry-After`.
    RateLimit {
        /// How long the client must wait.
        retry_after: Duration,
        /// Whether the limit is for all routes.
        global: bool,
    },
    /// The call is carried out after a delay.
    Delay(Duration),
    /// The call is not carried out and its connection is cut.
    Drop,
    /// The call is carried out, but its connection is cut before the response.
    DropAnswer,
}

impl RestFault {
    /// A status asked for by a test or user; without a `message`, the text says that it was on demand.
    pub(crate) fn on_demand(status: u16, code: u32, message: Option<String>) -> Self {
        Self::Status { status, code, message: message.unwrap_or(format!("{status}: on demand")) }
    }
}

/// A handle to the faults of a simulator; clones share them.
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

struct Shared {
    /// How many rules are left; without any, a call passes without taking the lock.
    armed: AtomicUsize,
    rules: Mutex<Vec<Rule>>,
    transcript: Transcript,
    /// Indexed by [`Switch`].
    switches: [AtomicBool; 3],
}

/// What goes wrong at the gateway until it is switched off.
#[derive(Clone, Copy)]
pub(crate) enum Switch {
    /// Heartbeats are not acknowledged.
    Heartbeats,
    /// New connections are refused.
    Connections,
    /// New connections to the address for resuming are refused.
    Resumes,
}

impl Switch {
    const ALL: [Self; 3] = [Self::Heartbeats, Self::Connections, Self::Resumes];

    /// Describes the switch when on or off.
    fn describe(self, on: bool) -> &'static str {
        match (self, on) {
            (Self::Heartbeats, true) => "heartbeats are not acknowledged",
            (Self::Heartbeats, false) => "heartbeats are acknowledged",
            (Self::Connections, true) => "gateway connections are refused",
            (Self::Connections, false) => "gateway connections are accepted",
            (Self::Resumes, true) => "connections to resume are refused",
            (Self::Resumes, false) => "connections to resume are accepted",
        }
    }
}

struct Rule {
    method: String,
    path: String,
    left: u64,
    fault: RestFault,
}

impl Faults {
    pub(crate) fn new(transcript: Transcript) -> Self {
        Self {
            shared: Arc::new(Shared {
                armed: AtomicUsize::new(0),
                rules: Mutex::default(),
                transcript,
                switches: Default::default(),
            }),
        }
    }

    /// Makes the next `times` matching calls go wrong. `method` may be `*`; `path` has no `/api/vN`, and `*` in it
    /// stands for any run of characters: `/channels/*/messages`. Rules apply in the order in which they were armed.
    pub fn rest(&self, method: &str, path: &str, times: u64, fault: RestFault) {
        self.note(format!("the next {times} of {method} {path}: {fault}"));
        if times == 0 {
            return;
        }
        let mut rules = self.rules();
        rules.push(Rule { method: method.to_uppercase(), path: path.to_owned(), left: times, fault });
        self.shared.armed.store(rules.len(), Ordering::Relaxed);
    }

    /// Disarms everything: REST rules, ignored heartbeats, refused connections. An outage of a guild continues.
    pub fn clear(&self) {
        self.rules().clear();
        self.shared.armed.store(0, Ordering::Relaxed);
        self.shared.switches.iter().for_each(|switch| switch.store(false, Ordering::Relaxed));
        self.note("cleared".to_owned());
    }

    /// What is armed, one line each.
    pub fn armed(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .rules()
            .iter()
            .map(|rule| format!("the next {} of {} {}: {}", rule.left, rule.method, rule.path, rule.fault))
            .collect();
        let switched = Switch::ALL.into_iter().filter(|switch| self.is_on(*switch));
        lines.extend(switched.map(|switch| switch.describe(true).to_owned()));
        lines
    }

    pub(crate) fn take_fault(&self, method: &str, path: &str) -> Option<RestFault> {
        if self.shared.armed.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut rules = self.rules();
        let at = rules.iter().position(|rule| {
            (rule.method == "*" || rule.method == method) && matches(rule.path.as_bytes(), path.as_bytes())
        })?;
        rules[at].left -= 1;
        let fault = rules[at].fault.clone();
        if rules[at].left == 0 {
            rules.remove(at);
            self.shared.armed.store(rules.len(), Ordering::Relaxed);
        }
        Some(fault)
    }

    pub(crate) fn switch(&self, what: Switch, on: bool) {
        self.shared.switches[what as usize].store(on, Ordering::Relaxed);
        self.note(what.describe(on).to_owned());
    }

    pub(crate) fn is_on(&self, what: Switch) -> bool {
        self.shared.switches[what as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn note(&self, text: String) {
        self.shared.transcript.write(EntryKind::Fault { text });
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for RestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, code: 0, .. } => write!(f, "answer {status}"),
            Self::Status { status, code, .. } => write!(f, "answer {status} with code {code}"),
            Self::RateLimit { retry_after, .. } => write!(f, "answer 429, retry after {retry_after:?}"),
            Self::Delay(delay) => write!(f, "delay by {delay:?}"),
            Self::Drop => f.write_str("drop the connection"),
            Self::DropAnswer => f.write_str("carry out, then drop the connection"),
        }
    }
}

/// Whether a path matches a pattern in which `*` stands for any run of bytes. Each `*` takes as little as it can, and
/// only the last one takes more on a mismatch, so no pattern is slow.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut last_star = None;
    while from < path.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, from));
                at += 1;
            }
            Some(byte) if *byte == path[from] => (at, from) = (at + 1, from + 1),
            _ => {
                let Some((star, taken)) = last_star else { return false };
                last_star = Some((star, taken + 1));
                (at, from) = (star + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_applies_as_often_as_armed_and_only_to_matching_calls() {
        let faults = Faults::new(Transcript::new(10, crate::clock::Clock::default()));
        faults.rest("post", "/channels/*/messages", 2, RestFault::Drop);
        assert_eq!(faults.take_fault("GET", "/channels/1/messages"), None);
        assert_eq!(faults.take_fault("POST", "/channels/1/messages/2"), None);
        assert_eq!(faults.take_fault("POST", "/channels/1/messages"), Some(RestFault::Drop));
        assert_eq!(faults.take_fault("POST", "/channels/2/messages"), Some(RestFault::Drop));
        assert_eq!(faults.take_fault("POST", "/channels/1/messages"), None);
        assert!(faults.armed().is_empty());
    }

    #[test]
    fn a_star_matches_any_run_and_no_pattern_is_slow() {
        let fits = |pattern: &str, path: &str| matches(pattern.as_bytes(), path.as_bytes());
        assert!(fits("*", "") && fits("*", "/a/b") && fits("/a/*", "/a/") && fits("/*/b/*/d", "/a/b/b/c/d"));
        assert!(!fits("", "/") && !fits("/a/*", "/a") && !fits("/*/b", "/a/b/c") && !fits("/a", "/a/b"));
        assert!(!fits(&format!("/{}b", "*".repeat(100)), &"/a".repeat(1000)));
    }
}
