//! The template of a guild: a snapshot of it, identified by a code.
//! <https://discord.com/developers/docs/resources/guild-template#guild-template-object>

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::User;
use crate::ids::Timestamp;

/// A snapshot of a guild, from which to create others.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct GuildTemplate {
    /// The code in its URL.
    pub code: String,
    /// Its title, 1 to 100 characters.
    pub name: String,
    /// The description, up to 120 characters.
    pub description: Option<String>,
    /// Who created it.
    pub creator: Arc<User>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the snapshot was taken.
    pub synced_at: Timestamp,
    /// The guild at that time, as Discord serialises it.
    pub snapshot: Value,
}
