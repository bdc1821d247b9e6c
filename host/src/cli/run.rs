//! `gearshift run`: the host on Discord, until a signal ends it.

use std::sync::Arc;

use clap::Args;

use super::{
    exit::Failure,
    host_runner::{self, HostRunner},
    program::Started,
    restarting::RestartContext,
    source::Source,
};
use crate::{clock::HostClock, log};

/// Connect to Discord and serve, until SIGINT, SIGTERM, SIGQUIT or SIGHUP
#[derive(Debug, Args)]
#[command(
    long_about = "Connect to Discord and serve, until SIGINT (Ctrl-C), SIGTERM, SIGQUIT or SIGHUP. The host then saves \
        the states of the cogs and closes; another signal, a second later or more, ends it at once.\n\n\
        The token comes from the environment variable DISCORD_TOKEN, or from the file that `[discord] token_file` \
        names. Cogs come from `[cogs] folder`, which is watched: a new library is loaded, a changed one is replaced, \
        and one that is removed is retired, all while the bot stays connected.",
    after_long_help = "A config file needs three lines:\n\
        \n    [cogs]\n    folder = \"cogs\"\n    [discord]\n\n\
        Examples:\n\
        \n    DISCORD_TOKEN=… gearshift run\
        \n    gearshift run --config /etc/bot/gearshift.toml --log info,cog=debug\n\n\
        For development, `gearshift dev` builds cogs and replaces them whenever their sources change."
)]
pub(super) struct Run {
    #[command(flatten)]
    source: Source,

    /// Only check that the arguments and the config are valid; open nothing
    #[arg(long)]
    dry_run: bool,
}

impl Run {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let started = Arc::new(Started::note());
        let config = self.source.read()?;
        if self.dry_run {
            return Ok(log::check(&config.log, self.source.log.as_deref())?);
        }
        log::init(&config.log, self.source.log.as_deref(), None)?;
        if config.discord.is_none() {
            tracing::warn!("the bot does not connect: {} has no section `[discord]`", config.file.display());
        }
        let claim = host_runner::check(&config)?;
        let runner = HostRunner::start(&config.runtime)?;
        let source = self.source.rooted();
        let restart = RestartContext { reread: &|| source.read(), started: &started };
        runner.run_host(claim, config, HostClock::default(), Some(restart), async |_| {
            std::future::pending().await
        })
    }
}
