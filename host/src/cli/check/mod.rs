//! `gearshift check`: everything that happens to a cog short of serving, for each library in a process of its own, so
//! that one that crashes or hangs is reported like one that fails. The steps are defined by `crate::cogs`.

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
    cogs::{TrialEvent, TrialFailure},
    config::Config,
    text::{Lines, OneLine},
};

/// Try libraries, each in a process of its own: open them, set up their cogs, tear them down
#[derive(Debug, Args)]
#[command(
    long_about = "Try libraries: take each cog through everything short of serving.\n\n\
        Each file is settled, copied, verified and opened, and its types are compared. Its cog is created, set up \
        against the built-in Discord with an empty store, asked for its state, torn down and retired, and the library \
        is unmapped. All this happens in a process of its own: a cog that crashes or hangs is reported like one that \
        fails.",
    after_long_help = "Examples:\n\
        \n    gearshift check target/release/*.so\
        \n    gearshift check --timeout 5 target/debug/libping.so\
        \n    gearshift check --config gearshift.toml cogs/*.so     # with its lanes and settings; \
        warns of missing intents\n\n\
        The exit code is 1 if one of them fails, for use in CI."
)]
pub(super) struct Check {
    /// Libraries
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How long one library may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,

    /// Use `[discord] intents`, `[limits]`, lanes and `[cog.NAME]` of this config file instead of the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Check {
    pub(super) fn execute(self) -> Result<(), Failure> {
        // Read first: a mistake in the config is not the first library's fault.
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

/// Tries one library without printing anything. The inner error is why it does not pass, and the help.
pub(super) fn try_one(
    file: &Path,
    config: &Path,
    patience: Duration,
) -> io::Result<Result<(), (String, Option<String>)>> {
    let mut trial = Watched::start(file, Some(config))?;
    Ok(match trial.follow(Instant::now() + patience, |_| {})? {
        End::Passed => Ok(()),
        End::Failed(TrialFailure { step, text, help }) => Err((format!("in {step}: {text}"), help)),
        End::NotBegun { text, help } => Err((format!("it could not begin: {text}"), help)),
        end => Err((end.to_string(), None)),
    })
}

fn show(news: &TrialEvent) -> io::Result<()> {
    match news {
        TrialEvent::Begins { .. } | TrialEvent::Failed(_) => Ok(()),
        TrialEvent::Passed { step, micros, note } => {
            let took = format!("{:.1} ms", *micros as f64 / 1000.0);
            say(OneLine(format!("  {step:<9} {took:>9}  {note}").trim_end()))
        }
        TrialEvent::Warned { text } => say(OneLine(&format!("  warning: {text}"))),
    }
}

/// Prints a line to stdout. If its reader is gone, the exit code still tells the result; a full disk is an error.
fn say(line: impl fmt::Display) -> io::Result<()> {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
