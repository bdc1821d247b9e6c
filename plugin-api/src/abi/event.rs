//! What crosses to a cog: events, command invocations, runs of scheduled tasks. Only the frequent events are typed;
//! every other event is its name and Discord's own JSON.
//!
//! The typed structs are frozen for a major version of the ABI. Fields that they lack are in `json`.

use std::{borrow::Cow, fmt};

use abi_stable::{
    StableAbi,
    std_types::{RArc, RNone, ROption, RSome, RString, RVec},
};

use serde::{Deserialize, Serialize};

use crate::{
    events,
    interactions::{COMPONENT, MODAL},
};

/// A Discord user, as events contain it.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug, Default)]
pub struct User {
    /// Snowflake.
    pub id: u64,
    /// Account name, unique on Discord.
    pub name: RString,
    /// The name that others see: the guild nickname, or else the global display name, or else `name`.
    pub display_name: RString,
    /// Whether the user is an application.
    pub bot: bool,
}

/// A file on a message.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct Attachment {
    /// Snowflake.
    pub id: u64,
    /// File name.
    pub name: RString,
    /// Where the file can be downloaded.
    pub url: RString,
    /// Size in bytes.
    pub size: u64,
}

/// `MESSAGE_CREATE`, or the message of a `MESSAGE_UPDATE`.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct Message {
    /// Snowflake.
    pub id: u64,
    /// The channel it was posted in.
    pub channel_id: u64,
    /// The guild; none in a direct message.
    pub guild_id: ROption<u64>,
    /// The author. All zero in a partial update without an author.
    pub author: User,
    /// The author's roles in the guild, by snowflake; empty in a direct message and for a webhook.
    pub roles: RVec<u64>,
    /// Text; empty without the `MESSAGE_CONTENT` intent.
    pub content: RString,
    /// Ids of the mentioned users.
    pub mentions: RVec<u64>,
    /// Files.
    pub attachments: RVec<Attachment>,
    /// The message that this one replies to.
    pub reply_to: ROption<u64>,
    /// Set if a webhook or an interaction's followup wrote the message.
    pub webhook_id: ROption<u64>,
    /// The event's `d`, exactly as Discord sent it.
    pub json: RString,
}

/// `MESSAGE_DELETE`.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct MessageDelete {
    /// Snowflake of the deleted message.
    pub id: u64,
    /// The channel it was in.
    pub channel_id: u64,
    /// The guild; none in a direct message.
    pub guild_id: ROption<u64>,
}

/// One option that a user filled in for a slash command, or one value of a field of a modal. A menu in which several
/// values were chosen appears once for each; one in which none was chosen does not appear.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct CommandOption {
    /// The option's name, or the component's `custom_id`.
    pub name: RString,
    /// Discord's option type (3 string, 4 integer, 5 boolean, 6 user, 7 channel, 8 role, 9 mentionable, 10 number, 11
    /// attachment).
    pub kind: u8,
    /// The value as text: strings as they are, numbers and booleans as in JSON, snowflakes as digits.
    pub value: RString,
    /// Whether the user is typing in it right now (autocomplete).
    pub focused: bool,
}

/// `INTERACTION_CREATE`.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone)]
pub struct Interaction {
    /// Snowflake.
    pub id: u64,
    /// The application that it is for.
    pub application_id: u64,
    /// Discord's interaction type (2 command, 3 component, 4 autocomplete, 5 modal submit).
    pub kind: u8,
    /// Allows answers for 15 minutes. A secret: never log it.
    pub token: RString,
    /// The channel.
    pub channel_id: ROption<u64>,
    /// The guild; none in a direct message.
    pub guild_id: ROption<u64>,
    /// The user.
    pub user: User,
    /// The user's roles in the guild, by snowflake; empty in a direct message.
    pub roles: RVec<u64>,
    /// The user's permissions in the channel, as Discord's bits; 0 in a direct message.
    pub permissions: u64,
    /// The bot's permissions in the channel, as Discord's bits.
    pub app_permissions: u64,
    /// Command name; with subcommands, their names joined with spaces. Empty for components and modals.
    pub command: RString,
    /// Discord's command type (1 slash, 2 user menu, 3 message menu); 0 for components and modals.
    pub command_kind: u8,
    /// The user or message whose menu the command was chosen from, by snowflake.
    pub target_id: ROption<u64>,
    /// `custom_id` of the component or modal; empty for commands.
    pub custom_id: RString,
    /// What the user filled in, subcommands resolved.
    pub options: RVec<CommandOption>,
    /// Values chosen in a select component.
    pub values: RVec<RString>,
    /// Whether the host has already acknowledged it, as no cog had answered in time: silently (type 6) if it [is on a
    /// message](Self::is_on_message), otherwise with "thinking …" (type 5), which the first answer fills in.
    pub deferred: bool,
    /// The event's `d`, exactly as Discord sent it. Contains the token.
    pub json: RString,
}

impl Interaction {
    /// Whether it came from a message of the bot: from a component, or from a form that a component opened. Such an
    /// interaction can be answered by editing that message.
    #[must_use]
    pub fn is_on_message(&self) -> bool {
        // Only a form leaves it open. Found without a parser, which no cog would need otherwise: in JSON no text
        // contains a bare quotation mark, so what looks like the key is the key.
        let is_object = |rest: &str| {
            rest.trim_start().strip_prefix(':').is_some_and(|value| value.trim_start().starts_with('{'))
        };
        match self.kind {
            COMPONENT => true,
            MODAL => self.json.split("\"message\"").skip(1).any(is_object),
            _ => false,
        }
    }
}

/// Omits the token, which allows answers in the bot's name, and the JSON, which contains it.
impl fmt::Debug for Interaction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Interaction")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("channel_id", &self.channel_id)
            .field("guild_id", &self.guild_id)
            .field("user", &self.user)
            .field("command", &self.command)
            .field("custom_id", &self.custom_id)
            .field("options", &self.options)
            .field("values", &self.values)
            .field("deferred", &self.deferred)
            .finish_non_exhaustive()
    }
}

/// Any other event.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct RawEvent {
    /// Discord's event name, such as `GUILD_MEMBER_ADD`.
    pub name: RString,
    /// The event's `d`, exactly as Discord sent it.
    pub json: RString,
}

/// An event for a cog that declared it. Shared: all cogs that get the event use the same data.
#[repr(C, u8)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub enum Event {
    /// `MESSAGE_CREATE`
    MessageCreate(RArc<Message>),
    /// `MESSAGE_UPDATE`
    MessageUpdate(RArc<Message>),
    /// `MESSAGE_DELETE`
    MessageDelete(RArc<MessageDelete>),
    /// `INTERACTION_CREATE`, except for a command of a cog
    Interaction(RArc<Interaction>),
    /// Everything else, and any of the above whose JSON is not as Discord documents it
    Other(RArc<RawEvent>),
}

impl Event {
    /// Discord's name of the event, such as `MESSAGE_CREATE`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::MessageCreate(_) => events::MESSAGE_CREATE,
            Self::MessageUpdate(_) => events::MESSAGE_UPDATE,
            Self::MessageDelete(_) => events::MESSAGE_DELETE,
            Self::Interaction(_) => events::INTERACTION_CREATE,
            Self::Other(raw) => &raw.name,
        }
    }

    /// Discord's JSON of the event.
    #[must_use]
    pub fn json(&self) -> Cow<'_, str> {
        match self {
            Self::MessageCreate(message) | Self::MessageUpdate(message) => message.json.as_str().into(),
            // This is all that Discord sends for it.
            Self::MessageDelete(deleted) => match (deleted.id, deleted.channel_id, deleted.guild_id) {
                (id, channel, RSome(guild)) => {
                    format!(r#"{{"id":"{id}","channel_id":"{channel}","guild_id":"{guild}"}}"#).into()
                }
                (id, channel, RNone) => format!(r#"{{"id":"{id}","channel_id":"{channel}"}}"#).into(),
            },
            Self::Interaction(interaction) => interaction.json.as_str().into(),
            Self::Other(raw) => raw.json.as_str().into(),
        }
    }
}

/// How a command was called.
#[repr(C, u8)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub enum Origin {
    /// `!name rest of the line`
    Prefix(RArc<Message>),
    /// `/name option:value`
    Slash(RArc<Interaction>),
}

/// A command of the cog that a user called.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct Invocation {
    /// The command's declared name.
    pub command: RString,
    /// The text after the name of a prefix command, trimmed; empty for slash commands.
    pub arguments: RString,
    /// The message or the interaction.
    pub origin: Origin,
}

/// A scheduled task is due.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct TaskRun {
    /// The name it was scheduled under.
    pub name: RString,
    /// When it was due, in milliseconds since the Unix epoch.
    pub due_unix_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{handles::fake, interactions::COMMAND};

    #[test]
    fn a_logged_interaction_does_not_contain_its_token() {
        let (token, json) = ("a-secret".into(), r#"{"token":"a-secret"}"#.into());
        let command = "ping".into();
        let interaction = Interaction { token, command, command_kind: 1, json, ..fake::interaction(COMMAND) };
        let shared = RArc::new(interaction);
        let command = "ping".into();
        let invocation =
            Invocation { command, arguments: RString::new(), origin: Origin::Slash(shared.clone()) };
        for text in [format!("{:?}", Event::Interaction(shared)), format!("{invocation:#?}")] {
            assert!(text.contains("ping") && !text.contains("a-secret"), "{text}");
        }
    }

    #[test]
    fn a_typed_event_has_its_name_and_json() {
        let deleted = MessageDelete { id: 1, channel_id: 2, guild_id: RSome(3) };
        let event = Event::MessageDelete(RArc::new(deleted));
        assert_eq!(event.name(), events::MESSAGE_DELETE);
        assert_eq!(event.json(), r#"{"id":"1","channel_id":"2","guild_id":"3"}"#);
    }
}
