//! Gateway intents by name, as the operator lists them and Discord defines them.
//! This does not decide whether Discord grants them; Discord closes with 4014 if it does not.
//!
//! <https://discord.com/developers/docs/events/gateway#list-of-intents>

use serde::de::{Deserialize, Deserializer, Error};

use super::parsed_text;

/// One intent. The value is its bit number in the `intents` field of IDENTIFY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "Discord's own names; the link above says what each brings")]
pub enum Intent {
    Guilds = 0,
    GuildMembers = 1,
    GuildModeration = 2,
    GuildExpressions = 3,
    GuildIntegrations = 4,
    GuildWebhooks = 5,
    GuildInvites = 6,
    GuildVoiceStates = 7,
    GuildPresences = 8,
    GuildMessages = 9,
    GuildMessageReactions = 10,
    GuildMessageTyping = 11,
    DirectMessages = 12,
    DirectMessageReactions = 13,
    DirectMessageTyping = 14,
    MessageContent = 15,
    GuildScheduledEvents = 16,
    AutoModerationConfiguration = 20,
    AutoModerationExecution = 21,
    GuildMessagePolls = 24,
    DirectMessagePolls = 25,
}

impl Intent {
    /// Every intent with its name in the config.
    pub const ALL: [(Intent, &'static str); 21] = [
        (Intent::Guilds, "guilds"),
        (Intent::GuildMembers, "guild_members"),
        (Intent::GuildModeration, "guild_moderation"),
        (Intent::GuildExpressions, "guild_expressions"),
        (Intent::GuildIntegrations, "guild_integrations"),
        (Intent::GuildWebhooks, "guild_webhooks"),
        (Intent::GuildInvites, "guild_invites"),
        (Intent::GuildVoiceStates, "guild_voice_states"),
        (Intent::GuildPresences, "guild_presences"),
        (Intent::GuildMessages, "guild_messages"),
        (Intent::GuildMessageReactions, "guild_message_reactions"),
        (Intent::GuildMessageTyping, "guild_message_typing"),
        (Intent::DirectMessages, "direct_messages"),
        (Intent::DirectMessageReactions, "direct_message_reactions"),
        (Intent::DirectMessageTyping, "direct_message_typing"),
        (Intent::MessageContent, "message_content"),
        (Intent::GuildScheduledEvents, "guild_scheduled_events"),
        (Intent::AutoModerationConfiguration, "auto_moderation_configuration"),
        (Intent::AutoModerationExecution, "auto_moderation_execution"),
        (Intent::GuildMessagePolls, "guild_message_polls"),
        (Intent::DirectMessagePolls, "direct_message_polls"),
    ];

    /// Its name in the config.
    pub fn name(self) -> &'static str {
        Intent::ALL.iter().find(|(intent, _)| *intent == self).map_or("", |(_, name)| name)
    }

    /// Whether it must be switched on for the application in Discord's developer portal.
    pub fn is_privileged(self) -> bool {
        matches!(self, Intent::GuildMembers | Intent::GuildPresences | Intent::MessageContent)
    }

    /// All unprivileged intents, and the message content, without which prefix commands do not work.
    pub fn default_set() -> Vec<Intent> {
        let wanted = |intent: &Intent| !intent.is_privileged() || *intent == Intent::MessageContent;
        Intent::ALL.iter().map(|(intent, _)| *intent).filter(wanted).collect()
    }
}

/// The `intents` value of IDENTIFY.
pub fn bits(intents: &[Intent]) -> u64 {
    intents.iter().fold(0, |bits, intent| bits | 1 << (*intent as u8))
}

impl<'de> Deserialize<'de> for Intent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Intent, D::Error> {
        let name = parsed_text::deserialize(deserializer, "the name of an intent, such as \"guilds\"")?;
        if let Some((intent, _)) = Intent::ALL.iter().find(|(_, known)| *known == name) {
            return Ok(*intent);
        }
        let hint = super::keys::hint(&name, Intent::ALL.iter().map(|(_, known)| *known));
        Err(D::Error::custom(format_args!("unknown intent `{name}`; {hint}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_set_leaves_out_members_and_presences_only() {
        let bits = bits(&Intent::default_set());
        assert_eq!(bits & (1 << 1), 0);
        assert_eq!(bits & (1 << 8), 0);
        assert_ne!(bits & (1 << 15), 0);
        assert_eq!(bits.count_ones(), 19);
    }
}
