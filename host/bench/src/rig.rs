//! The built-in Discord and a crowd that talks in it; and, for measurements of the control plane, a host in this
//! process. Nothing is measured here.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use gearshift_host::{
    config::{Config, Secret},
    host::Host,
    sessions::Sessions,
};
use gearshift_sim::{Member, RateLimits, Sim, SimOptions, Snowflake, World};
use tempfile::TempDir;

use crate::Result;

/// How long anything may take before it is considered lost.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// After this time, an idle host has given back the memory that it used under load.
pub(crate) const AT_REST: Duration = Duration::from_secs(12);

/// The lines of a configuration with a store.
pub(crate) const STORE: &str = "[store]\npath = \"store.db\"";

/// Discord allows five messages in 5 s per channel, so a load of thousands per second is spread over channels.
const CHANNELS: usize = 16;

/// A member who talks in many channels.
#[derive(Clone)]
pub(crate) struct Crowd {
    member: Member,
    channels: Arc<[String]>,
    /// The member in each of the channels.
    places: Arc<[Member]>,
}

impl Crowd {
    /// Sends a message in one of the channels, in turn by `number`.
    pub(crate) async fn say(&self, number: u64, text: &str) -> Result<Snowflake> {
        let channel = &self.channels[number as usize % self.channels.len()];
        Ok(self.member.say(channel, text).await?)
    }

    /// Runs `/ping text:` in one of the channels, in turn by `number`.
    pub(crate) async fn ping(&self, number: u64, text: &str) -> Result<Snowflake> {
        let place = &self.places[number as usize % self.places.len()];
        Ok(place.slash("ping", [("text", text)]).await?.id())
    }
}

/// A Discord for one bot, and the crowd in it.
pub(crate) async fn discord() -> Result<(Sim, Crowd)> {
    open(little()).await
}

/// A Discord with this heartbeat interval.
pub(crate) async fn discord_beating(interval: Duration) -> Result<(Sim, Crowd)> {
    open(SimOptions { heartbeat_interval: interval, ..little() }).await
}

/// A Discord with this round-trip time.
pub(crate) async fn discord_away(round_trip: Duration) -> Result<(Sim, Crowd)> {
    open(SimOptions { round_trip, transcript_limit: 100_000, ..little() }).await
}

/// A Discord that remembers messages for minutes: an answer to a forgotten message is not a reply.
pub(crate) async fn discord_that_remembers() -> Result<(Sim, Crowd)> {
    open(SimOptions { transcript_limit: 100_000, history_per_channel: 5_000, ..SimOptions::default() }).await
}

/// A Discord with this number of channels and with Discord's rate limits.
pub(crate) async fn discord_with_limits(channels: usize) -> Result<(Sim, Crowd)> {
    open_with(channels, SimOptions { rate_limits: RateLimits::Discord, ..little() }).await
}

/// Keeps little history: the messages of a long run must not make this process grow.
fn little() -> SimOptions {
    SimOptions { history_per_channel: 64, ..SimOptions::default() }
}

async fn open(options: SimOptions) -> Result<(Sim, Crowd)> {
    open_with(CHANNELS, options).await
}

async fn open_with(channels: usize, options: SimOptions) -> Result<(Sim, Crowd)> {
    let mut world = World::empty();
    let guild = world.add_guild("Bench", "alice");
    let channels: Vec<String> = (0..channels).map(|number| format!("room-{number}")).collect();
    for channel in &channels {
        world.add_channel(guild, channel);
    }
    let options = SimOptions { world, ..options };
    let sim = Sim::start(options).await?;
    let member = sim.member("alice")?;
    let places =
        channels.iter().map(|channel| member.at(channel)).collect::<std::result::Result<Vec<_>, _>>()?;
    let crowd = Crowd { member, channels: channels.into(), places: places.into() };
    Ok((sim, crowd))
}

/// Waits until the bot has registered a command.
pub(crate) async fn registered(sim: &Sim, command: &str) -> Result<()> {
    let deadline = Instant::now() + SOON;
    while !sim.commands().iter().any(|name| name.trim_start_matches('/') == command) {
        if Instant::now() > deadline {
            return Err(format!("the bot has not registered `{command}`").into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// A folder with a configuration and cogs.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    /// Creates a home with some libraries under the names of their cogs, and a configuration for this Discord. `lines`
    /// are at the top of the configuration.
    pub(crate) fn new(api_url: &str, cogs: &[(&str, &Path)], lines: &str) -> Result<Home> {
        // In memory if possible: a store waits for the disk, and the disk is not to be measured.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let home = Home { folder: folder? };
        fs::create_dir(home.cogs())?;
        for (name, library) in cogs {
            home.put(name, library)?;
        }
        let text =
            format!("{lines}\n[control]\nsocket = \"control.sock\"\n[discord]\napi_url = \"{api_url}\"\n");
        fs::write(home.config(), text)?;
        Ok(home)
    }

    /// Adds lines to the section `[discord]` of the configuration.
    pub(crate) fn set_discord(&self, lines: &str) -> Result<()> {
        let text = fs::read_to_string(self.config())?;
        Ok(fs::write(self.config(), format!("{text}{lines}\n"))?)
    }

    /// The cogs folder.
    pub(crate) fn cogs(&self) -> PathBuf {
        self.folder.path().join("cogs")
    }

    /// The configuration's file.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("gearshift.toml")
    }

    /// Where a bot's output goes.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("bot.log")
    }

    /// The control socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("control.sock")
    }

    /// Installs a library as a careful deployer does: written to a temporary name, then renamed into place.
    pub(crate) fn put(&self, name: &str, library: &Path) -> Result<()> {
        let cogs = self.cogs();
        let aside = cogs.join(format!(".{name}.part"));
        fs::copy(library, &aside)?;
        Ok(fs::rename(&aside, cogs.join(format!("lib{name}.so")))?)
    }
}

/// A host in this process, on a Discord of its own.
pub(crate) struct Rig {
    pub(crate) sim: Sim,
    pub(crate) crowd: Crowd,
    pub(crate) host: Host,
    pub(crate) home: Home,
}

impl Rig {
    /// Starts and connects everything.
    pub(crate) async fn new(cogs: &[(&str, &Path)], lines: &str) -> Result<Rig> {
        // The history is kept in this process, whose memory is measured.
        let (sim, crowd) = open(SimOptions { transcript_limit: 1000, replay_limit: 100, ..little() }).await?;
        let home = Home::new(&sim.api_url(), cogs, lines)?;
        let file = home.config();
        let mut config = Config::parse(&fs::read_to_string(&file)?, &file)?;
        if let Some(discord) = &mut config.discord {
            discord.token = Some(Secret::new(sim.token(), "the built-in Discord")?);
        }
        let sessions = Arc::new(Sessions::open(&config).await?);
        let host = Host::load(Arc::new(config), sessions).await?;
        if !sim.connected(1, SOON).await {
            return Err("the host did not connect".into());
        }
        Ok(Rig { sim, crowd, host, home })
    }

    /// What the bot replies to a line.
    pub(crate) async fn ask(&self, line: &str) -> Result<String> {
        ask(&self.sim, &self.crowd, line).await
    }

    /// Closes everything.
    pub(crate) async fn close(self) {
        self.host.close().await.expect("the store takes every state");
        self.sim.close().await;
    }
}

/// What a bot replies to a line.
pub(crate) async fn ask(sim: &Sim, crowd: &Crowd, line: &str) -> Result<String> {
    let said = crowd.say(0, line).await?;
    match sim.reply_to(said, SOON).await {
        Some(reply) => Ok(reply.content.to_string()),
        None => Err(format!("no reply to `{line}`").into()),
    }
}
