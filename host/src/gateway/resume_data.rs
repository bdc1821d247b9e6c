//! What is kept of a closed gateway so that another one can resume its sessions, and whether it fits that other one.
//! It contains no secret: of the token only a digest.
//!
//! <https://discord.com/developers/docs/events/gateway#resuming>

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{command::Presence, shard::Session};
use crate::{
    clock::machine_unix_ms,
    config::{self, intent_bits},
    sessions::Discord,
};

/// The sessions of a gateway, with everything that a RESUME depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeData {
    identity: Identity,
    /// The presence from the config, and the one that is shown.
    configured: Option<Presence>,
    shown: Option<Presence>,
    sessions: Vec<ResumableSession>,
}

/// What IDENTIFY contained, and who it was sent to. A RESUME does not repeat it: the session keeps its properties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    origin: String,
    application: u64,
    token_digest: String,
    intents: u64,
    shards: u16,
}

/// The session of one shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumableSession {
    pub(super) shard: u16,
    id: String,
    url: Option<String>,
    /// Sequence number of the last event that was handed over.
    seq: Option<u64>,
    /// When it began, in milliseconds since 1970.
    began_unix_ms: u64,
    pub(super) resumes: u64,
}

impl Identity {
    fn of(discord: &Discord, config: &config::Discord) -> Identity {
        Identity {
            origin: discord.origin(),
            application: discord.account().application_id,
            token_digest: blake3::hash(discord.token().expose().as_bytes()).to_hex()[..32].to_owned(),
            intents: intent_bits(&config.intents),
            shards: config.shards,
        }
    }
}

impl ResumeData {
    pub(super) fn of(
        discord: &Discord,
        config: &config::Discord,
        configured: Option<Presence>,
        shown: Option<Presence>,
        sessions: Vec<ResumableSession>,
    ) -> ResumeData {
        ResumeData { identity: Identity::of(discord, config), configured, shown, sessions }
    }

    /// Whether it belongs to the bot of this session.
    pub fn is_of(&self, discord: &Discord) -> bool {
        (&self.identity.origin, self.identity.application)
            == (&discord.origin(), discord.account().application_id)
    }

    /// Whether a gateway with this config can resume it, provided that it belongs to the same bot.
    ///
    /// # Errors
    /// The reason why not, as a clause.
    pub fn fits(&self, discord: &Discord, config: &config::Discord) -> Result<(), &'static str> {
        let (kept, now) = (&self.identity, Identity::of(discord, config));
        if kept.token_digest != now.token_digest {
            return Err("the token has changed");
        }
        if kept.intents != now.intents {
            return Err("`[discord] intents` has changed");
        }
        if kept.shards != now.shards {
            return Err("`[discord] shards` has changed");
        }
        Ok(())
    }

    /// Number of sessions.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are no sessions.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    pub(super) fn session(&self, shard: u16) -> Option<&ResumableSession> {
        self.sessions.iter().find(|session| session.shard == shard)
    }

    /// The presence to show when the config says `configured`, and whether Discord must be sent it: a presence that a
    /// cog has set stays, unless the operator has configured another one since.
    pub(super) fn presence(&self, configured: Option<Presence>) -> (Option<Presence>, bool) {
        match configured == self.configured {
            true => (self.shown.clone(), false),
            false => (Some(configured.unwrap_or_default()), true),
        }
    }
}

impl ResumableSession {
    pub(super) fn of(
        shard: u16,
        session: &Session,
        since: Option<Instant>,
        resumes: u64,
    ) -> ResumableSession {
        let age = since.map_or(0, |since| u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX));
        let Session { id, url, seq, .. } = session.clone();
        ResumableSession {
            shard,
            id,
            url,
            seq,
            began_unix_ms: machine_unix_ms().saturating_sub(age),
            resumes,
        }
    }

    pub(super) fn session(&self) -> Session {
        Session { id: self.id.clone(), url: self.url.clone(), seq: self.seq, unconfirmed: 0 }
    }

    /// When the session began.
    pub(super) fn since(&self) -> Option<Instant> {
        let age = std::time::Duration::from_millis(machine_unix_ms().saturating_sub(self.began_unix_ms));
        Instant::now().checked_sub(age)
    }
}
