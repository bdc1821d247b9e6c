//! Gateway sessions: which events each one receives, sequence numbers, and the events that are kept for a RESUME. It
//! writes to no socket; connections take the events that are queued for them.

mod audience;
pub(crate) mod intents;
mod payload;
pub(crate) mod presence;
pub(crate) mod requests;
pub(crate) mod starts;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::accounts::Account;
use crate::clock::Clock;
use crate::ids::{Snowflake, Timestamp};
use crate::world::{Message, World, bits};
pub(crate) use audience::Audience;
use intents::RequiredIntents;
pub(crate) use payload::Payload;

/// What a connection has to send or do.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Dispatch { seq: u64, payload: Arc<Payload> },
    Op(String),
    Invalidate { resumable: bool },
    Close { code: u16, reason: &'static str },
    Drop,
}

/// The queue from a session to its connection.
pub(crate) struct Outbox {
    pub(crate) queue: Sender<Outgoing>,
    /// The sequence number of the last event written to the socket.
    pub(crate) written: Arc<AtomicU64>,
}

/// A session: what survives its connection.
pub(crate) struct Session {
    pub(crate) id: Arc<str>,
    pub(crate) account: Account,
    /// Shard id and number of shards.
    pub(crate) shard: (u64, u64),
    pub(crate) intents: u64,
    /// The number of members above which a guild is sent without its members.
    pub(crate) large_threshold: usize,
    seq: u64,
    /// The most recent events, for a RESUME; bounded.
    replay: VecDeque<(u64, Arc<Payload>)>,
    link: Link,
    clock: Clock,
}

enum Link {
    Connected {
        connection: u64,
        outbox: Outbox,
    },
    /// Resumable until it is dropped.
    Disconnected {
        since: Timestamp,
    },
}

/// All sessions, and their limits.
pub(crate) struct Sessions {
    clock: Clock,
    all: Vec<Session>,
    /// Guilds that are unavailable to bots, as in an outage of Discord: bots receive none of their events.
    pub(crate) unavailable: BTreeSet<Snowflake>,
    /// How many events each session keeps for a RESUME.
    replay_limit: usize,
}

/// How many sessions without a connection are kept; the oldest are dropped first.
const MAX_DISCONNECTED_SESSIONS: usize = 64;
/// How long a session without a connection can be resumed.
const RESUMABLE_FOR: Duration = Duration::from_secs(300);

/// The default for clients that send no `large_threshold`.
/// <https://discord.com/developers/docs/events/gateway-events#identify>
pub(crate) const LARGE_THRESHOLD: usize = 50;

impl Sessions {
    pub(crate) fn new(replay_limit: usize, clock: Clock) -> Self {
        let replay_limit = replay_limit.max(1);
        Self { clock, all: Vec::new(), unavailable: BTreeSet::new(), replay_limit }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.all.iter()
    }

    pub(crate) fn session(&mut self, id: &str) -> Option<&mut Session> {
        self.all.iter_mut().find(|session| &*session.id == id)
    }

    /// Opens a session on a connection. The caller then sends READY.
    pub(crate) fn open(
        &mut self,
        id: Arc<str>,
        account: Account,
        shard: (u64, u64),
        intents: u64,
        connection: u64,
        outbox: Outbox,
    ) -> &mut Session {
        self.evict_old();
        self.all.push(Session {
            id,
            account,
            shard,
            intents,
            large_threshold: LARGE_THRESHOLD,
            seq: 0,
            replay: VecDeque::new(),
            link: Link::Connected { connection, outbox },
            clock: self.clock.clone(),
        });
        self.all.last_mut().expect("pushed on the line above")
    }

    /// Moves a session to a new connection and returns the events that it missed, or why it cannot be resumed from
    /// `seq`.
    pub(crate) fn resume(
        &mut self,
        id: &str,
        user: Snowflake,
        seq: u64,
        connection: u64,
        outbox: Outbox,
    ) -> Resumption {
        self.evict_old();
        let Some(session) = self.session(id).filter(|session| session.user() == user) else {
            return Resumption::Unknown;
        };
        if seq > session.seq {
            return Resumption::InvalidSeq;
        }
        let oldest = session.replay.front().map_or(session.seq + 1, |(seq, _)| *seq);
        if seq + 1 < oldest {
            return Resumption::TooOld;
        }
        // A connection that still has the session ends when its outbox is dropped here.
        session.link = Link::Connected { connection, outbox };
        let missed = session.replay.iter().filter(|(number, _)| *number > seq);
        Resumption::Missed(missed.map(|(seq, payload)| (*seq, payload.clone())).collect())
    }

    /// Notes that the connection is gone. `ended`: the client closed it for good, so the session is removed too.
    pub(crate) fn disconnect(&mut self, id: &str, connection: u64, ended: bool) {
        let Some(at) = self.all.iter().position(|session| &*session.id == id) else { return };
        match &self.all[at].link {
            Link::Connected { connection: current, .. } if *current == connection => {}
            _ => return,
        }
        if ended {
            self.all.remove(at);
        } else {
            self.all[at].link = Link::Disconnected { since: self.clock.now() };
        }
    }

    /// Whether the account has any session, connected or resumable.
    pub(crate) fn any_of(&self, user: Snowflake) -> bool {
        self.all.iter().any(|session| session.user() == user)
    }

    /// The users with a session, each listed once.
    pub(crate) fn users(&self) -> Vec<Snowflake> {
        self.accounts(|session| !session.is_bots())
    }

    /// The bots with a session, each listed once.
    pub(crate) fn bots(&self) -> Vec<Snowflake> {
        self.accounts(Session::is_bots)
    }

    fn accounts(&self, is_asked: impl Fn(&Session) -> bool) -> Vec<Snowflake> {
        let mut found: Vec<Snowflake> =
            self.all.iter().filter(|session| is_asked(session)).map(Session::user).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Sends the same order to every connected session of a bot; returns how many there were. Users' clients are left
    /// alone, because they are used to watch the bots.
    pub(crate) fn send_to_bots(&mut self, order: impl Fn() -> Outgoing) -> usize {
        let mut sent = 0;
        for session in &mut self.all {
            if session.is_connected() && session.is_bots() {
                session.send(order());
                sent += 1;
            }
        }
        sent
    }

    /// Ends all sessions of an account for good, and closes their connections with a code.
    pub(crate) fn end_all_of(&mut self, user: Snowflake, code: u16, reason: &'static str) {
        self.all.retain_mut(|session| {
            let stays = session.user() != user;
            if !stays {
                session.send(Outgoing::Close { code, reason });
            }
            stays
        });
    }

    /// Sends an event to every session that may receive it; returns how many did.
    pub(crate) fn publish(&mut self, world: &World, audience: Audience<'_>, payload: &Arc<Payload>) -> usize {
        self.deliver(world, audience, payload.name, |_| payload.clone())
    }

    /// Sends an event about `messages`, a message and the one it replies to; `event` writes it for sessions that see
    /// the content of both, one or neither.
    pub(crate) fn publish_message(
        &mut self,
        world: &World,
        audience: Audience<'_>,
        name: &str,
        messages: [Option<&Message>; 2],
        event: impl Fn([bool; 2]) -> Payload,
    ) -> usize {
        let mut written = [const { None }; 4];
        self.deliver(world, audience, name, |session| {
            let sees_all = session.intents & intents::MESSAGE_CONTENT != 0
                || matches!(audience, Audience::Channel { guild: None, .. });
            let seen = messages.map(|one| sees_all || one.is_none_or(|one| one.concerns(session.user())));
            let version = &mut written[usize::from(seen[0]) * 2 + usize::from(seen[1])];
            version.get_or_insert_with(|| Arc::new(event(seen))).clone()
        })
    }

    /// Sends an event to sessions, in another version to those that may not see all of it.
    pub(crate) fn publish_as_seen(
        &mut self,
        world: &World,
        audience: Audience<'_>,
        full: &Arc<Payload>,
        bare: &Arc<Payload>,
        sees: impl Fn(&Session) -> bool,
    ) -> usize {
        self.deliver(
            world,
            audience,
            full.name,
            |session| {
                if sees(session) { full.clone() } else { bare.clone() }
            },
        )
    }

    fn deliver(
        &mut self,
        world: &World,
        audience: Audience<'_>,
        event: &str,
        mut payload: impl FnMut(&Session) -> Arc<Payload>,
    ) -> usize {
        let (replay_limit, needs) = (self.replay_limit, intents::needed(event));
        let is_cut_off = audience.guild().is_some_and(|guild| self.unavailable.contains(&guild));
        let mut sent = 0;
        for session in self.all.iter_mut().filter(|session| !(is_cut_off && session.is_bots())) {
            if session.receives(world, audience, needs) {
                let payload = payload(session);
                session.push(payload, replay_limit);
                sent += 1;
            }
        }
        sent
    }

    /// Sends an event to a single session: READY, GUILD_CREATE, member chunks.
    pub(crate) fn push_to(&mut self, id: &str, payload: Payload) {
        let replay_limit = self.replay_limit;
        if let Some(session) = self.session(id) {
            session.push(Arc::new(payload), replay_limit);
        }
    }

    fn evict_old(&mut self) {
        let now = self.clock.now();
        self.all.retain(|session| match session.link {
            Link::Connected { .. } => true,
            Link::Disconnected { since } => now.since(since) < RESUMABLE_FOR,
        });
        while self.all.iter().filter(|session| !session.is_connected()).count() > MAX_DISCONNECTED_SESSIONS {
            if let Some(at) = self.all.iter().position(|session| !session.is_connected()) {
                self.all.remove(at);
            }
        }
    }
}

/// The result of a RESUME.
pub(crate) enum Resumption {
    Missed(Vec<(u64, Arc<Payload>)>),
    /// The account has no such session.
    Unknown,
    /// The events since that number are no longer kept.
    TooOld,
    /// That number was never sent.
    InvalidSeq,
}

impl Session {
    pub(crate) fn user(&self) -> Snowflake {
        self.account.id()
    }

    pub(crate) fn is_bots(&self) -> bool {
        matches!(self.account, Account::Bot(_))
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.link, Link::Connected { .. })
    }

    /// How many events its connection has not written yet; zero without a connection.
    pub(crate) fn unwritten(&self) -> u64 {
        match &self.link {
            Link::Connected { outbox, .. } => self.seq.saturating_sub(outbox.written.load(Ordering::Acquire)),
            Link::Disconnected { .. } => 0,
        }
    }

    /// Whether a guild, or direct messages if there is none, belongs to this session's shard.
    pub(crate) fn covers(&self, guild: Option<Snowflake>) -> bool {
        covers(self.shard, guild)
    }

    fn receives(&self, world: &World, audience: Audience<'_>, needs: RequiredIntents) -> bool {
        let asked = |needed: u64| self.intents & needed == needed;
        match audience {
            Audience::Guild { guild, permission } => {
                asked(needs.guild)
                    && self.covers(Some(guild.id))
                    && guild.members.contains_key(&self.user())
                    && world.permissions_at(guild, self.user()) & permission == permission
            }
            Audience::Bots { guild, only } => {
                self.is_bots()
                    && only.is_none_or(|only| only == self.user())
                    && asked(needs.guild)
                    && self.covers(Some(guild.id))
                    && guild.members.contains_key(&self.user())
            }
            Audience::Member { guild, user } => {
                (asked(needs.guild) || self.user() == user)
                    && self.covers(Some(guild.id))
                    && guild.members.contains_key(&self.user())
            }
            Audience::ThreadMembers { thread, guild, users } => {
                self.covers(Some(guild.id))
                    && (users.contains(&self.user())
                        || asked(intents::GUILD_MEMBERS)
                            && world.permissions_in(thread, self.user()) & bits::VIEW_CHANNEL != 0)
            }
            Audience::Account { user, guild } => self.user() == user && self.covers(guild),
            Audience::Channel { channel, guild } => {
                asked(if guild.is_some() { needs.guild } else { needs.dm })
                    && self.covers(channel.guild_id)
                    && world.permissions_in(channel, self.user()) & bits::VIEW_CHANNEL != 0
            }
        }
    }

    fn push(&mut self, payload: Arc<Payload>, replay_limit: usize) {
        self.seq += 1;
        if self.replay.len() >= replay_limit {
            self.replay.pop_front();
        }
        self.replay.push_back((self.seq, payload.clone()));
        let seq = self.seq;
        self.send(Outgoing::Dispatch { seq, payload });
    }

    /// A client that does not read is disconnected when its bounded outbox is full; it can resume.
    fn send(&mut self, outgoing: Outgoing) {
        if let Link::Connected { outbox, .. } = &self.link
            && let Err(TrySendError::Full(_) | TrySendError::Closed(_)) = outbox.queue.try_send(outgoing)
        {
            self.link = Link::Disconnected { since: self.clock.now() };
        }
    }
}

/// Whether a guild, or direct messages if there is none, belongs to a shard, given as its id and the number of shards.
pub(crate) fn covers((number, count): (u64, u64), guild: Option<Snowflake>) -> bool {
    guild.map_or(0, |guild| (guild.0 >> 22) % count) == number
}
