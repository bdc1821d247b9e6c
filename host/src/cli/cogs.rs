//! `gearshift cogs`: asks a running host over its control socket. It loads nothing itself and starts no runtime: what
//! counts is how soon the host hears of it.

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
        config file the only running host of this user is taken.",
    after_long_help = "Examples:\n\
        \n    gearshift cogs list\
        \n    gearshift cogs reload ping\
        \n    gearshift cogs reload ping counter --json   # one report a line, with the time of each phase\
        \n    gearshift cogs reload ping --lane process   # to a process of its own, no event lost\n\n\
        A cog that fails to load leaves the running one as it was; the exit code is then 1."
)]
pub(super) struct CogsCommand {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    host: RunningHost,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show every cog, its generation, what it has done and what is wrong with it
    List,
    /// Show cogs with their events and planned tasks: when each runs, when it is due next, how it ended
    Info(Names),
    /// Load cogs by name from the host's folder
    Load(Names),
    /// Let cogs save their state and go; their files stay
    Unload(Names),
    /// Replace cogs by what their files hold now, changed or not; together where they exchange commands
    Reload {
        #[command(flatten)]
        names: Names,

        /// Move them: `thread`, on a thread of the host, or `process`, in a process of their own. Until the host restarts
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
