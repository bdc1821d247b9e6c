//! From a world to the parts of a world file. Ids that would be derived from the names when reading are left out.

use std::collections::HashMap;

use toml::Spanned;

use super::commands::commands_of;
use super::ids::Ids;
use super::parts::{
    BotPart, ChannelPart, Direct, File, GuildPart, Kind, MemberPart, MessagePart, Name, OverwritePart,
    Person, ReactionPart, RolePart, TomlTimestamp,
};
use crate::ids::Snowflake;
use crate::world::{
    Bot, Channel, ChannelKind, Emoji, Guild, GuildMember, Overwrite, Role, User, World, bits, builder,
};

pub(super) fn file_of(world: &World) -> File {
    let mut writing = WorldWriter { world, ids: Ids::default() };
    let mut people: Vec<&User> = world.users.values().map(|user| &**user).filter(|user| !user.bot).collect();
    people.sort_by_key(|user| user.id);
    File {
        people: people.into_iter().map(|user| writing.person(user)).collect(),
        bots: world.bots.iter().map(|bot| writing.bot(bot)).collect(),
        guilds: world.guilds.values().enumerate().map(|(place, guild)| writing.guild(place, guild)).collect(),
        dms: writing.directs(),
    }
}

struct WorldWriter<'a> {
    world: &'a World,
    /// Ids are derived in the order of reading, so that reading derives the same ones.
    ids: Ids,
}

impl WorldWriter<'_> {
    fn person(&mut self, user: &User) -> Person {
        let derived = self.ids.of(&["user", &user.username]);
        Person {
            name: name(&user.username),
            id: unless(derived, user.id),
            shown: user.global_name.clone(),
            status: self.world.status_of(user.id),
            picture: user.avatar.is_some(),
            nitro: self.world.nitro.contains(&user.id),
        }
    }

    fn bot(&mut self, bot: &Bot) -> BotPart {
        let Bot { user, token, owner, users, .. } = bot;
        let derived = builder::id_in_token(token).unwrap_or_else(|| self.ids.of(&["bot", &user.username]));
        let homes: Vec<&Guild> =
            self.world.guilds.values().filter(|guild| guild.members.contains_key(&user.id)).collect();
        let everywhere = homes.len() == self.world.guilds.len();
        BotPart {
            name: name(&user.username),
            id: unless(derived, user.id),
            shown: user.global_name.clone(),
            picture: user.avatar.is_some(),
            token: token.clone(),
            guilds: (!everywhere).then(|| homes.iter().map(|guild| name(&guild.name)).collect()),
            owner: (!owner.bot).then(|| name(&owner.username)),
            users: users
                .iter()
                .filter_map(|id| self.world.user(*id))
                .map(|user| name(&user.username))
                .collect(),
        }
    }

    fn guild(&mut self, place: usize, guild: &Guild) -> GuildPart {
        let derived = self.ids.guild(place, &guild.name);
        let granted = guild.roles.first().map_or(bits::EVERYONE, |everyone| everyone.permissions);
        let mut twins: HashMap<&str, usize> = HashMap::new();
        let mut roles: Vec<RolePart> = Vec::new();
        for role in guild.roles.iter().filter(|role| role.id != guild.id) {
            let twin = twins.entry(&role.name).or_default();
            *twin += 1;
            let derived = self.ids.of(&["role", &guild.name, &role.name, &twin.to_string()]);
            roles.push(RolePart {
                name: role.name.clone(),
                id: unless(derived, role.id),
                color: (role.color != 0).then(|| name(&format!("#{:06x}", role.color))),
                hoist: role.hoist,
                mentionable: role.mentionable,
                permissions: names_of(role.permissions).map(name).collect(),
                bot: role.bot.and_then(|bot| self.world.user(bot)).map(|bot| name(&bot.username)),
            });
        }
        roles.reverse();
        let listed = guild.members.values().filter(|member| !is_implied(member, guild));
        let members = listed.map(|member| MemberPart {
            name: self.called(&member.user),
            nick: member.nick.clone(),
            roles: member.roles.iter().map(|role| role_name(guild, *role)).collect(),
            joined: (member.joined_at.0 != guild.id.unix_ms()).then_some(TomlTimestamp(member.joined_at)),
        });
        GuildPart {
            name: name(&guild.name),
            id: unless(derived, guild.id),
            owner: self.named(guild.owner_id),
            picture: guild.settings.icon.is_some(),
            everyone: (granted != bits::EVERYONE).then(|| names_of(granted).map(name).collect()),
            roles,
            members: members.collect(),
            channels: self.channels(guild),
            commands: commands_of(self.world, guild),
        }
    }

    fn channels(&mut self, guild: &Guild) -> Vec<ChannelPart> {
        let channels = guild.channels.iter().filter_map(|id| self.world.channels.get(id));
        let mut channels: Vec<(Kind, &Channel)> =
            channels.filter_map(|channel| Some((Kind::of(channel.kind)?, channel))).collect();
        channels.sort_by_key(|(_, channel)| channel.position);
        let mut twins: HashMap<&str, usize> = HashMap::new();
        let mut keys = Vec::with_capacity(channels.len());
        for (_, channel) in &channels {
            let twin = twins.entry(&channel.name).or_default();
            *twin += 1;
            let derived = self.ids.of(&["channel", &guild.name, &channel.name, &twin.to_string()]);
            keys.push((unless(derived, channel.id), format!("{}/{}/{twin}", guild.name, channel.name)));
        }
        let parts = channels.into_iter().zip(keys).map(|((kind, channel), (id, key))| ChannelPart {
            name: channel.name.to_string(),
            id,
            kind,
            category: channel
                .parent_id
                .and_then(|id| self.world.channels.get(&id))
                .map(|one| name(&one.name)),
            topic: channel.topic.clone(),
            system: (guild.settings.system_channel_id == Some(channel.id)).then(|| Spanned::new(0..0, true)),
            overwrites: channel.overwrites.iter().map(|one| self.overwrite(guild, one)).collect(),
            messages: self.history(channel, &key),
        });
        parts.collect()
    }

    fn overwrite(&self, guild: &Guild, overwrite: &Overwrite) -> OverwritePart {
        let for_role = overwrite.kind == 0;
        OverwritePart {
            role: for_role.then(|| role_name(guild, overwrite.id)),
            member: (!for_role).then(|| self.named(overwrite.id)),
            allow: names_of(overwrite.allow).map(name).collect(),
            deny: names_of(overwrite.deny).map(name).collect(),
        }
    }

    fn directs(&mut self) -> Vec<Direct> {
        let mut directs: Vec<&Channel> =
            self.world.channels.values().filter(|channel| channel.kind == ChannelKind::Dm).collect();
        directs.sort_by_key(|channel| channel.id);
        let mut parts = Vec::new();
        for channel in directs {
            let one = |bot| channel.recipients.iter().find(|user| user.bot == bot);
            let (Some(person), Some(bot)) = (one(false), one(true)) else { continue };
            let path = ["dm", &person.username, &bot.username];
            let derived = self.ids.of(&path);
            parts.push(Direct {
                person: name(&person.username),
                bot: name(&bot.username),
                id: unless(derived, channel.id),
                messages: self.history(channel, &path.join("/")),
            });
        }
        parts
    }

    fn history(&mut self, channel: &Channel, key: &str) -> Vec<MessagePart> {
        let mut parts = Vec::with_capacity(channel.messages.len());
        let mut last = None;
        for (place, message) in channel.messages.iter().enumerate() {
            let derived = self.ids.message(message.timestamp, key, place, last);
            last = Some(message.id);
            let reply = message.reply_to.and_then(|target| {
                channel.messages.iter().position(|one| one.id == target).map(|at| Spanned::new(0..0, at + 1))
            });
            let reactions = message.reactions.iter().map(|reaction| ReactionPart {
                emoji: written(&reaction.emoji),
                by: reaction.users.iter().map(|user| self.named(*user)).collect(),
            });
            parts.push(MessagePart {
                by: self.called(&message.author),
                text: message.content.clone(),
                id: unless(derived, message.id),
                at: Some(TomlTimestamp(message.timestamp)),
                edited: message.edited.map(TomlTimestamp),
                reply,
                pinned: message.pinned,
                embeds: message.embeds.clone(),
                components: message.components.clone(),
                reactions: reactions.collect(),
            });
        }
        parts
    }

    fn named(&self, id: Snowflake) -> Name {
        self.world.user(id).map_or_else(|| name(&id.to_string()), |user| self.called(user))
    }

    fn called(&self, user: &User) -> Name {
        name(&user.username)
    }
}

/// The owner is a member without being listed.
fn is_implied(member: &GuildMember, guild: &Guild) -> bool {
    member.user.id == guild.owner_id
        && member.nick.is_none()
        && member.roles.is_empty()
        && member.joined_at.0 == guild.id.unix_ms()
}

/// The role's name, or its id if the name occurs twice.
pub(super) fn role_name(guild: &Guild, id: Snowflake) -> Name {
    let found = guild.roles.iter().find(|role| role.id == id);
    let alone = |one: &&Role| guild.roles.iter().filter(|role| role.name == one.name).count() == 1;
    found.filter(alone).map_or_else(|| name(&id.to_string()), |role| name(&role.name))
}

/// Bits without a name have no meaning.
fn names_of(set: u64) -> impl Iterator<Item = &'static str> {
    bits::NAMES.iter().filter(move |(_, bit)| set & bit != 0).map(|(name, _)| *name)
}

fn written(emoji: &Emoji) -> String {
    emoji.id.map_or_else(|| emoji.name.clone(), |id| format!("{}:{id}", emoji.name))
}

fn unless(derived: Snowflake, id: Snowflake) -> Option<Spanned<Snowflake>> {
    (derived != id).then(|| Spanned::new(0..0, id))
}

pub(super) fn name(text: &str) -> Name {
    Spanned::new(0..0, text.to_owned())
}
