//! What a Gearshift cog is written with: `#[cog]` and its attributes, the handles, and the stable ABI below them.
//!
#![doc = include_str!("guide.md")]
#![deny(unsafe_code)]
#![allow(
    non_local_definitions,
    non_camel_case_types,
    reason = "what the derives of abi_stable 0.11 expand to"
)]

// What the attributes write names this crate, in its own tests as well.
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

/// Names of Discord's gateway events, for [`Cog::EVENTS`]. Any other name of Discord's works as well.
pub mod events {
    /// A message was posted.
    pub const MESSAGE_CREATE: &str = "MESSAGE_CREATE";
    /// A message was edited.
    pub const MESSAGE_UPDATE: &str = "MESSAGE_UPDATE";
    /// A message was deleted.
    pub const MESSAGE_DELETE: &str = "MESSAGE_DELETE";
    /// A button, select, modal or autocomplete (commands reach the cog that declared them without this).
    pub const INTERACTION_CREATE: &str = "INTERACTION_CREATE";
    /// A shard is connected. A cog that is loaded later still gets it once for each shard, with the guilds of that moment.
    pub const READY: &str = "READY";
    /// A guild is there. A cog that is loaded later still gets each guild once, as it is at that moment, but without what
    /// grows with it: members, presences, voice states, threads, sounds, stages and scheduled events. One that an outage
    /// has taken away is followed by its `GUILD_DELETE` with `unavailable`.
    pub const GUILD_CREATE: &str = "GUILD_CREATE";
    /// Members that were asked for with `host.discord().request_members(…)`.
    pub const GUILD_MEMBERS_CHUNK: &str = "GUILD_MEMBERS_CHUNK";
    /// Somebody joined a guild.
    pub const GUILD_MEMBER_ADD: &str = "GUILD_MEMBER_ADD";
    /// Somebody left a guild.
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
    /// A user types into an option.
    pub const AUTOCOMPLETE: u8 = 4;
    /// A form was sent.
    pub const MODAL: u8 = 5;
    /// [`Discord::callback`](crate::handles::Discord::callback): a message.
    pub const CALLBACK_MESSAGE: u8 = 4;
    /// "Thinking …".
    pub const CALLBACK_DEFERRED: u8 = 5;
    /// "The message will be edited", which shows nothing.
    pub const CALLBACK_DEFERRED_UPDATE: u8 = 6;
    /// An edit of the message that the component is on.
    pub const CALLBACK_UPDATE: u8 = 7;
    /// Choices for an option.
    pub const CALLBACK_CHOICES: u8 = 8;
    /// A form.
    pub const CALLBACK_MODAL: u8 = 9;
    /// What the user of a command, a component or a form reads, and nobody else, when its handler failed and nothing has
    /// answered; unless the operator has set another `[discord] failure_text`.
    pub const FAILURE_TEXT: &str = "Something went wrong. Try again later.";
}

/// What a cog usually needs: `use gearshift_cog::prelude::*;`
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
        self, GuildBanAddition, GuildBanRemoval, GuildMemberAddition, GuildMemberRemoval, Linked as _,
        Shown as _, UserOrRole,
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
