//! A running simulator: start, addresses, members, what happened, close.

mod expect;
mod prompt;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use expect::Unmet;

use crate::clock::Clock;
use crate::drive::gateway::Gateway;
use crate::drive::settle::{self, Unsettled};
use crate::drive::{advance, replies};
use crate::faults::Faults;
use crate::ids::{Snowflake, Timestamp};
use crate::members::Member;
use crate::options::SimOptions;
use crate::rules::{timers, users};
use crate::serve::keep::{KeepError, Keeper, Kept};
use crate::serve::server;
use crate::state::Shared;
use crate::transcript::{Entry, Transcript};
use crate::world::{ActError, Bot, Message, World};

/// Gateway connections get this long to say goodbye when the simulator closes.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken or not allowed.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The folder in which the world is kept is not usable.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// A Discord on loopback. Ends when closed or dropped.
pub struct Sim {
    pub(crate) shared: Arc<Shared>,
    token: String,
    closing: watch::Sender<bool>,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl Sim {
    /// Binds 127.0.0.1 and serves on the current tokio runtime.
    ///
    /// # Errors
    /// If the port cannot be bound, or the folder to keep the world in cannot be used.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(mut options: SimOptions) -> Result<Self, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (keeper, kept) = match &options.keep {
            Some(folder) => {
                let (keeper, kept) = Keeper::open(folder, &format!("http://{address}"))?;
                (Some(Arc::new(keeper)), kept)
            }
            None => (None, None),
        };
        let given = std::mem::replace(&mut options.world, World::empty());
        let Kept { mut world, commands, files, now } = kept.unwrap_or_else(|| Kept::only(given));
        // Time never was where it has not been yet: not for what was kept, and not for ids that a file names.
        world.clock.not_before(now.max(Timestamp(world.last_id().unix_ms())));
        let history_limit = options.history_per_channel.max(1);
        world.history_limit = history_limit;
        for channel in world.channels.values_mut() {
            channel.history_limit = history_limit;
        }
        if !world.bots.iter().any(|bot| bot.token == options.token) {
            world.add_bot(&options.bot_name, &options.token);
        }
        let token = options.token.clone();
        let (closing, closing_seen) = watch::channel(false);
        let shared = Shared::new(options, world, address, closing_seen);
        let owner = Arc::downgrade(&shared);
        shared.clock.start(owner, shared.options.bot_clock.clone());
        shared.state().commands = commands;
        files.into_iter().for_each(|(id, kind, bytes)| shared.state().files.keep(id, kind, bytes));
        timers::set_all(&shared.state());
        let server = tokio::spawn(serve(listener, shared.clone(), keeper));
        let (clock, mut over) = (shared.clock.clone(), closing.subscribe());
        tokio::spawn(async move {
            tokio::select! {
                () = clock.run() => {}
                _ = over.wait_for(|closing| *closing) => {}
            }
        });
        Ok(Self { shared, token, closing, server: Mutex::new(Some(server)) })
    }

    /// The base of the REST API: `http://127.0.0.1:PORT/api/v10`. `{api_url}/gateway/bot` answers.
    pub fn api_url(&self) -> String {
        format!("{}/api/v10", self.base_url())
    }

    /// The server's root, `http://127.0.0.1:PORT`: what serenity's `HttpBuilder::proxy` takes.
    pub fn base_url(&self) -> String {
        self.shared.base_url()
    }

    /// The websocket's address, `ws://127.0.0.1:PORT`.
    pub fn gateway_url(&self) -> String {
        self.shared.gateway_url()
    }

    /// The token of the bot that is there from the start, without `Bot `.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.shared.address.port()
    }

    /// The link to the page, with the control token behind `#`, where no log sees it.
    pub fn page_url(&self) -> String {
        format!("{}/#token={}", self.base_url(), self.control_token())
    }

    /// The token of the control interface, `Authorization: Bearer …`; see `GET /control/openapi.json`.
    pub fn control_token(&self) -> &str {
        &self.shared.control_token
    }

    /// Adds another bot, member of every guild; sessions that are connected receive its role and its joining.
    pub fn add_bot(&self, name: &str) -> Bot {
        users::add_bot(&mut self.shared.state(), name)
    }

    /// Takes intents away that a bot may ask for: with them IDENTIFY then closes with 4014.
    pub fn withhold_intents(&self, bot: Snowflake, intents: u64) {
        users::withhold_intents(&mut self.shared.state(), bot, intents);
    }

    /// A user who acts.
    ///
    /// # Errors
    /// If nobody has this name; the nearest names are in the error.
    pub fn member(&self, name: &str) -> Result<Member, ActError> {
        Member::named(self.shared.clone(), name)
    }

    /// The messages of a channel, oldest first, without ephemeral ones.
    ///
    /// # Errors
    /// If there is no such channel.
    pub fn messages(&self, channel: &str) -> Result<Vec<Arc<Message>>, ActError> {
        let state = self.shared.state();
        let home = state
            .world
            .channel_named(channel, None)
            .ok_or_else(|| ActError::unknown_channel(channel, &state.world))?;
        Ok(home.messages.iter().cloned().collect())
    }

    /// Names of the commands that bots registered, global ones and those of guilds.
    pub fn commands(&self) -> Vec<String> {
        self.shared.state().commands.all().iter().map(|command| command.name().to_owned()).collect()
    }

    /// Looks at the world. Do not wait inside: everything else stands still meanwhile.
    pub fn world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.shared.state().world)
    }

    /// Everything that happened and happens.
    pub fn transcript(&self) -> &Transcript {
        &self.shared.transcript
    }

    /// The first entry of the transcript, past or to come, for which `pick` answers something; none at the deadline.
    pub async fn until<T>(&self, deadline: Instant, pick: impl FnMut(&Entry) -> Option<T>) -> Option<T> {
        self.shared.transcript.until(deadline, pick).await
    }

    /// The first message that answers `message` by reference; none after `within`.
    pub async fn reply_to(&self, message: Snowflake, within: Duration) -> Option<Arc<Message>> {
        replies::reply_to(&self.shared, message, within).await
    }

    /// The first message of a bot in the channel of `message` that came after it, reply or not; none after `within`.
    pub async fn bot_message_after(&self, message: Snowflake, within: Duration) -> Option<Arc<Message>> {
        replies::bot_message_after(&self.shared, message, within).await
    }

    /// Waits until as many gateway sessions of bots are connected and identified; false after `within`.
    pub async fn connected(&self, sessions: usize, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        let mut reader = self.shared.transcript.reader();
        let enough = || (self.gateway().connected() >= sessions).then_some(());
        enough().is_some() || reader.until(deadline, |_| enough()).await.is_some()
    }

    /// The time here: freeze it, move it, let it run.
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// What goes wrong on demand.
    pub fn faults(&self) -> Faults {
        self.shared.faults.clone()
    }

    /// Waits until nothing is under way: no REST call unanswered, no event unwritten to a connected bot, no interaction in
    /// its window unacknowledged or "thinking …". With a probe ([`SimOptions::idle`](crate::SimOptions)) the bot must be
    /// idle too, for the moment that an event needs to reach it. Without one nobody can know what a bot is about to do: then nothing may have happened for
    /// [`SimOptions::quiet`](crate::SimOptions), so a bot that ponders longer than that in silence is taken for idle.
    ///
    /// # Errors
    /// What was still under way after `within`.
    pub async fn settle(&self, within: Duration) -> Result<(), Unsettled> {
        settle::settle(&self.shared, within).await
    }

    /// Moves time forward, frozen or not, for the simulator and for a bot that goes along
    /// ([`SimOptions::bot_clock`](crate::SimOptions::bot_clock)): at each moment for which the bot waits, time stands until
    /// it has done what it wanted to do then. Other bots keep their own time.
    pub async fn advance(&self, by: Duration) {
        advance::advance(&self.shared, by).await;
    }

    /// The gateway, driven from outside.
    pub fn gateway(&self) -> Gateway {
        Gateway::new(self.shared.clone())
    }

    /// Routes that bots called and this Discord does not have, with how often, most called first.
    pub fn unknown_routes(&self) -> Vec<(String, u64)> {
        self.shared.state().unknown_routes.sorted()
    }

    /// Fields of bodies that bots sent and this Discord does not know, `POST /channels/{id}/messages embeds.0.titel`, and
    /// keys of queries, `GET /guilds/{id} ?with_count`; with how often, most sent first.
    pub fn unknown_fields(&self) -> Vec<(String, u64)> {
        self.shared.state().unknown_fields.sorted()
    }

    /// Calls answered with 401, 403 or 429 in the ten minutes that run; with 10,000 Discord bans the address, and with
    /// [`RateLimits::Discord`](crate::RateLimits) so does this one.
    pub fn invalid_requests(&self) -> u32 {
        self.shared.limits().invalid(self.shared.clock.now())
    }

    /// Stops listening, says goodbye to gateway connections (1001), lets calls under way finish; bounded in time.
    /// Dropping does the same without waiting. A second call does nothing.
    pub async fn close(&self) {
        self.closing.send_replace(true);
        let _ = tokio::time::timeout(CLOSE_LIMIT, self.shared.open_sockets.closed()).await;
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            // It ends by itself within its own limit; an error would be its panic, already reported by tokio.
            let _ = server.await;
        }
    }
}

/// Serves until the simulator closes; what happened last is kept too.
async fn serve(listener: TcpListener, shared: Arc<Shared>, keeper: Option<Arc<Keeper>>) {
    let serving = server::serve(listener, shared.clone());
    let Some(keeper) = keeper else { return serving.await };
    tokio::join!(serving, keeper.save_often(&shared));
    keeper.save(&shared).await;
}
