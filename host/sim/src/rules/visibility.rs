//! Which guild channels accounts see. Users' own clients receive an event when a channel becomes visible, changes, or is
//! hidden. Bots receive the events of all channels, obfuscated while they may not view one; when that changes, they
//! receive it again.
//! <https://discord.com/developers/docs/topics/permissions#channel-visibility>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::dispatch;
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::Channel;
use crate::world::wire::channel_json;

/// What each connected account saw before a change.
pub(super) struct Visible {
    users: Vec<(Snowflake, Channels)>,
    bots: Vec<(Snowflake, BTreeSet<Snowflake>)>,
}

type Channels = BTreeMap<Snowflake, Value>;

/// What accounts see of a guild now, to pass to [`announce`] after a change.
pub(super) fn seen(state: &State, guild: Snowflake) -> Visible {
    let users = state.sessions.users().into_iter();
    let bots = state.sessions.bots().into_iter();
    Visible {
        users: users.map(|user| (user, seen_by(state, user, guild))).collect(),
        bots: bots.map(|bot| (bot, viewed_by(state, bot, guild).map(|one| one.id).collect())).collect(),
    }
}

/// Dispatches to users and bots what changed in their view. Those who joined or left meanwhile received the guild
/// itself, and bots already received an event about the channel `changed`.
pub(super) fn announce(state: &mut State, guild: Snowflake, before: Visible, changed: Option<Snowflake>) {
    for (user, mut before) in before.users {
        for (id, now) in seen_by(state, user, guild) {
            match before.remove(&id) {
                None => send(state, user, guild, "CHANNEL_CREATE", &now),
                Some(then) if without_news(then.clone()) != without_news(now.clone()) => {
                    send(state, user, guild, "CHANNEL_UPDATE", &now)
                }
                Some(_) => {}
            }
        }
        for gone in before.values() {
            send(state, user, guild, "CHANNEL_DELETE", gone);
        }
    }
    for (bot, before) in before.bots {
        let now: BTreeSet<Snowflake> = viewed_by(state, bot, guild).map(|one| one.id).collect();
        for id in before.symmetric_difference(&now).filter(|id| changed != Some(**id)) {
            dispatch::to_bots(state, "CHANNEL_UPDATE", *id, Some(bot));
        }
    }
}

fn seen_by(state: &State, user: Snowflake, guild_id: Snowflake) -> Channels {
    viewed_by(state, user, guild_id).map(|channel| (channel.id, channel_json(channel))).collect()
}

fn viewed_by(state: &State, user: Snowflake, guild_id: Snowflake) -> impl Iterator<Item = &Channel> {
    let guild = state.world.guild(guild_id).filter(|guild| guild.members.contains_key(&user));
    let channels =
        guild.into_iter().flat_map(|guild| &guild.channels).filter_map(|id| state.world.channel(*id));
    channels.filter(move |channel| state.world.views(channel, user))
}

fn send(state: &mut State, user: Snowflake, guild: Snowflake, name: &'static str, channel: &Value) {
    dispatch::to_account(state, user, Some(guild), name, channel);
}

/// New messages do not count as a change of the channel.
fn without_news(mut channel: Value) -> Value {
    if let Some(news) = channel.get_mut("last_message_id") {
        news.take();
    }
    channel
}
