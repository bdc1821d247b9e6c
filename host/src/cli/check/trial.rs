//! What the child process does: a host without cogs on the built-in Discord tries one library, and prints a line to
//! stdout for everything that happens. It judges nothing.

use std::{io::Write, path::PathBuf, sync::Arc};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::super::{
    exit::Failure,
    play::{self, Work},
};
use crate::{
    cogs::{TrialEvent, TrialFailure},
    config::{Cogs, Config, Discord, Log, Store},
    host::Host,
    log,
    sessions::Sessions,
};

/// The hidden subcommand that runs it.
pub(super) const COMMAND: &str = "try-out";

/// The mark in front of a line for the parent process: cogs may print too, but never this.
const MARK: &str = "\u{1e}gearshift ";

/// A line for the process that started this one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    News(TrialEvent),
    Passed,
    Failed(TrialFailure),
    NotBegun { text: String, help: Option<String> },
}

impl Line {
    /// Reads a line of the child's stdout; `None` if the cog printed it. A cog may have left its last line
    /// unterminated.
    pub(super) fn read(line: &[u8]) -> Option<Line> {
        let at = line.windows(MARK.len()).position(|part| part == MARK.as_bytes())?;
        serde_json::from_slice(&line[at + MARK.len()..]).ok()
    }

    fn print(&self) {
        let Ok(text) = serde_json::to_string(self) else { return };
        let mut out = std::io::stdout().lock();
        // If the parent process has ended, there is no reader left.
        let _ = writeln!(out, "{MARK}{text}").and_then(|()| out.flush());
    }
}

/// Try a library in this process (used by `gearshift check`)
#[derive(Debug, Args)]
#[command(hide = true)]
pub(in crate::cli) struct Trial {
    file: PathBuf,
    /// The config with the bot's intents and the cogs' lanes, limits and settings.
    config: Option<PathBuf>,
}

impl Trial {
    pub(in crate::cli) fn execute(self) -> Result<(), Failure> {
        match self.run() {
            Ok(Ok(())) => Line::Passed.print(),
            Ok(Err(failure)) => Line::Failed(failure).print(),
            Err(failure) => {
                let (text, help) = failure.into_parts();
                Line::NotBegun { text, help }.print();
            }
        }
        Ok(())
    }

    fn run(&self) -> Result<Result<(), TrialFailure>, Failure> {
        log::init(&Log { filter: "warn".to_owned(), ..Log::default() }, None, None)?;
        let folder = tempfile::tempdir()?;
        let runtime = tokio::runtime::Runtime::new()?;
        let mut config = empty(folder.path().to_owned());
        if let Some(file) = &self.config {
            let wanted = Config::load(file)?;
            let intents = wanted.discord.unwrap_or_default().intents;
            config.discord = Some(Discord { intents, ..Discord::default() });
            config.cogs.lane = wanted.cogs.lane;
            (config.cog, config.limits, config.file) = (wanted.cog, wanted.limits, wanted.file);
        }
        let sim = runtime.block_on(play::start(&mut config, &Work::default()))?;
        if let Some(discord) = &mut config.discord {
            discord.register_commands = false;
        }
        let config = Arc::new(config);
        let sessions = Arc::new(runtime.block_on(Sessions::open(&config))?);
        let host = runtime.block_on(Host::load(config, sessions))?;
        let tried = runtime.block_on(async {
            let tried = host.cogs().try_out(&self.file, |news| Line::News(news).print()).await;
            let _ = host.close().await;
            sim.close().await;
            tried
        });
        drop(runtime);
        Ok(tried)
    }
}

/// The config of a host with no cogs and a store of its own.
fn empty(folder: PathBuf) -> Config {
    Config {
        cogs: Cogs { folder: folder.clone(), watch: false, is_filled_later: true, ..Cogs::default() },
        store: Some(Store { path: folder.join("store.db"), ..Store::default() }),
        ..Config::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cog_prints_is_not_taken_for_news() {
        assert!(Line::read(b"hello").is_none());
        assert!(Line::read(b"gearshift \"passed\"").is_none());
        let line = format!("no line end{MARK}\"passed\"");
        assert!(matches!(Line::read(line.as_bytes()), Some(Line::Passed)));
    }
}
