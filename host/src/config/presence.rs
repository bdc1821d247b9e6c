//! The bot's presence: status and activity by name, as in the config file.
//!
//! <https://discord.com/developers/docs/events/gateway-events#update-presence>

use serde::{Deserialize, Serialize};

/// Status of the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "Discord's own names; the link above says what each shows")]
pub enum Status {
    #[default]
    Online,
    Idle,
    Dnd,
    Invisible,
}

/// The word before the text of the activity. The value is Discord's activity type.
/// <https://discord.com/developers/docs/events/gateway-events#activity-object-activity-types>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
#[expect(missing_docs, reason = "Discord's own names; the link above says what each shows")]
pub enum ActivityKind {
    Playing = 0,
    Listening = 2,
    Watching = 3,
    /// No word: only the text.
    #[default]
    Custom = 4,
    Competing = 5,
}
