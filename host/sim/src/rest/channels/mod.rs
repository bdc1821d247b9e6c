//! Channels over REST: get, type; for guild channels also create, change, reorder, delete, and overwrites.

pub(crate) mod form;

use super::{Call, Reply, threads};
use crate::form::{ApiError, Fields, Result};
use crate::ids::Snowflake;
use crate::rest::channels::form::{ChannelPlan, overwrite};
use crate::rules::{access, channels, messages};
use crate::state::State;
use crate::world::wire::{channel_json, channel_json_for};
use crate::world::{ChannelKind, bits};

/// The most channels of a guild, including categories but not threads.
const MAX_CHANNELS: usize = 500;
/// The most channels in a category.
const MAX_CHILDREN: usize = 50;
/// Kinds of channel that can be created in a guild.
const KINDS: [u64; 7] = [0, 2, 4, 5, 13, 15, 16];

/// `GET /channels/{channel}`
pub(crate) fn channel(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    Ok(Reply::json(&channel_json_for(access::seen_channel(&state, caller, channel)?, caller)))
}

/// `POST /channels/{channel}/typing`
pub(crate) fn typing(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    access::text_channel_with(&state, caller, channel, bits::SEND_MESSAGES)?;
    let account = access::account(&state, caller)?;
    messages::start_typing(&mut state, channel, &account);
    Ok(Reply::nothing())
}

/// `POST /guilds/{guild}/channels`
pub(crate) fn create(call: &Call, guild_id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let kind = fields.choice("type", &KINDS).and_then(ChannelKind::numbered).unwrap_or(ChannelKind::Text);
    let mut state = call.shared.state();
    let guild = access::guild_with(&state, by.user, guild_id, bits::MANAGE_CHANNELS)?;
    if guild.channels.len() >= MAX_CHANNELS {
        return Err(ApiError::new(400, 30013, "Maximum number of guild channels reached (500)"));
    }
    let last = guild.channels.len() as u32;
    let mut plan = ChannelPlan::new(&state.world, guild_id, kind);
    plan.channel.position = last;
    fields.require("name");
    plan.read(&mut fields, &state.world);
    fields.checked()?;
    plan.check_parent(&state.world, guild_id)?;
    check_children(&state, plan.channel.parent_id)?;
    if plan.touches_overwrites {
        channels::check_overwrites(&state, &by, guild_id, &plan.channel, &plan.channel.overwrites)?;
    } else if let Some(parent) = plan.channel.parent_id.and_then(|id| state.world.channel(id)) {
        plan.channel.overwrites = parent.overwrites.clone();
    }
    Ok(Reply::json_with(201, &channels::create(&mut state, &by, plan.channel)))
}

/// `PATCH /channels/{channel}`
pub(crate) fn edit(call: &Call, id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let mut state = call.shared.state();
    let channel = access::seen_channel(&state, by.user, id)?;
    if channel.thread.is_some() {
        return threads::edit(&mut state, &by, id, fields);
    }
    let (guild, channel) = access::guild_channel_with(&state, by.user, id, bits::MANAGE_CHANNELS)?;
    let (guild, old_parent) = (guild.id, channel.parent_id);
    let mut plan = ChannelPlan::of(channel);
    if let Some(kind) = fields.choice("type", &[0, 5]).and_then(ChannelKind::numbered) {
        if !matches!(plan.channel.kind, ChannelKind::Text | ChannelKind::Announcement) {
            return Err(ApiError::wrong_channel_type());
        }
        plan.channel.kind = kind;
    }
    plan.read(&mut fields, &state.world);
    plan.read_flags(&mut fields);
    fields.checked()?;
    plan.check_parent(&state.world, guild)?;
    if plan.channel.parent_id != old_parent {
        check_children(&state, plan.channel.parent_id)?;
    }
    if plan.touches_overwrites {
        access::guild_channel_with(&state, by.user, id, bits::MANAGE_ROLES)?;
        channels::check_overwrites(&state, &by, guild, &plan.channel, &plan.channel.overwrites)?;
    }
    let json = channels::change(&mut state, &by, id, |channel| plan.apply(channel));
    json.map(|json| Reply::json(&json)).ok_or(ApiError::unknown_channel())
}

/// `DELETE /channels/{channel}`; a direct message is only closed.
pub(crate) fn delete(call: &Call, id: Snowflake) -> Result<Reply> {
    let (by, mut state) = call.act()?;
    let channel = access::seen_channel(&state, by.user, id)?;
    if channel.kind == ChannelKind::Dm {
        return Ok(Reply::json(&channel_json(channel)));
    }
    if channel.thread.is_some() {
        return threads::delete(&mut state, &by, id);
    }
    let (guild, _) = access::guild_channel_with(&state, by.user, id, bits::MANAGE_CHANNELS)?;
    let needed = [guild.settings.rules_channel_id, guild.settings.public_updates_channel_id];
    if needed.contains(&Some(id)) {
        return Err(ApiError::new(400, 50074, "Cannot delete a channel required for Community guilds"));
    }
    channels::delete(&mut state, &by, id).map(|json| Reply::json(&json)).ok_or(ApiError::unknown_channel())
}

/// `PATCH /guilds/{guild}/channels`: a list of positions.
pub(crate) fn reorder(call: &Call, guild_id: Snowflake) -> Result<Reply> {
    let (by, mut state) = call.act()?;
    let (mut whole, places) = call.fields_of_list()?;
    let guild = access::guild_with(&state, by.user, guild_id, bits::MANAGE_CHANNELS)?;
    let mut moves = Vec::with_capacity(places.len());
    for mut place in places {
        let id = place.snowflake("id");
        let position = place.number_within("position", 0..=100_000);
        let parent = place.nullable("parent_id", Fields::snowflake);
        let lock = place.flag("lock_permissions").unwrap_or(false);
        match id.filter(|id| guild.channels.contains(id)) {
            Some(id) => moves.push((id, position, parent, lock)),
            None => place.fail("id", "CHANNEL_UNKNOWN", "Unknown channel"),
        }
        whole.absorb(place);
    }
    whole.checked()?;
    for (id, position, parent, lock) in moves {
        let parent = parent.unwrap_or_else(|| state.world.channel(id).and_then(|one| one.parent_id));
        let inherited = parent.and_then(|id| state.world.channel(id)).map(|one| one.overwrites.clone());
        channels::change(&mut state, &by, id, |channel| {
            channel.position = position.unwrap_or(channel.position);
            channel.parent_id = parent;
            if lock && let Some(inherited) = inherited {
                channel.overwrites = inherited;
            }
        });
    }
    Ok(Reply::nothing())
}

/// `PUT /channels/{channel}/permissions/{overwrite}`
pub(crate) fn put_overwrite(call: &Call, id: Snowflake, whom: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let overwrite = overwrite(&mut fields, whom);
    // Libraries send it twice; the one in the path counts.
    fields.ignore(&["id"]);
    fields.checked()?;
    channels::put_overwrite(&mut call.shared.state(), &by, id, overwrite).map(|()| Reply::nothing())
}

fn check_children(state: &State, parent: Option<Snowflake>) -> Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    let children = state.world.channels.values().filter(|channel| channel.parent_id == Some(parent)).count();
    if children < MAX_CHILDREN {
        return Ok(());
    }
    let message = "Maximum number of channels in category reached (50)";
    Err(ApiError::form("parent_id", "CHANNEL_PARENT_MAX_CHANNELS", message))
}
