//! Messages: posting, editing, deleting, typing.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{Action, Actor, access, audit, dispatch, polls, threads};
use crate::form::{ApiError, Result, set};
use crate::ids::{Snowflake, Timestamp};
use crate::state::State;
use crate::transcript::EntryKind;
use crate::world::mentions::{AllowedMentions, mentions_by};
use crate::world::wire::MemberJson;
use crate::world::{
    Attachment, Channel, Component, Embed, Message, MessageKind, Poll, User, World, bits, flags,
};

/// Bulk delete refuses messages older than this.
const BULK_DELETE_MAX_AGE_MS: u64 = 14 * 24 * 3600 * 1000;
/// The most characters in a message, <https://discord.com/developers/docs/resources/message#create-message>.
pub(crate) const MAX_CONTENT_CHARS: usize = 2000;
/// The same for a user with Nitro, as in `MessageCreateRequest` in Discord's OpenAPI document.
const MAX_NITRO_CONTENT_CHARS: usize = 4000;

/// A message to be posted; its id, timestamp and mentions are set when it is posted.
pub(crate) struct Draft {
    pub(crate) message: Message,
    pub(crate) allowed: Option<AllowedMentions>,
    /// A fixed id; `None` takes the next one.
    pub(crate) id: Option<Snowflake>,
}

impl Draft {
    /// A plain text message.
    pub(crate) fn text(channel: Snowflake, author: Arc<User>, content: String) -> Self {
        let message = Message::plain(Snowflake(0), channel, author, content, Timestamp(0));
        Self { message, allowed: None, id: None }
    }

    /// A system message by Discord, with the user it is about as its author.
    pub(crate) fn notice(channel: Snowflake, author: Arc<User>, kind: MessageKind) -> Self {
        let mut notice = Self::text(channel, author, String::new());
        notice.message.kind = kind;
        notice
    }
}

/// The changes of an edit; `None` leaves a field as it is.
#[derive(Default)]
pub(crate) struct Revision {
    pub(crate) content: Option<String>,
    pub(crate) embeds: Option<Vec<Embed>>,
    pub(crate) components: Option<Vec<Component>>,
    pub(crate) attachments: Option<Vec<Attachment>>,
    pub(crate) allowed: Option<AllowedMentions>,
    /// The poll of a deferred response that is filled in.
    pub(crate) poll: Option<Box<Poll>>,
    /// Message flags that an edit may change.
    pub(crate) flags: Option<u64>,
}

impl Revision {
    /// Whether it changes the content; suppressing embeds does not count as an edit.
    fn is_edit(&self) -> bool {
        self.content.is_some()
            || self.embeds.is_some()
            || self.components.is_some()
            || self.attachments.is_some()
    }

    /// Whether a message may be changed like this.
    pub(crate) fn check(&self, message: &Message) -> Result<()> {
        if message.poll.is_some() && self.is_edit() {
            return Err(ApiError::new(400, 520_003, "Cannot edit a poll message"));
        }
        let count = |new: Option<usize>, old: usize| new.unwrap_or(old);
        let content = self.content.as_ref().unwrap_or(&message.content);
        let embeds = count(self.embeds.as_ref().map(Vec::len), message.embeds.len());
        let flags = message.flags | self.flags.unwrap_or(0);
        let beside = [("content", !content.is_empty()), ("embeds", embeds > 0)];
        if flags & flags::IS_COMPONENTS_V2 != 0
            && let Some((key, _)) = beside.into_iter().find(|(_, is_there)| *is_there)
        {
            return Err(ApiError::form(key, BESIDE_LAYOUT, &beside_layout(key)));
        }
        let is_empty = content.trim().is_empty()
            && embeds == 0
            && count(self.components.as_ref().map(Vec::len), message.components.len()) == 0
            && count(self.attachments.as_ref().map(Vec::len), message.attachments.len()) == 0
            && self.poll.is_none()
            && message.poll.is_none()
            && message.forwarded.is_none();
        if is_empty { Err(ApiError::empty_message()) } else { Ok(()) }
    }
}

/// A message with IS_COMPONENTS_V2 has nothing but components; to turn it on, an edit clears the other fields with
/// null.
/// <https://discord.com/developers/docs/components/using-message-components>
pub(crate) const BESIDE_LAYOUT: &str = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2";

pub(crate) fn beside_layout(key: &str) -> String {
    format!("The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
}

/// The most characters in a message by this account.
pub(crate) fn content_limit(world: &World, account: Snowflake) -> usize {
    if world.nitro.contains(&account) { MAX_NITRO_CONTENT_CHARS } else { MAX_CONTENT_CHARS }
}

/// Posts a message. An ephemeral message is kept with its interaction, and sent only to the user who may see it.
pub(crate) fn post(state: &mut State, draft: Draft) -> Arc<Message> {
    let Draft { mut message, allowed, id } = draft;
    let (channel_id, author) = (message.channel_id, message.author.id);
    let mut mentions = mentions_by(&state.world, channel_id, author, &message.content, allowed.as_ref());
    message.timestamp = state.world.clock.now();
    let channel = state.world.channel(channel_id);
    let first = || {
        let post = channel.filter(|one| one.awaits_first_message(&state.world))?;
        post.thread.as_ref().filter(|thread| thread.owner_id == author).map(|_| post.id)
    };
    let id = id.or_else(first).unwrap_or_else(|| state.world.ids.next(message.timestamp.0));
    if let Some(target) = message.reply_to
        && message.kind == MessageKind::Reply
        && allowed.as_ref().is_none_or(|allowed| allowed.replied_user.unwrap_or(false))
        && let Some(target) = channel.and_then(|channel| channel.message(target))
        && target.author.id != author
        && !mentions.users.iter().any(|user| user.id == target.author.id)
    {
        mentions.users.push(target.author.clone());
    }
    message.id = id;
    message.mentioning(mentions);
    let message = Arc::new(message);
    if let Some(nonce) = &message.nonce {
        state.nonces.note(message.channel_id, message.author.id, nonce, id);
    }
    let Some(channel) = state.world.channels.get_mut(&message.channel_id) else { return message };
    let name = channel.name.clone();
    state.transcript.write(EntryKind::Posted { channel: name, message: message.clone() });
    if message.is_ephemeral() {
        state.interactions.keep_ephemeral(message.clone());
    } else {
        channel.push(message.clone());
        if channel.thread.is_some() {
            threads::join_participants(state, message.channel_id, &message.author, &message.mentions);
        }
        if message.poll.is_some() {
            polls::watch(state, message.channel_id, id);
        }
    }
    dispatch::message(state, &message, "MESSAGE_CREATE");
    message
}

/// Edits a message, ephemeral or not; `None` if it does not exist.
pub(crate) fn edit(
    state: &mut State,
    channel_id: Snowflake,
    id: Snowflake,
    revision: Revision,
) -> Option<Arc<Message>> {
    let author =
        state.world.channel(channel_id).and_then(|channel| channel.message(id)).map(|one| one.author.id);
    let mentions = revision.content.as_ref().map(|content| {
        let allowed = revision.allowed.as_ref();
        mentions_by(&state.world, channel_id, author.unwrap_or_default(), content, allowed)
    });
    let (is_edit, has_poll) = (revision.is_edit(), revision.poll.is_some());
    let channel = state.world.channels.get_mut(&channel_id)?;
    let message = match channel.message_mut(id) {
        Some(message) => message,
        None => state.interactions.ephemeral_mut(id)?,
    };
    if let Some(mentions) = mentions {
        message.mentioning(mentions);
    }
    set(&mut message.content, revision.content);
    set(&mut message.embeds, revision.embeds);
    set(&mut message.components, revision.components);
    set(&mut message.attachments, revision.attachments);
    message.poll = revision.poll.or(message.poll.take());
    let editable = flags::SUPPRESS_EMBEDS | flags::IS_COMPONENTS_V2;
    if let Some(bits) = revision.flags {
        message.flags = message.flags & !flags::SUPPRESS_EMBEDS | bits & editable;
    }
    // To a reader, filling in a deferred response is not an edit.
    if message.is_loading() {
        message.flags &= !flags::LOADING;
    } else if is_edit {
        message.edited = Some(state.world.clock.now());
    }
    if has_poll {
        polls::watch(state, channel_id, id);
    }
    announce_edit(state, channel_id, id, true)
}

/// A message of a channel, to modify it.
pub(super) fn find_mut(state: &mut State, channel: Snowflake, id: Snowflake) -> Option<&mut Message> {
    state.world.channels.get_mut(&channel)?.message_mut(id)
}

/// Dispatches an update of a message; if `noted`, also writes it to the transcript.
pub(super) fn announce_edit(
    state: &mut State,
    channel_id: Snowflake,
    id: Snowflake,
    noted: bool,
) -> Option<Arc<Message>> {
    let channel = state.world.channels.get(&channel_id)?;
    let message = channel.message(id).or_else(|| state.interactions.ephemeral(id))?.clone();
    if noted {
        state.transcript.write(EntryKind::Edited { channel: channel.name.clone(), message: message.clone() });
    }
    dispatch::message(state, &message, "MESSAGE_UPDATE");
    Some(message)
}

/// `DELETE /channels/{channel}/messages/{message}`: the caller's own message, or with a permission any message.
pub(crate) fn delete_one(state: &mut State, by: &Actor, channel_id: Snowflake, id: Snowflake) -> Result<()> {
    let (channel, message) = access::seen_message(state, by.user, channel_id, id)?;
    let (author, guild) = (message.author.id, channel.guild_id);
    if message.kind == MessageKind::ThreadStarter {
        return Err(ApiError::system_message());
    }
    if author != by.user {
        access::channel_with(state, by.user, channel_id, bits::MANAGE_MESSAGES)?;
    }
    delete(state, channel_id, &[id], by.user);
    if let Some(guild) = guild.filter(|_| author != by.user) {
        let options = json!({ "channel_id": channel_id, "count": "1" });
        audit::record(state, guild, by, Action::MessageDelete, Some(author), Some(options));
    }
    Ok(())
}

/// Deletes several messages in a guild at once, as far as they exist.
/// <https://discord.com/developers/docs/resources/message#bulk-delete-messages>
pub(crate) fn bulk_delete(
    state: &mut State,
    by: &Actor,
    channel: Snowflake,
    ids: &[Snowflake],
) -> Result<()> {
    let oldest = state.world.clock.now().0.saturating_sub(BULK_DELETE_MAX_AGE_MS);
    if ids.iter().any(|id| id.unix_ms() < oldest) {
        let message = "You can only bulk delete messages that are under 14 days old.";
        return Err(ApiError::new(400, 50034, message));
    }
    let Some(guild) = access::channel_with(state, by.user, channel, bits::MANAGE_MESSAGES)?.guild_id else {
        return Err(ApiError::direct_message());
    };
    let gone = delete(state, channel, ids, by.user).len();
    let options = json!({ "count": gone.to_string() });
    audit::record(state, guild, by, Action::MessageBulkDelete, Some(channel), Some(options));
    Ok(())
}

/// Deletes messages; returns those that existed.
pub(crate) fn delete(
    state: &mut State,
    channel_id: Snowflake,
    ids: &[Snowflake],
    by: Snowflake,
) -> Vec<Snowflake> {
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return Vec::new() };
    let gone: Vec<Snowflake> = ids.iter().copied().filter(|id| channel.remove(*id).is_some()).collect();
    let name = channel.name.clone();
    let guild_id = channel.guild_id;
    let ephemerals: Vec<Arc<Message>> =
        ids.iter().filter_map(|id| state.interactions.remove_ephemeral(*id)).collect();
    for ephemeral in &ephemerals {
        if let Some(listener) = ephemeral.listener() {
            let mut data = json!({ "id": ephemeral.id, "channel_id": channel_id });
            if let Some(guild) = guild_id {
                data["guild_id"] = json!(guild);
            }
            dispatch::to_account(state, listener, guild_id, "MESSAGE_DELETE", &data);
        }
    }
    if !gone.is_empty() {
        let (event, data) = match gone[..] {
            [id] => ("MESSAGE_DELETE", json!({ "id": id, "channel_id": channel_id })),
            _ => ("MESSAGE_DELETE_BULK", json!({ "ids": gone, "channel_id": channel_id })),
        };
        dispatch::to_channel(state, channel_id, event, data);
    }
    let gone: Vec<Snowflake> =
        gone.into_iter().chain(ephemerals.iter().map(|ephemeral| ephemeral.id)).collect();
    if !gone.is_empty() {
        state.transcript.write(EntryKind::Deleted {
            channel: name,
            user: state.world.name_of(by),
            ids: gone.clone(),
        });
    }
    gone
}

/// Shows a user as typing.
pub(crate) fn start_typing(state: &mut State, channel_id: Snowflake, user: &Arc<User>) {
    let Some(channel) = state.world.channels.get(&channel_id) else { return };
    let member = state.world.guild_of(channel).and_then(|guild| guild.members.get(&user.id));
    let mut data = json!({
        "channel_id": channel_id, "user_id": user.id, "timestamp": state.world.clock.now().0 / 1000,
    });
    if let Some(member) = member {
        data["member"] = json!(MemberJson::full(member));
    }
    state
        .transcript
        .write(EntryKind::Typing { channel: channel.name.clone(), user: user.username.as_str().into() });
    dispatch::to_channel(state, channel_id, "TYPING_START", data);
}

/// In slow mode, users must wait between two messages, unless they may bypass it; moderators must wait, too.
/// <https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags>
pub(crate) fn check_slowmode(state: &State, channel: &Channel, caller: Snowflake) -> Result<()> {
    if state.world.permissions_in(channel, caller) & bits::BYPASS_SLOWMODE != 0 {
        return Ok(());
    }
    let pause = Duration::from_secs(u64::from(channel.settings.slowmode_seconds));
    let now = state.world.clock.now();
    let mut recent = channel.messages.iter().rev().take_while(|message| now.since(message.timestamp) < pause);
    match recent.find(|message| message.author.id == caller) {
        Some(last) => Err(ApiError::slowmode(pause.saturating_sub(now.since(last.timestamp)))),
        None => Ok(()),
    }
}
