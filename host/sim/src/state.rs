//! What all parts of the simulator share: the state behind one lock, the transcript, the faults, the options.

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::accounts::{UserTokens, random_token};
use crate::clock::Clock;
use crate::commands::Commands;
use crate::faults::Faults;
use crate::files::Files;
use crate::form::Tally;
use crate::interactions::Interactions;
use crate::limits::Limits;
use crate::nonces::Nonces;
use crate::options::SimOptions;
use crate::sessions::Sessions;
use crate::sessions::presence::Presences;
use crate::sessions::requests::MemberRequests;
use crate::sessions::starts::SessionStarts;
use crate::transcript::Transcript;
use crate::world::World;

/// The path of the URL for resuming.
pub(crate) const RESUME_PATH: &str = "/resume";

pub(crate) struct Shared {
    pub(crate) options: SimOptions,
    state: Mutex<State>,
    /// Separate from the state, so that counting does not wait for its lock.
    limits: Mutex<Limits>,
    pub(crate) transcript: Transcript,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) user_tokens: UserTokens,
    pub(crate) control_token: String,
    pub(crate) address: SocketAddr,
    /// Turns true when the simulator closes; its sender is gone if the simulator was dropped.
    closing: watch::Receiver<bool>,
    /// Every gateway connection holds a receiver; closing waits until all are gone.
    pub(crate) open_sockets: watch::Sender<()>,
    /// Each REST call that is not answered yet holds a clone.
    pub(crate) calls: Arc<()>,
    /// Number of gateway connections so far; each connection gets the count as its number.
    pub(crate) connections: AtomicU64,
}

/// Everything that changes. Its lock is held briefly and never across an await, so that everything is ordered: sessions
/// receive events in the order in which they happen.
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) sessions: Sessions,
    pub(crate) presences: Presences,
    pub(crate) starts: SessionStarts,
    pub(crate) member_requests: MemberRequests,
    pub(crate) commands: Commands,
    pub(crate) interactions: Interactions,
    pub(crate) files: Files,
    pub(crate) nonces: Nonces,
    pub(crate) transcript: Transcript,
    /// By method and shape of the path.
    pub(crate) unknown_routes: Tally,
    /// By method, shape of the path, and place in the body; `?key` for the query.
    pub(crate) unknown_fields: Tally,
}

impl Shared {
    pub(crate) fn new(
        options: SimOptions,
        world: World,
        address: SocketAddr,
        closing: watch::Receiver<bool>,
    ) -> Arc<Self> {
        let clock = world.clock.clone();
        let transcript = Transcript::new(options.transcript_limit, clock.clone());
        let state = State {
            world,
            sessions: Sessions::new(options.replay_limit, clock.clone()),
            presences: Presences::default(),
            starts: SessionStarts::new(options.session_starts),
            member_requests: MemberRequests::default(),
            commands: Commands::default(),
            interactions: Interactions::default(),
            files: Files::default(),
            nonces: Nonces::default(),
            transcript: transcript.clone(),
            unknown_routes: Tally::default(),
            unknown_fields: Tally::default(),
        };
        Arc::new(Self {
            clock,
            state: Mutex::new(state),
            limits: Mutex::default(),
            faults: Faults::new(transcript.clone()),
            user_tokens: UserTokens::default(),
            control_token: options.control_token.clone().unwrap_or_else(random_token),
            transcript,
            address,
            closing,
            open_sockets: watch::Sender::new(()),
            calls: Arc::default(),
            connections: AtomicU64::new(0),
            options,
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the simulator closes or is dropped.
    pub(crate) async fn closed(&self) {
        let _ = self.closing.clone().wait_for(|closing| *closing).await;
    }

    /// The URL for files and everything else.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL at which clients open the websocket.
    pub(crate) fn gateway_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The URL at which clients resume: as with Discord, not the same as the first one.
    /// <https://discord.com/developers/docs/events/gateway#resuming>
    pub(crate) fn resume_url(&self) -> String {
        format!("{}{RESUME_PATH}", self.gateway_url())
    }
}
