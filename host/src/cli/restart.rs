//! `gearshift restart`: has the running host close everything and open it again by the config as it is now.

use clap::Args;

use super::{
    exit::{Exit, Failure},
    running::RunningHost,
};
use crate::control::Request;

/// Restart the running host: its config is read again, its sessions reopened, its cogs loaded again
#[derive(Debug, Args)]
#[command(
    long_about = "Restart the running host in its process. Its config and its token are read again and tried; then states \
        are saved, the bot disconnects, and the sessions are opened and the cogs loaded by what the config says now. \
        `[log]` and `[runtime]` stay as they were when the process started.\n\n\
        A config that is wrong, a token that Discord refuses, a folder that is not there: the host goes on as it is. If it \
        does not open with the new config all the same, it goes on with the one it had. Only the host of `gearshift run` can be \
        restarted.",
    after_long_help = "Examples:\n\
        \n    gearshift restart\
        \n    gearshift restart --config /etc/bot/gearshift.toml\n\n\
        The exit code is 1 if the host was not restarted, and 69 when no host answers."
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
