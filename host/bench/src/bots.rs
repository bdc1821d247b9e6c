//! The bots as child processes: Gearshift's host with a folder of cogs, and the same bot with twilight and with static
//! poise. The messages to them come from the crowd.

use std::{
    env, fs,
    fs::File,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use gearshift_sim::Sim;

use crate::{Result, libraries, process::Process, rig::Home};

/// Which bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Gearshift,
    /// With twilight, the leanest library: a gateway, a REST client, and nothing in between.
    Twilight,
    /// With poise, which an author would otherwise use.
    Poise,
}

/// A running bot. Dropping it kills the process.
pub(crate) struct Bot {
    kind: Kind,
    child: Child,
    /// When its process was started.
    pub(crate) started: Instant,
    home: Option<Home>,
}

impl Bot {
    /// Starts a bot on a Discord; `cogs` and the configuration's `lines` are only used for Gearshift.
    pub(crate) fn start(kind: Kind, sim: &Sim, cogs: &[(&str, &Path)], lines: &str) -> Result<Bot> {
        Bot::in_home(kind, sim, Home::new(&sim.api_url(), cogs, lines)?)
    }

    /// Lets it shut down gracefully, and starts it again in the same home, which then has all that a first start
    /// creates.
    pub(crate) async fn again(mut self, sim: &Sim) -> Result<Bot> {
        self.ask_to_end()?;
        let status = self.child.wait()?;
        // Otherwise the next one would seem to be connected too early.
        while sim.gateway().connected() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let home = self.home.take().ok_or("a bot that runs has a home")?;
        // Only the host promises to close gracefully; the others do not.
        match status.success() || self.kind != Kind::Gearshift {
            true => Bot::in_home(self.kind, sim, home),
            false => Err(format!("{:?} ended with {status}", self.kind).into()),
        }
    }

    /// Kills it, and starts it again in the same home. Returns the processes that it had started, which should be gone.
    pub(crate) fn killed(mut self, sim: &Sim) -> Result<(Bot, Vec<Process>)> {
        let children = self.process().children()?;
        self.child.kill()?;
        self.child.wait()?;
        let home = self.home.take().ok_or("a bot that runs has a home")?;
        Ok((Bot::in_home(self.kind, sim, home)?, children))
    }

    /// Runs a `gearshift` command for it: `cogs reload ping`.
    pub(crate) async fn order(&self, words: &[&str]) -> Result<()> {
        let mut command = tokio::process::Command::new(beside("gearshift")?);
        command.args(words).arg("--config").arg(self.home().config());
        let output = command.output().await?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)).into()),
        }
    }

    /// Makes it continue with the current file of its program.
    pub(crate) async fn upgrade(&self) -> Result<()> {
        self.order(&["upgrade"]).await
    }

    /// Starts a bot in a home that was made for this Discord.
    pub(crate) fn in_home(kind: Kind, sim: &Sim, home: Home) -> Result<Bot> {
        let command = match kind {
            Kind::Gearshift => {
                let mut command = Command::new(beside("gearshift")?);
                command.args(["run", "--config"]).arg(home.config());
                command
            }
            Kind::Twilight | Kind::Poise => {
                let program = if kind == Kind::Poise { "bot-poise" } else { "bot-twilight" };
                let mut command = Command::new(beside(program)?);
                command.env("DISCORD_BASE_URL", sim.base_url());
                command
            }
        };
        Bot::spawn(kind, command, sim, home)
    }

    /// Starts `gearshift dev` in the folder of a package, in the dev profile.
    pub(crate) fn develop(sim: &Sim, package: &Path) -> Result<Bot> {
        let home = Home::new(&sim.api_url(), &[], "")?;
        let mut command = Command::new(beside("gearshift")?);
        command.args(["dev", "--discord", "--config"]).arg(home.config()).arg(package);
        command.env("CARGO_TARGET_DIR", libraries::target()?);
        Bot::spawn(Kind::Gearshift, command, sim, home)
    }

    fn spawn(kind: Kind, mut command: Command, sim: &Sim, home: Home) -> Result<Bot> {
        let log = File::create(home.log())?;
        command.env("DISCORD_TOKEN", sim.token()).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        end_with_this_thread(&mut command);
        let started = Instant::now();
        let child = command.spawn().map_err(|error| format!("cannot start {kind:?}: {error}"))?;
        Ok(Bot { kind, child, started, home: Some(home) })
    }

    /// Its configuration, cogs and log.
    pub(crate) fn home(&self) -> &Home {
        self.home.as_ref().expect("only `again` takes the home, and the bot with it")
    }

    #[allow(unsafe_code, reason = "the standard library knows only the signal that kills")]
    fn ask_to_end(&self) -> Result<()> {
        let id = i32::try_from(self.child.id())?;
        // SAFETY: kill touches no memory; the process is a child that nobody has waited for, so its id is its own.
        match unsafe { libc::kill(id, libc::SIGTERM) } {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error().into()),
        }
    }

    /// Its process.
    pub(crate) fn process(&self) -> Process {
        Process::with_id(self.child.id())
    }

    /// The end of its log, to explain why something did not happen.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.home().log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // If it has ended already, there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Has a child killed when the thread that starts it ends, which is the main thread: an interrupted run leaves no bot
/// behind.
#[allow(unsafe_code, reason = "only the system can do it")]
fn end_with_this_thread(command: &mut Command) {
    // SAFETY: prctl with these numbers touches no memory.
    let ask = || match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    };
    // SAFETY: between fork and exec only prctl is called, which takes no lock and no memory.
    unsafe { command.pre_exec(ask) };
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
