//! Parses a script: lines become steps, and each mistake is reported with its line. It plays nothing.

use std::time::Duration;

use super::pattern::Pattern;

/// A parsed script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub(super) steps: Vec<Placed>,
}

/// A step and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// From 1.
    pub(super) line: usize,
    /// As it is written.
    pub(super) text: String,
    pub(super) step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Needs(Vec<String>),
    In(String),
    Within(Duration),
    Says { member: String, line: String },
    Answers(Pattern),
    AnswersNothing,
    Load(Vec<String>),
    Unload(Vec<String>),
    Reload(Vec<String>),
    Order(String),
    Settle,
    Restart,
}

/// A problem in a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// What is wrong, in words.
    pub what: String,
}

/// Words that begin a line that is not a message.
const VERBS: [&str; 8] = ["in", "load", "needs", "reload", "restart", "settle", "unload", "within"];
/// The longest time for an answer.
const WITHIN_MAX: Duration = Duration::from_secs(600);

impl Script {
    /// Parses a script.
    ///
    /// # Errors
    /// Every line that is not valid.
    pub fn parse(text: &str) -> Result<Script, Vec<Problem>> {
        let (mut steps, mut problems) = (Vec::new(), Vec::new());
        for (at, text) in text.lines().enumerate() {
            let (line, text) = (at + 1, text.trim());
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            match step(text) {
                Ok(step) => steps.push(Placed { line, text: text.to_owned(), step }),
                Err(what) => problems.push(Problem { line, what }),
            }
        }
        let asks = steps.iter().any(|placed| matches!(placed.step, Step::Answers(_) | Step::AnswersNothing));
        if problems.is_empty() && !asks {
            let what = "there is no line `bot< …`: a script without one cannot fail".to_owned();
            problems.push(Problem { line: text.lines().count().max(1), what });
        }
        if problems.is_empty() { Ok(Script { steps }) } else { Err(problems) }
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }
}

fn step(text: &str) -> Result<Step, String> {
    if text.starts_with(':') {
        return Ok(Step::Order(text.to_owned()));
    }
    if let Some((who, rest)) = speech(text, '<') {
        return match (who, rest) {
            ("bot", "(nothing)") => Ok(Step::AnswersNothing),
            ("bot", "") => {
                Err("`bot<` needs what the bot must say; write `bot< (nothing)` if it must say nothing"
                    .to_owned())
            }
            ("bot", pattern) => Pattern::parse(pattern).map(Step::Answers),
            (who, _) => Err(format!(
                "`{who}<` is not valid: use `bot<` for what the bot must say, and `{who}>` for what \
                             {who} says"
            )),
        };
    }
    if let Some((who, rest)) = speech(text, '>') {
        return match (who, rest) {
            ("bot", _) => {
                Err("`bot>` is not valid: the bot cannot be made to say something; use `bot<` for what it must say"
                    .to_owned())
            }
            (_, "") => Err(format!("`{who}>` needs what {who} says")),
            (member, line) => Ok(Step::Says { member: member.to_owned(), line: line.to_owned() }),
        };
    }
    let mut words = text.split_whitespace();
    let verb = words.next().unwrap_or_default();
    let names = || words.clone().map(str::to_owned).collect::<Vec<_>>();
    let some = |names: Vec<String>| match names.is_empty() {
        true => Err(format!("`{verb}` needs names of cogs")),
        false => Ok(names),
    };
    match verb {
        "needs" => some(names()).map(Step::Needs),
        "load" => some(names()).map(Step::Load),
        "unload" => some(names()).map(Step::Unload),
        "reload" => some(names()).map(Step::Reload),
        "restart" | "settle" if !names().is_empty() => Err(format!("`{verb}` takes nothing after it")),
        "restart" => Ok(Step::Restart),
        "settle" => Ok(Step::Settle),
        "in" => match &names()[..] {
            [channel] => Ok(Step::In(channel.clone())),
            _ => Err("`in` needs one channel: `in #dev`".to_owned()),
        },
        "within" => match &names()[..] {
            [time] => span(time).map(Step::Within),
            _ => Err("`within` needs one time: `within 2s`".to_owned()),
        },
        other => {
            let hint = VERBS.iter().find(|verb| strsim::damerau_levenshtein(verb, other) <= 2);
            let hint = hint.map(|verb| format!("; did you mean `{verb}`?")).unwrap_or_default();
            Err(format!(
                "no line begins with `{other}`; expected `NAME> …`, `bot< …`, `:ORDER` or one of {}{hint}",
                VERBS.map(|verb| format!("`{verb}`")).join(", ")
            ))
        }
    }
}

/// `alice> text`: a name, the sign, and the rest.
fn speech(text: &str, sign: char) -> Option<(&str, &str)> {
    let (who, rest) = text.split_once(sign)?;
    let is_name = !who.is_empty() && who.chars().all(|it| it.is_alphanumeric() || "._-".contains(it));
    is_name.then_some((who, rest.trim()))
}

/// `2s` or `500ms`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time; write `2s` or `500ms`");
    let (digits, unit) = text.split_at(text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let span = match unit {
        "s" => Duration::from_secs(number),
        "ms" => Duration::from_millis(number),
        _ => return Err(wrong()),
    };
    match span.is_zero() || span > WITHIN_MAX {
        true => Err(format!("`{text}` is not between 1ms and {}s", WITHIN_MAX.as_secs())),
        false => Ok(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Step {
        step(text).unwrap()
    }

    #[test]
    fn lines_mean_what_the_documentation_says() {
        assert_eq!(only("needs ping counter"), Step::Needs(vec!["ping".to_owned(), "counter".to_owned()]));
        assert_eq!(only("in #dev"), Step::In("#dev".to_owned()));
        assert_eq!(only("within 500ms"), Step::Within(Duration::from_millis(500)));
        let says = |line: &str| Step::Says { member: "alice".to_owned(), line: line.to_owned() };
        assert_eq!(only("alice> !ping a > b < c"), says("!ping a > b < c"));
        assert_eq!(only("alice> :react 👍"), says(":react 👍"));
        assert_eq!(only("bot< a > b"), Step::Answers(Pattern::parse("a > b").unwrap()));
        assert_eq!(only("bot< (nothing)"), Step::AnswersNothing);
        assert_eq!(only("reload ping"), Step::Reload(vec!["ping".to_owned()]));
        assert_eq!(only(":time advance 3s"), Step::Order(":time advance 3s".to_owned()));
        assert_eq!((only("settle"), only("restart")), (Step::Settle, Step::Restart));
    }

    #[test]
    fn every_line_that_is_not_understood_is_named() {
        let script = "# remark\nalice> hi\nrelod ping\n\nwithin soon\nbob<  hi\nbot> hi\nbot< {a b}\nin a b\nwithin 0s";
        let problems = Script::parse(script).unwrap_err();
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [3, 5, 6, 7, 8, 9, 10]);
        assert!(problems[0].what.contains("did you mean `reload`?"), "{}", problems[0]);
    }

    #[test]
    fn a_script_that_cannot_fail_is_refused() {
        assert!(Script::parse("alice> hi").unwrap_err()[0].what.contains("cannot fail"));
        assert!(Script::parse("").is_err());
        assert_eq!(Script::parse("alice> hi\nbot< *").unwrap().steps(), 2);
    }
}
