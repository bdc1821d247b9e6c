//! `gearshift commands`: what Discord has of the bot's commands, asked through the running host.

use clap::{Args, Subcommand};

use super::{
    exit::{Exit, Failure},
    running::RunningHost,
};
use crate::control::Request;

/// Compare the commands that Discord has of the bot with what the cogs declare, register them, or delete old ones
#[derive(Debug, Args)]
#[command(
    long_about = "Compare the commands that Discord has of the bot with what the cogs declare, register them, or delete \
        old ones. The running host is asked, over its control socket.\n\n\
        The host registers what its cogs declare, and deletes by itself only what one of its cogs declared since it \
        started: what it does not know may be of a cog whose file is broken today, or of another program. With a command \
        go the permissions that servers gave it.",
    after_long_help = "Examples:\n\
        \n    gearshift commands list\
        \n    gearshift commands diff\
        \n    gearshift commands sync\
        \n    gearshift commands prune\
        \n    gearshift commands prune oldname\n\n\
        The exit code is 1 if Discord refuses something, or if it cannot be known which commands are of nobody."
)]
pub(super) struct CommandsCommand {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    host: RunningHost,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the commands that Discord has, and which cog declares each
    List,
    /// Show what the host would create, change and delete at Discord, field by field; nothing is changed
    Diff,
    /// Register what the cogs declare, now
    Sync,
    /// Delete the commands that no cog declares: all of them, or those that are named
    Prune {
        /// Names of commands, without the slash
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
}

impl CommandsCommand {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let request = match self.verb {
            Verb::List => Request::Commands,
            Verb::Diff => Request::CommandsDiff,
            Verb::Sync => Request::CommandsSync,
            Verb::Prune { names } => Request::Prune { names },
        };
        let answer = self.host.connect()?.call(&request)?;
        self.host.show(&answer)?;
        if answer.ok { Ok(()) } else { Err(Failure::reported(Exit::Failed)) }
    }
}
