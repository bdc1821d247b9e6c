//! `gearshift commands`: the bot's registered commands, through the running host.

use clap::{Args, Subcommand};

use super::{
    exit::{Exit, Failure},
    running::RunningHost,
};
use crate::control::Request;

/// Compare the bot's registered commands with what the cogs declare, register them, or delete old ones
#[derive(Debug, Args)]
#[command(
    long_about = "Compare the bot's registered commands with what the cogs declare, register them, or delete old ones. \
        The command asks the running host over its control socket.\n\n\
        The host registers the commands that its cogs declare. By itself it deletes only commands that one of its cogs \
        has declared since it started: an unknown command may belong to a cog whose file is broken today, or to \
        another program. Deleting a command also deletes the permissions that servers set for it.",
    after_long_help = "Examples:\n\
        \n    gearshift commands list\
        \n    gearshift commands diff\
        \n    gearshift commands sync\
        \n    gearshift commands prune\
        \n    gearshift commands prune oldname\n\n\
        The exit code is 1 if Discord refuses something, or if the host cannot tell which commands no cog declares."
)]
pub(super) struct CommandsCommand {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    host: RunningHost,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the registered commands, and which cog declares each
    List,
    /// Show which commands the host would create, change and delete, field by field, without changing anything
    Diff,
    /// Register the commands that the cogs declare now
    Sync,
    /// Delete commands that no cog declares: all of them, or only those named
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
