//! All shards, seen from outside: the commands that they are handed, and their status.
//! It makes no connections; each shard makes its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::command::{Command, MembersRequest, Presence};
use super::state::State;
use super::{COMMANDS, CommandError};
use crate::config::Intent;

/// Handles of all shards.
#[derive(Debug)]
pub(super) struct Shards {
    pub(super) all: Vec<Handle>,
    /// The bot's presence. Only the last one counts: Discord accepts few of them.
    /// <https://discord.com/developers/docs/events/gateway#rate-limiting>
    pub(super) presence: watch::Sender<Option<Presence>>,
    pub(super) intents: Vec<Intent>,
}

/// One shard.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) requests: mpsc::Sender<MembersRequest>,
    pub(super) state: watch::Receiver<State>,
    pub(super) vitals: Vitals,
}

/// What a shard measures of itself. Clones share the values.
#[derive(Debug, Clone, Default)]
pub(super) struct Vitals(Arc<Mutex<Measured>>);

#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Round trip of the last heartbeat.
    pub(super) latency: Option<Duration>,
    /// When READY of the current session arrived.
    pub(super) session_since: Option<Instant>,
    /// How often the current session was resumed.
    pub(super) resumes: u64,
    /// How often any session was resumed, since the gateway was opened.
    pub(super) all_resumes: u64,
    /// Reconnection attempts since the gateway was opened.
    pub(super) reconnects: u64,
}

/// The status of a shard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShardStatus {
    /// Its number.
    pub shard: u16,
    /// `connecting`, `identifying`, `resuming`, `ready`, `waiting`, `closed` or `refused`.
    pub state: &'static str,
    /// Why it is waiting or was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Round trip of its last heartbeat in milliseconds; first available up to a minute after connecting.
    pub latency_ms: Option<f64>,
    /// Milliseconds since its session began.
    pub session_ms: Option<u64>,
    /// How often the session was resumed.
    pub resumes: u64,
    /// How often any session was resumed, since the gateway was opened.
    pub all_resumes: u64,
    /// Attempts to connect again after a connection that ended or failed, since the gateway was opened.
    pub reconnects: u64,
}

impl Vitals {
    pub(super) fn now(&self) -> MutexGuard<'_, Measured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shards {
    /// Hands a command to its shard: a request for members to the guild's shard, a presence to all.
    pub(super) fn send(&self, command: Command) -> Result<(), CommandError> {
        command.check(&self.intents).map_err(CommandError::Invalid)?;
        match command {
            Command::Presence(presence) => {
                if self.all.iter().all(|shard| shard.state.borrow().is_end()) {
                    return Err(CommandError::Closed);
                }
                self.presence.send_replace(Some(presence));
                Ok(())
            }
            Command::RequestMembers(request) => {
                // <https://discord.com/developers/docs/events/gateway#sharding>
                let number = (request.guild_id >> 22) % self.all.len() as u64;
                self.all[number as usize].requests.try_send(request).map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => CommandError::Full(COMMANDS),
                    mpsc::error::TrySendError::Closed(_) => CommandError::Closed,
                })
            }
        }
    }

    pub(super) fn status(&self) -> Vec<ShardStatus> {
        self.all.iter().zip(0..).map(|(shard, number)| shard.status(number)).collect()
    }
}

impl Handle {
    fn status(&self, shard: u16) -> ShardStatus {
        let state = self.state.borrow();
        let why = match &*state {
            State::Waiting { why } => Some(why.clone()),
            State::Refused(refused) => Some(refused.what.clone()),
            _ => None,
        };
        let measured = self.vitals.now();
        ShardStatus {
            shard,
            state: state.name(),
            why,
            latency_ms: measured.latency.map(|latency| latency.as_secs_f64() * 1000.0),
            session_ms: measured.session_since.map(|since| since.elapsed().as_millis() as u64),
            resumes: measured.resumes,
            all_resumes: measured.all_resumes,
            reconnects: measured.reconnects,
        }
    }
}
