//! Members over REST: get, search, change, assign and remove roles, kick.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Call, Reply};
use crate::form::{ApiError, Fields, Result, set};
use crate::ids::{Snowflake, Timestamp};
use crate::rules::{Actor, access, members, voice};
use crate::sessions::intents;
use crate::state::State;
use crate::world::wire::MemberJson;
use crate::world::{Guild, GuildMember, bits};

/// The most members in a page.
const MAX_PAGE: usize = 1000;
const MAX_NICK_CHARS: usize = 32;
/// The longest timeout.
const MAX_TIMEOUT: Duration = Duration::from_secs(28 * 24 * 3600);
/// The only member flag that can be set: bypasses verification.
const SETTABLE_FLAGS: u32 = 1 << 2;

/// `GET /guilds/{guild}/members?limit=&after=`
pub(super) fn list(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let limit = call.query_limit(1, MAX_PAGE)?;
    let after = call.query_id("after")?.unwrap_or_default();
    // A bot must have been granted the intent to list all members.
    if state.world.bot(caller).is_some_and(|bot| bot.granted_intents & intents::GUILD_MEMBERS == 0) {
        return Err(ApiError::missing_access());
    }
    let guild = access::own_guild(&state, caller, guild)?;
    let page = guild.members.range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
    Ok(Reply::json(&page.take(limit).map(|(_, member)| MemberJson::full(member)).collect::<Vec<_>>()))
}

/// `GET /guilds/{guild}/members/search?query=&limit=`
pub(super) fn search(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let limit = call.query_limit(1, MAX_PAGE)?;
    let Some(query) = call.query_text("query") else {
        return Err(ApiError::required("query"));
    };
    let query = query.to_lowercase();
    let guild = access::own_guild(&state, caller, guild)?;
    let begins = |name: &str| name.to_lowercase().starts_with(&query);
    let found = guild.members.values().filter(|member| {
        begins(&member.user.username)
            || member.nick.as_deref().is_some_and(begins)
            || member.user.global_name.as_deref().is_some_and(begins)
    });
    Ok(Reply::json(&found.take(limit).map(MemberJson::full).collect::<Vec<_>>()))
}

/// `GET /guilds/{guild}/members/{user}`
pub(super) fn member(call: &Call, guild: Snowflake, user: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let guild = access::own_guild(&state, caller, guild)?;
    let member = guild.members.get(&user).ok_or(ApiError::unknown_member())?;
    Ok(Reply::json(&MemberJson::full(member)))
}

/// `GET /users/@me/guilds/{guild}/member`
pub(super) fn own(call: &Call, guild: Snowflake) -> Result<Reply> {
    member(call, guild, call.caller()?)
}

/// `PATCH /guilds/{guild}/members/@me`
pub(super) fn edit_own(call: &Call, guild: Snowflake) -> Result<Reply> {
    Ok(Reply::json(&change_own(call, guild)?))
}

/// `PATCH /guilds/{guild}/members/@me/nick`, which is deprecated; eris and nextcord use it.
/// <https://discord.com/developers/docs/resources/guild#modify-current-user-nick>
pub(super) fn edit_nick(call: &Call, guild: Snowflake) -> Result<Reply> {
    Ok(Reply::json(&json!({ "nick": change_own(call, guild)?["nick"] })))
}

fn change_own(call: &Call, guild: Snowflake) -> Result<Value> {
    let (by, mut fields) = call.form()?;
    let nick = fields.nullable("nick", |of, key| of.text(key, MAX_NICK_CHARS));
    fields.ignore(&["avatar", "banner", "bio"]);
    fields.checked()?;
    let mut state = call.shared.state();
    access::own_guild(&state, by.user, guild)?;
    if nick.is_some() {
        access::guild_with(&state, by.user, guild, bits::CHANGE_NICKNAME)?;
    }
    members::change(&mut state, guild, &by, by.user, |member| set_nick(member, nick))
        .ok_or(ApiError::unknown_member())
}

/// `PATCH /guilds/{guild}/members/{user}`
pub(super) fn edit(call: &Call, guild: Snowflake, user: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let mut state = call.shared.state();
    let form = Form::read(&mut fields);
    fields.checked()?;
    form.check(&state, &by, guild, user)?;
    if let Some(channel) = form.channel {
        voice::move_member(&mut state, &by, guild, user, channel);
    }
    let json = members::change(&mut state, guild, &by, user, |member| {
        set_nick(member, form.nick);
        set(&mut member.roles, form.roles);
        set(&mut member.mute, form.mute);
        set(&mut member.deaf, form.deaf);
        set(&mut member.timed_out_until, form.timeout);
        let flags = form.flags.map(|flags| member.flags & !SETTABLE_FLAGS | flags & SETTABLE_FLAGS);
        set(&mut member.flags, flags);
    });
    json.map(|json| Reply::json(&json)).ok_or(ApiError::unknown_member())
}

/// `PUT /guilds/{guild}/members/{user}/roles/{role}`
pub(super) fn give_role(call: &Call, guild: Snowflake, user: Snowflake, role: Snowflake) -> Result<Reply> {
    set_role(call, guild, user, role, true)
}

/// `DELETE /guilds/{guild}/members/{user}/roles/{role}`
pub(super) fn take_role(call: &Call, guild: Snowflake, user: Snowflake, role: Snowflake) -> Result<Reply> {
    set_role(call, guild, user, role, false)
}

fn set_role(
    call: &Call,
    guild_id: Snowflake,
    user: Snowflake,
    role: Snowflake,
    given: bool,
) -> Result<Reply> {
    let (by, mut state) = call.act()?;
    let guild = access::guild_with(&state, by.user, guild_id, bits::MANAGE_ROLES)?;
    if !guild.members.contains_key(&user) {
        return Err(ApiError::unknown_member());
    }
    check_role(guild, by.user, role)?;
    members::set_role(&mut state, guild_id, &by, user, role, given);
    Ok(Reply::nothing())
}

/// The changes in a body; the outer `None` means that a field is absent.
struct Form {
    nick: Option<Option<String>>,
    roles: Option<Vec<Snowflake>>,
    mute: Option<bool>,
    deaf: Option<bool>,
    channel: Option<Option<Snowflake>>,
    timeout: Option<Option<Timestamp>>,
    flags: Option<u32>,
}

impl Form {
    fn read(fields: &mut Fields) -> Self {
        // discord.js sends its own name for the timeout in addition to Discord's.
        fields.ignore(&["communicationDisabledUntil"]);
        Self {
            nick: fields.nullable("nick", |of, key| of.text(key, MAX_NICK_CHARS)),
            roles: fields
                .nullable("roles", |of, key| of.snowflakes(key, 0..=250))
                .map(Option::unwrap_or_default),
            mute: fields.flag("mute"),
            deaf: fields.flag("deaf"),
            channel: fields.nullable("channel_id", Fields::snowflake),
            timeout: fields.nullable("communication_disabled_until", Fields::moment),
            flags: fields.number_within("flags", 0..=u32::MAX),
        }
    }

    fn check(&self, state: &State, by: &Actor, guild_id: Snowflake, user: Snowflake) -> Result<()> {
        let guild = access::own_guild(state, by.user, guild_id)?;
        let member = guild.members.get(&user).ok_or(ApiError::unknown_member())?;
        let own = user == by.user;
        let rename = if own { bits::CHANGE_NICKNAME } else { bits::MANAGE_NICKNAMES };
        let needs = [
            (self.nick.is_some(), rename),
            (self.roles.is_some(), bits::MANAGE_ROLES),
            (self.mute.is_some(), bits::MUTE_MEMBERS),
            (self.deaf.is_some(), bits::DEAFEN_MEMBERS),
            (self.channel.is_some(), bits::MOVE_MEMBERS),
            (self.timeout.is_some(), bits::MODERATE_MEMBERS),
            (self.flags.is_some(), bits::MODERATE_MEMBERS),
        ];
        let needed = needs.iter().filter(|(asked, _)| *asked).fold(0, |all, (_, bit)| all | bit);
        access::guild_with(state, by.user, guild_id, needed)?;
        if !own && (self.nick.is_some() || self.timeout.is_some()) {
            access::check_outranks(guild, by.user, user)?;
        }
        for role in self.roles.iter().flatten().filter(|role| !member.roles.contains(role)) {
            check_role(guild, by.user, *role)?;
        }
        for role in
            member.roles.iter().filter(|role| self.roles.as_ref().is_some_and(|new| !new.contains(role)))
        {
            check_role(guild, by.user, *role)?;
        }
        let in_voice = guild.data.voice.contains_key(&user);
        if !in_voice && (self.mute.is_some() || self.deaf.is_some() || self.channel.is_some()) {
            return Err(ApiError::new(400, 40032, "Target user is not connected to voice."));
        }
        if let Some(Some(channel)) = self.channel
            && !state
                .world
                .channel(channel)
                .is_some_and(|one| one.kind.is_voice() && one.guild_id == Some(guild_id))
        {
            return Err(ApiError::unknown_channel());
        }
        self.check_timeout(state, guild, user)
    }

    fn check_timeout(&self, state: &State, guild: &Guild, user: Snowflake) -> Result<()> {
        let Some(Some(until)) = self.timeout else { return Ok(()) };
        if until > state.world.clock.now() + MAX_TIMEOUT {
            let message = "The timeout must be at most 28 days in the future.";
            return Err(ApiError::form("communication_disabled_until", "DATE_TIME_TYPE_MAX", message));
        }
        if state.world.permissions_at(guild, user) & bits::ADMINISTRATOR != 0 {
            return Err(ApiError::missing_permissions());
        }
        Ok(())
    }
}

/// A role that the caller may assign and remove: below their highest one, not a bot's, not `@everyone`.
fn check_role(guild: &Guild, caller: Snowflake, role: Snowflake) -> Result<()> {
    let role = access::role_below(guild, caller, role)?;
    if role.bot.is_some() || role.id == guild.id { Err(ApiError::missing_permissions()) } else { Ok(()) }
}

fn set_nick(member: &mut GuildMember, nick: Option<Option<String>>) {
    set(&mut member.nick, nick.map(|nick| nick.filter(|nick| !nick.is_empty())));
}
