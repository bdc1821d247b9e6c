//! Exceptions that a guild's moderators make for commands: who may use them and where, whatever the command itself says.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::ids::Snowflake;
use crate::world::{Channel, Guild};

/// <https://discord.com/developers/docs/interactions/application-commands#application-command-permissions-object>
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Exception {
    /// A role, user or channel; the guild's own id is everyone, and one less is every channel.
    pub(crate) id: Snowflake,
    /// 1 role, 2 user, 3 channel.
    #[serde(rename = "type")]
    pub(crate) kind: u8,
    /// Allowed or denied.
    pub(crate) permission: bool,
}

const ROLE: u8 = 1;
const USER: u8 = 2;
const CHANNEL: u8 = 3;

/// By guild, and by command or application; those of an application hold for all commands that have none themselves.
#[derive(Default)]
pub(crate) struct Exceptions {
    all: HashMap<(Snowflake, Snowflake), Vec<Exception>>,
}

impl Exceptions {
    pub(crate) fn of(&self, guild: Snowflake, id: Snowflake) -> Option<&[Exception]> {
        self.all.get(&(guild, id)).map(Vec::as_slice)
    }

    /// Guild, command or application, and what was said.
    pub(crate) fn all(&self) -> Vec<(Snowflake, Snowflake, Vec<Exception>)> {
        self.all.iter().map(|((guild, id), list)| (*guild, *id, list.clone())).collect()
    }

    pub(crate) fn set(&mut self, guild: Snowflake, id: Snowflake, list: Vec<Exception>) {
        if list.is_empty() {
            self.all.remove(&(guild, id));
        } else {
            self.all.insert((guild, id), list);
        }
    }

    /// Forgets those of commands and applications that are gone.
    pub(crate) fn keep_for(&mut self, is_there: impl Fn(Snowflake) -> bool) {
        self.all.retain(|(_, id), _| is_there(*id));
    }

    /// What is said about a member in a channel, or somewhere in the guild; none if nothing is, and the command's own
    /// permissions hold.
    pub(crate) fn verdict(
        &self,
        guild: &Guild,
        channel: Option<&Channel>,
        user: Snowflake,
        ids: [Snowflake; 2],
    ) -> Option<bool> {
        let lists = ids.map(|id| self.of(guild.id, id).unwrap_or_default());
        let first = |weigh: &dyn Fn(&[Exception]) -> Option<bool>| lists.iter().find_map(|list| weigh(list));
        if let Some(channel) = channel {
            // A thread is where its channel is.
            let place = channel.thread.as_ref().and(channel.parent_id).unwrap_or(channel.id);
            let every_channel = Snowflake(guild.id.0.saturating_sub(1));
            let here =
                first(&|list| said(list, CHANNEL, place).or_else(|| said(list, CHANNEL, every_channel)));
            if here == Some(false) {
                return Some(false);
            }
        }
        let roles = guild.members.get(&user).map(|member| &member.roles[..]).unwrap_or_default();
        first(&|list| {
            let by_role = || {
                let said: Vec<bool> = roles.iter().filter_map(|role| said(list, ROLE, *role)).collect();
                // One role that may is enough.
                (!said.is_empty()).then(|| said.contains(&true))
            };
            said(list, USER, user).or_else(by_role).or_else(|| said(list, ROLE, guild.id))
        })
    }
}

fn said(list: &[Exception], kind: u8, id: Snowflake) -> Option<bool> {
    list.iter().find(|one| one.kind == kind && one.id == id).map(|one| one.permission)
}
