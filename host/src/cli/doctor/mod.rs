//! `gearshift doctor`: tries each step of a start, and reports what fails and how to fix it. It starts no cog and
//! does not connect to the gateway; every check uses the host's own code.

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

/// Check the machine and the config before a start: what would fail, and how to fix it
#[derive(Debug, Args)]
#[command(
    long_about = "Check the machine and the config before a start: the runtime directory, `noexec`, disk space, \
        inotify and limits; the config, the cogs and file permissions; DNS, the clock, the token and its intents, and \
        the session starts that are left; the site API, statsd and the store; the registries that cogs come from, with \
        their logins, and the trusted keys.\n\n\
        No cog is run and the bot does not connect. You can run it while a host is running.",
    after_long_help = "Examples:\n\
        \n    DISCORD_TOKEN=… gearshift doctor\
        \n    sudo -u bot XDG_RUNTIME_DIR=/var/lib/bot gearshift doctor --config /srv/bot/gearshift.toml\n\n\
        Run it as the same user and with the same environment as the host. The exit code is 1 if a check failed, and 0 \
        if there are only warnings."
)]
pub(super) struct Doctor {
    #[command(flatten)]
    source: Source,

    /// Print JSON, one object per line
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
                runtime.block_on(check(config, &mut report))?;
            }
            // Without a config the machine can still be checked.
            None => runtime.block_on(async { machine::check(&Config::default(), &mut report) })?,
        }
        match (report.failed(), self.json) {
            (0, _) => Ok(()),
            (_, true) => Err(Failure::reported(Exit::Failed)),
            (1, false) => Err(Failure::new(Exit::Failed, "1 check has failed")),
            (failed, false) => Err(Failure::new(Exit::Failed, format!("{failed} checks have failed"))),
        }
    }
}

/// Whether the config file was read.
fn read(config: &Config) -> String {
    let file = config.file.display();
    match config.file.exists() {
        true => format!("`{file}` is valid"),
        false => format!("there is no `{file}`: everything but `--cogs` has its default"),
    }
}

async fn check(config: &Config, report: &mut Report) -> Result<(), Failure> {
    machine::check(config, report)?;
    let is_running = machine::is_running(config, report)?;
    machine::endpoint(config, is_running, report).await?;
    files::check(config, report)?;
    files::store(config, is_running, report).await?;
    remote::check(config, report).await?;
    packages::check(config, report).await
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
        assert!(read(&config).ends_with("gearshift.toml` is valid"), "{}", read(&config));
    }
}
