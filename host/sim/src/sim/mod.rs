//! A running simulator: starting it, its addresses, its members, what happened, and closing it.

mod expect;
mod prompt;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use expect::ExpectError;

use crate::clock::Clock;
use crate::drive::gateway::Gateway;
use crate::drive::settle::{self, SettleError};
use crate::drive::{advance, replies};
use crate::faults::Faults;
use crate::ids::{Snowflake, Timestamp};
use crate::members::Member;
use crate::options::SimOptions;
use crate::rules::{timers, users};
use crate::serve::persist::{PersistError, SavedWorld, WorldStore};
use crate::serve::server;
use crate::state::Shared;
use crate::transcript::{Entry, Transcript};
use crate::world::{ActError, Bot, Message, World};

/// How long gateway connections get to close when the simulator closes.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or binding it is not allowed.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why it could not be bound.
        source: io::Error,
    },
    /// The folder in which the world is kept cannot be used.
    #[error(transparent)]
    Persist(#[from] PersistError),
}

/// A Discord on loopback. It stops when closed or dropped.
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
        let (store, saved) = match &options.persist_dir {
            Some(folder) => {
                let (store, saved) = WorldStore::open(folder, &format!("http://{address}"))?;
                (Some(Arc::new(store)), saved)
            }
            None => (None, None),
        };
        let given = std::mem::replace(&mut options.world, World::empty());
        let SavedWorld { mut world, commands, files, now } = saved.unwrap_or_else(|| SavedWorld::only(given));
        // The clock must not start before the saved time, or before the ids that a world file contains.
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
        let server = tokio::spawn(serve(listener, shared.clone(), store));
        let (clock, mut over) = (shared.clock.clone(), closing.subscribe());
        tokio::spawn(async move {
            tokio::select! {
                () = clock.run() => {}
                _ = over.wait_for(|closing| *closing) => {}
            }
        });
        Ok(Self { shared, token, closing, server: Mutex::new(Some(server)) })
    }

    /// The base URL of the REST API, `http://127.0.0.1:PORT/api/v10`; `{api_url}/gateway/bot` exists too.
    pub fn api_url(&self) -> String {
        format!("{}/api/v10", self.base_url())
    }

    /// The root URL of the server, `http://127.0.0.1:PORT`, as serenity's `HttpBuilder::proxy` takes it.
    pub fn base_url(&self) -> String {
        self.shared.base_url()
    }

    /// The URL of the websocket, `ws://127.0.0.1:PORT`.
    pub fn gateway_url(&self) -> String {
        self.shared.gateway_url()
    }

    /// The token of the bot that exists from the start, without `Bot `.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.shared.address.port()
    }

    /// The link to the page, with the control token after `#`, where it gets into no log.
    pub fn page_url(&self) -> String {
        format!("{}/#token={}", self.base_url(), self.control_token())
    }

    /// The token of the control interface, `Authorization: Bearer …`; see `GET /control/openapi.json`.
    pub fn control_token(&self) -> &str {
        &self.shared.control_token
    }

    /// Adds another bot as a member of every guild; connected sessions are notified of its role and of its joining.
    pub fn add_bot(&self, name: &str) -> Bot {
        users::add_bot(&mut self.shared.state(), name)
    }

    /// Takes privileged intents away from a bot: IDENTIFY with one of them then closes with 4014.
    pub fn revoke_intents(&self, bot: Snowflake, intents: u64) {
        users::revoke_intents(&mut self.shared.state(), bot, intents);
    }

    /// A user, to act as.
    ///
    /// # Errors
    /// If there is no user of this name; the error suggests the nearest names.
    pub fn member(&self, name: &str) -> Result<Member, ActError> {
        Member::named(self.shared.clone(), name)
    }

    /// The messages of a channel, oldest first, without ephemeral ones.
    ///
    /// # Errors
    /// If there is no such channel.
    pub fn messages(&self, channel: &str) -> Result<Vec<Arc<Message>>, ActError> {
        let state = self.shared.state();
        let found = state
            .world
            .channel_named(channel, None)
            .ok_or_else(|| ActError::unknown_channel(channel, &state.world))?;
        Ok(found.messages.iter().cloned().collect())
    }

    /// The names of the commands that bots registered, globally or in a guild.
    pub fn commands(&self) -> Vec<String> {
        self.shared.state().commands.all().iter().map(|command| command.name().to_owned()).collect()
    }

    /// Reads the world. Do not block inside: everything else waits meanwhile.
    pub fn world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.shared.state().world)
    }

    /// Everything that happened and will happen.
    pub fn transcript(&self) -> &Transcript {
        &self.shared.transcript
    }

    /// The first entry of the transcript, past or future, for which `pick` returns `Some`; `None` at the deadline.
    pub async fn until<T>(&self, deadline: Instant, pick: impl FnMut(&Entry) -> Option<T>) -> Option<T> {
        self.shared.transcript.until(deadline, pick).await
    }

    /// The first message that is a reply to `message`; `None` after `within`.
    pub async fn reply_to(&self, message: Snowflake, within: Duration) -> Option<Arc<Message>> {
        replies::reply_to(&self.shared, message, within).await
    }

    /// The first message by a bot after `message` in the same channel, reply or not; `None` after `within`.
    pub async fn bot_message_after(&self, message: Snowflake, within: Duration) -> Option<Arc<Message>> {
        replies::bot_message_after(&self.shared, message, within).await
    }

    /// Waits until at least this many gateway sessions of bots are connected and identified; false after `within`.
    pub async fn connected(&self, sessions: usize, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        let mut reader = self.shared.transcript.reader();
        let enough = || (self.gateway().connected() >= sessions).then_some(());
        enough().is_some() || reader.until(deadline, |_| enough()).await.is_some()
    }

    /// The clock, to freeze, advance and resume.
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// The faults, to make things go wrong on demand.
    pub fn faults(&self) -> Faults {
        self.shared.faults.clone()
    }

    /// Waits until nothing is in progress: every REST call is answered, every event is written to the connected bots,
    /// and no interaction waits for its acknowledgement within its window or for the message after "thinking …". With a
    /// probe ([`SimOptions::idle`](crate::SimOptions)) the bot must also be idle, for as long as an event needs to
    /// reach it. Without one the simulator cannot see what a bot is about to do: nothing may have happened for
    /// [`SimOptions::quiet_period`](crate::SimOptions), so a bot that works in silence for longer than that is taken
    /// for idle.
    ///
    /// # Errors
    /// What was still in progress after `within`.
    pub async fn settle(&self, within: Duration) -> Result<(), SettleError> {
        settle::settle(&self.shared, within).await
    }

    /// Advances time, frozen or not, for the simulator and for a bot that shares its clock
    /// ([`SimOptions::bot_clock`](crate::SimOptions::bot_clock)): at each moment that the bot waits for, time stops
    /// until the bot has finished what it does then. Other bots keep their own time.
    pub async fn advance(&self, by: Duration) {
        advance::advance(&self.shared, by).await;
    }

    /// The gateway, to drive from outside.
    pub fn gateway(&self) -> Gateway {
        Gateway::new(self.shared.clone())
    }

    /// Routes that bots called and that this Discord does not have, with the number of calls, most called first.
    pub fn unknown_routes(&self) -> Vec<(String, u64)> {
        self.shared.state().unknown_routes.sorted()
    }

    /// Fields in bodies and keys in queries that bots sent and that this Discord does not know, with how often, most
    /// sent first: `POST /channels/{id}/messages embeds.0.titel`, `GET /guilds/{id} ?with_count`.
    pub fn unknown_fields(&self) -> Vec<(String, u64)> {
        self.shared.state().unknown_fields.sorted()
    }

    /// Calls answered with 401, 403 or 429 in the current ten minutes. At 10,000, Discord bans the address, and so does
    /// this one with [`RateLimits::Discord`](crate::RateLimits).
    pub fn invalid_requests(&self) -> u32 {
        self.shared.limits().invalid(self.shared.clock.now())
    }

    /// Stops listening, closes gateway connections (1001), and lets calls in progress finish, all within a time limit.
    /// Dropping does the same without waiting. A second call does nothing.
    pub async fn close(&self) {
        self.closing.send_replace(true);
        let _ = tokio::time::timeout(CLOSE_LIMIT, self.shared.open_sockets.closed()).await;
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            // The server stops by itself within its own limit; an error would be its panic, which was already reported.
            let _ = server.await;
        }
    }
}

/// Serves until the simulator closes, then saves once more.
async fn serve(listener: TcpListener, shared: Arc<Shared>, store: Option<Arc<WorldStore>>) {
    let serving = server::serve(listener, shared.clone());
    let Some(store) = store else { return serving.await };
    tokio::join!(serving, store.save_often(&shared));
    store.save(&shared).await;
}
