//! A host on the built-in Discord, in this process, with cogs in a folder of its own.

use std::{
    fmt::Write,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use gearshift_host::{
    cogs::{CogStatus, HostStatus, Report, Retirement},
    config::{Config, LaneKind, Secret},
    host::Host,
    lane::set_program,
    sessions::{Net, OpenError, Sessions},
};
use gearshift_sim::{Entry, EntryKind, InteractionHandle, Member, Sim, SimOptions};
use tempfile::TempDir;

use crate::libraries::library;

/// How long anything may take before a test considers it lost. Generous, as the machine may be busy.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// How often a test polls a status. Its counters are not announced, and the machine's cores are for the host meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// The result of `look`, as soon as it finds something.
pub(crate) async fn look_until<T>(look: impl Fn() -> Option<T>) -> T {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let found = async {
        loop {
            looks.tick().await;
            if let Some(found) = look() {
                return found;
            }
        }
    };
    tokio::time::timeout(SOON, found).await.expect("the host gets there")
}

/// The kind of lane for the cogs of this run. All promises hold on both kinds; `scripts/test` runs them on both.
pub(crate) fn lane() -> LaneKind {
    match std::env::var("GEARSHIFT_TEST_LANE") {
        Ok(lane) => lane.parse().expect("GEARSHIFT_TEST_LANE"),
        Err(_) => LaneKind::Thread,
    }
}

/// What a stage is built from.
pub(crate) struct Setting {
    folder: TempDir,
    toml: String,
    /// Further keys of `[discord]`.
    keys: String,
    /// `[commands]`; the host's own commands are off, so that a test only sees those of its cogs.
    commands: String,
    stored: Vec<(&'static str, String, Vec<u8>)>,
    lane: LaneKind,
    /// The options of the built-in Discord.
    pub(crate) discord: SimOptions,
}

impl Setting {
    /// An empty cogs folder, and limits that suit tests.
    pub(crate) fn new() -> Setting {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("cogs")).expect("a fresh folder is empty");
        let toml = "[limits]\ncommands_settle_ms = 20\n".to_owned();
        let (keys, stored) = (String::new(), Vec::new());
        let commands = "owner = false\nhelp = false".to_owned();
        Setting { folder, toml, keys, commands, stored, lane: lane(), discord: SimOptions::default() }
    }

    /// With an example cog in the folder.
    pub(crate) fn with(self, cog: &str) -> Setting {
        put(&library(cog), &self.cogs(), cog);
        self
    }

    /// With any library under a name.
    pub(crate) fn with_file(self, library: &Path, name: &str) -> Setting {
        put(library, &self.cogs(), name);
        self
    }

    /// With an entry of a cog in the store.
    pub(crate) fn stored(mut self, cog: &'static str, key: &str, value: &str) -> Setting {
        self.stored.push((cog, key.to_owned(), value.into()));
        self
    }

    /// With further lines in `[limits]`, or sections after it.
    pub(crate) fn config(mut self, lines: &str) -> Setting {
        writeln!(self.toml, "{lines}").expect("a string can be written");
        self
    }

    /// With cogs on this kind of lane, whatever the run is for.
    pub(crate) fn on(mut self, lane: LaneKind) -> Setting {
        self.lane = lane;
        self
    }

    /// With further keys in `[discord]`.
    pub(crate) fn keys(mut self, lines: &str) -> Setting {
        writeln!(self.keys, "{lines}").expect("a string can be written");
        self
    }

    /// With these keys in `[commands]`, and no others.
    pub(crate) fn commands(mut self, lines: &str) -> Setting {
        lines.clone_into(&mut self.commands);
        self
    }

    /// The cogs folder.
    pub(crate) fn cogs(&self) -> PathBuf {
        self.folder.path().join("cogs")
    }

    /// Raises the curtain: sessions, cogs, gateway. The bot is connected when this returns.
    pub(crate) async fn up(self) -> Stage {
        let (folder, sim, config, sessions) = self.open().await.expect("all sessions are on loopback");
        let host = Host::load(Arc::new(config), Arc::new(sessions)).await.expect("a host");
        assert!(sim.connected(1, SOON).await, "the bot connects");
        let alice = sim.member("alice").expect("she lives in the default world");
        Stage { folder, sim, host, alice }
    }

    /// Only opens the sessions.
    pub(crate) async fn open(self) -> Result<(TempDir, Sim, Config, Sessions), OpenError> {
        let sim = Sim::start(self.discord).await.expect("loopback has a free port");
        set_program(env!("CARGO_BIN_EXE_gearshift").into());
        let text = format!(
            "{}\n[cogs]\nfolder = \"cogs\"\nlane = \"{}\"\n[store]\npath = \"store.db\"\n[commands]\n{}\n[discord]\napi_url = \"{}\"\n{}",
            self.toml,
            self.lane,
            self.commands,
            sim.api_url(),
            self.keys,
        );
        let file = self.folder.path().join("gearshift.toml");
        let mut config = Config::parse(&text, &file).expect("a valid configuration");
        if let Some(discord) = &mut config.discord {
            discord.token = Some(Secret::new(sim.token(), "the built-in Discord").expect("a token"));
        }
        let sessions = Sessions::open(&config).await?;
        for (cog, key, value) in self.stored {
            let store = sessions.store.as_ref().expect("it is configured");
            store.set(cog, &key, value).await.expect("a fresh store takes it");
        }
        Ok((self.folder, sim, config, sessions))
    }
}

/// The stage during the play.
pub(crate) struct Stage {
    folder: TempDir,
    /// The built-in Discord.
    pub(crate) sim: Sim,
    /// The host.
    pub(crate) host: Host,
    /// A member who talks to the bot.
    pub(crate) alice: Member,
}

impl Stage {
    /// The cogs folder.
    pub(crate) fn cogs(&self) -> PathBuf {
        self.folder.path().join("cogs")
    }

    /// The bot's reply to a line from alice.
    pub(crate) async fn ask(&self, line: &str) -> String {
        let said = self.alice.say("general", line).await.expect("alice may speak");
        match self.sim.reply_to(said, SOON).await {
            Some(reply) => reply.content.to_string(),
            None => panic!("no reply to `{line}`; transcript:\n{}", self.transcript()),
        }
    }

    /// Whether nothing is left of the generation that was replaced or unloaded.
    pub(crate) fn is_gone(&self, report: &Report) -> bool {
        match (&report.retirement, self.host.config().cogs.lane) {
            (Some(Retirement::Unmapped { bytes }), LaneKind::Thread) => *bytes > 0,
            (Some(Retirement::Ended { killed: false }), LaneKind::Process) => true,
            _ => false,
        }
    }

    /// The status of a cog.
    pub(crate) fn status(&self, cog: &str) -> CogStatus {
        let status = self.host.cogs().status();
        status.cogs.into_iter().find(|status| status.name == cog).expect("the host knows it")
    }

    /// Waits until a cog has the wanted status.
    pub(crate) async fn until_status(&self, cog: &str, wanted: impl Fn(&CogStatus) -> bool) {
        self.until(|status| status.cogs.iter().any(|it| it.name == cog && wanted(it))).await;
    }

    /// Waits until the host has the wanted status.
    pub(crate) async fn until(&self, wanted: impl Fn(&HostStatus) -> bool) {
        look_until(|| wanted(&self.host.cogs().status()).then_some(())).await;
    }

    /// Alice calls a slash command, as soon as it is registered.
    pub(crate) async fn slash(&self, command: &str, options: &[(&str, &str)]) -> InteractionHandle {
        let alice = self.alice.at("general").expect("the channel exists");
        let (mut reader, end) = (self.sim.transcript().reader(), Instant::now() + SOON);
        loop {
            match alice.slash(command, options.to_vec()).await {
                Ok(handle) => return handle,
                Err(why) => {
                    let is_written =
                        |entry: &Entry| matches!(entry.kind, EntryKind::Commands { .. }).then_some(());
                    let written = reader.until(end, is_written).await;
                    assert!(
                        written.is_some(),
                        "`/{command}` is not registered: {why}\n{}",
                        self.transcript()
                    );
                }
            }
        }
    }

    /// Closes the host and opens it again.
    pub(crate) async fn restart(self) -> Stage {
        let config = Arc::clone(self.host.config());
        let mut host = self.host.restart(config).await.expect("it opened before");
        host.bring_up().await;
        assert!(self.sim.connected(1, SOON).await, "the bot connects again");
        Stage { host, ..self }
    }

    /// Everything that happened, for failures.
    pub(crate) fn transcript(&self) -> String {
        self.sim.transcript().history().iter().fold(String::new(), |text, entry| format!("{text}{entry}\n"))
    }

    /// Lowers the curtain.
    pub(crate) async fn down(self) {
        self.host.close().await.expect("no state is lost");
        self.sim.close().await;
    }
}

/// Installs a library as a careful deployer does: written to a temporary name, then renamed into place.
pub(crate) fn put(library: &Path, folder: &Path, name: &str) -> PathBuf {
    let aside = folder.join(format!(".{name}.part"));
    fs::copy(library, &aside).expect("the folder can be written");
    let place = folder.join(format!("lib{name}.so"));
    fs::rename(&aside, &place).expect("the folder can be written");
    place
}

/// Reports that something cannot be tested here. Not with `eprintln!`, as the output of tests that pass is not shown.
pub(crate) fn skipped(text: &str) {
    writeln!(io::stderr(), "SKIPPED: {text}").expect("stderr can be written");
}

/// A client with the host's own rules.
pub(crate) fn http() -> reqwest::Client {
    Net::new(&Default::default()).client_builder().build().unwrap()
}
