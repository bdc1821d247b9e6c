//! Plays a script: sends its lines, loads and reloads, and compares the bot's output. It stops at the first difference.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use gearshift_sim::{Entry, EntryKind, Outcome, Prompt, Sim};

use super::{
    output::Output,
    pattern::{Pattern, Words},
    script::{Script, Step},
};
use crate::{
    cogs::{CogError, Cogs, Report, Stage},
    error::chain,
};

/// How long an answer may take by default.
const WITHIN: Duration = Duration::from_secs(5);

/// Where the script and the bot's output differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The line, from 1; if there was extra output at the end, the one after the last.
    pub line: usize,
    /// The last lines of the script before it.
    pub before: Vec<String>,
    /// The line that failed, as it is written; empty at the end of the script.
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

/// Plays a script, over several hosts if it contains restarts: the built-in Discord and its transcript persist.
pub struct Player<'a> {
    script: &'a Script,
    sim: &'a Sim,
    /// The index of the next step.
    at: usize,
    prompt: Option<Prompt>,
    speaker: String,
    channel: Option<String>,
    output: Output,
    words: Words,
    within: Duration,
}

/// How far a script was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// To its end.
    All,
    /// To a `restart`: it continues with another host.
    Restart,
}

impl<'a> Player<'a> {
    /// Receives the bot's output from now on.
    pub fn new(script: &'a Script, sim: &'a Sim) -> Player<'a> {
        Player {
            script,
            sim,
            at: 0,
            prompt: None,
            speaker: String::new(),
            channel: None,
            output: Output::new(sim),
            words: Words::new(),
            within: WITHIN,
        }
    }

    /// Continues with this host.
    ///
    /// # Errors
    /// The first line whose outcome was different.
    pub async fn play(&mut self, cogs: &Arc<Cogs>) -> Result<Played, Failure> {
        let script = self.script;
        while let Some(placed) = script.steps.get(self.at) {
            if placed.step == Step::Restart {
                self.nothing_unexpected().map_err(|instead| self.failure(&placed.text, instead))?;
                self.at += 1;
                return Ok(Played::Restart);
            }
            let done = self.step(&placed.step, cogs).await;
            done.map_err(|instead| self.failure(&placed.text, instead))?;
            self.at += 1;
        }
        match self.output.already() {
            Some(said) => Err(self.failure("", format!("bot< {}", shown(&said)))),
            None => Ok(Played::All),
        }
    }

    fn failure(&self, wanted: &str, instead: String) -> Failure {
        let steps = &self.script.steps;
        let after = || steps.last().map_or(1, |placed| placed.line + 1);
        let line = steps.get(self.at).map_or_else(after, |placed| placed.line);
        let before = steps[self.at.saturating_sub(2)..self.at].iter().map(|placed| placed.text.clone());
        Failure { line, before: before.collect(), wanted: wanted.to_owned(), instead }
    }
}

impl Player<'_> {
    /// Carries out one step; the error is what happened instead.
    async fn step(&mut self, step: &Step, cogs: &Arc<Cogs>) -> Result<(), String> {
        match step {
            Step::Within(within) => self.within = *within,
            Step::In(channel) => self.channel = Some(channel.clone()),
            Step::Needs(names) => needs(cogs, names)?,
            Step::Says { member, line } => {
                self.nothing_unexpected()?;
                self.says(member, line).await?;
            }
            Step::Order(line) => {
                self.nothing_unexpected()?;
                refused(self.prompt()?.line(line).await).map(drop)?;
            }
            Step::Settle => {
                self.sim.settle(self.within).await.map_err(|unsettled| unsettled.to_string())?;
            }
            // The caller does it.
            Step::Restart => {}
            Step::Answers(pattern) => self.answers(pattern).await?,
            Step::AnswersNothing => {
                if let Some(said) = self.output.next(self.within).await {
                    return Err(format!("bot< {}", shown(&said)));
                }
            }
            Step::Load(names) => each(cogs, names, async |cogs, name| cogs.load(name).await).await?,
            Step::Unload(names) => each(cogs, names, async |cogs, name| cogs.unload(name).await).await?,
            Step::Reload(names) => each(cogs, names, async |cogs, name| cogs.reload(name).await).await?,
        }
        Ok(())
    }

    /// The prompt of the last speaker, or of any user: commands to the simulator belong to no user in particular.
    fn prompt(&mut self) -> Result<&mut Prompt, String> {
        if self.prompt.is_none() {
            let anybody = self.sim.world(|world| {
                world
                    .guilds()
                    .next()
                    .and_then(|guild| world.user(guild.owner_id))
                    .map(|user| user.username.clone())
            });
            let anybody = anybody.ok_or("this world has no users")?;
            self.prompt = Some(Prompt::new(self.sim, &anybody).map_err(|error| chain(&error))?);
            self.speaker = anybody;
        }
        self.prompt.as_mut().ok_or_else(|| "this world has no users".to_owned())
    }

    async fn says(&mut self, member: &str, line: &str) -> Result<(), String> {
        if self.speaker != member {
            self.prompt = Some(Prompt::new(self.sim, member).map_err(|error| chain(&error))?);
            self.speaker = member.to_owned();
        }
        if let Some(channel) = self.channel.clone() {
            refused(self.prompt()?.line(&format!(":in {channel}")).await)?;
        }
        let line = self
            .words
            .iter()
            .fold(line.to_owned(), |line, (name, word)| line.replace(&format!("{{{name}}}"), word));
        // A command of a newly loaded cog is registered a moment later.
        let until = Instant::now() + self.within;
        let mut news = self.sim.transcript().reader();
        loop {
            match refused(self.prompt()?.line(&line).await) {
                Err(why) if line.starts_with('/') => {
                    let registered =
                        |entry: &Entry| matches!(entry.kind, EntryKind::Commands { .. }).then_some(());
                    news.until(until, registered).await.ok_or(why)?;
                }
                // Only the user who types can see the suggestions.
                Ok(Some(offered)) if line.starts_with(":choices") => {
                    self.output.add(format!("(choices) {}", offered.replace('\n', ", ")));
                    return Ok(());
                }
                done => return done.map(drop),
            }
        }
    }

    async fn answers(&mut self, pattern: &Pattern) -> Result<(), String> {
        match self.output.next(self.within).await {
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

    /// All output of the bot must be in the script.
    fn nothing_unexpected(&mut self) -> Result<(), String> {
        match self.output.already() {
            Some(said) => Err(format!("before that: bot< {}", shown(&said))),
            None => Ok(()),
        }
    }
}

fn needs(cogs: &Cogs, names: &[String]) -> Result<(), String> {
    let cogs = cogs.status().cogs;
    for name in names {
        match cogs.iter().find(|cog| cog.name == *name) {
            Some(cog) if cog.stage == Stage::Serving => {}
            Some(cog) => {
                let why = cog.last_fault.as_deref().unwrap_or("it was unloaded");
                return Err(format!("`{name}` is not serving: {why}"));
            }
            None => return Err(format!("there is no cog `{name}`")),
        }
    }
    Ok(())
}

async fn each(
    cogs: &Arc<Cogs>,
    names: &[String],
    operation: impl AsyncFn(&Arc<Cogs>, &str) -> Result<Report, CogError>,
) -> Result<(), String> {
    for name in names {
        operation(cogs, name).await.map_err(|error| chain(&error))?;
    }
    Ok(())
}

/// The output of a line, unless it was refused.
fn refused(outcome: Outcome) -> Result<Option<String>, String> {
    match outcome {
        Outcome::Shown(text) => Ok(Some(text)),
        Outcome::Done | Outcome::Quit => Ok(None),
        Outcome::Refused(why) => Err(why),
    }
}

/// A text on one line, written as in a pattern.
fn shown(said: &str) -> String {
    said.replace('\\', "\\\\").replace('\n', "\\n").replace('*', "\\*").replace('{', "\\{")
}
