//! The failures that the test injects: requests to Discord that are refused, or that get no answer.

use super::pattern;

/// All rules that are not used up.
#[derive(Default)]
pub(super) struct Refusals {
    rules: Vec<Rule>,
}

struct Rule {
    method: String,
    path: String,
    outcome: Outcome,
    is_once: bool,
}

/// What happens to a request.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    /// Discord answers with this status and code.
    Refused { status: u16, code: u32 },
    /// The request never arrives.
    Lost,
    /// The request is carried out, but its answer never arrives.
    Unanswered,
}

impl Refusals {
    pub(super) fn add(&mut self, method: &str, path: &str, outcome: Outcome, is_once: bool) {
        self.rules.push(Rule { method: method.to_owned(), path: path.to_owned(), outcome, is_once });
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// What happens to this request, if a rule matches it: the latest rule wins.
    pub(super) fn of(&mut self, method: &str, path: &str) -> Option<Outcome> {
        let fits = |rule: &Rule| rule.method == method && pattern::fits(&rule.path, path);
        let at = self.rules.iter().rposition(fits)?;
        let outcome = self.rules[at].outcome;
        if self.rules[at].is_once {
            self.rules.remove(at);
        }
        Some(outcome)
    }
}
