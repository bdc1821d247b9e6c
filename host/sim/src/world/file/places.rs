//! From the parts of a world file to a world: channels, direct messages, and the messages in them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::Mistake;
use super::ids::HISTORY_FROM;
use super::parts::{ChannelPart, Direct, GuildPart, Kind, MessagePart, Name, OverwritePart};
use super::read::{WorldReader, bits_of, role_named};
use crate::ids::{Snowflake, Timestamp};
use crate::world::mentions::mentions_in;
use crate::world::{Channel, ChannelKind, Emoji, Message, MessageKind, Overwrite, Reaction};

/// The time from one message to the next if the file gives none.
const PACE: Duration = Duration::from_secs(60);

impl WorldReader {
    pub(super) fn channels(&mut self, guild_id: Snowflake, part: &GuildPart) -> Result<(), Mistake> {
        let mut twins: HashMap<&str, usize> = HashMap::new();
        let mut categories: HashMap<&str, Snowflake> = HashMap::new();
        let mut ids = Vec::with_capacity(part.channels.len());
        for channel in &part.channels {
            let twin = twins.entry(&channel.name).or_default();
            *twin += 1;
            let id = channel.id.as_ref().map(|id| *id.get_ref());
            let path = ["channel", part.name.get_ref(), &channel.name, &twin.to_string()];
            let id = id.unwrap_or_else(|| self.ids.of(&path));
            if channel.kind == Kind::Category {
                categories.entry(&channel.name).or_insert(id);
            }
            ids.push((id, *twin));
        }
        for (place, (channel, (id, twin))) in part.channels.iter().zip(ids).enumerate() {
            let mut made = Channel::new(id, channel.kind.in_world(), &channel.name, self.world.history_limit);
            made.guild_id = Some(guild_id);
            made.position = place as u32;
            made.topic = channel.topic.clone();
            if let Some(name) = &channel.category {
                let known = || categories.keys().copied();
                let parent = categories.get(name.get_ref().as_str());
                let parent = parent
                    .ok_or_else(|| Mistake::unknown(name.span(), "category", name.get_ref(), known()))?;
                made.parent_id = Some(*parent);
            }
            for overwrite in &channel.overwrites {
                made.overwrites.push(self.overwrite(guild_id, channel, overwrite)?);
            }
            let key = format!("{}/{}/{twin}", part.name.get_ref(), channel.name);
            self.history(&mut made, &key, &channel.messages)?;
            self.world.channels.insert(id, made);
            if let Some(guild) = self.world.guilds.get_mut(&guild_id) {
                guild.channels.push(id);
                if let Some(system) = channel.system.as_ref().filter(|system| *system.get_ref())
                    && guild.settings.system_channel_id.replace(id).is_some()
                {
                    return Err(Mistake::at(system.span(), "a guild can have only one system channel"));
                }
            }
        }
        Ok(())
    }

    fn overwrite(
        &mut self,
        guild: Snowflake,
        channel: &ChannelPart,
        part: &OverwritePart,
    ) -> Result<Overwrite, Mistake> {
        let names = part.allow.iter().chain(&part.deny).map(Name::span);
        let somewhere = names.chain(part.role.iter().map(Name::span)).next().unwrap_or_default();
        let (id, kind) = match (&part.role, &part.member) {
            (Some(role), None) => (role_named(&self.world.guilds[&guild], role)?, 0),
            (None, Some(member)) => (self.find_or_add_user(member)?.id, 1),
            _ => {
                let what = format!("an overwrite of `{}` needs either a `role` or a `member`", channel.name);
                return Err(Mistake::at(somewhere, what));
            }
        };
        Ok(Overwrite { id, kind, allow: bits_of(&part.allow)?, deny: bits_of(&part.deny)? })
    }

    pub(super) fn direct(&mut self, part: &Direct) -> Result<(), Mistake> {
        let (person, bot) = (self.find_or_add_user(&part.person)?, self.bot_named(&part.bot)?);
        let path = ["dm", &person.username, &bot.username];
        let id = part.id.as_ref().map_or_else(|| self.ids.of(&path), |id| *id.get_ref());
        let name = format!("@{}", person.username);
        let mut channel = Channel::new(id, ChannelKind::Dm, &name, self.world.history_limit);
        channel.recipients = vec![person.clone(), bot.clone()];
        self.history(&mut channel, &path.join("/"), &part.messages)?;
        self.world.channels.insert(id, channel);
        Ok(())
    }

    fn history(&mut self, channel: &mut Channel, key: &str, parts: &[MessagePart]) -> Result<(), Mistake> {
        let mut messages: VecDeque<Arc<Message>> = VecDeque::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            let before = messages.back();
            let written = part.id.as_ref().map(|id| *id.get_ref());
            let paced = || before.map_or(HISTORY_FROM, |before| before.timestamp + PACE);
            let at = part.at.map(|moment| moment.0).or(written.map(|id| Timestamp(id.unix_ms())));
            let at = at.unwrap_or_else(paced);
            let last = before.map(|before| before.id);
            let id = written.unwrap_or_else(|| self.ids.message(at, key, place, last));
            if before.is_some_and(|before| before.id >= id || before.timestamp > at) {
                return Err(Mistake::at(part.by.span(), "this message is older than the one before it"));
            }
            let author = self.find_or_add_user(&part.by)?;
            let mut message = Message::plain(id, channel.id, author, part.text.clone(), at);
            message.mentioning(mentions_in(&self.world, &part.text, None));
            message.edited = part.edited.map(|moment| moment.0);
            message.pinned = part.pinned;
            message.embeds = part.embeds.clone();
            message.components = part.components.clone();
            if let Some(number) = &part.reply {
                let target = number.get_ref().checked_sub(1).and_then(|at| messages.get(at));
                let target = target.ok_or_else(|| {
                    let what = format!("there is no message {} before this one", number.get_ref());
                    Mistake::at(number.span(), what)
                })?;
                message.reply_to = Some(target.id);
                message.kind = MessageKind::Reply;
            }
            for reaction in &part.reactions {
                let users = reaction.by.iter().map(|name| Ok(self.find_or_add_user(name)?.id));
                let users = users.collect::<Result<_, _>>()?;
                message.reactions.push(Reaction { emoji: Emoji::parse(&reaction.emoji), users });
            }
            messages.push_back(Arc::new(message));
        }
        channel.last_message_id = messages.back().map(|message| message.id);
        channel.messages = messages;
        Ok(())
    }
}
