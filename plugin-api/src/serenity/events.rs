//! Gateway events as serenity's structs, under the names that its `EventHandler` uses for them.

use std::borrow::Cow;

use ::serenity::model::{event as all, prelude as model};

use super::models::{complete, unreadable};
use crate::{FromEvent, Result, abi::Event, listen::unfit};

macro_rules! events {
    ($($type:ty = $name:literal;)+) => {
        $(impl FromEvent for $type {
            const NAME: &'static str = $name;

            // Not generic, so that it is compiled here and not in every cog.
            fn from_event(event: &Event) -> Result<Self> {
                let json = json_of(event, $name)?;
                let read = match serde_json::from_str(&json) {
                    // Only if reading it fails: most are complete, and a guild is large.
                    Err(error) if $name == "GUILD_CREATE" && error.is_data() => {
                        serde_json::from_str(&complete(&json, &GROWING))
                    }
                    read => read,
                };
                read.map_err(|error| unreadable($name, &error))
            }
        })+

        #[cfg(test)]
        const NAMES: &[(&str, &str)] = &[$((stringify!($type), $name)),+];
    };
}

events! {
    all::CommandPermissionsUpdateEvent = "APPLICATION_COMMAND_PERMISSIONS_UPDATE";
    all::AutoModRuleCreateEvent = "AUTO_MODERATION_RULE_CREATE";
    all::AutoModRuleUpdateEvent = "AUTO_MODERATION_RULE_UPDATE";
    all::AutoModRuleDeleteEvent = "AUTO_MODERATION_RULE_DELETE";
    all::AutoModActionExecutionEvent = "AUTO_MODERATION_ACTION_EXECUTION";
    all::ChannelCreateEvent = "CHANNEL_CREATE";
    all::ChannelDeleteEvent = "CHANNEL_DELETE";
    all::ChannelPinsUpdateEvent = "CHANNEL_PINS_UPDATE";
    all::ChannelUpdateEvent = "CHANNEL_UPDATE";
    all::GuildAuditLogEntryCreateEvent = "GUILD_AUDIT_LOG_ENTRY_CREATE";
    all::GuildBanAddEvent = "GUILD_BAN_ADD";
    all::GuildBanRemoveEvent = "GUILD_BAN_REMOVE";
    all::GuildCreateEvent = "GUILD_CREATE";
    all::GuildDeleteEvent = "GUILD_DELETE";
    all::GuildEmojisUpdateEvent = "GUILD_EMOJIS_UPDATE";
    all::GuildIntegrationsUpdateEvent = "GUILD_INTEGRATIONS_UPDATE";
    all::GuildMemberAddEvent = "GUILD_MEMBER_ADD";
    all::GuildMemberRemoveEvent = "GUILD_MEMBER_REMOVE";
    all::GuildMemberUpdateEvent = "GUILD_MEMBER_UPDATE";
    all::GuildMembersChunkEvent = "GUILD_MEMBERS_CHUNK";
    all::GuildRoleCreateEvent = "GUILD_ROLE_CREATE";
    all::GuildRoleDeleteEvent = "GUILD_ROLE_DELETE";
    all::GuildRoleUpdateEvent = "GUILD_ROLE_UPDATE";
    all::GuildStickersUpdateEvent = "GUILD_STICKERS_UPDATE";
    all::GuildUpdateEvent = "GUILD_UPDATE";
    all::InviteCreateEvent = "INVITE_CREATE";
    all::InviteDeleteEvent = "INVITE_DELETE";
    all::MessageCreateEvent = "MESSAGE_CREATE";
    all::MessageDeleteEvent = "MESSAGE_DELETE";
    all::MessageDeleteBulkEvent = "MESSAGE_DELETE_BULK";
    all::MessageUpdateEvent = "MESSAGE_UPDATE";
    all::PresenceUpdateEvent = "PRESENCE_UPDATE";
    all::ReactionAddEvent = "MESSAGE_REACTION_ADD";
    all::ReactionRemoveEvent = "MESSAGE_REACTION_REMOVE";
    all::ReactionRemoveAllEvent = "MESSAGE_REACTION_REMOVE_ALL";
    all::ReactionRemoveEmojiEvent = "MESSAGE_REACTION_REMOVE_EMOJI";
    all::ReadyEvent = "READY";
    all::ResumedEvent = "RESUMED";
    all::SoundboardSoundsEvent = "SOUNDBOARD_SOUNDS";
    all::SoundboardSoundCreateEvent = "GUILD_SOUNDBOARD_SOUND_CREATE";
    all::SoundboardSoundUpdateEvent = "GUILD_SOUNDBOARD_SOUND_UPDATE";
    all::SoundboardSoundsUpdateEvent = "GUILD_SOUNDBOARD_SOUNDS_UPDATE";
    all::SoundboardSoundDeleteEvent = "GUILD_SOUNDBOARD_SOUND_DELETE";
    all::TypingStartEvent = "TYPING_START";
    all::UserUpdateEvent = "USER_UPDATE";
    all::VoiceStateUpdateEvent = "VOICE_STATE_UPDATE";
    all::VoiceServerUpdateEvent = "VOICE_SERVER_UPDATE";
    all::VoiceChannelStatusUpdateEvent = "VOICE_CHANNEL_STATUS_UPDATE";
    all::WebhookUpdateEvent = "WEBHOOKS_UPDATE";
    all::InteractionCreateEvent = "INTERACTION_CREATE";
    all::IntegrationCreateEvent = "INTEGRATION_CREATE";
    all::IntegrationUpdateEvent = "INTEGRATION_UPDATE";
    all::IntegrationDeleteEvent = "INTEGRATION_DELETE";
    all::StageInstanceCreateEvent = "STAGE_INSTANCE_CREATE";
    all::StageInstanceUpdateEvent = "STAGE_INSTANCE_UPDATE";
    all::StageInstanceDeleteEvent = "STAGE_INSTANCE_DELETE";
    all::ThreadCreateEvent = "THREAD_CREATE";
    all::ThreadUpdateEvent = "THREAD_UPDATE";
    all::ThreadDeleteEvent = "THREAD_DELETE";
    all::ThreadListSyncEvent = "THREAD_LIST_SYNC";
    all::ThreadMemberUpdateEvent = "THREAD_MEMBER_UPDATE";
    all::ThreadMembersUpdateEvent = "THREAD_MEMBERS_UPDATE";
    all::GuildScheduledEventCreateEvent = "GUILD_SCHEDULED_EVENT_CREATE";
    all::GuildScheduledEventUpdateEvent = "GUILD_SCHEDULED_EVENT_UPDATE";
    all::GuildScheduledEventDeleteEvent = "GUILD_SCHEDULED_EVENT_DELETE";
    all::GuildScheduledEventUserAddEvent = "GUILD_SCHEDULED_EVENT_USER_ADD";
    all::GuildScheduledEventUserRemoveEvent = "GUILD_SCHEDULED_EVENT_USER_REMOVE";
    all::EntitlementCreateEvent = "ENTITLEMENT_CREATE";
    all::EntitlementUpdateEvent = "ENTITLEMENT_UPDATE";
    all::EntitlementDeleteEvent = "ENTITLEMENT_DELETE";
    all::MessagePollVoteAddEvent = "MESSAGE_POLL_VOTE_ADD";
    all::MessagePollVoteRemoveEvent = "MESSAGE_POLL_VOTE_REMOVE";
}

/// Models that are the whole of an event, so that no field is in between: `message.content`, not
/// `event.message.content`.
macro_rules! models {
    ($($model:ident = $event:ident.$field:ident;)+) => {
        $(impl FromEvent for model::$model {
            const NAME: &'static str = all::$event::NAME;

            fn from_event(event: &Event) -> Result<Self> {
                all::$event::from_event(event).map(|event| event.$field)
            }
        })+
    };
}

models! {
    Guild = GuildCreateEvent.guild;
    Interaction = InteractionCreateEvent.interaction;
    Member = GuildMemberAddEvent.member;
    Message = MessageCreateEvent.message;
    Presence = PresenceUpdateEvent.presence;
    Reaction = ReactionAddEvent.reaction;
    Ready = ReadyEvent.ready;
    VoiceState = VoiceStateUpdateEvent.voice_state;
}

macro_rules! aliases {
    ($($alias:ident = $type:ty;)+) => {
        $(
            #[doc = concat!("The event that serenity's `EventHandler` calls so: [`", stringify!($type), "`].")]
            pub type $alias = $type;
        )+
    };
}

aliases! {
    GuildBanAddition = all::GuildBanAddEvent;
    GuildBanRemoval = all::GuildBanRemoveEvent;
    GuildMemberAddition = model::Member;
    GuildMemberRemoval = all::GuildMemberRemoveEvent;
    Resume = all::ResumedEvent;
}

/// The JSON of an event of this name.
fn json_of<'a>(event: &'a Event, name: &str) -> Result<Cow<'a, str>> {
    if event.name() != name {
        return Err(unfit(event, name));
    }
    Ok(event.json())
}

/// The fields that a guild lacks if a cog gets it because the cog was loaded late
/// ([`GUILD_CREATE`](crate::events::GUILD_CREATE)), although serenity expects them.
const GROWING: [(&str, &str); 6] = [
    ("members", "[]"),
    ("presences", "[]"),
    ("voice_states", "[]"),
    ("threads", "[]"),
    ("stage_instances", "[]"),
    ("guild_scheduled_events", "[]"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use abi_stable::std_types::{RArc, RSome};

    use super::*;
    use crate::abi::{MessageDelete, RawEvent};

    fn raw(name: &str, json: &str) -> Event {
        Event::Other(RArc::new(RawEvent { name: name.into(), json: json.into() }))
    }

    const GUILD: &str = r#"{"id":"1","name":"Harbour","icon":null,"splash":null,"discovery_splash":null,"owner_id":"7",
        "afk_channel_id":null,"afk_timeout":300,"verification_level":0,"default_message_notifications":0,
        "explicit_content_filter":0,"roles":[],"emojis":[],"features":[],"mfa_level":0,"application_id":null,
        "system_channel_id":null,"system_channel_flags":0,"rules_channel_id":null,"vanity_url_code":null,
        "description":null,"banner":null,"premium_tier":0,"preferred_locale":"en-US",
        "public_updates_channel_id":null,"nsfw_level":0,"stickers":[],"premium_progress_bar_enabled":false,
        "joined_at":"2024-05-01T00:00:00Z","large":false,"member_count":2,
        "channels":[{"id":"2","type":0,"name":"general","position":0,"permission_overwrites":[]}]}"#;

    #[test]
    fn each_event_has_a_name_of_its_own() {
        let names: HashSet<&str> = NAMES.iter().map(|(_, name)| *name).collect();
        assert_eq!(names.len(), NAMES.len());
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        assert!(names.into_iter().all(is_name));
    }

    #[test]
    fn a_guild_that_arrives_late_and_without_members_is_read() {
        let guild = model::Guild::from_event(&raw("GUILD_CREATE", GUILD)).expect("a guild");
        assert!(guild.members.is_empty() && guild.threads.is_empty());
        assert_eq!(guild.channels[&2.into()].guild_id, 1);
        let whole = complete(GUILD, &GROWING);
        let typed = model::Guild::from_event(&raw("GUILD_CREATE", &whole)).expect("a guild");
        assert_eq!(typed.id, guild.id);
        let error = model::Guild::from_event(&raw("GUILD_CREATE", r#"{"id":"1"}"#)).expect_err("no guild");
        assert!(error.to_string().contains("missing field"), "{error}");
    }

    #[test]
    fn a_joined_member_is_read() {
        let json = r#"{"guild_id":"1","user":{"id":"7","username":"ann"},"roles":[],"deaf":false,"mute":false,
            "joined_at":"2024-05-01T00:00:00Z","flags":0}"#;
        assert_eq!(GuildMemberAddition::NAME, "GUILD_MEMBER_ADD");
        let member = GuildMemberAddition::from_event(&raw("GUILD_MEMBER_ADD", json)).expect("a member");
        assert_eq!((member.user.name.as_str(), member.to_string()), ("ann", "<@7>".to_owned()));
        let error = GuildMemberAddition::from_event(&raw("GUILD_BAN_ADD", json)).expect_err("another event");
        assert_eq!(error.to_string(), "GUILD_BAN_ADD cannot be read as GUILD_MEMBER_ADD");
    }

    #[test]
    fn an_event_passed_as_a_struct_is_read_too() {
        let deleted = MessageDelete { id: 3, channel_id: 2, guild_id: RSome(1) };
        let event = all::MessageDeleteEvent::from_event(&Event::MessageDelete(RArc::new(deleted)))
            .expect("it is read");
        assert_eq!((event.message_id.get(), event.channel_id.get()), (3, 2));
    }
}
