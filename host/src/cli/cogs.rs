//! `gearshift cogs`: sends requests to a running host over its control socket. It loads nothing itself and starts no
//! runtime, so that the host gets the request as soon as possible.

use clap::{Args, Subcommand};

use super::{
    exit::{Exit, Failure},
    running::RunningHost,
};
use crate::{
    config::LaneKind,
    control::{Answer, Request},
};

/// List, show, load, unload or reload the cogs of the running host
#[derive(Debug, Args)]
#[command(
    long_about = "List, show, load, unload or reload the cogs of the running host, over its control socket.\n\n\
        The host is found by its config file: run this in the same folder, or name the file with --config. Without a \
        config file, it is this user's only running host.",
    after_long_help = "Examples:\n\
        \n    gearshift cogs list\
        \n    gearshift cogs reload ping\
        \n    gearshift cogs reload ping counter --json   # one report a line, with the time of each phase\
        \n    gearshift cogs reload ping --lane process   # to a process of its own, no event lost\n\n\
        If a cog fails to load, the version that is running stays as it was, and the exit code is 1."
)]
pub(super) struct CogsCommand {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    host: RunningHost,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List all cogs with their generation, counters and problems
    List,
    /// Show the events and scheduled tasks of cogs: when each task runs, when it is due next, and how its last run
    /// ended
    Info(Names),
    /// Load cogs by name from the host's folder
    Load(Names),
    /// Save the state of cogs and unload them; their files stay
    Unload(Names),
    /// Reload cogs from their files, changed or not; cogs that exchange commands are replaced together
    Reload {
        #[command(flatten)]
        names: Names,

        /// Move each to a thread of the host (`thread`) or to a process of its own (`process`), until the host restarts
        #[arg(long, value_name = "KIND")]
        lane: Option<LaneKind>,
    },
}

#[derive(Debug, Args)]
struct Names {
    /// Names of cogs, as `gearshift cogs list` shows them
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

impl CogsCommand {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let mut client = self.host.connect()?;
        let mut all_done = true;
        let mut show = |answer: Answer| -> Result<(), Failure> {
            all_done &= answer.ok;
            Ok(self.host.show(&answer)?)
        };
        let requests: Vec<Request> = match self.verb {
            Verb::List => vec![Request::List],
            Verb::Info(names) => names.each(|cog| Request::Info { cog }),
            Verb::Load(names) => names.each(|cog| Request::Load { cog }),
            Verb::Unload(names) => names.each(|cog| Request::Unload { cog }),
            Verb::Reload { names: Names { names: cogs }, lane } if cogs.len() > 1 => {
                let count = cogs.len();
                client.call_each(&Request::ReloadAll { cogs, lane }, count, show)?;
                return if all_done { Ok(()) } else { Err(Failure::reported(Exit::Failed)) };
            }
            Verb::Reload { names, lane } => names.each(|cog| Request::Reload { cog, lane }),
        };
        for request in requests {
            show(client.call(&request)?)?;
        }
        if all_done { Ok(()) } else { Err(Failure::reported(Exit::Failed)) }
    }
}

impl Names {
    fn each(self, request: impl Fn(String) -> Request) -> Vec<Request> {
        self.names.into_iter().map(request).collect()
    }
}
