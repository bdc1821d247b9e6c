//! IDENTIFY: validates it, opens the session, and sends READY and the guilds.

use serde::Deserialize;
use serde_json::{Value, json};

use super::close;
use super::codec::Codec;
use super::connection::{
    Connection, ConnectionEnd, INVALID_SESSION, already_authenticated, authentication_failed,
};
use super::operations::decode_error;
use crate::accounts::Account;
use crate::ids::Snowflake;
use crate::options::RateLimits;
use crate::rules::{guilds, presence};
use crate::sessions::presence::Presence;
use crate::sessions::starts::StartLimited;
use crate::sessions::{Payload, covers, intents};
use crate::state::State;
use crate::world::Guild;
use crate::world::wire::user_client;

/// <https://discord.com/developers/docs/events/gateway-events#identify>
#[derive(Deserialize)]
pub(super) struct Identify {
    token: String,
    /// Only sent by bots; users' own clients have no intents.
    intents: Option<u64>,
    /// Shard id and number of shards.
    shard: Option<(u64, u64)>,
    compress: Option<bool>,
    large_threshold: Option<u64>,
    presence: Option<Presence>,
}

impl Connection {
    pub(super) async fn identify(&mut self, identify: Identify) -> Result<(), ConnectionEnd> {
        if self.session.is_some() {
            return Err(already_authenticated());
        }
        let account = self.account_of(&identify.token)?;
        let shard = identify.shard.unwrap_or((0, 1));
        if shard.0 >= shard.1 {
            return Err(ConnectionEnd::Close { code: close::INVALID_SHARD, reason: "Invalid shard" });
        }
        let asked = match account {
            Account::Bot(_) => identify.intents.ok_or_else(decode_error)?,
            // A user's own client needs no intents: it receives everything that the user may see.
            Account::User(_) => intents::KNOWN,
        };
        if asked & !intents::KNOWN != 0 {
            return Err(ConnectionEnd::Close { code: close::INVALID_INTENTS, reason: "Invalid intent(s)" });
        }
        if identify.compress == Some(true) && matches!(self.codec, Codec::Plain) {
            self.codec = Codec::Payload;
        }
        match self.count_start(account, shard) {
            Err(StartLimited::Concurrency) => {
                self.note("", "identified too soon after another shard".to_owned());
                return self.send_now(INVALID_SESSION.to_owned()).await;
            }
            // https://discord.com/developers/docs/events/gateway#rate-limiting
            Err(StartLimited::DailyLimit) => {
                self.note("", "no session starts left: all sessions of the bot end".to_owned());
                let (code, reason) = (close::AUTHENTICATION_FAILED, "No session starts left");
                self.shared.state().sessions.end_all_of(account.id(), code, reason);
                return Err(authentication_failed());
            }
            Ok(()) => {}
        }
        let shared = self.shared.clone();
        let mut state = shared.state();
        let granted = state.world.bot(account.id()).map_or(u64::MAX, |bot| bot.granted_intents);
        if asked & intents::PRIVILEGED & !granted != 0 {
            return Err(ConnectionEnd::Close {
                code: close::DISALLOWED_INTENTS,
                reason: "Disallowed intent(s)",
            });
        }
        if guilds_on(&state, account.id(), shard).count() > shared.options.guilds_per_shard {
            return Err(ConnectionEnd::Close { code: close::SHARDING_REQUIRED, reason: "Sharding required" });
        }
        let id: std::sync::Arc<str> = format!("{:032x}", state.world.next_id().0).into();
        // Before the session exists, because it would otherwise receive its own presence before READY.
        presence::come_online(&mut state, account.id(), identify.presence);
        let session = state.sessions.open(id.clone(), account, shard, asked, self.number, self.open_inbox());
        if let Some(threshold) = identify.large_threshold {
            session.large_threshold = threshold.clamp(50, 250) as usize;
        }
        self.session = Some((id.clone(), account.id()));
        let name = state.world.user(account.id()).map(|user| user.username.clone()).unwrap_or_default();
        self.note(&id, format!("identified as {name}, shard {}/{}", shard.0, shard.1));
        greet(&mut state, &id, account, identify.shard.is_some(), &shared.resume_url());
        Ok(())
    }

    /// Counts a session start of a bot; it is only refused if rate limits are enforced.
    fn count_start(&self, account: Account, shard: (u64, u64)) -> Result<(), StartLimited> {
        let Account::Bot(bot) = account else { return Ok(()) };
        let options = &self.shared.options;
        let now = self.shared.clock.now();
        let started = self.shared.state().starts.start(bot, shard.0, options.max_concurrency, now);
        match options.rate_limits {
            RateLimits::Discord => started,
            RateLimits::Off => Ok(()),
        }
    }
}

/// Sends READY, then GUILD_CREATE for each guild of the shard. `is_sharded`: whether the client named its shard.
fn greet(state: &mut State, id: &str, account: Account, is_sharded: bool, resume_url: &str) {
    let Some(shard) = state.sessions.session(id).map(|session| session.shard) else { return };
    let guilds: Vec<Snowflake> = guilds_on(state, account.id(), shard).map(|guild| guild.id).collect();
    let unavailable: Vec<Value> = guilds.iter().map(|id| json!({ "id": id, "unavailable": true })).collect();
    let Some(user) = state.world.user(account.id()) else { return };
    let user = state.world.own_account(user);
    let mut ready = json!({
        "v": 10, "user": user, "guilds": unavailable, "session_id": id, "resume_gateway_url": resume_url,
        "session_type": "normal", "user_settings": {}, "private_channels": [], "relationships": [], "presences": [], "geo_ordered_rtc_regions": [],
        "guild_join_requests": [], "_trace": ["[\"gearshift-sim\"]"],
    });
    match account {
        Account::Bot(bot) => {
            let flags = state.world.bot(bot).map_or(0, |bot| bot.flags());
            ready["application"] = json!({ "id": bot, "flags": flags });
        }
        Account::User(person) => {
            ready["private_channels"] = user_client::direct_messages(&state.world, person)
        }
    }
    if is_sharded {
        ready["shard"] = json!([shard.0, shard.1]);
    }
    state.sessions.push_to(id, Payload::new("READY", &ready));
    for guild in guilds {
        guilds::show(state, id, guild);
    }
}

/// The account's guilds that belong to a shard.
fn guilds_on(state: &State, user: Snowflake, shard: (u64, u64)) -> impl Iterator<Item = &Guild> {
    let mine = move |guild: &&Guild| guild.members.contains_key(&user) && covers(shard, Some(guild.id));
    state.world.guilds.values().filter(mine)
}
