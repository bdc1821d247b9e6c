//! The SDK for Gearshift cogs: `#[cog]` and its attributes, the handles, and the stable ABI below them.
//!
#![doc = include_str!("guide.md")]
#![deny(unsafe_code)]
#![allow(
    non_local_definitions,
    non_camel_case_types,
    reason = "what the derives of abi_stable 0.11 expand to"
)]

// The code that the attributes generate names this crate, also in its own tests.
extern crate self as gearshift_cog;

pub mod abi;
pub mod manifest;

mod argument;
mod check;
mod cog;
mod component_types;
mod context;
pub mod discord_codes;
mod dispatch;
mod error;
mod export;
mod from_discord;
pub mod handles;
mod json;
mod listen;
mod message;
mod modal;
mod parts;
pub mod permissions;
#[cfg(feature = "serenity")]
pub mod serenity;
mod settings;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(any(test, feature = "times"))]
pub mod times;
#[cfg(feature = "tokio")]
pub mod tokio;
mod wait;

pub use gearshift_cog_macros::{
    Choice, Modal, button, check, cog, command, cron, daily, every, listen, message_menu, migrate, modal,
    on_error, select, setup, task, teardown, user_menu,
};

pub use self::argument::{Argument, ArgumentError, Arguments, Given, Takes, ids};
pub use self::check::Verdict;
pub use self::cog::{Cog, State, Suggestion};
pub use self::context::{Context, Posted};
pub use self::error::{Error, Result};
pub use self::from_discord::{FromDiscord, Json};
pub use self::handles::{Application, Host, Members, Presence, Shard, Status};
pub use self::json::ToJson;
pub use self::listen::{FromEvent, Listeners, event_name, event_read_as};
pub use self::message::{Long, Mention, NewMessage, Sent};
pub use self::modal::{Field, Form, Modal};
pub use self::parts::Parts;
pub use self::settings::{SettingsError, SettingsType};
pub use self::wait::{Components, Events, Press};

#[doc(hidden)]
pub use self::argument::chosen as __chosen;
#[doc(hidden)]
pub use self::export::glue as __glue;
#[doc(hidden)]
pub use gearshift_cog_macros::crate_type as __crate_type;

/// Names of Discord's gateway events, for [`Cog::EVENTS`]. The name of any other Discord event works as well.
pub mod events {
    /// A message was posted.
    pub const MESSAGE_CREATE: &str = "MESSAGE_CREATE";
    /// A message was edited.
    pub const MESSAGE_UPDATE: &str = "MESSAGE_UPDATE";
    /// A message was deleted.
    pub const MESSAGE_DELETE: &str = "MESSAGE_DELETE";
    /// A button, select, modal or autocomplete. Commands reach the cog that declares them without this.
    pub const INTERACTION_CREATE: &str = "INTERACTION_CREATE";
    /// A shard has connected. A cog that is loaded later still gets the event once per shard, with the guilds at that
    /// time.
    pub const READY: &str = "READY";
    /// A guild is available. A cog that is loaded later still gets the event once per guild, with the guild's state at
    /// that time, but without the lists that grow with the guild: members, presences, voice states, threads, sounds,
    /// stages and scheduled events. For a guild that is down because of an outage, its `GUILD_DELETE` with
    /// `unavailable` follows.
    pub const GUILD_CREATE: &str = "GUILD_CREATE";
    /// Members that were requested with `host.discord().request_members(…)`.
    pub const GUILD_MEMBERS_CHUNK: &str = "GUILD_MEMBERS_CHUNK";
    /// A user joined a guild.
    pub const GUILD_MEMBER_ADD: &str = "GUILD_MEMBER_ADD";
    /// A user left a guild.
    pub const GUILD_MEMBER_REMOVE: &str = "GUILD_MEMBER_REMOVE";
    /// A reaction was added.
    pub const MESSAGE_REACTION_ADD: &str = "MESSAGE_REACTION_ADD";
    /// A reaction was removed.
    pub const MESSAGE_REACTION_REMOVE: &str = "MESSAGE_REACTION_REMOVE";
}

/// Discord's numbers for interactions and their callbacks.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding>
pub mod interactions {
    /// [`Interaction::kind`](crate::abi::Interaction::kind): a command, typed with a slash or chosen from a menu.
    pub const COMMAND: u8 = 2;
    /// A button or a select.
    pub const COMPONENT: u8 = 3;
    /// A user is typing the value of an option.
    pub const AUTOCOMPLETE: u8 = 4;
    /// A form was submitted.
    pub const MODAL: u8 = 5;
    /// [`Discord::callback`](crate::handles::Discord::callback): a message.
    pub const CALLBACK_MESSAGE: u8 = 4;
    /// "Thinking …".
    pub const CALLBACK_DEFERRED: u8 = 5;
    /// Edits the component's message later; until then, nothing is shown.
    pub const CALLBACK_DEFERRED_UPDATE: u8 = 6;
    /// An edit of the message that the component is on.
    pub const CALLBACK_UPDATE: u8 = 7;
    /// Choices for an option.
    pub const CALLBACK_CHOICES: u8 = 8;
    /// A form.
    pub const CALLBACK_MODAL: u8 = 9;
    /// What the user of a command, a component or a form sees, ephemerally, when its handler failed without an answer,
    /// unless the operator has set `[discord] failure_text`.
    pub const FAILURE_TEXT: &str = "Something went wrong. Try again later.";
}

/// What most cogs need: `use gearshift_cog::prelude::*;`
pub mod prelude {
    pub use crate::abi::{Event, Interaction, TaskRun};
    pub use crate::manifest::{Command, Opt};
    pub use crate::{
        Choice, Modal, button, check, cog, command, cron, daily, every, listen, message_menu, migrate, modal,
        on_error, select, setup, task, teardown, user_menu,
    };
    pub use crate::{
        Cog, Context, Error, Host, Long, Mention, NewMessage, Result, State, Suggestion, events, interactions,
    };
    pub use tracing;

    #[cfg(feature = "serenity")]
    #[doc(no_inline)]
    pub use crate::serenity::{
        self, GuildBanAddition, GuildBanRemoval, GuildMemberAddition, GuildMemberRemoval, MessageExt as _,
        UserExt as _, UserOrRole,
        builder::{
            CreateActionRow, CreateAllowedMentions, CreateAttachment, CreateButton, CreateEmbed,
            CreateEmbedAuthor, CreateEmbedFooter, CreateInputText, CreateInteractionResponseFollowup,
            CreateInteractionResponseMessage, CreateMessage, CreateModal, CreatePoll, CreatePollAnswer,
            CreateSelectMenu, CreateSelectMenuKind, CreateSelectMenuOption, EditAttachments,
            EditInteractionResponse, EditMessage,
        },
        model::{
            Color, Colour, Permissions, Timestamp,
            application::{ButtonStyle, InputTextStyle},
            channel::{
                Attachment, Channel, ChannelType, GuildChannel, Message, MessageFlags, PartialChannel,
                Reaction, ReactionType,
            },
            event::{
                ChannelCreateEvent, ChannelDeleteEvent, ChannelUpdateEvent, GuildDeleteEvent,
                GuildMemberUpdateEvent, MessageDeleteBulkEvent, MessageDeleteEvent, MessageUpdateEvent,
                ReactionRemoveEvent, ThreadCreateEvent, TypingStartEvent,
            },
            gateway::Ready,
            guild::{Guild, Member, PartialGuild, Role},
            id::{ApplicationId, AttachmentId, ChannelId, EmojiId, GuildId, MessageId, RoleId, UserId},
            mention::Mentionable,
            user::User,
            voice::VoiceState,
        },
    };
}
