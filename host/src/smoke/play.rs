//! Playing a script: says its lines, loads and reloads, and compares what the bot says. It stops at the first
//! difference.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use gearshift_sim::{Entry, Outcome, Prompt, Sim, What};

use super::{
    output::Output,
    pattern::{Pattern, Words},
    script::{Script, Step},
};
use crate::{
    cogs::{CogError, Cogs, Report, Stage},
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

/// Plays a script, over several hosts if it asks for them: the built-in Discord and what was said go on.
pub struct Player<'a> {
    script: &'a Script,
    sim: &'a Sim,
    /// The step that is next.
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
    /// To a `restart`: it goes on with another host.
    Restart,
}

impl<'a> Player<'a> {
    /// Hears what the bot says from now on.
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

    /// Plays on with this host.
    ///
    /// # Errors
    /// The first line at which something else happened.
    pub async fn play(&mut self, cogs: &Arc<Cogs>) -> Result<Played, Failure> {
        let script = self.script;
        while let Some(placed) = script.steps.get(self.at) {
            if placed.step == Step::Restart {
                self.nothing_unheard().map_err(|instead| self.failure(&placed.text, instead))?;
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
    /// Does one step; the error is what happened instead.
    async fn step(&mut self, step: &Step, cogs: &Arc<Cogs>) -> Result<(), String> {
        match step {
            Step::Within(within) => self.within = *within,
            Step::In(channel) => self.channel = Some(channel.clone()),
            Step::Needs(names) => needs(cogs, names)?,
            Step::Says { member, line } => {
                self.nothing_unheard()?;
                self.says(member, line).await?;
            }
            Step::Order(line) => {
                self.nothing_unheard()?;
                refused(self.prompt()?.line(line).await).map(drop)?;
            }
            Step::Settle => {
                self.sim.settle(self.within).await.map_err(|unsettled| unsettled.to_string())?;
            }
            // The one who plays sees to it.
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

    /// The prompt of the user who spoke last, or of anybody: orders to the simulator are nobody's in particular.
    fn prompt(&mut self) -> Result<&mut Prompt, String> {
        if self.prompt.is_none() {
            let anybody = self.sim.world(|world| {
                world
                    .guilds()
                    .next()
                    .and_then(|guild| world.user(guild.owner_id))
                    .map(|user| user.username.clone())
            });
            let anybody = anybody.ok_or("there is nobody in this world")?;
            self.prompt = Some(Prompt::new(self.sim, &anybody).map_err(|error| chain(&error))?);
            self.speaker = anybody;
        }
        self.prompt.as_mut().ok_or_else(|| "there is nobody in this world".to_owned())
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
        // A command of a cog that has just come is registered a moment later.
        let until = Instant::now() + self.within;
        let mut news = self.sim.transcript().reader();
        loop {
            match refused(self.prompt()?.line(&line).await) {
                Err(why) if line.starts_with('/') => {
                    let registered =
                        |entry: &Entry| matches!(entry.what, What::Commands { .. }).then_some(());
                    news.until(until, registered).await.ok_or(why)?;
                }
                // What is offered is shown only to the one who types.
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

    /// Everything that the bot says has to stand in the script.
    fn nothing_unheard(&mut self) -> Result<(), String> {
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

/// What a line showed, unless it was refused.
fn refused(outcome: Outcome) -> Result<Option<String>, String> {
    match outcome {
        Outcome::Shown(text) => Ok(Some(text)),
        Outcome::Done | Outcome::Quit => Ok(None),
        Outcome::Refused(why) => Err(why),
    }
}

/// A text on one line, as a pattern would be written.
fn shown(said: &str) -> String {
    said.replace('\\', "\\\\").replace('\n', "\\n").replace('*', "\\*").replace('{', "\\{")
}
