//! `gearshift check`: everything that happens to a cog short of serving, each library in a process of its own, so that
//! one that crashes or hangs is reported like one that fails. What the steps are is the cogs' matter.

mod trial;
mod watched;

use std::{
    fmt,
    io::{self, Write, stdout},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;

pub(super) use self::trial::Trial;
use self::watched::{End, Watched};
use super::exit::{Exit, Failure};
use crate::{
    cogs::{TrialFailure, TrialNews},
    config::Config,
    text::{Lines, OneLine},
};

/// Try libraries: open them, set their cogs up, take them apart; each in a process of its own
#[derive(Debug, Args)]
#[command(
    long_about = "Try libraries: everything that happens to a cog short of serving.\n\n\
        Each file is settled, copied, verified, opened and its types are compared; its cog is made, set up against the \
        built-in Discord with an empty store, asked for its state, torn down, retired, and its library unmapped. That \
        happens in a process of its own: a cog that crashes or hangs is reported like one that fails.",
    after_long_help = "Examples:\n\
        \n    gearshift check target/release/*.so\
        \n    gearshift check --timeout 5 target/debug/libping.so\
        \n    gearshift check --config gearshift.toml cogs/*.so     # on the lanes and with the settings it has for them; warns of events that its intents do not bring\n\n\
        The exit code is 1 if one of them fails: made for CI."
)]
pub(super) struct Check {
    /// Libraries
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How long one library may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,

    /// The config file whose `[discord] intents`, `[limits]`, lanes and `[cog.NAME]` hold, instead of the default ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Check {
    pub(super) fn execute(self) -> Result<(), Failure> {
        // A mistake in it is no fault of the first library.
        self.config.as_deref().map(Config::load).transpose()?;
        let mut failed = 0;
        for file in &self.files {
            say(OneLine(&file.display().to_string()))?;
            let deadline = Instant::now() + Duration::from_secs(self.timeout);
            let mut trial = Watched::start(file, self.config.as_deref())?;
            let mut shown = Ok(());
            let end = trial.follow(deadline, |news| {
                if shown.is_ok() {
                    shown = show(news);
                }
            })?;
            shown?;
            match end {
                End::Passed => say("  ok")?,
                end => {
                    failed += 1;
                    say(Lines(&format!("  FAILED {end}")))?;
                }
            }
        }
        match failed {
            0 => Ok(()),
            failed => {
                Err(Failure::new(Exit::Failed, format!("{failed} of {} did not pass", self.files.len())))
            }
        }
    }
}

/// Tries one library and shows nothing; why it does not pass, and what the reader can do.
pub(super) fn try_one(
    file: &Path,
    config: &Path,
    patience: Duration,
) -> io::Result<Result<(), (String, Option<String>)>> {
    let mut trial = Watched::start(file, Some(config))?;
    Ok(match trial.follow(Instant::now() + patience, |_| {})? {
        End::Passed => Ok(()),
        End::Failed(TrialFailure { step, text, help }) => Err((format!("in {step}: {text}"), help)),
        end => Err((end.to_string(), None)),
    })
}

fn show(news: &TrialNews) -> io::Result<()> {
    match news {
        TrialNews::Begins { .. } | TrialNews::Failed(_) => Ok(()),
        TrialNews::Passed { step, micros, note } => {
            let took = format!("{:.1} ms", *micros as f64 / 1000.0);
            say(OneLine(format!("  {step:<9} {took:>9}  {note}").trim_end()))
        }
        TrialNews::Warned { text } => say(OneLine(&format!("  warning: {text}"))),
    }
}

/// A line on stdout. Its reader may have left, and the exit code still tells how it went; a full disk is an error.
fn say(line: impl fmt::Display) -> io::Result<()> {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
