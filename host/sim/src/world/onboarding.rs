//! The onboarding of a guild: what its new members are asked, and what they get by their answers.
//! <https://discord.com/developers/docs/resources/guild#guild-onboarding-object>

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Emoji, Guild};
use crate::ids::Snowflake;

/// How new members of a guild begin.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Onboarding {
    /// Questions, in the order in which they are asked.
    pub prompts: Vec<OnboardingPrompt>,
    /// Channels that every member opts into.
    pub default_channels: Vec<Snowflake>,
    /// Whether new members go through it.
    pub enabled: bool,
    /// What counts for its requirements: 0 default channels, 1 the channels of its questions, too.
    pub mode: u64,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct OnboardingPrompt {
    /// Its id.
    pub id: Snowflake,
    /// 0 multiple choice, 1 a dropdown.
    pub kind: u64,
    /// What is asked.
    pub title: String,
    /// What can be answered.
    pub options: Vec<OnboardingOption>,
    /// Whether it takes one answer only.
    pub single_select: bool,
    /// Whether onboarding is not completed without an answer.
    pub required: bool,
    /// Whether new members are asked; others find it under Channels & Roles.
    pub in_onboarding: bool,
}

/// An answer to a question.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct OnboardingOption {
    /// Its id.
    pub id: Snowflake,
    /// What it says.
    pub title: String,
    /// What it says below.
    pub description: String,
    /// The emoji in front of it.
    pub emoji: Option<Emoji>,
    /// Whether that moves.
    pub animated: bool,
    /// Roles that it gives.
    pub roles: Vec<Snowflake>,
    /// Channels that it opts into.
    pub channels: Vec<Snowflake>,
}

impl Onboarding {
    /// As Discord writes it.
    pub(crate) fn json(&self, guild: Snowflake) -> Value {
        let mut json = self.json_without_prompts(guild);
        json["prompts"] = self.prompts.iter().map(OnboardingPrompt::json).collect();
        json
    }

    /// Questions have entries of their own in the audit log.
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
    /// Its onboarding; as long as nobody set one up, an empty one.
    pub fn onboarding(&self) -> Onboarding {
        self.belongings.onboarding.clone().unwrap_or_default()
    }
}
