//! `gearshift restart`: makes the running host close everything and start again with the current config.

use clap::Args;

use super::{
    exit::{Exit, Failure},
    running::RunningHost,
};
use crate::control::Request;

/// Restart the running host: reread its config, reopen its sessions, reload its cogs
#[derive(Debug, Args)]
#[command(
    long_about = "Restart the running host within its process. The host rereads its config and its token and checks \
        them; then it saves the states of the cogs, disconnects, and opens its sessions and loads its cogs with the \
        new config. Changes in `[log]` and `[runtime]` take effect only when the process itself is restarted.\n\n\
        If a check fails (an invalid config, a token that Discord refuses, a missing folder), the host goes on as it \
        is. If it then cannot start with the new config after all, it goes on with the old one. Only the host of \
        `gearshift run` can be restarted.",
    after_long_help = "Examples:\n\
        \n    gearshift restart\
        \n    gearshift restart --config /etc/bot/gearshift.toml\n\n\
        The exit code is 1 if the host was not restarted, and 69 if no host answers."
)]
pub(super) struct Restart {
    #[command(flatten)]
    host: RunningHost,
}

impl Restart {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let answer = self.host.connect()?.call(&Request::Restart)?;
        self.host.show(&answer)?;
        if answer.ok { Ok(()) } else { Err(Failure::reported(Exit::Failed)) }
    }
}
