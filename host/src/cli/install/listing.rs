//! The commands that change nothing: `gearshift list` and `gearshift verify`.

use std::io::{self, Write};

use clap::Args;
use semver::Version;
use serde_json::json;

use super::{
    super::{
        exit::{Exit, Failure},
        packages::{log_warnings, runtime},
        running::RunningHost,
    },
    placing::{running, serving},
};
use crate::{
    config::Config,
    control::aligned,
    error::chain,
    install::{self, Finding, Installed, SourceRules},
    log,
    text::{Lines, OneLine},
};

/// List the installed cogs, their sources, and newer versions
#[derive(Debug, Args)]
#[command(
    long_about = "List the installed cogs: version, the newest version that could be installed of what was asked for, \
        whether the cog is pinned, its source, and who signed it. The sources are asked for newer versions; one that \
        does not answer is reported.",
    after_long_help = "Examples:\n\
        \n    gearshift list\
        \n    gearshift list --outdated --json"
)]
pub(in crate::cli) struct List {
    /// List only cogs that have a newer version
    #[arg(long)]
    outdated: bool,

    #[command(flatten)]
    host: RunningHost,
}

/// Check that everything matches gearshift.lock
#[derive(Debug, Args)]
#[command(
    long_about = "Check that everything matches gearshift.lock, byte for byte: the files in the cogs folder, the \
        versions kept for rollbacks, their signatures, and what the running host serves. Also check that the installed \
        versions could be installed with the current config.",
    after_long_help = "Nothing is written. The exit code is 1 if a check fails. `gearshift install --locked` restores \
        what is missing, and with --yes also files that were replaced by hand."
)]
pub(in crate::cli) struct Verify {
    #[command(flatten)]
    host: RunningHost,
}

impl List {
    pub(in crate::cli) fn execute(self) -> Result<(), Failure> {
        log_warnings()?;
        let config = Config::load(self.host.config_file())?;
        let lock = install::read(&config)?;
        let runtime = runtime()?;
        let mut rows = vec![["COG", "VERSION", "NEWEST", "PINNED", "SOURCE", "SIGNED BY"].map(str::to_owned)];
        let mut out = io::stdout().lock();
        for (name, there) in &lock.cogs {
            let rules = SourceRules::of(&config, &there.now.source.place);
            let newest = match runtime.block_on(install::choose_newest(there, &rules)) {
                Ok(newest) => Some(newest),
                Err(error) => {
                    let text = format!("cannot check for versions newer than `{name}` {}", there.now.version);
                    log::write(&format!("warning: {text}: {}\n", Lines(&chain(&error))));
                    None
                }
            };
            let is_outdated = newest
                .as_ref()
                .is_some_and(|newest| *newest > there.now.version && there.left(newest).is_none());
            if self.outdated && !is_outdated {
                continue;
            }
            match self.host.json {
                true => writeln!(out, "{}", as_json(name, there, newest.as_ref(), is_outdated))?,
                false => rows.push(row(name, there, newest.as_ref())),
            }
        }
        let by_hand = if self.outdated { Vec::new() } else { install::by_hand(&config, &lock)? };
        for (file, manifest) in by_hand {
            match self.host.json {
                true => writeln!(
                    out,
                    "{}",
                    json!({ "cog": manifest.name, "version": manifest.version, "file": file.display().to_string(), "source": null })
                )?,
                false => rows.push(
                    [&*manifest.name, &*manifest.version, "-", "-", "put there by hand", "-"]
                        .map(str::to_owned),
                ),
            }
        }
        if self.host.json {
            return Ok(());
        }
        match (rows.len(), self.outdated) {
            (1, true) => writeln!(out, "nothing newer is known")?,
            (1, false) => {
                writeln!(out, "nothing is installed; `gearshift install REFERENCE` installs a cog")?
            }
            _ => write!(out, "{}", aligned(&rows))?,
        }
        Ok(())
    }
}

fn row(name: &str, there: &Installed, newest: Option<&Version>) -> [String; 6] {
    [
        name.to_owned(),
        there.now.version.to_string(),
        newest.map_or_else(|| "?".to_owned(), Version::to_string),
        if there.pinned { "yes" } else { "no" }.to_owned(),
        there.now.source.to_string(),
        there.now.signed_by.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

fn as_json(name: &str, there: &Installed, newest: Option<&Version>, outdated: bool) -> serde_json::Value {
    json!({
        "cog": name,
        "version": there.now.version,
        "newest": newest,
        "outdated": outdated,
        "pinned": there.pinned,
        "source": there.now.source.to_string(),
        "package": there.now.package,
        "signed_by": there.now.signed_by,
        "kept": there.before.iter().map(|it| &it.version).collect::<Vec<_>>(),
        "went_back_from": there.went_back_from,
        "rolled_back_from": there.rolled_back_from,
    })
}

impl Verify {
    pub(in crate::cli) fn execute(self) -> Result<(), Failure> {
        let config = Config::load(self.host.config_file())?;
        let serving = running(&self.host, &config)?.as_mut().map(serving).transpose()?;
        let findings = runtime()?.block_on(install::verify(&config, serving.as_ref()))?;
        let mut out = io::stdout().lock();
        for finding in &findings {
            match self.host.json {
                true => writeln!(out, "{}", serde_json::to_string(finding).map_err(io::Error::from)?)?,
                false => show(&mut out, finding)?,
            }
        }
        if findings.is_empty() && !self.host.json {
            writeln!(out, "nothing is installed")?;
        }
        match findings.iter().all(|finding| finding.ok) {
            true => Ok(()),
            false => Err(Failure::reported(Exit::Failed)),
        }
    }
}

fn show(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let Finding { cog, ok, text, help } = finding;
    writeln!(out, "{:<7} {}: {}", if *ok { "ok" } else { "WRONG" }, OneLine(cog), Lines(text))?;
    help.iter().try_for_each(|help| writeln!(out, "  help: {}", Lines(help)))
}
