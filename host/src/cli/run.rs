//! `gearshift run`: the host on Discord. It has nothing of its own to do but to wait.

use std::sync::Arc;

use clap::Args;

use super::{
    again::Again,
    exit::Failure,
    life::{self, Life},
    program::Started,
    source::Source,
};
use crate::{clock::HostClock, log};

/// Connect to Discord and serve, until SIGINT, SIGTERM, SIGQUIT or SIGHUP
#[derive(Debug, Args)]
#[command(
    long_about = "Connect to Discord and serve, until SIGINT (Ctrl-C), SIGTERM, SIGQUIT or SIGHUP. States are then saved; another \
        signal, a second later or more, ends at once.\n\n\
        The token comes from the variable DISCORD_TOKEN, or from the file that `[discord] token_file` names. Cogs come \
        from `[cogs] folder`, which is watched: a library that appears there is loaded, one that changes is replaced, one \
        that goes is retired, all while the bot stays connected.",
    after_long_help = "A config file needs three lines:\n\
        \n    [cogs]\n    folder = \"cogs\"\n    [discord]\n\n\
        Examples:\n\
        \n    DISCORD_TOKEN=… gearshift run\
        \n    gearshift run --config /etc/bot/gearshift.toml --log info,cog=debug\n\n\
        While developing, `gearshift dev` builds cogs and replaces them whenever their sources change."
)]
pub(super) struct Run {
    #[command(flatten)]
    source: Source,

    /// Only look whether the arguments and the config are understood; nothing is opened
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
        let claim = life::look(&config)?;
        let life = Life::begin(&config.runtime)?;
        let source = self.source.rooted();
        let again = Again { reread: &|| source.read(), started: &started };
        life.live(claim, config, HostClock::default(), Some(again), async |_| std::future::pending().await)
    }
}
