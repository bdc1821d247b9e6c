//! Playing a script: says its lines, loads and reloads, and compares what the bot says. It stops at the first
//! difference.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use gearshift_sim::{Entry, Outcome, Prompt, Sim, What};

use super::{
    ear::Ear,
    pattern::{Pattern, Words},
    script::{Script, Step},
};
use crate::{
    cogs::{CogError, Cogs, Report, Standing},
    error::chain,
};

/// How long an answer may take unless the script says otherwise.
const WITHIN: Duration = Duration::from_secs(5);

/// Where a script and the bot part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The line, from 1; the one after the last if too much was said at the end.
    pub line: usize,
    /// The last lines of the script up to there.
    pub before: Vec<String>,
    /// The line that failed, as it is written; empty at the end.
    pub wanted: String,
    /// What happened instead.
    pub instead: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.before {
            writeln!(out, "      {line}")?;
        }
        if !self.wanted.is_empty() {
            writeln!(out, "    - {}", self.wanted)?;
        }
        write!(out, "    + {}", self.instead)
    }
}

/// Plays a script.
///
/// # Errors
/// The first line at which something else happened.
pub async fn play(script: &Script, sim: &Sim, cogs: &Arc<Cogs>) -> Result<(), Failure> {
    let failure = |at: usize, wanted: &str, instead: String| {
        let line = script
            .steps
            .get(at)
            .map_or_else(|| script.steps.last().map_or(1, |placed| placed.line + 1), |placed| placed.line);
        let before =
            script.steps[at.saturating_sub(2)..at].iter().map(|placed| placed.text.clone()).collect();
        Failure { line, before, wanted: wanted.to_owned(), instead }
    };
    let mut player = Player {
        cogs,
        prompt: None,
        speaker: String::new(),
        channel: None,
        sim,
        ear: Ear::new(sim),
        words: Words::new(),
        within: WITHIN,
    };
    for (at, placed) in script.steps.iter().enumerate() {
        if let Err(instead) = player.step(&placed.step).await {
            return Err(failure(at, &placed.text, instead));
        }
    }
    match player.ear.already() {
        Some(said) => Err(failure(script.steps.len(), "", format!("bot< {}", shown(&said)))),
        None => Ok(()),
    }
}

struct Player<'a> {
    sim: &'a Sim,
    cogs: &'a Arc<Cogs>,
    prompt: Option<Prompt>,
    speaker: String,
    channel: Option<String>,
    ear: Ear,
    words: Words,
    within: Duration,
}

impl Player<'_> {
    /// Does one step; the error is what happened instead.
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Within(within) => self.within = *within,
            Step::In(channel) => self.channel = Some(channel.clone()),
            Step::Needs(names) => self.needs(names)?,
            Step::Says { member, line } => {
                self.nothing_unheard()?;
                self.says(member, line).await?;
            }
            Step::Answers(pattern) => self.answers(pattern).await?,
            Step::AnswersNothing => {
                if let Some(said) = self.ear.next(self.within).await {
                    return Err(format!("bot< {}", shown(&said)));
                }
            }
            Step::Load(names) => self.each(names, async |cogs, name| cogs.load(name).await).await?,
            Step::Unload(names) => self.each(names, async |cogs, name| cogs.unload(name).await).await?,
            Step::Reload(names) => self.each(names, async |cogs, name| cogs.reload(name).await).await?,
        }
        Ok(())
    }

    fn needs(&self, names: &[String]) -> Result<(), String> {
        let cogs = self.cogs.status().cogs;
        for name in names {
            match cogs.iter().find(|cog| cog.name == *name) {
                Some(cog) if cog.standing == Standing::Serving => {}
                Some(cog) => {
                    let why = cog.last_fault.as_deref().unwrap_or("it was unloaded");
                    return Err(format!("`{name}` is not serving: {why}"));
                }
                None => return Err(format!("there is no cog `{name}`")),
            }
        }
        Ok(())
    }

    async fn says(&mut self, member: &str, line: &str) -> Result<(), String> {
        if self.prompt.is_none() || self.speaker != member {
            let prompt = Prompt::new(self.sim, member).map_err(|error| chain(&error))?;
            self.prompt = Some(prompt);
            self.speaker = member.to_owned();
        }
        let Some(prompt) = &mut self.prompt else { return Ok(()) };
        if let Some(channel) = &self.channel {
            refused(prompt.line(&format!(":in {channel}")).await)?;
        }
        let line = self
            .words
            .iter()
            .fold(line.to_owned(), |line, (name, word)| line.replace(&format!("{{{name}}}"), word));
        // A command of a cog that has just come is registered a moment later.
        let until = Instant::now() + self.within;
        let mut news = self.sim.transcript().reader();
        loop {
            match refused(prompt.line(&line).await) {
                Err(why) if line.starts_with('/') => {
                    let registered =
                        |entry: &Entry| matches!(entry.what, What::Commands { .. }).then_some(());
                    news.until(until, registered).await.ok_or(why)?;
                }
                done => return done,
            }
        }
    }

    async fn answers(&mut self, pattern: &Pattern) -> Result<(), String> {
        match self.ear.next(self.within).await {
            Some(said) if pattern.fits(&said, &mut self.words) => Ok(()),
            Some(said) => {
                let filled = pattern.filled(&self.words);
                let meaning = if filled == pattern.to_string() {
                    String::new()
                } else {
                    format!("    (wanted: {filled})")
                };
                Err(format!("bot< {}{meaning}", shown(&said)))
            }
            None => Err(format!("the bot said nothing within {} ms", self.within.as_millis())),
        }
    }

    /// Everything that the bot says has to stand in the script.
    fn nothing_unheard(&mut self) -> Result<(), String> {
        match self.ear.already() {
            Some(said) => Err(format!("before that: bot< {}", shown(&said))),
            None => Ok(()),
        }
    }

    async fn each(
        &self,
        names: &[String],
        operation: impl AsyncFn(&Arc<Cogs>, &str) -> Result<Report, CogError>,
    ) -> Result<(), String> {
        for name in names {
            operation(self.cogs, name).await.map_err(|error| chain(&error))?;
        }
        Ok(())
    }
}

fn refused(outcome: Outcome) -> Result<(), String> {
    match outcome {
        Outcome::Done | Outcome::Shown(_) | Outcome::Quit => Ok(()),
        Outcome::Refused(why) => Err(why),
    }
}

/// A text on one line, as a pattern would be written.
fn shown(said: &str) -> String {
    said.replace('\\', "\\\\").replace('\n', "\\n").replace('*', "\\*").replace('{', "\\{")
}
