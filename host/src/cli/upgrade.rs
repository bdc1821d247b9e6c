//! `gearshift upgrade`: makes the running host close in order and continue as another program, in the same process.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::{Value, json};

use super::{
    exit::{Exit, Failure},
    running::RunningHost,
};
use crate::{
    control::{CallError, Client, Request},
    duration::Shown,
    text::counted,
};

/// How often to check whether the new program answers.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How long to wait for a supervisor to start another host after the process has ended.
const GONE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the new program may take until it serves: more than all limits of a start together.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Replace the running host's program with a new version, without losing an event
#[derive(Debug, Args)]
#[command(
    long_about = "Replace the running host's program with a new version, without losing an event.\n\n\
        The host first checks that the new program is Gearshift, accepts the host's arguments and config, and can \
        serve the cogs that are serving now. Then the cogs handle what is queued, their states are saved, and the new \
        program takes over the process, with the same arguments and environment. It resumes the bot's session, and \
        Discord sends the events that arrived meanwhile. A supervisor sees a single process that reloads.\n\n\
        If a check fails, the host stays as it is. As with every restart, the states of cogs are kept only with \
        `[store]`. Only the host of `gearshift run` can be upgraded.",
    after_long_help = "Examples:\n\
        \n    install -m 755 new/gearshift /usr/local/bin/gearshift && gearshift upgrade\
        \n    gearshift upgrade /opt/gearshift-0.2.0/gearshift --config /etc/bot/gearshift.toml\n\n\
        The exit code is 1 if the host was not upgraded, and 69 if no host answers."
)]
pub(super) struct Upgrade {
    /// The new program [default: the file at the path that the host was started from]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    #[command(flatten)]
    host: RunningHost,
}

impl Upgrade {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let file = self.file.as_deref().map(std::path::absolute).transpose()?;
        let mut host = self.host.connect()?;
        let before = host.call(&Request::Status)?.data;
        let since = Instant::now();
        match host.call(&Request::Upgrade { file }) {
            Ok(answer) => {
                self.host.show(&answer)?;
                return Err(Failure::reported(Exit::Failed));
            }
            // The connection breaks when the program is replaced.
            Err(CallError::Broken { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let after = self.next(&before)?;
        let took = since.elapsed();
        let serving = after["cogs"]["serving"].as_u64().unwrap_or_default();
        let sessions = after["shards"].as_array().map(Vec::as_slice).unwrap_or_default();
        let lasts = |shard: &Value| {
            shard["session_ms"].as_u64().is_some_and(|age| u128::from(age) >= took.as_millis())
        };
        let is_resumed = !sessions.is_empty() && sessions.iter().all(lasts);
        let mut out = io::stdout().lock();
        if self.host.json {
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            let (from, to) = (&before["version"], &after["version"]);
            let shown = json!({ "from": from, "to": to, "process": after["process"], "micros": micros, "serving": serving, "is_resumed": is_resumed });
            writeln!(out, "{shown}")?;
            return Ok(());
        }
        let (from, to) = (text(&before["version"]), text(&after["version"]));
        let session = if is_resumed { "the session was resumed" } else { "a new session was started" };
        writeln!(
            out,
            "upgraded from {from} to {to} in {}, with {}; {session}",
            Shown(took),
            counted(serving, "cog")
        )?;
        Ok(())
    }

    /// Waits for the host that takes over, and returns its status.
    fn next(&self, before: &Value) -> Result<Value, Failure> {
        let process = before["process"].as_u64().unwrap_or_default();
        let (until, mut seen) = (Instant::now() + START_TIMEOUT, Instant::now());
        loop {
            let asked = self.host.connect().and_then(|mut client: Client| Ok(client.call(&Request::Status)?));
            if let Ok(answer) = asked {
                return Ok(answer.data);
            }
            let now = Instant::now();
            if Path::new("/proc").join(process.to_string()).exists() {
                seen = now;
            }
            if now > until || now > seen + GONE_TIMEOUT {
                let text = "the host has ended for the upgrade, and no host has answered since";
                return Err(Failure::new(Exit::Failed, text)
                    .help("the host's log says why; start it again".to_owned()));
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
