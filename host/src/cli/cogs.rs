//! `gearshift cogs`: asks a running host over its control socket. It loads nothing itself and starts no runtime: what
//! counts is how soon the host hears of it.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{
    exit::{Exit, Failure},
    source::DEFAULT,
};
use crate::{
    config::Config,
    control::{self, Answer, Client, Request},
    log::{self, Lines},
};

/// List, load, unload or reload the cogs of the running host
#[derive(Debug, Args)]
#[command(
    long_about = "List, load, unload or reload the cogs of the running host, over its control socket.\n\n\
        The host is found by its config file: run this in the same folder, or name the file with --config. Without a \
        config file the only running host of this user is taken.",
    after_long_help = "Examples:\n\
        \n    gearshift cogs list\
        \n    gearshift cogs reload ping\
        \n    gearshift cogs reload ping counter --json   # one report a line, with the time of each phase\n\n\
        A cog that fails to load leaves the running one as it was; the exit code is then 1."
)]
pub(super) struct CogsCommand {
    #[command(subcommand)]
    verb: Verb,

    /// The config file of the host [default: gearshift.toml]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    /// The control socket of the host, instead of the one of its config file
    #[arg(long, value_name = "PATH", global = true)]
    socket: Option<PathBuf>,

    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show every cog, its generation, what it has done and what is wrong with it
    List,
    /// Load cogs by name from the host's folder
    Load(Names),
    /// Let cogs save their state and go; their files stay
    Unload(Names),
    /// Replace cogs by what their files hold now, changed or not
    Reload(Names),
}

#[derive(Debug, Args)]
struct Names {
    /// Names of cogs, as `gearshift cogs list` shows them
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

impl CogsCommand {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let mut client = connect(self.config.as_deref(), self.socket.as_deref())?;
        let requests: Vec<Request> = match self.verb {
            Verb::List => vec![Request::List],
            Verb::Load(names) => names.each(|cog| Request::Load { cog }),
            Verb::Unload(names) => names.each(|cog| Request::Unload { cog }),
            Verb::Reload(names) => names.each(|cog| Request::Reload { cog }),
        };
        let mut all_done = true;
        for request in requests {
            let answer = client.call(&request)?;
            all_done &= answer.ok;
            show(&answer, self.json)?;
        }
        if all_done { Ok(()) } else { Err(Failure::told(Exit::Failed)) }
    }
}

/// Finds the running host.
pub(super) fn connect(config: Option<&Path>, socket: Option<&Path>) -> Result<Client, Failure> {
    if let Some(socket) = socket {
        return Ok(Client::connect(socket)?);
    }
    let file = config.unwrap_or(Path::new(DEFAULT));
    if config.is_none() && !file.exists() {
        return Ok(Client::connect(&only_one(&control::running())?)?);
    }
    let otherwise = || control::default_path(file);
    match Config::load(file) {
        Ok(config) => Ok(Client::connect(&config.control.socket.unwrap_or_else(otherwise))?),
        // The host may run all the same, on what the file held before; then this is the moment to reach it.
        Err(error) => {
            let socket = Config::socket_of(file).unwrap_or_else(otherwise);
            let broken = Failure::from(error);
            let Ok(client) = Client::connect(&socket) else { return Err(broken) };
            log::write(&format!(
                "warning: asking the host on `{}`, which would not start again with this config file\n{broken}\n",
                socket.display()
            ));
            Ok(client)
        }
    }
}

impl Names {
    fn each(self, request: impl Fn(String) -> Request) -> Vec<Request> {
        self.names.into_iter().map(request).collect()
    }
}

/// The socket of the only live host among `sockets`.
fn only_one(sockets: &[PathBuf]) -> Result<PathBuf, Failure> {
    let live: Vec<&PathBuf> = sockets.iter().filter(|path| Client::connect(path).is_ok()).collect();
    match live[..] {
        [only] => Ok(only.clone()),
        [] => Err(Failure::new(Exit::Unavailable, "no host of this user is running")
            .help("start one with `gearshift run` or `gearshift play`".to_owned())),
        _ => {
            let names: Vec<String> = live.iter().map(|path| format!("--socket {}", path.display())).collect();
            Err(Failure::new(Exit::Unavailable, "several hosts of this user are running")
                .help(format!("say which one: {}", names.join(" or "))))
        }
    }
}

/// Prints an answer; a refusal as an error with its help.
pub(super) fn show(answer: &Answer, json: bool) -> io::Result<()> {
    let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
    match (json, answer.ok) {
        (true, true) => writeln!(out, "{}", answer.data),
        (true, false) => {
            writeln!(out, "{}", serde_json::json!({ "error": answer.text, "help": answer.help }))
        }
        (false, true) => writeln!(out, "{}", Lines(&answer.text)),
        (false, false) => {
            writeln!(err, "error: {}", Lines(&answer.text))?;
            answer.help.iter().try_for_each(|help| writeln!(err, "help: {}", Lines(help)))
        }
    }
}
