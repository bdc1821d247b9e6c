//! The template of a guild: a snapshot of it under a code.
//! <https://discord.com/developers/docs/resources/guild-template#guild-template-object>

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::User;
use crate::ids::Timestamp;

/// A snapshot of a guild, to make others like it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct GuildTemplate {
    /// What names it in addresses.
    pub code: String,
    /// Its title, 1 to 100 characters.
    pub name: String,
    /// What it is for, up to 120 characters.
    pub description: Option<String>,
    /// Who made it.
    pub creator: Arc<User>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its snapshot was taken.
    pub synced_at: Timestamp,
    /// The guild as it was then, as Discord writes it.
    pub snapshot: Value,
}
