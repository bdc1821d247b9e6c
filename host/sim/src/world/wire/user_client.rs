//! What a user's own client receives at the start: their direct messages, and their guilds as far as they may see them.

use serde_json::{Value, json};

use super::{MemberJson, channel_json, channel_json_for, guild_create_json};
use crate::ids::Snowflake;
use crate::world::{Channel, ChannelKind, Guild, World};

/// How many members are sent with a guild; the others are requested with op 8.
const FIRST_MEMBERS: usize = 1000;

/// The user's direct messages, the most recent first.
pub(crate) fn direct_messages(world: &World, person: Snowflake) -> Value {
    let mine = |channel: &&Channel| {
        channel.kind == ChannelKind::Dm && channel.recipients.iter().any(|user| user.id == person)
    };
    let mut channels: Vec<&Channel> = world.channels.values().filter(mine).collect();
    channels.sort_by_key(|channel| std::cmp::Reverse(channel.last_message_id.unwrap_or(channel.id)));
    channels.into_iter().map(|channel| channel_json_for(channel, person)).collect()
}

/// The guild as GUILD_CREATE sends it: only the channels that the user sees, and the first members of a large guild.
pub(crate) fn guild(world: &World, guild: &Guild, person: Snowflake) -> Value {
    let mut json = guild_create_json(world, guild, person, FIRST_MEMBERS, true);
    if guild.members.len() > FIRST_MEMBERS {
        let own = guild.members.get(&person);
        let others = guild.members.values().filter(|member| member.user.id != person);
        let members = own.into_iter().chain(others).take(FIRST_MEMBERS).map(MemberJson::full);
        json["members"] = json!(members.collect::<Vec<_>>());
    }
    let seen = |channel: &&Channel| world.views(channel, person);
    let channels = guild.channels.iter().filter_map(|id| world.channel(*id)).filter(seen);
    json["channels"] = channels.map(channel_json).collect();
    json
}
