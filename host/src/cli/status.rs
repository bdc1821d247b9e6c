//! `gearshift status`: the health of the running host, for users and for a supervisor's health check.
//! Like `cogs`, it starts no runtime.

use clap::Args;

use super::{
    exit::{Exit, Failure},
    running::RunningHost,
};
use crate::control::Request;

/// Show the status of the running host: sessions, gateway shards, cogs
#[derive(Debug, Args)]
#[command(
    long_about = "Show the status of the running host: its sessions, its gateway shards with state and latency, and \
        how many cogs are serving.\n\n\
        The exit code is 0 if every shard is ready, 1 if one is not, and 69 if no host answers.",
    after_long_help = "Examples:\n\
        \n    gearshift status\
        \n    gearshift status --json --config /etc/bot/gearshift.toml"
)]
pub(super) struct StatusCommand {
    #[command(flatten)]
    host: RunningHost,
}

impl StatusCommand {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let mut host = self.host.connect()?;
        let answer = host.call(&Request::Status)?;
        self.host.show(&answer)?;
        match answer.data["is_healthy"].as_bool() {
            Some(true) => Ok(()),
            _ => Err(Failure::reported(Exit::Failed)),
        }
    }
}
