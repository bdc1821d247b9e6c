//! Which guild channels users' own clients see: they receive an event when a channel becomes visible, changes, or is
//! hidden. Bots receive the events of all channels, as with Discord.

use std::collections::BTreeMap;

use serde_json::Value;

use super::dispatch;
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::bits;
use crate::world::wire::channel_json;

/// What each connected user saw before a change.
pub(super) struct Visible {
    seen: Vec<(Snowflake, Channels)>,
}

type Channels = BTreeMap<Snowflake, Value>;

/// What users see of a guild now, to pass to [`announce`] after a change.
pub(super) fn seen(state: &State, guild: Snowflake) -> Visible {
    let users = state.sessions.users();
    Visible { seen: users.into_iter().map(|user| (user, seen_by(state, user, guild))).collect() }
}

/// Dispatches to users what changed in their view. Those who joined or left meanwhile received the guild itself.
pub(super) fn announce(state: &mut State, guild: Snowflake, before: Visible) {
    for (user, mut before) in before.seen {
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
}

fn seen_by(state: &State, user: Snowflake, guild: Snowflake) -> Channels {
    let home = state.world.guild(guild).filter(|home| home.members.contains_key(&user));
    let channels = home.into_iter().flat_map(|home| &home.channels).filter_map(|id| state.world.channel(*id));
    channels
        .filter(|channel| state.world.permissions_in(channel, user) & bits::VIEW_CHANNEL != 0)
        .map(|channel| (channel.id, channel_json(channel)))
        .collect()
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
