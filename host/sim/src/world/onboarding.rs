//! The onboarding of a guild: the questions for new members, and what their answers get them.
//! <https://discord.com/developers/docs/resources/guild#guild-onboarding-object>

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Emoji, Guild};
use crate::ids::Snowflake;

/// The onboarding of new members.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Onboarding {
    /// Questions, in the order they are asked.
    pub prompts: Vec<OnboardingPrompt>,
    /// Channels that every member is opted into.
    pub default_channels: Vec<Snowflake>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Which channels count towards its requirements: 0 default channels, 1 also the channels of its questions.
    pub mode: u64,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct OnboardingPrompt {
    /// Its id.
    pub id: Snowflake,
    /// 0 multiple choice, 1 a dropdown.
    pub kind: u64,
    /// The question.
    pub title: String,
    /// The possible answers.
    pub options: Vec<OnboardingOption>,
    /// Whether only one answer can be chosen.
    pub single_select: bool,
    /// Whether it must be answered to complete the onboarding.
    pub required: bool,
    /// Whether new members are asked; other members find it under Channels & Roles.
    pub in_onboarding: bool,
}

/// An answer to a question.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct OnboardingOption {
    /// Its id.
    pub id: Snowflake,
    /// The title.
    pub title: String,
    /// The text below the title.
    pub description: String,
    /// The emoji in front of it.
    pub emoji: Option<Emoji>,
    /// Whether the emoji is animated.
    pub animated: bool,
    /// Roles that the member gets.
    pub roles: Vec<Snowflake>,
    /// Channels that the member is opted into.
    pub channels: Vec<Snowflake>,
}

impl Onboarding {
    /// As Discord serialises it.
    pub(crate) fn json(&self, guild: Snowflake) -> Value {
        let mut json = self.json_without_prompts(guild);
        json["prompts"] = self.prompts.iter().map(OnboardingPrompt::json).collect();
        json
    }

    /// For the audit log, where questions have entries of their own.
    pub(crate) fn json_without_prompts(&self, guild: Snowflake) -> Value {
        json!({
            "guild_id": guild, "default_channel_ids": self.default_channels, "enabled": self.enabled,
            "mode": self.mode,
        })
    }

    /// The question with this id.
    pub fn prompt(&self, id: Snowflake) -> Option<&OnboardingPrompt> {
        self.prompts.iter().find(|prompt| prompt.id == id)
    }
}

impl OnboardingPrompt {
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id, "type": self.kind, "title": self.title, "single_select": self.single_select,
            "required": self.required, "in_onboarding": self.in_onboarding,
            "options": self.options.iter().map(OnboardingOption::json).collect::<Vec<_>>(),
        })
    }
}

impl OnboardingOption {
    fn json(&self) -> Value {
        let emoji = self.emoji.as_ref();
        json!({
            "id": self.id, "title": self.title, "description": self.description, "role_ids": self.roles,
            "channel_ids": self.channels,
            "emoji": {
                "id": emoji.and_then(|emoji| emoji.id), "name": emoji.map(|emoji| &emoji.name),
                "animated": self.animated,
            },
        })
    }
}

impl Guild {
    /// The guild's onboarding; empty until it is set up.
    pub fn onboarding(&self) -> Onboarding {
        self.data.onboarding.clone().unwrap_or_default()
    }
}
