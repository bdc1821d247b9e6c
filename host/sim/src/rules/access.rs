//! What a caller may reach, bot or user: the channel it sees, the permission it needs, the message that is there.
//! It changes nothing.

use std::sync::Arc;

use crate::form::ApiError;
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::{Channel, Guild, Message, User, bits};

impl State {
    /// The channel, if the caller sees it.
    pub(crate) fn seen_channel(&self, caller: Snowflake, channel: Snowflake) -> Result<&Channel, ApiError> {
        self.channel_with(caller, channel, bits::VIEW_CHANNEL)
    }

    /// The channel, if the caller sees it and has every bit of `needed` there.
    pub(crate) fn channel_with(
        &self,
        caller: Snowflake,
        channel: Snowflake,
        needed: u64,
    ) -> Result<&Channel, ApiError> {
        let channel = self.world.channels.get(&channel).ok_or(ApiError::unknown_channel())?;
        let granted = self.world.permissions_in(channel, caller);
        if granted & bits::VIEW_CHANNEL == 0 {
            return Err(ApiError::missing_access());
        }
        if granted & needed != needed {
            return Err(ApiError::missing_permissions());
        }
        Ok(channel)
    }

    /// The same for a channel in which things are said.
    pub(crate) fn text_channel_with(
        &self,
        caller: Snowflake,
        channel: Snowflake,
        needed: u64,
    ) -> Result<&Channel, ApiError> {
        let thread = self.world.channels.get(&channel).is_some_and(|channel| channel.thread.is_some());
        // Posting in a thread is a permission of its own.
        let needed = match thread && needed & bits::SEND_MESSAGES != 0 {
            true => needed & !bits::SEND_MESSAGES | bits::SEND_MESSAGES_IN_THREADS,
            false => needed,
        };
        let channel = self.channel_with(caller, channel, needed)?;
        if !channel.kind.holds_messages() { Err(ApiError::not_in_this_channel()) } else { Ok(channel) }
    }

    /// A message that may be changed: in an archived thread none is.
    pub(crate) fn open_message(
        &self,
        caller: Snowflake,
        channel: Snowflake,
        id: Snowflake,
    ) -> Result<(&Channel, &Arc<Message>), ApiError> {
        let (home, message) = self.seen_message(caller, channel, id)?;
        match &home.thread {
            Some(thread) if thread.archived => Err(ApiError::thread_archived()),
            _ => Ok((home, message)),
        }
    }

    pub(crate) fn seen_message(
        &self,
        caller: Snowflake,
        channel: Snowflake,
        id: Snowflake,
    ) -> Result<(&Channel, &Arc<Message>), ApiError> {
        let channel = self.seen_channel(caller, channel)?;
        channel.message(id).map(|message| (channel, message)).ok_or(ApiError::unknown_message())
    }

    /// Whether a custom emoji exists in a guild that the caller is in, or belongs to it.
    pub(crate) fn knows_emoji(&self, caller: Snowflake, id: Snowflake) -> bool {
        let own = self.world.application_emojis.get(&caller).into_iter().flatten();
        let guilds = self.world.guilds.values().filter(|guild| guild.members.contains_key(&caller));
        guilds.flat_map(|guild| &guild.belongings.emojis).chain(own).any(|emoji| emoji.id == id)
    }

    /// Whether a member is timed out, so that it only reads.
    pub(crate) fn is_timed_out(&self, user: Snowflake, channel: Snowflake) -> bool {
        let guild = self.world.channel(channel).and_then(|channel| channel.guild_id);
        let member =
            guild.and_then(|guild| self.world.guild(guild)).and_then(|guild| guild.members.get(&user));
        let until = member.and_then(|member| member.timed_out_until);
        until.is_some_and(|until| until > self.world.clock.now())
    }

    /// The guild, if the caller is in it.
    pub(crate) fn own_guild(&self, caller: Snowflake, guild: Snowflake) -> Result<&Guild, ApiError> {
        let guild = self.world.guilds.get(&guild).ok_or(ApiError::unknown_guild())?;
        if guild.members.contains_key(&caller) { Ok(guild) } else { Err(ApiError::missing_access()) }
    }

    /// The guild, if the caller is in it and has every bit of `needed` there.
    pub(crate) fn guild_with(
        &self,
        caller: Snowflake,
        guild: Snowflake,
        needed: u64,
    ) -> Result<&Guild, ApiError> {
        let guild = self.own_guild(caller, guild)?;
        let granted = self.world.permissions_at(guild, caller);
        if granted & needed == needed { Ok(guild) } else { Err(ApiError::missing_permissions()) }
    }

    /// The channel, if it is one of a guild and the caller has every bit of `needed` there; and its guild.
    pub(crate) fn guild_channel_with(
        &self,
        caller: Snowflake,
        channel: Snowflake,
        needed: u64,
    ) -> Result<(&Guild, &Channel), ApiError> {
        let channel = self.channel_with(caller, channel, needed)?;
        let guild = channel.guild_id.and_then(|guild| self.world.guilds.get(&guild));
        guild.map(|guild| (guild, channel)).ok_or(ApiError::wrong_channel_type())
    }

    pub(crate) fn account(&self, caller: Snowflake) -> Result<Arc<User>, ApiError> {
        self.world.user(caller).cloned().ok_or(ApiError::unknown_user())
    }
}
