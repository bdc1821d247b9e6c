//! The running host that a command talks to: how it is found and reached, and how its answer is printed. It starts no
//! runtime, so that the host gets the request as soon as possible.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    exit::{Exit, Failure},
    source::DEFAULT,
};
use crate::{
    config::{self, Config},
    control::{self, Answer, Client},
    log,
    text::Lines,
};

/// Which host to ask, and how to print its answer.
#[derive(Debug, Args)]
pub(super) struct RunningHost {
    /// The host's config file [default: gearshift.toml]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    /// The host's control socket, instead of the one in its config file
    #[arg(long, value_name = "PATH", global = true)]
    pub(super) socket: Option<PathBuf>,

    /// Print JSON, each answer as a line of its own: an object, or an array of objects for a list
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl RunningHost {
    /// The config file that the host was started with, or would be.
    pub(super) fn config_file(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(DEFAULT))
    }

    /// Connects to the host.
    pub(super) fn connect(&self) -> Result<Client, Failure> {
        if let Some(socket) = &self.socket {
            // The host makes the path absolute too.
            return Ok(Client::connect(&config::absolute(socket))?);
        }
        let file = self.config_file();
        if self.config.is_none() && !file.exists() {
            return Ok(Client::connect(&only_one(&control::running())?)?);
        }
        let otherwise = || control::default_path(file);
        match Config::load(file) {
            Ok(config) => Ok(Client::connect(&config.control.socket.unwrap_or_else(otherwise))?),
            // The host may still be running with what the file held before, and should be reachable now of all times.
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

    /// Prints an answer; a refusal is printed as an error with its help.
    pub(super) fn show(&self, answer: &Answer) -> io::Result<()> {
        let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
        match (self.json, answer.ok) {
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
