//! The tricks that the dummy plays, and at which stage of its life. Where the plan comes from is not known here.

use std::{collections::BTreeMap, fmt, future::pending, thread, time::Duration};

use gearshift_cog::{Error, Host, Result};

/// The longest wait, in milliseconds: it ends even if a test forgets it.
const LONGEST_MS: u64 = 600_000;

/// The text of [`Trick::Forge`]: with a line of its own, and an escape sequence for the terminal.
const FORGED: &str = "asked to forge\nFORGED a line\r\u{1b}[31m";

/// A stage of a cog's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Setup,
    Restore,
    Event,
    Task,
    Save,
    Teardown,
    /// When the host drops the cog, after everything else.
    Drop,
}

/// All stages, by their names.
const STAGES: [(&str, Stage); 7] = [
    ("setup", Stage::Setup),
    ("restore", Stage::Restore),
    ("event", Stage::Event),
    ("task", Stage::Task),
    ("save", Stage::Save),
    ("teardown", Stage::Teardown),
    ("drop", Stage::Drop),
];

/// A way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trick {
    Panic,
    Error,
    /// An error whose text is made to look like lines of the host.
    Forge,
    /// Waits at an `await`; blocks the thread where there is none.
    Sleep(Duration),
    /// Blocks the thread.
    Block(Duration),
    /// Ends the process. On a lane in the host, that ends the bot.
    Abort,
    /// Never returns; where there is no `await`, it blocks the thread forever.
    Hang,
}

/// A trick for some stages, written as `setup=panic;save=block 500`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    tricks: BTreeMap<Stage, Trick>,
}

impl Plan {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut plan = Self::default();
        for entry in text.split(';').filter(|entry| !entry.trim().is_empty()) {
            let (stage, trick) = entry.split_once('=').ok_or(format!("`{entry}` is not `stage=trick`"))?;
            plan.arm(stage.trim().parse()?, trick.trim().parse()?);
        }
        Ok(plan)
    }

    pub(crate) fn arm(&mut self, stage: Stage, trick: Trick) {
        self.tricks.insert(stage, trick);
    }

    /// Plays the trick of a stage that can wait.
    pub(crate) async fn act(&self, stage: Stage, host: &Host) -> Result<()> {
        match self.tricks.get(&stage) {
            Some(Trick::Sleep(time)) => host.clock().sleep(*time).await,
            Some(Trick::Hang) => pending().await,
            _ => self.act_now(stage)?,
        }
        Ok(())
    }

    /// Plays the trick of a stage that cannot wait.
    pub(crate) fn act_now(&self, stage: Stage) -> Result<()> {
        match self.tricks.get(&stage) {
            None => {}
            Some(Trick::Panic) => panic!("asked to panic in {stage}"),
            Some(Trick::Abort) => std::process::abort(),
            Some(Trick::Error) => return Err(Error::new(format!("asked to fail in {stage}"))),
            Some(Trick::Forge) => return Err(Error::new(FORGED)),
            Some(Trick::Sleep(time) | Trick::Block(time)) => thread::sleep(*time),
            Some(Trick::Hang) => loop {
                thread::park();
            },
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (stage, trick)) in self.tricks.iter().enumerate() {
            let separator = if at == 0 { "" } else { ";" };
            write!(out, "{separator}{stage}={trick}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = STAGES.iter().find(|(_, stage)| stage == self).expect("every stage is in the table");
        out.write_str(name)
    }
}

impl std::str::FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        STAGES.iter().find(|(name, _)| *name == text).map(|(_, stage)| *stage).ok_or_else(|| {
            let names: Vec<&str> = STAGES.iter().map(|(name, _)| *name).collect();
            format!("`{text}` is not a stage; there are {}", names.join(", "))
        })
    }
}

impl fmt::Display for Trick {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic => out.write_str("panic"),
            Self::Error => out.write_str("error"),
            Self::Forge => out.write_str("forge"),
            Self::Abort => out.write_str("abort"),
            Self::Sleep(time) => write!(out, "sleep {}", time.as_millis()),
            Self::Block(time) => write!(out, "block {}", time.as_millis()),
            Self::Hang => out.write_str("hang"),
        }
    }
}

impl std::str::FromStr for Trick {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            ["panic"] => Ok(Self::Panic),
            ["error"] => Ok(Self::Error),
            ["forge"] => Ok(Self::Forge),
            ["abort"] => Ok(Self::Abort),
            ["hang"] => Ok(Self::Hang),
            ["sleep", ms] => Ok(Self::Sleep(millis(ms)?)),
            ["block", ms] => Ok(Self::Block(millis(ms)?)),
            _ => Err(format!(
                "`{text}` is not a trick; there are panic, error, forge, abort, hang, sleep MS, block MS"
            )),
        }
    }
}

/// A duration in milliseconds, at most [`LONGEST_MS`].
pub(crate) fn millis(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(ms) if ms <= LONGEST_MS => Ok(Duration::from_millis(ms)),
        _ => Err(format!("`{text}` is not a number of milliseconds up to {LONGEST_MS}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_as_it_is_written() {
        let text =
            "setup=sleep 20;restore=error;event=forge;task=abort;save=block 500;teardown=hang;drop=panic";
        assert_eq!(Plan::parse(text).unwrap().to_string(), text);
        assert_eq!(Plan::parse(" ; ").unwrap(), Plan::default());
        for wrong in ["setup", "launch=panic", "setup=explode", "setup=block", "setup=sleep 600001"] {
            assert!(Plan::parse(wrong).is_err(), "{wrong}");
        }
    }
}
