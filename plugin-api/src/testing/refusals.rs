//! What the test makes go wrong: requests to Discord that are refused, or that nobody answers.

use super::pattern;

/// All that was asked for and is not used up.
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

/// What becomes of a request.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    /// Discord answers with this status and code.
    Refused { status: u16, code: u32 },
    /// It never arrives.
    Lost,
    /// It is carried out, and the answer never arrives.
    Unanswered,
}

impl Refusals {
    pub(super) fn add(&mut self, method: &str, path: &str, outcome: Outcome, is_once: bool) {
        self.rules.push(Rule { method: method.to_owned(), path: path.to_owned(), outcome, is_once });
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// What becomes of this request, if something was asked for: what was asked for last goes first.
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
