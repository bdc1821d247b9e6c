//! Exceptions that a guild's moderators make for commands: who may use them and where, whatever the command itself
//! says.

use std::collections::HashMap;

use crate::ids::Snowflake;
use crate::world::{Channel, CommandPermission, Guild};

/// By guild, and by command or application; an application's exceptions apply to all its commands without exceptions of
/// their own.
#[derive(Default)]
pub(crate) struct Exceptions {
    all: HashMap<(Snowflake, Snowflake), Vec<CommandPermission>>,
}

impl Exceptions {
    pub(crate) fn of(&self, guild: Snowflake, id: Snowflake) -> Option<&[CommandPermission]> {
        self.all.get(&(guild, id)).map(Vec::as_slice)
    }

    /// Guild, command or application, and its exceptions.
    pub(crate) fn all(&self) -> Vec<(Snowflake, Snowflake, Vec<CommandPermission>)> {
        self.all.iter().map(|((guild, id), list)| (*guild, *id, list.clone())).collect()
    }

    pub(crate) fn set(&mut self, guild: Snowflake, id: Snowflake, list: Vec<CommandPermission>) {
        if list.is_empty() {
            self.all.remove(&(guild, id));
        } else {
            self.all.insert((guild, id), list);
        }
    }

    /// Removes the exceptions of commands and applications that are gone.
    pub(crate) fn keep_for(&mut self, is_there: impl Fn(Snowflake) -> bool) {
        self.all.retain(|(_, id), _| is_there(*id));
    }

    /// Whether exceptions allow or forbid a command to a member, in a channel or anywhere in the guild; `None` if there
    /// is no exception, and the command's own permissions apply.
    pub(crate) fn verdict(
        &self,
        guild: &Guild,
        channel: Option<&Channel>,
        user: Snowflake,
        ids: [Snowflake; 2],
    ) -> Option<bool> {
        let lists = ids.map(|id| self.of(guild.id, id).unwrap_or_default());
        let first =
            |weigh: &dyn Fn(&[CommandPermission]) -> Option<bool>| lists.iter().find_map(|list| weigh(list));
        if let Some(channel) = channel {
            // A thread belongs to its channel.
            let place = channel.thread.as_ref().and(channel.parent_id).unwrap_or(channel.id);
            let every_channel = Snowflake(guild.id.0.saturating_sub(1));
            let here = first(&|list| {
                said(list, CommandPermission::CHANNEL, place)
                    .or_else(|| said(list, CommandPermission::CHANNEL, every_channel))
            });
            if here == Some(false) {
                return Some(false);
            }
        }
        let roles = guild.members.get(&user).map(|member| &member.roles[..]).unwrap_or_default();
        first(&|list| {
            let by_role = || {
                let said: Vec<bool> =
                    roles.iter().filter_map(|role| said(list, CommandPermission::ROLE, *role)).collect();
                // One role that is allowed is enough.
                (!said.is_empty()).then(|| said.contains(&true))
            };
            said(list, CommandPermission::USER, user)
                .or_else(by_role)
                .or_else(|| said(list, CommandPermission::ROLE, guild.id))
        })
    }
}

fn said(list: &[CommandPermission], kind: u8, id: Snowflake) -> Option<bool> {
    list.iter().find(|one| one.kind == kind && one.id == id).map(|one| one.permission)
}
