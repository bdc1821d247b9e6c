//! `gearshift sim`: the built-in Discord alone, for bots in any language. It prints its addresses and serves until it
//! is asked to end. It hosts no cog and reads no config.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use gearshift_sim::{Detail, Printer, RateLimits, Record, Sim, SimOptions, StartError, World};
use serde_json::json;
use tokio::runtime::Runtime;

use super::{
    exit::{Exit, Failure},
    host_runner::HostRunner,
};
use crate::{config::Log, error::chain, log};

/// Run the built-in Discord alone, for bots in any language
#[derive(Debug, Args)]
#[command(
    long_about = "Run the built-in Discord alone, for bots in any language, until SIGINT (Ctrl-C) or SIGTERM.\n\n\
        It serves Discord's REST API and gateway on 127.0.0.1, and prints their addresses: point your bot's library to \
        them and give it the bot's token. People talk to the bot on the page, over the control interface, or with \
        tokens of their own. Nothing leaves this machine.",
    after_long_help = "Examples:\n\
        \n    gearshift sim --port 4000\
        \n    gearshift sim --world tests/world.toml --strict --rate-limits\
        \n    gearshift sim --json | head -1 > where.json &\n\n\
        With the control token, a test can make people act and see the result:\n\
        \n    curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:4000/control/people/alice/act \\\
        \n         --json '{\"channel\": \"general\", \"line\": \"!ping\", \"within_ms\": 2000}'\n\n\
        `/control/openapi.json` describes everything else: people, bots, faults, the transcript, the gateway."
)]
pub(super) struct SimCommand {
    /// The port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,

    /// Names of the bots; each gets a token
    #[arg(long = "bot", value_name = "NAME", default_value = "bot")]
    bots: Vec<String>,

    /// World file with guilds, channels, roles, people and messages, instead of the default world
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,

    /// Keep the world in this folder, and continue with the one that is there
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,

    /// Reject fields that this Discord does not know, instead of only reporting them
    #[arg(long)]
    strict: bool,

    /// Hold bots to Discord's rate limits
    #[arg(long)]
    rate_limits: bool,

    /// Session starts per bot and day, as `/gateway/bot` reports them; --rate-limits enforces the limit [default: 1000]
    #[arg(long, value_name = "N")]
    session_starts: Option<u32>,

    /// Append each REST request and its response to this file as a line of JSON, bodies and tokens included
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// The token of the control interface and the page, instead of a new one
    #[arg(long, value_name = "TOKEN")]
    control_token: Option<String>,

    /// Print the addresses as one line of JSON
    #[arg(long)]
    json: bool,

    /// Also print what happens: only what people see, or REST calls and gateway events as well
    #[arg(long, value_name = "WHAT")]
    watch: Option<Watch>,

    /// Log filter, instead of RUST_LOG: `debug`, or `warn,gearshift_sim=debug`
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Watch {
    Talk,
    Wire,
}

impl SimCommand {
    pub(super) fn execute(self) -> Result<(), Failure> {
        log::init(&Log::default(), self.log.as_deref(), None)?;
        let runner = HostRunner::with_runtime(Runtime::new()?)?;
        let watch = self.watch.map(|watch| match watch {
            Watch::Talk => Detail::Talk,
            Watch::Wire => Detail::Wire,
        });
        runner.run_until_signal(
            self.start(),
            async |sim| match watch {
                // A client that knows the address may have connected already.
                Some(detail) => print(Printer::from_start(sim, detail)).await,
                None => std::future::pending().await,
            },
            async |sim| sim.close().await,
        )
    }

    /// Starts it and prints its addresses.
    async fn start(self) -> Result<Sim, Failure> {
        let mut names = self.bots.into_iter();
        let world = match &self.world {
            Some(file) => World::load(file).map_err(|error| Failure::new(Exit::Data, chain(&error)))?,
            None => World::default(),
        };
        let record = self.record.as_deref().map(opened).transpose()?;
        let usual = SimOptions::default();
        let options = SimOptions {
            world,
            persist_dir: self.keep,
            strict: self.strict,
            rate_limits: if self.rate_limits { RateLimits::Discord } else { RateLimits::Off },
            port: self.port,
            bot_name: names.next().unwrap_or_default(),
            control_token: self.control_token,
            session_starts: self.session_starts.unwrap_or(usual.session_starts),
            record,
            ..usual
        };
        let sim = Sim::start(options).await.map_err(|error| {
            let failure = Failure::new(Exit::CannotCreate, chain(&error));
            match error {
                StartError::Listen { .. } => failure.help("`--port 0` takes a free one".to_owned()),
                StartError::Persist(_) => failure,
            }
        })?;
        for name in names {
            // A world that was kept already has its bots.
            if !sim.world(|world| world.bots().iter().any(|bot| bot.user.username == name)) {
                sim.add_bot(&name);
            }
        }
        let mut out = io::stdout().lock();
        match self.json {
            true => writeln!(out, "{}", described(&sim))?,
            false => writeln!(out, "{}", addresses(&sim))?,
        }
        out.flush()?;
        drop(out);
        Ok(sim)
    }
}

fn opened(file: &Path) -> Result<Record, Failure> {
    Record::append_to(file).map_err(|error| {
        Failure::new(Exit::CannotCreate, format!("cannot write `{}`: {error}", file.display()))
    })
}

fn described(sim: &Sim) -> serde_json::Value {
    let bots = sim.world(|world| {
        let bots = world.bots().iter();
        bots.map(|bot| json!({ "id": bot.id(), "name": bot.user.username, "token": bot.token }))
            .collect::<Vec<_>>()
    });
    json!({
        "api_url": sim.api_url(), "gateway_url": sim.gateway_url(), "bots": bots, "page_url": sim.page_url(),
        "control_url": format!("{}/control", sim.base_url()), "control_token": sim.control_token(),
    })
}

fn addresses(sim: &Sim) -> String {
    let mut lines = vec![format!("api      {}", sim.api_url()), format!("gateway  {}", sim.gateway_url())];
    sim.world(|world| {
        lines.extend(world.bots().iter().map(|bot| format!("bot      {} {}", bot.user.username, bot.token)));
    });
    lines.push(format!("control  {}/control {}", sim.base_url(), sim.control_token()));
    lines.push(format!("page     {}", sim.page_url()));
    lines.join("\n")
}

/// Prints what happens until stdout is closed.
async fn print(mut printer: Printer) -> Result<(), Failure> {
    loop {
        let line = printer.line().await;
        writeln!(io::stdout(), "{line}")?;
    }
}
