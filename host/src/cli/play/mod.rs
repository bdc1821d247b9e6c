//! `gearshift play`: the host on the built-in Discord, and a prompt to talk to the bot. The host is the same as on the
//! real Discord; only the address and the token differ. The built-in Discord interprets the lines.

mod address;
mod piped;
mod record;
mod terminal;
mod work;

use std::{
    io::{IsTerminal, stdin, stdout},
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use gearshift_sim::{Detail, Entry, EntryKind, Printer, Prompt, Sim, SimOptions, StartError, World};
use tokio::runtime::Runtime;

use self::{address::Address, record::Record};
use super::{
    exit::{Exit, Failure},
    host_runner::{self, HostRunner},
    source::Source,
};
use crate::{
    config::{Config, Secret},
    duration::Shown,
    error::{chain, shortage},
    host::Host,
    log::{self, Journal},
    panel::Panel,
};

pub(super) use self::{terminal::restore as restore_terminal, work::Work};

/// How long the bot may take to connect and register its commands, before the first line is said. On loopback this
/// takes a few milliseconds.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(20);
/// On the built-in Discord there are no rate limits, and a slash command should be there at once.
const COMMANDS_SETTLE_MAX: Duration = Duration::from_millis(50);

/// Serve on the built-in Discord and talk to the bot; no token, no network
#[derive(Debug, Args)]
#[command(
    long_about = "Serve on the built-in Discord, which runs inside this process, and talk to the bot at a prompt. It \
        needs neither a token nor a network: the host speaks to it over loopback, with the same REST API and \
        gateway.\n\n\
        On a terminal there is a prompt with history. Otherwise lines are read from stdin, and what happens in the \
        channels is printed to stdout; when stdin ends, pending answers are still waited for. The log goes to \
        stderr.",
    after_long_help = "Examples:\n\
        \n    gearshift play --cogs target/debug\
        \n    echo '!ping hi' | gearshift play --log error\n\n\
        The printed link opens the same Discord in a browser, with the host's panel beside it.\n\n\
        At the prompt, `!ping hi` sends a message, `/ping text:hi` runs a slash command, `@bob` switches to another \
        member, `#dev` to another channel, and `:help` shows everything else.\n\n\
        The other sessions of the config are opened as usual: what cogs store and send there is real."
)]
pub(super) struct Play {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    prompt_options: PromptOptions,
}

impl Play {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let config = self.source.read()?;
        let journal = Journal::default();
        log::init(&config.log, self.source.log.as_deref(), Some(journal.clone()))?;
        serve(config, journal, &self.prompt_options, async |_| {})
    }
}

/// Who talks to the bot, and what is shown.
#[derive(Debug, Args)]
pub(super) struct PromptOptions {
    /// Member to start as
    #[arg(long = "as", value_name = "MEMBER", default_value = "alice")]
    member: String,

    /// Also show REST calls and gateway events
    #[arg(long)]
    wire: bool,

    /// Write everything that happens to a file, as one line of JSON each
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
}

/// Runs a host on a Discord in this process, with a page and a prompt, until a user asks to leave, or until the input
/// has ended and `beside` is done.
pub(super) fn serve(
    mut config: Config,
    journal: Journal,
    prompt_options: &PromptOptions,
    beside: impl AsyncFn(&Host),
) -> Result<(), Failure> {
    let claim = host_runner::check(&config)?;
    let panel = Panel::new(journal);
    // On a runtime of its own: it outlives the host, so that the world is kept with the last events.
    let discord = Runtime::new()?;
    let runner = HostRunner::start(&config.runtime)?;
    let kept = address::path_for(&host_runner::socket_path(&config));
    let work = Work::default();
    let sim = discord.block_on(start_again(&mut config, Address::read(&kept), &panel, &work))?;
    let record =
        prompt_options.transcript.as_ref().map(|file| Record::begin(file, &sim, &discord)).transpose()?;
    let detail = if prompt_options.wire { Detail::Wire } else { Detail::Talk };
    let done = runner.run_host(claim, config, work.clock(), None, async |host| {
        Address { port: sim.port(), token: sim.control_token().to_owned() }.keep(&kept);
        panel.show(host);
        arrived(&sim, host, &work).await?;
        log::write(&format!("The page is at {}\n", sim.page_url()));
        let printer = Printer::new(&sim, detail);
        let prompt = Prompt::new(&sim, &prompt_options.member)
            .map_err(|error| Failure::new(Exit::Failed, chain(&error)))?;
        let talking = async {
            match stdin().is_terminal() && stdout().is_terminal() {
                true => Err(terminal::talk(prompt, printer).await),
                // A line that asks to leave ends everything; the end of the input ends only the talking.
                false => match piped::talk(prompt, printer).await {
                    Ok(piped::End::OfInput) => Ok(()),
                    Ok(piped::End::Asked) => Err(Ok(())),
                    Err(failure) => Err(Err(failure)),
                },
            }
        };
        let beside = async {
            beside(host).await;
            Ok(())
        };
        tokio::try_join!(talking, beside).map_or_else(|ended| ended, |_| Ok(()))
    });
    // Again, as the editor may have started to read while the host was closing.
    restore_terminal();
    discord.block_on(sim.close());
    let recorded = record.map_or(Ok(()), |record| record.end(&discord));
    done.and(recorded)
}

/// Starts with the page at its last address, so that an open page reconnects by itself; elsewhere if the port is taken.
async fn start_again(
    config: &mut Config,
    last: Option<Address>,
    panel: &Panel,
    work: &Work,
) -> Result<Sim, Failure> {
    let wanted = config.play.port;
    if let Some(Address { port, token }) = last.filter(|last| wanted == 0 || wanted == last.port) {
        let options = SimOptions { control_token: Some(token), ..options(config, panel, work, port)? };
        if let Ok(sim) = start_with(config, options).await {
            return Ok(sim);
        }
    }
    let options = options(config, panel, work, wanted)?;
    start_with(config, options).await
}

/// The options of the Discord that `[play]` describes.
fn options(config: &Config, panel: &Panel, work: &Work, port: u16) -> Result<SimOptions, Failure> {
    let world = config.play.world.as_deref().map_or_else(|| Ok(World::default()), World::load);
    let world = world.map_err(|error| Failure::new(Exit::Data, chain(&error)))?;
    let persist_dir = config.play.keep.clone();
    let panel = Some(panel.router());
    Ok(SimOptions { port, world, persist_dir, panel, ..bot_options(work) })
}

/// Starts the built-in Discord on any free port, and points the config to it: `[play] port` may be in use by a host
/// that is running meanwhile.
pub(super) async fn start(config: &mut Config, work: &Work) -> Result<Sim, Failure> {
    start_with(config, bot_options(work)).await
}

/// The options for a bot in this process.
fn bot_options(work: &Work) -> SimOptions {
    SimOptions { idle: Some(work.probe()), bot_clock: Some(work.bot_clock()), ..SimOptions::default() }
}

async fn start_with(config: &mut Config, options: SimOptions) -> Result<Sim, Failure> {
    let sim = Sim::start(options).await.map_err(|error| {
        let help = match error {
            StartError::Listen { .. } => "`[play] port` names the port; 0 takes a free one",
            StartError::Persist(_) => "`[play] keep` names the folder in which the world is kept",
        };
        Failure::new(Exit::CannotCreate, chain(&error)).help(shortage(&error).unwrap_or(help).to_owned())
    })?;
    let token = Secret::new(sim.token(), "the built-in Discord")
        .map_err(|error| Failure::new(Exit::Internal, chain(&error)))?;
    let discord = config.discord.get_or_insert_default();
    discord.api_url = Some(sim.api_url());
    discord.token = Some(token);
    discord.is_built_in = true;
    // This Discord ends with the host.
    discord.resume = false;
    config.limits.commands_settle = config.limits.commands_settle.min(COMMANDS_SETTLE_MAX);
    Ok(sim)
}

/// Waits until the bot is connected and its slash commands are registered.
pub(super) async fn arrived(sim: &Sim, host: &Host, work: &Work) -> Result<(), Failure> {
    work.set_host(host);
    let missing = |what: &str| {
        Failure::new(
            Exit::Failed,
            format!("{what} within {} on the built-in Discord", Shown(ARRIVAL_TIMEOUT)),
        )
        .help("`--log debug` shows what went wrong".to_owned())
    };
    if !sim.connected(1, ARRIVAL_TIMEOUT).await {
        return Err(missing("the bot did not connect"));
    }
    let wanted = if host.registers_commands() { host.cogs().declared() } else { Default::default() };
    // In a world that was kept they may already be registered, and the host has nothing to do.
    let are_there = || {
        let known = sim.commands();
        wanted.commands.keys().all(|key| known.contains(&key.name))
    };
    let registered =
        |entry: &Entry| (matches!(entry.kind, EntryKind::Commands { .. }) && are_there()).then_some(());
    if !are_there() && sim.until(Instant::now() + ARRIVAL_TIMEOUT, registered).await.is_none() {
        return Err(missing("the slash commands were not registered"));
    }
    Ok(())
}
