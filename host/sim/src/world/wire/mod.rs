//! The objects of the world as Discord serialises them: messages, members, channels, guilds.

mod settings;
mod template;
pub(crate) mod user_client;

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Attachment, Bot, Channel, ChannelKind, ChannelSettings, Component, Embed, Emoji, Guild, GuildData,
    GuildMember, InteractionMetadata, Message, Overwrite, User, World, bits, flags,
};
use crate::ids::{Snowflake, Timestamp};
pub(crate) use settings::{
    guild_json, partial_channel, partial_guild, thread_json_for, thread_member, thread_member_with,
    voice_json,
};
pub(crate) use template::{snapshot, template_json};

/// The flag of a channel whose true name and settings are not shown.
/// <https://discord.com/developers/docs/resources/channel#channel-object-channel-flags>
const CHANNEL_OBFUSCATED: u64 = 1 << 17;

/// A message on the wire. In events it also has the guild and the member.
#[derive(Serialize)]
pub(crate) struct MessageJson<'a> {
    id: Snowflake,
    channel_id: Snowflake,
    #[serde(rename = "type")]
    kind: u8,
    content: &'a str,
    author: &'a User,
    timestamp: Timestamp,
    edited_timestamp: Option<Timestamp>,
    tts: bool,
    mention_everyone: bool,
    mentions: &'a [Arc<User>],
    mention_roles: &'a [Snowflake],
    attachments: &'a [Attachment],
    embeds: &'a [Embed],
    components: &'a [Component],
    pinned: bool,
    flags: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<ReactionJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_reference: Option<ReferenceJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_snapshots: Option<[Value; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<Value>,
    /// `Some(None)` is a reply to a deleted message, for which Discord sends null.
    #[serde(skip_serializing_if = "Option::is_none")]
    referenced_message: Option<Option<Box<MessageJson<'a>>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction_metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<Snowflake>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<Snowflake>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guild_id: Option<Snowflake>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<MemberJson<'a>>,
}

#[derive(Serialize)]
struct ReactionJson<'a> {
    emoji: &'a Emoji,
    count: usize,
    count_details: CountJson,
    me: bool,
    me_burst: bool,
    burst_colors: [&'static str; 0],
}

#[derive(Serialize)]
struct CountJson {
    burst: usize,
    normal: usize,
}

#[derive(Serialize)]
struct ReferenceJson {
    #[serde(rename = "type")]
    kind: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<Snowflake>,
    channel_id: Snowflake,
    #[serde(skip_serializing_if = "Option::is_none")]
    guild_id: Option<Snowflake>,
}

impl<'a> MessageJson<'a> {
    /// A message as a REST response shows it to `viewer`.
    pub(crate) fn answer(message: &'a Message, channel: &'a Channel, viewer: Snowflake) -> Self {
        let mut json = Self::bare(message, channel, viewer);
        if let Some(id) = message.reply_to {
            // The message replied to comes without reactions, as `BasicMessageResponse` in Discord's OpenAPI document.
            let basic =
                |target| Box::new(Self { reactions: Vec::new(), ..Self::bare(target, channel, viewer) });
            json.referenced_message = Some(channel.message(id).map(|target| basic(target)));
        }
        json
    }

    /// A message in a gateway event. Events are serialised once for all sessions, so `me` of reactions is false.
    pub(crate) fn event(message: &'a Message, channel: &'a Channel, guild: Option<&'a Guild>) -> Self {
        let mut json = Self::answer(message, channel, Snowflake(0));
        json.guild_id = channel.guild_id;
        json.member = guild.and_then(|guild| guild.members.get(&message.author.id)).map(MemberJson::bare);
        json
    }

    /// Adds the thread that was started from it, if there is one.
    pub(crate) fn with_thread(mut self, world: &World) -> Self {
        if self.flags & flags::HAS_THREAD != 0 {
            self.thread = world.channel(self.id).map(channel_json);
        }
        self
    }

    /// Keeps only the content that is seen without the MESSAGE_CONTENT intent: of the message itself, of the one it
    /// replies to, or of both.
    pub(crate) fn with_content(mut self, [itself, replied_to]: [bool; 2]) -> Self {
        if !itself {
            self.clear_content();
        }
        if !replied_to && let Some(Some(target)) = &mut self.referenced_message {
            target.clear_content();
        }
        self
    }

    fn clear_content(&mut self) {
        self.content = "";
        self.attachments = &[];
        self.embeds = &[];
        self.components = &[];
        self.poll = None;
        self.message_snapshots = None;
    }

    fn bare(message: &'a Message, channel: &'a Channel, viewer: Snowflake) -> Self {
        let reactions = message.reactions.iter().map(|reaction| ReactionJson {
            emoji: &reaction.emoji,
            count: reaction.users.len(),
            count_details: CountJson { burst: 0, normal: reaction.users.len() },
            me: reaction.users.contains(&viewer),
            me_burst: false,
            burst_colors: [],
        });
        let note = message.interaction.as_ref();
        Self {
            id: message.id,
            channel_id: message.channel_id,
            kind: message.kind as u8,
            content: &message.content,
            author: &message.author,
            timestamp: message.timestamp,
            edited_timestamp: message.edited,
            tts: message.tts,
            mention_everyone: message.mention_everyone,
            mentions: &message.mentions,
            mention_roles: &message.mention_roles,
            attachments: &message.attachments,
            embeds: &message.embeds,
            components: &message.components,
            pinned: message.pinned,
            flags: message.flags,
            reactions: reactions.collect(),
            nonce: message.nonce.as_ref(),
            message_reference: reference(message, channel),
            message_snapshots: message.forwarded.as_deref().map(|forwarded| [settings::snapshot(forwarded)]),
            poll: message.poll.as_ref().map(|poll| poll.json(viewer)),
            thread: None,
            referenced_message: None,
            interaction: note.filter(|note| note.kind == 2).map(
                |note| json!({ "id": note.id, "type": note.kind, "name": note.name, "user": &*note.user }),
            ),
            interaction_metadata: note.map(metadata_json),
            webhook_id: message.webhook_id.or(message.application_id),
            application_id: message.application_id,
            guild_id: None,
            member: None,
        }
    }
}

fn reference(message: &Message, channel: &Channel) -> Option<ReferenceJson> {
    let answered = || {
        let message_id = Some(message.reply_to?);
        Some(ReferenceJson { kind: 0, message_id, channel_id: channel.id, guild_id: channel.guild_id })
    };
    let pointed = message.origin.map(|origin| ReferenceJson {
        kind: origin.kind,
        message_id: origin.message,
        channel_id: origin.channel,
        guild_id: origin.guild,
    });
    pointed.or_else(answered)
}

/// A message's data about the interaction that it responds to, and about the one that opened the form, if there was a
/// form.
fn metadata_json(note: &InteractionMetadata) -> Value {
    let mut json = json!({
        "id": note.id, "type": note.kind, "user": &*note.user, "authorizing_integration_owners": note.owners.json(),
    });
    if let Some(message) = note.interacted {
        json["interacted_message_id"] = json!(message);
    }
    if let Some(before) = &note.opened_by {
        json["triggering_interaction_metadata"] = metadata_json(before);
    }
    json
}

/// A guild member on the wire.
#[derive(Serialize)]
pub(crate) struct MemberJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a User>,
    nick: Option<&'a str>,
    avatar: Option<&'a str>,
    banner: Option<&'a str>,
    roles: &'a [Snowflake],
    joined_at: Timestamp,
    premium_since: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deaf: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mute: Option<bool>,
    pending: bool,
    flags: u32,
    communication_disabled_until: Option<Timestamp>,
    /// Decimal permission bits in the channel, only in interactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<String>,
}

impl<'a> MemberJson<'a> {
    /// A member without the user, for use beside a user object.
    pub(crate) fn bare(member: &'a GuildMember) -> Self {
        Self {
            user: None,
            nick: member.nick.as_deref(),
            avatar: None,
            banner: None,
            roles: &member.roles,
            joined_at: member.joined_at,
            premium_since: None,
            deaf: Some(member.deaf),
            mute: Some(member.mute),
            pending: false,
            flags: member.flags,
            communication_disabled_until: member.timed_out_until,
            permissions: None,
        }
    }

    /// A member with the user.
    pub(crate) fn full(member: &'a GuildMember) -> Self {
        Self { user: Some(&member.user), ..Self::bare(member) }
    }

    /// A member in an interaction's resolved data, without voice fields.
    /// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-resolved-data-structure>
    pub(crate) fn resolved(member: &'a GuildMember, bits: u64) -> Self {
        Self { deaf: None, mute: None, ..Self::bare(member) }.permitted(bits)
    }

    /// Adds the member's permissions in the channel of an interaction.
    pub(crate) fn permitted(mut self, bits: u64) -> Self {
        self.permissions = Some(bits.to_string());
        self
    }
}

/// An application as users' clients show it with its commands and forms.
pub(crate) fn application_json(bot: &Bot) -> Value {
    json!({
        "id": bot.id(), "name": bot.user.username, "icon": bot.user.avatar, "description": "", "flags": 0,
        "bot": &*bot.user,
    })
}

/// A channel as `viewer` sees it: in a direct message, only the other participant.
pub(crate) fn channel_json_for(channel: &Channel, viewer: Snowflake) -> Value {
    let mut json = channel_json(channel);
    if channel.kind == ChannelKind::Dm {
        let others: Vec<&User> =
            channel.recipients.iter().map(|user| &**user).filter(|user| user.id != viewer).collect();
        json["recipients"] = json!(others);
    }
    json
}

/// A channel on the wire; Discord leaves `guild_id` out inside GUILD_CREATE, but nowhere else.
pub(crate) fn channel_json(channel: &Channel) -> Value {
    if channel.kind == ChannelKind::Dm {
        let people: Vec<&User> =
            channel.recipients.iter().map(|user| &**user).filter(|user| !user.bot).collect();
        return json!({
            "id": channel.id, "type": 1, "last_message_id": channel.last_message_id,
            "recipients": people, "flags": 0,
        });
    }
    if let Some(thread) = &channel.thread {
        return settings::thread(channel, thread);
    }
    let mut json = json!({
        "id": channel.id, "type": channel.kind as u8, "guild_id": channel.guild_id, "name": &*channel.name,
        "position": channel.position, "parent_id": channel.parent_id, "flags": channel.settings.flags,
        "permission_overwrites": channel.overwrites, "nsfw": channel.settings.nsfw,
    });
    settings::add(&mut json, channel);
    json
}

/// A guild channel as the gateway shows it to bots that may not view it: only its place in the list is true.
/// <https://discord.com/developers/docs/resources/channel#channel-object-obfuscated-channels>
pub(crate) fn obfuscated_channel_json(channel: &Channel) -> Value {
    let everyone = channel.guild_id.unwrap_or_default();
    let denied = Overwrite { id: everyone, kind: 0, allow: 0, deny: bits::VIEW_CHANNEL };
    let settings = ChannelSettings { flags: CHANNEL_OBFUSCATED, ..ChannelSettings::default() };
    channel_json(&Channel {
        guild_id: channel.guild_id,
        position: channel.position,
        parent_id: channel.parent_id,
        overwrites: vec![denied],
        settings,
        ..Channel::new(channel.id, channel.kind, "___hidden___", 0)
    })
}

/// The complete guild, as GUILD_CREATE sends it to the bot `viewer`. Guilds above `large_threshold` have only the bot's
/// own member; the others are requested with op 8.
pub(crate) fn guild_create_json(
    world: &World,
    guild: &Guild,
    viewer: Snowflake,
    large_threshold: usize,
    all_members: bool,
) -> Value {
    let mut json = guild_json(guild);
    let large = guild.members.len() > large_threshold;
    let members: Vec<MemberJson<'_>> = guild
        .members
        .values()
        .filter(|member| member.user.id == viewer || (all_members && !large))
        .map(MemberJson::full)
        .collect();
    let channels = guild.channels.iter().filter_map(|id| world.channels.get(id));
    json["joined_at"] = json!(guild.members.get(&viewer).map(|member| member.joined_at));
    json["large"] = json!(large);
    json["unavailable"] = json!(false);
    json["member_count"] = json!(guild.members.len());
    json["members"] = json!(members);
    let shown = |channel| match world.views(channel, viewer) {
        true => channel_json(channel),
        false => obfuscated_channel_json(channel),
    };
    json["channels"] = channels.map(shown).collect();
    let threads = guild.data.threads.iter().filter_map(|id| world.channels.get(id));
    let open = threads.filter(|thread| world.permissions_in(thread, viewer) & bits::VIEW_CHANNEL != 0);
    json["threads"] = open.map(|thread| thread_json_for(thread, viewer)).collect();
    let GuildData { voice, events, stages, .. } = &guild.data;
    json["voice_states"] = voice.iter().map(|(user, state)| voice_json(guild, *user, state, false)).collect();
    json["guild_scheduled_events"] = events.iter().map(|event| event.json(guild.id, false)).collect();
    json["stage_instances"] = stages.iter().map(|stage| stage.json(guild.id)).collect();
    for empty in ["presences", "soundboard_sounds"] {
        json[empty] = json!([]);
    }
    json
}
