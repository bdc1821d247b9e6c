//! `gearshift doctor`: tries what a start would do, step by step, and says of each what to do about it. It starts no cog and
//! connects no gateway; every check is the host's own code.

mod files;
mod finding;
mod machine;
mod packages;
mod remote;

use clap::Args;
use tokio::runtime::Runtime;

use self::finding::Report;
use super::{
    exit::{Exit, Failure},
    source::Source,
};
use crate::{config::Config, log};

/// Look at the machine and the config before a start: what would fail, and what to do about it
#[derive(Debug, Args)]
#[command(
    long_about = "Look at the machine and the config before a start: runtime directory, `noexec`, space, inotify, limits; \
        the config, the cogs and who may write where; names, clock, the token and its intents, the gateway's budget; the \
        site API, statsd and the store; the registries that cogs come from, with their logins, and the trusted keys.\n\n\
        No cog is run and the bot does not connect. It can be asked while a host runs.",
    after_long_help = "Examples:\n\
        \n    DISCORD_TOKEN=… gearshift doctor\
        \n    sudo -u bot XDG_RUNTIME_DIR=/var/lib/bot gearshift doctor --config /srv/bot/gearshift.toml\n\n\
        It is to be run as the user, and with the environment, that the host is run with. The exit code is 1 if anything \
        has failed, and 0 with warnings only."
)]
pub(super) struct Doctor {
    #[command(flatten)]
    source: Source,

    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        let config = match self.source.read() {
            Ok(config) => {
                report.ok("config", read(&config))?;
                Some(config)
            }
            Err(failure) => {
                report.failure("config", failure)?;
                None
            }
        };
        let runtime = Runtime::new()?;
        match &config {
            Some(config) => {
                if let Err(error) = log::check(&config.log, self.source.log.as_deref()) {
                    report.failure("log", error.into())?;
                }
                runtime.block_on(look(config, &mut report))?;
            }
            // Nothing that it would say is known, but the machine can be looked at.
            None => runtime.block_on(async { machine::look(&Config::default(), &mut report) })?,
        }
        match (report.failed(), self.json) {
            (0, _) => Ok(()),
            (_, true) => Err(Failure::reported(Exit::Failed)),
            (1, false) => Err(Failure::new(Exit::Failed, "1 check has failed")),
            (failed, false) => Err(Failure::new(Exit::Failed, format!("{failed} checks have failed"))),
        }
    }
}

/// What became of the config file.
fn read(config: &Config) -> String {
    let file = config.file.display();
    match config.file.exists() {
        true => format!("`{file}` is understood"),
        false => format!("there is no `{file}`: all but `--cogs` is as it is by default"),
    }
}

async fn look(config: &Config, report: &mut Report) -> Result<(), Failure> {
    machine::look(config, report)?;
    let is_running = machine::is_running(config, report)?;
    machine::endpoint(config, is_running, report).await?;
    files::look(config, report)?;
    files::store(config, is_running, report).await?;
    remote::look(config, report).await?;
    packages::look(config, report).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_that_is_not_there_is_not_said_to_be_understood() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config { file: folder.path().join("gearshift.toml"), ..Config::default() };
        assert!(read(&config).starts_with("there is no `"), "{}", read(&config));
        std::fs::write(&config.file, "").expect("it can be written");
        assert!(read(&config).ends_with("gearshift.toml` is understood"), "{}", read(&config));
    }
}
