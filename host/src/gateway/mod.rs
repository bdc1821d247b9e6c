//! The gateway: the host's connection to Discord's events. Each shard is a task, and all of them run on one dedicated
//! thread, so that heartbeats are sent and events are read whatever else the host is doing. It passes on events as
//! raw text; it resumes whenever Discord allows it, and reports why when it cannot.
//! It decodes no event, waits for no cog, and has no built-in address: `GET /gateway/bot` says where to connect.
//!
//! A shard hands an event to the sink *before* it counts it as received. After a RESUME, Discord sends again whatever
//! was not handed over. Only such a replay can repeat an event, and repeated events are dropped. The sink must not
//! block: heartbeats are sent by the same task.

mod allowance;
mod close;
mod command;
mod connection;
mod event;
#[cfg(feature = "fuzz")]
pub(crate) mod fuzz;
mod heartbeat;
mod request;
mod resume_data;
mod shard;
mod shards;
mod socket;
mod starts;
mod state;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle};

use crate::config;
use crate::sessions::{Discord, Net};

use self::shards::{Handle, Shards, Vitals};
use self::starts::Starts;
pub use close::Refused;
pub use command::{Activity, Command, Members, MembersRequest, Presence};
pub use event::{BadFrame, Dispatch};
pub use resume_data::{ResumableSession, ResumeData};
pub use shards::ShardStatus;
pub use state::State;

/// Times that Discord prescribes. Not configurable; tests shorten them.
#[derive(Debug, Clone)]
pub struct Timing {
    /// How long the server may take to send HELLO.
    pub hello: Duration,
    /// How long the server may be silent between IDENTIFY and READY, or RESUME and RESUMED.
    pub ready: Duration,
    /// Pause before the second attempt to connect; it doubles up to `[discord] reconnect_max_ms`.
    pub reconnect_first: Duration,
    /// Shortest and longest pause after INVALID_SESSION.
    pub invalid_session: (Duration, Duration),
    /// Time between two IDENTIFYs of shards that may not identify together.
    pub identify_every: Duration,
    /// How often Discord's count of session starts is compared to this host's, to detect another user of the token.
    pub compare_starts_every: Duration,
    /// How long closing waits for the server's close frame.
    pub goodbye: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            hello: Duration::from_secs(15),
            ready: Duration::from_secs(60),
            reconnect_first: Duration::from_millis(500),
            invalid_session: (Duration::from_secs(1), Duration::from_secs(5)),
            // Discord counts 5 s between arrivals, and the time in transit varies.
            identify_every: Duration::from_millis(5_500),
            compare_starts_every: Duration::from_secs(3600),
            goodbye: Duration::from_secs(1),
        }
    }
}

/// All shards of this process.
#[derive(Debug)]
pub struct Gateway {
    shards: Arc<Shards>,
    discord: Arc<Discord>,
    config: config::Discord,
    listening: watch::Sender<bool>,
    tasks: Vec<AbortHandle>,
    closing: Closing,
    goodbye: Duration,
}

/// Why a command could not be handed to its shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Discord would not accept it.
    #[error("{0}")]
    Invalid(String),
    /// This many are already waiting, for instance because the shard is not connected.
    #[error("the gateway already has {0} requests waiting")]
    Full(usize),
    /// The gateway was closed.
    #[error("the gateway is closed")]
    Closed,
}

/// Why a shard ended although nobody closed it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EndError {
    /// Discord rejected it for good.
    #[error(transparent)]
    Refused(#[from] Arc<Refused>),
    /// The host itself failed.
    #[error("a shard of the gateway panicked; the log says where")]
    Panicked,
}

/// Maximum number of requests that wait for one shard.
const COMMANDS: usize = 64;

impl Gateway {
    /// Starts all shards and returns at once. They connect, and after [`Gateway::listen`] they identify, or resume
    /// the sessions in `kept`, which must [fit](ResumeData::fits). `sink` then gets every event of every shard, on the
    /// gateway's thread, and must not block. Must be called on the sessions' runtime: what the shards ask of the
    /// sessions runs there.
    ///
    /// # Errors
    /// The system has no thread or no descriptors left.
    pub fn open<S>(
        discord: &Arc<Discord>,
        net: &Net,
        config: &config::Discord,
        kept: Option<&ResumeData>,
        sink: S,
    ) -> io::Result<Gateway>
    where
        S: FnMut(Dispatch) + Clone + Send + 'static,
    {
        Gateway::open_with(discord, net, config, kept, sink, Timing::default())
    }

    /// [`Gateway::open`] with other times than Discord's.
    ///
    /// # Errors
    /// As [`Gateway::open`].
    pub fn open_with<S>(
        discord: &Arc<Discord>,
        net: &Net,
        config: &config::Discord,
        kept: Option<&ResumeData>,
        sink: S,
        timing: Timing,
    ) -> io::Result<Gateway>
    where
        S: FnMut(Dispatch) + Clone + Send + 'static,
    {
        if let Some(text) = config::without_message_content(&config.intents, &config.prefix) {
            tracing::warn!("{text}");
        }
        let (closing, closed) = watch::channel(Leave::No);
        let starts = Arc::new(Starts::new(timing.identify_every));
        // The thread is started before its runtime exists: if that fails, there is no runtime to drop, which would
        // panic here, in another runtime.
        let (give, work) = std::sync::mpsc::channel();
        thread::Builder::new().name("gateway".to_owned()).spawn(move || run(&work))?;
        let own = runtime::Builder::new_current_thread().enable_all().build()?;
        let sessions = runtime::Handle::current();
        let configured = configured(config);
        let (presence, is_news) = match kept {
            Some(kept) => kept.presence(configured),
            None => (configured, false),
        };
        let presence = watch::Sender::new(presence);
        let listening = watch::Sender::new(false);
        let (mut handles, mut tasks) = (Vec::new(), Vec::new());
        for number in 0..config.shards {
            let (requests, queue) = mpsc::channel(COMMANDS);
            let (state, watched) = watch::channel(State::Connecting);
            let vitals = Vitals::default();
            let kept = kept.and_then(|kept| kept.session(number));
            if let Some(kept) = kept {
                let mut vitals = vitals.now();
                (vitals.session_since, vitals.resumes) = (kept.since(), kept.resumes);
            }
            let mut shown = presence.subscribe();
            if is_news && kept.is_some() {
                shown.mark_changed();
            }
            let shard = shard::Shard {
                number,
                count: config.shards,
                intents: config.intents.clone(),
                sessions: sessions.clone(),
                discord: Arc::clone(discord),
                net: net.clone(),
                starts: Arc::clone(&starts),
                timing: timing.clone(),
                reconnect_max: config.reconnect_max,
                sink: sink.clone(),
                state,
                vitals: vitals.clone(),
                presence: shown,
                listening: listening.subscribe(),
                session: kept.map(ResumableSession::session),
            };
            tasks.push(own.spawn(shard.run(queue, closed.clone())));
            handles.push(Handle { requests, state: watched, vitals });
        }
        let aborts = tasks.iter().map(JoinHandle::abort_handle).collect();
        // The thread waits for this.
        let _ = give.send((own, tasks));
        sessions.spawn(compare_starts(starts, Arc::clone(discord), timing.compare_starts_every, closed));
        let closing = Closing(closing);
        // Dropped with the sessions' runtime: without the sessions the gateway cannot work.
        let with_sessions = closing.clone();
        sessions.spawn(async move { with_sessions.0.closed().await });
        let shards = Arc::new(Shards { all: handles, presence, intents: config.intents.clone() });
        let asked = Arc::clone(&shards);
        discord.link_gateway(move |request| request::answer(&asked, request));
        Ok(Gateway {
            shards,
            discord: Arc::clone(discord),
            config: config.clone(),
            listening,
            tasks: aborts,
            closing,
            goodbye: timing.goodbye,
        })
    }

    /// Lets the shards identify: events arrive from now on. Can be called again.
    pub fn listen(&self) {
        self.listening.send_replace(true);
    }

    /// The status of all shards, in order.
    pub fn shards(&self) -> Vec<ShardStatus> {
        self.shards.status()
    }

    /// The states of all shards, in order, to read or to wait for.
    pub fn states(&self) -> Vec<watch::Receiver<State>> {
        self.shards.all.iter().map(|shard| shard.state.clone()).collect()
    }

    /// The state of a shard, to read or to wait for. `None` if there is no such shard.
    pub fn state(&self, shard: u16) -> Option<watch::Receiver<State>> {
        self.shards.all.get(usize::from(shard)).map(|shard| shard.state.clone())
    }

    /// Hands a command to its shard: a request for members to the guild's shard, a presence to all. A presence is
    /// kept for later sessions too, and only the last one counts.
    ///
    /// # Errors
    /// Discord would not accept it, the shard's queue is full, or the gateway is closed.
    pub fn send(&self, command: Command) -> Result<(), CommandError> {
        self.shards.send(command)
    }

    /// Waits until all shards have ended.
    ///
    /// # Errors
    /// A shard ended although nobody closed it; the others continue until [`Gateway::close`].
    pub async fn ended(&self) -> Result<(), EndError> {
        let ends = self.shards.all.iter().map(|shard| {
            let mut state = shard.state.clone();
            async move {
                let end = state.wait_for(State::is_end).await.map(|state| state.clone());
                match end {
                    Ok(State::Refused(refused)) => Err(EndError::Refused(refused)),
                    Ok(_) => Ok(()),
                    // The task is gone without a final state.
                    Err(_) => Err(EndError::Panicked),
                }
            }
        });
        futures_util::future::try_join_all(ends).await.map(|_| ())
    }

    /// Ends the session of every shard and waits for the server's close frames, up to a second longer than that may
    /// take; any shard that is still open is then cut off. Can be called again.
    pub async fn close(&self) {
        self.leave(Leave::ForGood).await;
    }

    /// Closes like [`Gateway::close`], but Discord keeps the sessions for a while, and another gateway can resume
    /// them. Every event up to their last sequence number was handed over, and none after it.
    pub async fn close_resumable(&self) -> ResumeData {
        self.leave(Leave::Resumable).await;
        self.resumable()
    }

    /// The sessions of shards that were closed in that way and can be resumed.
    pub fn resumable(&self) -> ResumeData {
        let sessions = self.shards.all.iter().filter_map(|shard| match &*shard.state.borrow() {
            State::Closed { kept } => kept.as_deref().cloned(),
            _ => None,
        });
        let shown = self.shards.presence.borrow().clone();
        ResumeData::of(&self.discord, &self.config, configured(&self.config), shown, sessions.collect())
    }

    async fn leave(&self, how: Leave) {
        self.closing.0.send_if_modified(|leave| leave.begin(how));
        let ends = self.shards.all.iter().map(|shard| {
            let mut state = shard.state.clone();
            async move {
                // An error means that the task is gone, which is the goal.
                let _ = state.wait_for(State::is_end).await;
            }
        });
        let all = join_all(ends);
        if tokio::time::timeout(self.goodbye + Duration::from_secs(1), all).await.is_err() {
            tracing::warn!("a gateway connection did not close in time and was cut off");
            self.tasks.iter().for_each(AbortHandle::abort);
        }
    }
}

/// Closes the gateway when it is dropped, if not before.
#[derive(Debug, Clone)]
struct Closing(watch::Sender<Leave>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.send_if_modified(|leave| leave.begin(Leave::ForGood));
    }
}

/// Whether and how the gateway should close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    No,
    ForGood,
    /// Another gateway may resume its sessions.
    Resumable,
}

impl Leave {
    /// Returns whether it begins now; the first call decides how.
    fn begin(&mut self, how: Leave) -> bool {
        let begins = *self == Leave::No;
        if begins {
            *self = how;
        }
        begins
    }
}

fn configured(config: &config::Discord) -> Option<Presence> {
    Presence::configured(config.status, config.activity.as_deref(), config.activity_kind)
}

/// Regularly looks for other processes that use the token, until the gateway closes.
async fn compare_starts(
    starts: Arc<Starts>,
    discord: Arc<Discord>,
    every: Duration,
    mut closing: watch::Receiver<Leave>,
) {
    loop {
        tokio::select! {
            () = shard::asked_to_close(&mut closing) => return,
            () = tokio::time::sleep(every) => {}
        }
        // Without an answer there is nothing to compare, and the shards report the problem.
        if let Ok(gateway) = discord.gateway().await {
            starts.compare(&gateway.session_start_limit);
        }
    }
}

/// The body of the thread: it ends with the last shard.
fn run(work: &std::sync::mpsc::Receiver<(Runtime, Vec<JoinHandle<()>>)>) {
    let Ok((runtime, shards)) = work.recv() else { return };
    for ended in runtime.block_on(join_all(shards)) {
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!("a shard of the gateway has ended: {error}");
        }
    }
}
