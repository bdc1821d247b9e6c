//! A client's process: how it is started, how it finds the simulator, and its complaints. What the client does is not
//! known here.

use std::error::Error;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use gearshift_sim::Sim;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Maximum number of complaints that are kept, in lines.
const MAX_LINES: usize = 200;

/// A client and how it is started.
pub(crate) struct Client {
    pub(crate) name: String,
    program: String,
    arguments: Vec<String>,
}

/// A running client, which ends when this is dropped.
pub(crate) struct Running {
    child: Child,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Client {
    /// Parses `NAME=PROGRAM FILE`, or `NAME` for a built-in one.
    pub(crate) fn named(argument: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let (name, command) = argument.split_once('=').unwrap_or((argument, ""));
        let mut words = command.split_whitespace().map(str::to_owned);
        let (program, arguments) = match words.next() {
            Some(program) => (program, words.collect()),
            None => {
                let own = std::env::current_exe()?.to_string_lossy().into_owned();
                (own, vec!["--bot".to_owned(), name.to_owned()])
            }
        };
        Ok(Self { name: name.to_owned(), program, arguments })
    }

    pub(crate) fn start(&self, sim: &Sim) -> Result<Running, Box<dyn Error + Send + Sync>> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env("DISCORD_API", sim.base_url())
            .env("DISCORD_GATEWAY", sim.gateway_url())
            .env("DISCORD_TOKEN", sim.token())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let stderr = child.stderr.take().ok_or("its stderr is piped")?;
        let sink = complaints.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
                if sink.len() < MAX_LINES {
                    sink.push(line);
                }
            }
        });
        Ok(Running { child, complaints })
    }
}

impl Running {
    /// What it has written to stderr so far; clients only write warnings there.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}
