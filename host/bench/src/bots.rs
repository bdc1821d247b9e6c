//! The two bots as child processes: Gearshift's host with a folder of cogs, and the same bot in static poise.
//! It does not talk to them; that is the crowd's part.

use std::{
    env, fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

use gearshift_sim::Sim;

use crate::{Result, process::Process, rig::Home};

/// Which bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Gearshift,
    Poise,
}

/// A bot that runs. It ends with this value.
pub(crate) struct Bot {
    child: Child,
    /// When its process was asked for.
    pub(crate) started: Instant,
    /// Configuration, cogs and log; for poise the log only.
    pub(crate) home: Home,
}

impl Bot {
    /// Starts a bot on a Discord; `cogs` and the configuration's `lines` are for Gearshift only.
    pub(crate) fn start(kind: Kind, sim: &Sim, cogs: &[(&str, &Path)], lines: &str) -> Result<Bot> {
        let home = Home::new(&sim.api_url(), cogs, lines)?;
        let mut command = match kind {
            Kind::Gearshift => {
                let mut command = Command::new(beside("gearshift")?);
                command.args(["run", "--config"]).arg(home.config());
                command
            }
            Kind::Poise => {
                let mut command = Command::new(beside("bot-poise")?);
                command.env("DISCORD_BASE_URL", sim.base_url());
                command
            }
        };
        let log = File::create(home.log())?;
        command.env("DISCORD_TOKEN", sim.token()).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        let started = Instant::now();
        let child = command.spawn().map_err(|error| format!("cannot start {kind:?}: {error}"))?;
        Ok(Bot { child, started, home })
    }

    /// Its process.
    pub(crate) fn process(&self) -> Process {
        Process::with_id(self.child.id())
    }

    /// The end of its log, to say why something did not happen.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.home.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that was built together with this one.
pub(crate) fn beside(name: &str) -> Result<PathBuf> {
    let program = env::current_exe()?.with_file_name(name);
    match program.exists() {
        true => Ok(program),
        false => {
            Err(format!("`{}` is missing; run `scripts/bench`, which builds it", program.display()).into())
        }
    }
}
