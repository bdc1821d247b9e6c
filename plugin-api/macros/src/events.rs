//! Discord's events: the one table of which fields for filters each event has, for `#[listen]` and the SDK.
//! <https://discord.com/developers/docs/events/gateway-events#receive-events>

use proc_macro2::TokenStream;
use quote::quote;

use crate::nearest::nearest;

/// Which fields an event has where the filters look.
#[derive(Clone, Copy)]
struct EventFields {
    channel: bool,
    guild: bool,
    /// An account, including whether it is a bot.
    account: bool,
}

const NOTHING: EventFields = EventFields { channel: false, guild: false, account: false };
const GUILD: EventFields = EventFields { guild: true, ..NOTHING };
const CHANNEL: EventFields = EventFields { channel: true, ..GUILD };

/// Event names, by their fields. Optional fields count, such as the guild of a channel that can be outside of a guild.
const EVENTS: &[(EventFields, &[&str])] = &[
    (
        NOTHING,
        &[
            "RATE_LIMITED",
            "READY",
            "RESUMED",
            "SUBSCRIPTION_CREATE",
            "SUBSCRIPTION_DELETE",
            "SUBSCRIPTION_UPDATE",
            "USER_UPDATE",
        ],
    ),
    (
        GUILD,
        &[
            "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
            "AUTO_MODERATION_RULE_CREATE",
            "AUTO_MODERATION_RULE_DELETE",
            "AUTO_MODERATION_RULE_UPDATE",
            "ENTITLEMENT_CREATE",
            "ENTITLEMENT_DELETE",
            "ENTITLEMENT_UPDATE",
            "GUILD_AUDIT_LOG_ENTRY_CREATE",
            "GUILD_CREATE",
            "GUILD_DELETE",
            "GUILD_EMOJIS_UPDATE",
            "GUILD_INTEGRATIONS_UPDATE",
            "GUILD_MEMBERS_CHUNK",
            "GUILD_ROLE_CREATE",
            "GUILD_ROLE_DELETE",
            "GUILD_ROLE_UPDATE",
            "GUILD_SCHEDULED_EVENT_USER_ADD",
            "GUILD_SCHEDULED_EVENT_USER_REMOVE",
            "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
            "GUILD_SOUNDBOARD_SOUND_CREATE",
            "GUILD_SOUNDBOARD_SOUND_DELETE",
            "GUILD_SOUNDBOARD_SOUND_UPDATE",
            "GUILD_STICKERS_UPDATE",
            "GUILD_UPDATE",
            "INTEGRATION_DELETE",
            // Its user is only guaranteed to have an id.
            "PRESENCE_UPDATE",
            "SOUNDBOARD_SOUNDS",
            "THREAD_LIST_SYNC",
            "VOICE_SERVER_UPDATE",
        ],
    ),
    (
        EventFields { account: true, ..GUILD },
        &[
            "GUILD_BAN_ADD",
            "GUILD_BAN_REMOVE",
            "GUILD_MEMBER_ADD",
            "GUILD_MEMBER_REMOVE",
            "GUILD_MEMBER_UPDATE",
            "INTEGRATION_CREATE",
            "INTEGRATION_UPDATE",
        ],
    ),
    (
        CHANNEL,
        &[
            "AUTO_MODERATION_ACTION_EXECUTION",
            "CHANNEL_CREATE",
            "CHANNEL_DELETE",
            "CHANNEL_PINS_UPDATE",
            "CHANNEL_UPDATE",
            "GUILD_SCHEDULED_EVENT_CREATE",
            "GUILD_SCHEDULED_EVENT_DELETE",
            "GUILD_SCHEDULED_EVENT_UPDATE",
            "INVITE_CREATE",
            "INVITE_DELETE",
            "MESSAGE_DELETE",
            "MESSAGE_DELETE_BULK",
            "MESSAGE_POLL_VOTE_ADD",
            "MESSAGE_POLL_VOTE_REMOVE",
            "MESSAGE_REACTION_REMOVE",
            "MESSAGE_REACTION_REMOVE_ALL",
            "MESSAGE_REACTION_REMOVE_EMOJI",
            "STAGE_INSTANCE_CREATE",
            "STAGE_INSTANCE_DELETE",
            "STAGE_INSTANCE_UPDATE",
            "THREAD_CREATE",
            "THREAD_DELETE",
            "THREAD_MEMBERS_UPDATE",
            "THREAD_MEMBER_UPDATE",
            "THREAD_UPDATE",
            "VOICE_CHANNEL_EFFECT_SEND",
            "VOICE_CHANNEL_STATUS_UPDATE",
            "WEBHOOKS_UPDATE",
        ],
    ),
    (
        EventFields { account: true, ..CHANNEL },
        &[
            "INTERACTION_CREATE",
            "MESSAGE_CREATE",
            "MESSAGE_REACTION_ADD",
            "MESSAGE_UPDATE",
            "TYPING_START",
            "VOICE_STATE_UPDATE",
        ],
    ),
];

/// The name that was probably meant, if this one is unknown and similar. Other names pass, as Discord adds events.
pub(crate) fn slip(name: &str) -> Option<&'static str> {
    let known: Vec<&str> = EVENTS.iter().flat_map(|(_, names)| *names).copied().collect();
    if known.contains(&name) { None } else { nearest(name, &known) }
}

/// The table as a constant.
pub(crate) fn constants() -> TokenStream {
    let events = EVENTS.iter().flat_map(|(EventFields { channel, guild, account }, names)| {
        names.iter().map(
            move |name| quote!((#name, EventFields { channel: #channel, guild: #guild, account: #account })),
        )
    });
    quote! {
        /// Which fields for filters Discord's events have.
        const EVENTS: &[(&str, EventFields)] = &[#(#events),*];
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_event_is_listed_once_and_typos_are_recognized() {
        let names: Vec<&str> = EVENTS.iter().flat_map(|(_, names)| *names).copied().collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| slip(name).is_none()));
        assert_eq!(slip("MESSAGES_CREATE"), Some("MESSAGE_CREATE"));
        assert_eq!(slip("SOMETHING_NEW"), None);
    }
}
