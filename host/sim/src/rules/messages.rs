//! Messages: posting, editing, deleting, pinning, typing.
//! It does not check permissions or lengths; see `changes`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::form::ApiError;
use crate::ids::Snowflake;
use crate::sessions::{Audience, Payload, intents};
use crate::state::State;
use crate::transcript::What;
use crate::world::mentions::{AllowedMentions, mentions_by};
use crate::world::wire::{MemberJson, MessageJson};
use crate::world::{
    Attachment, Channel, InteractionNote, Message, MessageKind, Origin, Poll, User, bits, flags,
};

/// Characters of a message.
pub(crate) const MAX_CONTENT_CHARS: usize = 2000;

/// A message that is about to be posted.
pub(crate) struct Draft {
    pub(crate) channel: Snowflake,
    pub(crate) author: Arc<User>,
    pub(crate) kind: MessageKind,
    pub(crate) content: String,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) allowed: Option<AllowedMentions>,
    /// A fixed id; none takes the next.
    pub(crate) id: Option<Snowflake>,
    pub(crate) reply_to: Option<Snowflake>,
    /// What it points to, where that is not a message it answers.
    pub(crate) origin: Option<Origin>,
    pub(crate) tts: bool,
    pub(crate) flags: u64,
    pub(crate) nonce: Option<Value>,
    pub(crate) interaction: Option<InteractionNote>,
    pub(crate) webhook_id: Option<Snowflake>,
    pub(crate) application_id: Option<Snowflake>,
    pub(crate) poll: Option<Box<Poll>>,
    pub(crate) forwarded: Option<Arc<Message>>,
}

impl Draft {
    /// A plain text message.
    pub(crate) fn text(channel: Snowflake, author: Arc<User>, content: String) -> Self {
        Self {
            channel,
            author,
            kind: MessageKind::Default,
            content,
            embeds: Vec::new(),
            components: Vec::new(),
            attachments: Vec::new(),
            allowed: None,
            id: None,
            reply_to: None,
            origin: None,
            tts: false,
            flags: 0,
            nonce: None,
            interaction: None,
            webhook_id: None,
            application_id: None,
            poll: None,
            forwarded: None,
        }
    }
}

/// What an edit changes; `None` leaves a part as it is.
#[derive(Default)]
pub(crate) struct Revision {
    pub(crate) content: Option<String>,
    pub(crate) embeds: Option<Vec<Value>>,
    pub(crate) components: Option<Vec<Value>>,
    pub(crate) attachments: Option<Vec<Attachment>>,
    pub(crate) allowed: Option<AllowedMentions>,
    /// Bits of the flags that an edit may change.
    pub(crate) flags: Option<u64>,
}

impl Revision {
    /// Whether a message would have nothing left to show.
    pub(crate) fn leaves_nothing(&self, message: &Message) -> bool {
        let count = |new: Option<usize>, old: usize| new.unwrap_or(old);
        self.content.as_ref().unwrap_or(&message.content).trim().is_empty()
            && count(self.embeds.as_ref().map(Vec::len), message.embeds.len()) == 0
            && count(self.components.as_ref().map(Vec::len), message.components.len()) == 0
            && count(self.attachments.as_ref().map(Vec::len), message.attachments.len()) == 0
    }
}

impl State {
    /// Posts a message. An ephemeral one is kept with its interaction and told to its listener only.
    pub(crate) fn post(&mut self, draft: Draft) -> Arc<Message> {
        let mut mentions =
            mentions_by(&self.world, draft.channel, draft.author.id, &draft.content, draft.allowed.as_ref());
        let timestamp = self.world.clock.now();
        let id = draft.id.unwrap_or_else(|| self.world.ids.next(timestamp.0));
        if let Some(target) = draft.reply_to
            && draft.kind == MessageKind::Reply
            && draft.allowed.as_ref().is_none_or(|allowed| allowed.replied_user.unwrap_or(false))
            && let Some(target) =
                self.world.channels.get(&draft.channel).and_then(|channel| channel.message(target))
            && target.author.id != draft.author.id
            && !mentions.users.iter().any(|user| user.id == target.author.id)
        {
            mentions.users.push(target.author.clone());
        }
        let message = Arc::new(Message {
            id,
            channel_id: draft.channel,
            author: draft.author,
            content: draft.content,
            kind: draft.kind,
            timestamp,
            edited: None,
            tts: draft.tts,
            mention_everyone: mentions.everyone,
            mentions: mentions.users,
            mention_roles: mentions.roles,
            attachments: draft.attachments,
            embeds: draft.embeds,
            components: draft.components,
            reactions: Vec::new(),
            pinned: false,
            flags: draft.flags,
            nonce: draft.nonce,
            reply_to: draft.reply_to,
            origin: draft.origin,
            interaction: draft.interaction,
            webhook_id: draft.webhook_id,
            application_id: draft.application_id,
            pinned_at: None,
            poll: draft.poll,
            forwarded: draft.forwarded,
        });
        let Some(channel) = self.world.channels.get_mut(&message.channel_id) else { return message };
        let name = channel.name.clone();
        self.transcript.write(What::Posted { channel: name, message: message.clone() });
        if message.is_ephemeral() {
            self.interactions.keep_whisper(message.clone());
            self.whisper(&message, "MESSAGE_CREATE");
        } else {
            channel.push(message.clone());
            let thread = channel.thread.is_some();
            if thread {
                self.gather(message.channel_id, &message.author, &message.mentions);
            }
            if message.poll.is_some() {
                self.watch_poll(message.channel_id, id);
            }
            self.tell(&message, "MESSAGE_CREATE");
        }
        message
    }

    /// Edits a message, ephemeral ones included; none if it does not exist.
    pub(crate) fn revise(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        revision: Revision,
    ) -> Option<Arc<Message>> {
        let author = self.world.channel(channel).and_then(|home| home.message(id)).map(|one| one.author.id);
        let mentions = revision.content.as_ref().map(|content| {
            let allowed = revision.allowed.as_ref();
            mentions_by(&self.world, channel, author.unwrap_or_default(), content, allowed)
        });
        // Hiding embeds is not an edit either.
        let touched = revision.content.is_some()
            || revision.embeds.is_some()
            || revision.components.is_some()
            || revision.attachments.is_some();
        let home = self.world.channels.get_mut(&channel)?;
        let message = match home.message_mut(id) {
            Some(message) => message,
            None => self.interactions.whisper_mut(id)?,
        };
        if let Some(content) = revision.content {
            message.content = content;
        }
        if let Some(mentions) = mentions {
            message.mentions = mentions.users;
            message.mention_roles = mentions.roles;
            message.mention_everyone = mentions.everyone;
        }
        if let Some(embeds) = revision.embeds {
            message.embeds = embeds;
        }
        if let Some(components) = revision.components {
            message.components = components;
        }
        if let Some(attachments) = revision.attachments {
            message.attachments = attachments;
        }
        let editable = flags::SUPPRESS_EMBEDS | flags::IS_COMPONENTS_V2;
        if let Some(bits) = revision.flags {
            message.flags = message.flags & !flags::SUPPRESS_EMBEDS | bits & editable;
        }
        // Filling in a deferred answer is not an edit in the eyes of those who read it.
        if message.is_loading() {
            message.flags &= !flags::LOADING;
        } else if touched {
            message.edited = Some(self.world.clock.now());
        }
        self.edited(channel, id, true)
    }

    /// Tells everybody that a message looks different now; `noted`: the transcript too.
    pub(super) fn edited(&mut self, channel: Snowflake, id: Snowflake, noted: bool) -> Option<Arc<Message>> {
        let home = self.world.channels.get(&channel)?;
        let message = home.message(id).or_else(|| self.interactions.whisper(id))?.clone();
        if noted {
            self.transcript.write(What::Edited { channel: home.name.clone(), message: message.clone() });
        }
        if message.is_ephemeral() {
            self.whisper(&message, "MESSAGE_UPDATE");
        } else {
            self.tell(&message, "MESSAGE_UPDATE");
        }
        Some(message)
    }

    /// Deletes messages; returns those that existed.
    pub(crate) fn delete(&mut self, channel: Snowflake, ids: &[Snowflake], by: Snowflake) -> Vec<Snowflake> {
        let Some(home) = self.world.channels.get_mut(&channel) else { return Vec::new() };
        let gone: Vec<Snowflake> = ids.iter().copied().filter(|id| home.remove(*id).is_some()).collect();
        let name = home.name.clone();
        let guild_id = home.guild_id;
        let whispers: Vec<Arc<Message>> =
            ids.iter().filter_map(|id| self.interactions.remove_whisper(*id)).collect();
        for whisper in &whispers {
            if let Some(listener) = whisper.listener() {
                let data = json!({ "id": whisper.id, "channel_id": channel });
                self.tell_account(listener, guild_id, |_| {
                    Some(Payload::new("MESSAGE_DELETE", &place(data, guild_id)))
                });
            }
        }
        if !gone.is_empty() {
            let payload = match gone[..] {
                [id] => Payload::new(
                    "MESSAGE_DELETE",
                    &place(json!({ "id": id, "channel_id": channel }), guild_id),
                ),
                _ => Payload::new(
                    "MESSAGE_DELETE_BULK",
                    &place(json!({ "ids": gone, "channel_id": channel }), guild_id),
                ),
            };
            self.tell_channel(channel, intents::MESSAGES, payload);
        }
        let gone: Vec<Snowflake> =
            gone.into_iter().chain(whispers.iter().map(|whisper| whisper.id)).collect();
        if !gone.is_empty() {
            self.transcript.write(What::Deleted {
                channel: name,
                user: self.world.name_of(by),
                ids: gone.clone(),
            });
        }
        gone
    }

    /// Pins or unpins a message.
    pub(crate) fn pin(&mut self, channel: Snowflake, id: Snowflake, pinned: bool) -> Option<Arc<Message>> {
        let now = self.world.clock.now();
        let home = self.world.channels.get_mut(&channel)?;
        let message = home.message_mut(id)?;
        if message.pinned == pinned {
            return home.message(id).cloned();
        }
        message.pinned = pinned;
        message.pinned_at = pinned.then_some(now);
        let guild_id = home.guild_id;
        self.transcript.write(What::Pinned { channel: home.name.clone(), message_id: id, pinned });
        let stamp = json!({ "channel_id": channel, "last_pin_timestamp": now });
        self.tell_channel(
            channel,
            intents::CHANNELS,
            Payload::new("CHANNEL_PINS_UPDATE", &place(stamp, guild_id)),
        );
        self.edited(channel, id, false)
    }

    /// Shows a user as typing.
    pub(crate) fn typing(&mut self, channel: Snowflake, user: &Arc<User>) {
        let Some(home) = self.world.channels.get(&channel) else { return };
        let member = home
            .guild_id
            .and_then(|guild| self.world.guilds.get(&guild))
            .and_then(|guild| guild.members.get(&user.id));
        let mut data = json!({
            "channel_id": channel, "user_id": user.id, "timestamp": self.world.clock.now().0 / 1000,
        });
        if let Some(member) = member {
            data["member"] = json!(MemberJson::full(member));
        }
        let payload = Payload::new("TYPING_START", &place(data, home.guild_id));
        self.transcript
            .write(What::Typing { channel: home.name.clone(), user: user.username.as_str().into() });
        self.tell_channel(channel, intents::TYPING, payload);
    }

    /// Hands an ephemeral message's event to the one person who may see it.
    fn whisper(&mut self, message: &Message, name: &'static str) {
        let Some(listener) = message.listener() else { return };
        let guild = self.world.channel(message.channel_id).and_then(|channel| channel.guild_id);
        self.tell_account(listener, guild, |state| {
            let channel = state.world.channel(message.channel_id)?;
            let guild = guild.and_then(|id| state.world.guild(id));
            Some(Payload::new(name, &MessageJson::event(message, channel, guild)))
        });
    }

    /// Hands a message event to the sessions of its channel.
    fn tell(&mut self, message: &Message, name: &'static str) {
        let Self { world, sessions, transcript, .. } = self;
        let Some(channel) = world.channels.get(&message.channel_id) else { return };
        let guild = channel.guild_id.and_then(|id| world.guilds.get(&id));
        let audience = Audience::Channel { channel, guild, needs: intents::MESSAGES };
        let full =
            Arc::new(Payload::new(name, &MessageJson::event(message, channel, guild).with_thread(world)));
        let bare = || Payload::new(name, &MessageJson::event(message, channel, guild).without_content());
        let sessions = sessions.publish_message(world, audience, message, &full, bare);
        transcript.write(What::Dispatched { name, sessions });
    }

    /// Hands any other event of a channel to its sessions.
    pub(super) fn tell_channel(&mut self, channel: Snowflake, needs: intents::Needs, payload: Payload) {
        let Self { world, sessions, transcript, .. } = self;
        let Some(channel) = world.channels.get(&channel) else { return };
        let guild = channel.guild_id.and_then(|id| world.guilds.get(&id));
        let name = payload.name;
        let sessions =
            sessions.publish(world, Audience::Channel { channel, guild, needs }, &Arc::new(payload));
        transcript.write(What::Dispatched { name, sessions });
    }
}

/// Adds `guild_id` where there is a guild.
pub(super) fn place(mut data: Value, guild: Option<Snowflake>) -> Value {
    if let Some(guild) = guild {
        data["guild_id"] = json!(guild);
    }
    data
}

/// People wait between two messages where there is a slow mode, unless they moderate.
pub(crate) fn check_slowmode(state: &State, home: &Channel, caller: Snowflake) -> Result<(), ApiError> {
    let free = bits::BYPASS_SLOWMODE | bits::MANAGE_MESSAGES | bits::MANAGE_CHANNELS;
    if state.world.permissions_in(home, caller) & free != 0 {
        return Ok(());
    }
    let pause = Duration::from_secs(u64::from(home.settings.slowmode_seconds));
    let now = state.world.clock.now();
    let mut recent = home.messages.iter().rev().take_while(|message| now.since(message.timestamp) < pause);
    if recent.any(|message| message.author.id == caller) {
        return Err(ApiError::new(429, 20016, "This action cannot be performed due to slowmode rate limit"));
    }
    Ok(())
}
