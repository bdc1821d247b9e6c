//! Reactions: added, removed, cleared.

use std::sync::Arc;

use serde_json::json;

use super::{dispatch, messages};
use crate::ids::Snowflake;
use crate::state::State;
use crate::transcript::EntryKind;
use crate::world::wire::MemberJson;
use crate::world::{Emoji, Reaction, User};

/// Adds a reaction; false if the message does not exist. Adding it twice changes nothing.
pub(crate) fn add(
    state: &mut State,
    channel: Snowflake,
    id: Snowflake,
    user: &Arc<User>,
    emoji: &Emoji,
) -> bool {
    let Some(message) = messages::find_mut(state, channel, id) else { return false };
    let author = message.author.id;
    match message.reactions.iter_mut().find(|reaction| reaction.emoji == *emoji) {
        Some(reaction) if reaction.users.contains(&user.id) => return true,
        Some(reaction) => reaction.users.push(user.id),
        None => message.reactions.push(Reaction { emoji: emoji.clone(), users: vec![user.id] }),
    }
    announce(state, channel, id, user, emoji, Some(author));
    true
}

/// Removes a reaction; false if there was none.
pub(crate) fn remove(
    state: &mut State,
    channel: Snowflake,
    id: Snowflake,
    user: &Arc<User>,
    emoji: &Emoji,
) -> bool {
    let Some(message) = messages::find_mut(state, channel, id) else { return false };
    let Some(at) = message.reactions.iter().position(|reaction| reaction.emoji == *emoji) else {
        return false;
    };
    let users = &mut message.reactions[at].users;
    let before = users.len();
    users.retain(|one| *one != user.id);
    if users.len() == before {
        return false;
    }
    if users.is_empty() {
        message.reactions.remove(at);
    }
    announce(state, channel, id, user, emoji, None);
    true
}

/// Removes all reactions, or all of one emoji.
pub(crate) fn clear(state: &mut State, channel: Snowflake, id: Snowflake, emoji: Option<&Emoji>) {
    let Some(message) = messages::find_mut(state, channel, id) else { return };
    message.reactions.retain(|reaction| emoji.is_some_and(|emoji| reaction.emoji != *emoji));
    let mut data = json!({ "channel_id": channel, "message_id": id });
    let event = match emoji {
        None => "MESSAGE_REACTION_REMOVE_ALL",
        Some(emoji) => {
            data["emoji"] = json!(emoji);
            "MESSAGE_REACTION_REMOVE_EMOJI"
        }
    };
    dispatch::to_channel(state, channel, event, data);
}

/// `author` is the message's author if the reaction was added, `None` if it was removed.
fn announce(
    state: &mut State,
    channel_id: Snowflake,
    message_id: Snowflake,
    user: &Arc<User>,
    emoji: &Emoji,
    author: Option<Snowflake>,
) {
    let Some(channel) = state.world.channels.get(&channel_id) else { return };
    let added = author.is_some();
    let mut data = json!({
        "user_id": user.id, "channel_id": channel_id, "message_id": message_id, "emoji": emoji,
        "burst": false, "type": 0,
    });
    let member = state.world.guild_of(channel).and_then(|guild| guild.members.get(&user.id));
    if let Some(author) = author {
        data["message_author_id"] = json!(author);
        if let Some(member) = member {
            data["member"] = json!(MemberJson::full(member));
        }
    }
    let name = if added { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" };
    state.transcript.write(EntryKind::Reacted {
        channel: channel.name.clone(),
        message_id,
        user: user.username.as_str().into(),
        emoji: emoji.name.clone(),
        added,
    });
    dispatch::to_channel(state, channel_id, name, data);
}
