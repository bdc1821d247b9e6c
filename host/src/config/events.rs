//! Which intents each gateway event needs, to warn about cogs that listen to events that never arrive.
//! It knows no cogs.
//!
//! <https://discord.com/developers/docs/events/gateway#list-of-intents>

use super::Intent;

/// Discord's events that need an intent, each with the intents of which any one suffices: usually one, or two where
/// guilds and direct messages have separate ones. All other events need none, or are unknown.
const NEEDS: &[(&[&str], &[Intent])] = &[
    (
        &[
            "GUILD_CREATE",
            "GUILD_UPDATE",
            "GUILD_DELETE",
            "GUILD_ROLE_CREATE",
            "GUILD_ROLE_UPDATE",
            "GUILD_ROLE_DELETE",
            "CHANNEL_CREATE",
            "CHANNEL_UPDATE",
            "CHANNEL_DELETE",
            "THREAD_CREATE",
            "THREAD_UPDATE",
            "THREAD_DELETE",
            "THREAD_LIST_SYNC",
            "THREAD_MEMBER_UPDATE",
            "STAGE_INSTANCE_CREATE",
            "STAGE_INSTANCE_UPDATE",
            "STAGE_INSTANCE_DELETE",
        ],
        &[Intent::Guilds],
    ),
    (&["CHANNEL_PINS_UPDATE"], &[Intent::Guilds, Intent::DirectMessages]),
    // With `guilds` alone only those about the bot itself arrive.
    (&["THREAD_MEMBERS_UPDATE"], &[Intent::Guilds, Intent::GuildMembers]),
    (&["GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"], &[Intent::GuildMembers]),
    (&["GUILD_AUDIT_LOG_ENTRY_CREATE", "GUILD_BAN_ADD", "GUILD_BAN_REMOVE"], &[Intent::GuildModeration]),
    (
        &[
            "GUILD_EMOJIS_UPDATE",
            "GUILD_STICKERS_UPDATE",
            "GUILD_SOUNDBOARD_SOUND_CREATE",
            "GUILD_SOUNDBOARD_SOUND_UPDATE",
            "GUILD_SOUNDBOARD_SOUND_DELETE",
            "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
        ],
        &[Intent::GuildExpressions],
    ),
    (
        &["GUILD_INTEGRATIONS_UPDATE", "INTEGRATION_CREATE", "INTEGRATION_UPDATE", "INTEGRATION_DELETE"],
        &[Intent::GuildIntegrations],
    ),
    (&["WEBHOOKS_UPDATE"], &[Intent::GuildWebhooks]),
    (&["INVITE_CREATE", "INVITE_DELETE"], &[Intent::GuildInvites]),
    (&["VOICE_CHANNEL_EFFECT_SEND", "VOICE_STATE_UPDATE"], &[Intent::GuildVoiceStates]),
    (&["PRESENCE_UPDATE"], &[Intent::GuildPresences]),
    (
        &["MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"],
        &[Intent::GuildMessages, Intent::DirectMessages],
    ),
    (&["MESSAGE_DELETE_BULK"], &[Intent::GuildMessages]),
    (
        &[
            "MESSAGE_REACTION_ADD",
            "MESSAGE_REACTION_REMOVE",
            "MESSAGE_REACTION_REMOVE_ALL",
            "MESSAGE_REACTION_REMOVE_EMOJI",
        ],
        &[Intent::GuildMessageReactions, Intent::DirectMessageReactions],
    ),
    (&["TYPING_START"], &[Intent::GuildMessageTyping, Intent::DirectMessageTyping]),
    (
        &[
            "GUILD_SCHEDULED_EVENT_CREATE",
            "GUILD_SCHEDULED_EVENT_UPDATE",
            "GUILD_SCHEDULED_EVENT_DELETE",
            "GUILD_SCHEDULED_EVENT_USER_ADD",
            "GUILD_SCHEDULED_EVENT_USER_REMOVE",
        ],
        &[Intent::GuildScheduledEvents],
    ),
    (
        &["AUTO_MODERATION_RULE_CREATE", "AUTO_MODERATION_RULE_UPDATE", "AUTO_MODERATION_RULE_DELETE"],
        &[Intent::AutoModerationConfiguration],
    ),
    (&["AUTO_MODERATION_ACTION_EXECUTION"], &[Intent::AutoModerationExecution]),
    (
        &["MESSAGE_POLL_VOTE_ADD", "MESSAGE_POLL_VOTE_REMOVE"],
        &[Intent::GuildMessagePolls, Intent::DirectMessagePolls],
    ),
];

/// The intents of which any one suffices for this event; empty if it needs none.
fn needed(event: &str) -> &'static [Intent] {
    NEEDS.iter().find(|(events, _)| events.contains(&event)).map_or(&[], |(_, intents)| intents)
}

/// Those of `events` that never arrive with these intents, each with the intents of which any one would suffice.
pub fn missing_intents<'e>(events: &'e [String], intents: &[Intent]) -> Vec<(&'e str, &'static [Intent])> {
    let missing = |event: &'e String| {
        let needed = needed(event);
        let comes = needed.is_empty() || needed.iter().any(|intent| intents.contains(intent));
        (!comes).then_some((event.as_str(), needed))
    };
    events.iter().filter_map(missing).collect()
}

/// What a bot without the message-content intent can still do, for the log; `None` if it has the intent.
/// <https://discord.com/developers/docs/events/gateway#message-content-intent>
pub fn without_message_content(intents: &[Intent], prefix: &str) -> Option<String> {
    if intents.contains(&Intent::MessageContent) {
        return None;
    }
    let mut places = Vec::new();
    if intents.contains(&Intent::GuildMessages) {
        places.push(format!("after a mention of the bot (`@bot {prefix}ping`)"));
    }
    if intents.contains(&Intent::DirectMessages) {
        places.push("in direct messages".to_owned());
    }
    let works = match places.is_empty() {
        true => "there are no prefix commands".to_owned(),
        false => format!("prefix commands work only {}", places.join(" and ")),
    };
    Some(format!(
        "`[discord] intents` has no `message_content`, so Discord leaves out the text of most messages: {works}; slash \
         commands work everywhere"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(events: &[&str]) -> Vec<String> {
        events.iter().map(|event| (*event).to_owned()).collect()
    }

    #[test]
    fn every_event_that_needs_an_intent_is_missing_without_and_comes_with_each_of_them() {
        let mut seen = std::collections::HashSet::new();
        for (events, intents) in NEEDS {
            let events = names(events);
            for event in &events {
                assert!(seen.insert(event.clone()), "{event} is there twice");
            }
            let missing = missing_intents(&events, &[Intent::MessageContent]);
            assert_eq!(missing.len(), events.len());
            assert!(missing.iter().all(|(_, needed)| needed == intents));
            for intent in *intents {
                assert_eq!(missing_intents(&events, &[*intent]), []);
            }
        }
    }

    #[test]
    fn every_intent_but_message_content_brings_some_event() {
        for (intent, name) in Intent::ALL {
            let brings = NEEDS.iter().any(|(_, intents)| intents.contains(&intent));
            assert_eq!(brings, intent != Intent::MessageContent, "{name}");
        }
    }

    #[test]
    fn what_needs_no_intent_or_is_not_known_is_not_missing() {
        let events =
            names(&["READY", "RESUMED", "INTERACTION_CREATE", "USER_UPDATE", "ENTITLEMENT_CREATE", "NEW"]);
        assert_eq!(missing_intents(&events, &[]), []);
    }

    #[test]
    fn what_still_works_without_message_content_is_said() {
        assert_eq!(without_message_content(&Intent::default_set(), "!"), None);
        let text = without_message_content(&[Intent::GuildMessages, Intent::DirectMessages], "?").unwrap();
        assert!(text.contains("(`@bot ?ping`) and in direct messages"), "{text}");
        let none = without_message_content(&[Intent::Guilds], "!").unwrap();
        assert!(none.contains("no prefix commands"), "{none}");
    }
}
