//! Who may use which command, as a world file gives it: by name, before any bot has registered a command.

use super::Mistake;
use super::parts::{AccessList, CommandPart, GuildPart, Name};
use super::read::{WorldReader, role_named};
use super::write::{name, role_name};
use crate::ids::Snowflake;
use crate::world::{CommandPermission, CommandRule, Guild, World};

impl WorldReader {
    pub(super) fn commands(&mut self, guild: Snowflake, part: &GuildPart) -> Result<(), Mistake> {
        for command in &part.commands {
            let mut exceptions = Vec::new();
            for (whom, permission) in [(&command.allow, true), (&command.deny, false)] {
                let mut except = |id, kind| exceptions.push(CommandPermission { id, kind, permission });
                for role in &whom.roles {
                    except(role_named(&self.world.guilds[&guild], role)?, CommandPermission::ROLE);
                }
                for member in &whom.members {
                    except(self.find_or_add_user(member)?.id, CommandPermission::USER);
                }
                for channel in &whom.channels {
                    except(self.channel_named(guild, channel)?, CommandPermission::CHANNEL);
                }
            }
            let command = command.name.clone();
            self.world.command_rules.push(CommandRule { guild, command, exceptions });
        }
        Ok(())
    }

    fn channel_named(&self, guild: Snowflake, name: &Name) -> Result<Snowflake, Mistake> {
        let ids = &self.world.guilds[&guild].channels;
        let mut channels = ids.iter().filter_map(|id| self.world.channels.get(id));
        let found = channels.clone().find(|channel| *channel.name == **name.get_ref());
        let by_id = || channels.find(|channel| channel.id.to_string() == *name.get_ref());
        found.or_else(by_id).map(|channel| channel.id).ok_or_else(|| {
            let known = ids.iter().filter_map(|id| self.world.channels.get(id)).map(|channel| &*channel.name);
            Mistake::unknown(name.span(), "channel", name.get_ref(), known)
        })
    }
}

pub(super) fn commands_of(world: &World, guild: &Guild) -> Vec<CommandPart> {
    let rules = world.command_rules.iter().filter(|rule| rule.guild == guild.id);
    let parts = rules.map(|rule| {
        let (mut allow, mut deny) = (AccessList::default(), AccessList::default());
        for CommandPermission { id, kind, permission } in &rule.exceptions {
            let whom = if *permission { &mut allow } else { &mut deny };
            match *kind {
                CommandPermission::ROLE => whom.roles.push(role_name(guild, *id)),
                CommandPermission::USER => whom.members.push(name(&world.name_of(*id))),
                _ => whom.channels.push(name(&id.to_string())),
            }
        }
        CommandPart { name: rule.command.clone(), allow, deny }
    });
    parts.collect()
}
