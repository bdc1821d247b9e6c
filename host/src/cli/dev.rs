//! `gearshift dev`: builds cogs, runs the bot with them, and replaces each when its sources change.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use clap::Args;
use tokio::process::Command;

use super::{
    exit::{Exit, Failure},
    host_runner::{self, HostRunner},
    play::{self, PromptOptions},
    source,
};
use crate::{
    clock::HostClock,
    config::{Config, Store, TOKEN_VARIABLE},
    dev::{Dev, DevError, Installed},
    host::Host,
    log::{self, Journal},
};

/// Build cogs, run the bot with them, and replace each as soon as its sources change
#[derive(Debug, Args)]
#[command(
    long_about = "Build cogs, run the bot with them, and replace each as soon as its sources change. The bot stays \
        connected meanwhile. If a change does not compile, the old version keeps serving, and the compiler's messages \
        appear in the log and on the page.\n\n\
        The bot runs on the built-in Discord, with the prompt and the page of `gearshift play`, or with `--discord` on \
        the real one, as with `gearshift run`. It loads only the cogs of the given folders; everything else comes from \
        the config file, if there is one. Without a config file the bot has a store.\n\n\
        It watches all files that cargo reports for a build: sources, included files, path dependencies.",
    after_long_help = "Examples:\n\
        \n    gearshift new greeter && cd greeter && gearshift dev\
        \n    gearshift dev plugins/ping plugins/counter\
        \n    DISCORD_TOKEN=… gearshift dev --discord --config bot.toml cogs\n\n\
        You can run the same cargo in a shell meanwhile: the two wait for each other, and nothing is built twice."
)]
pub(super) struct DevCommand {
    /// Cargo packages of cogs, or folders that contain some [default: the current folder]
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,

    /// Connect to Discord instead of the built-in one
    #[arg(long, conflicts_with_all = ["member", "wire", "transcript"])]
    discord: bool,

    /// Build in release mode: slower to build, faster to run
    #[arg(long)]
    release: bool,

    /// Run a package's `smoke.txt` against each new version of its cog
    #[arg(long)]
    smoke: bool,

    /// The config file [default: gearshift.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Log filter, instead of RUST_LOG and `[log] filter`: `debug`, or `info,cog=debug`
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,

    #[command(flatten)]
    prompt_options: PromptOptions,
}

impl DevCommand {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let folders = if self.folders.is_empty() { vec![PathBuf::from(".")] } else { self.folders.clone() };
        let dev = Dev::find(&folders, self.release)?;
        let config = self.read(&dev)?;
        let journal = Journal::default();
        log::init(&config.log, self.log.as_deref(), Some(journal.clone()))?;
        let work = async |host: &Host| {
            dev.run(&async |built: &Installed| match (built.is_new, self.smoke) {
                (true, true) => smoke(&built.package.join("smoke.txt"), &config).await,
                (true, false) => {}
                (false, _) => say_why_not(host, &built.library),
            })
            .await;
        };
        match self.discord {
            false => play::serve(config.clone(), journal, &self.prompt_options, work),
            true => {
                let claim = host_runner::check(&config)?;
                let runner = HostRunner::start(&config.runtime)?;
                runner.run_host(claim, config.clone(), HostClock::default(), None, async |host| {
                    work(host).await;
                    Ok(())
                })
            }
        }
    }

    /// Reads the config, and points it to the folder of built cogs.
    fn read(&self, dev: &Dev) -> Result<Config, Failure> {
        let mut config = source::config_or_default(self.config.as_deref())?;
        config.cogs.folder = dev.folder().to_owned();
        config.cogs.watch = true;
        config.cogs.is_filled_later = true;
        if !config.file.exists() {
            let path = dev.folder().with_file_name("store.db");
            config.store = Some(Store { path, ..Store::default() });
        }
        if self.discord {
            config.discord.get_or_insert_default();
        }
        Ok(config)
    }
}

/// Logs why a cog does not serve: an unchanged library triggers nothing, and the author would wait in vain for a
/// message.
fn say_why_not(host: &Host, library: &Path) {
    let status = host.cogs().status();
    if let Some(refused) = status.refused.iter().find(|refused| refused.file == library) {
        tracing::warn!(help = refused.help.as_deref(), "{}", refused.reason);
    } else if let Some(cog) = status.cogs.iter().find(|cog| cog.file == library)
        && let Some(reason) = &cog.reason
    {
        tracing::warn!("{} is away: {reason}", cog.name);
    }
}

/// Runs a package's smoke script against the new library, in a process of its own with an empty store.
async fn smoke(script: &Path, config: &Config) {
    if !script.is_file() {
        return tracing::info!("there is no smoke script `{}`", script.display());
    }
    let output = async {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("smoke").arg(script).arg("--cogs").arg(&config.cogs.folder);
        if config.file.exists() {
            command.arg("--config").arg(&config.file);
        }
        // It runs code that was built a moment ago, and needs no token.
        command.env_remove(TOKEN_VARIABLE).stdin(Stdio::null()).kill_on_drop(true).output().await
    };
    match output.await {
        Err(error) => tracing::error!("failed to run `{}`: {error}", script.display()),
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            match output.status.success() {
                true => {
                    let (first, output) = log::lines(text.trim_end());
                    tracing::info!(output, "{first}");
                }
                false => tracing::error!(output = %text.trim_end(), "failed: `{}`", script.display()),
            }
        }
    }
}

impl From<DevError> for Failure {
    fn from(error: DevError) -> Failure {
        let failure = match &error {
            DevError::Folder { .. } => Exit::CannotCreate,
            DevError::NoCargo(_) => Exit::Unavailable,
            _ => Exit::Data,
        };
        let failure = Failure::new(failure, crate::error::chain(&error));
        match error.help() {
            Some(help) => failure.help(help.to_owned()),
            None => failure,
        }
    }
}
