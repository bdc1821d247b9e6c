//! Helpers for serenity's models only: lists, and names in them.

use ::serenity::model::id::GuildId;
use serde_json::value::RawValue;

pub(super) use crate::argument::given::{
    CHANNEL_SIGNS, ROLE_SIGNS, USER_SIGNS, ask, get, has_id, id, sent_along,
};
use crate::{ArgumentError, Context};

/// The objects of a JSON list.
pub(super) fn items(list: &str) -> Vec<&str> {
    let items: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
    items.into_iter().map(RawValue::get).collect()
}

/// The guild in which the command was called.
pub(super) fn guild(ctx: &Context, what: &str) -> Result<GuildId, ArgumentError> {
    let guild = ctx.guild_id().filter(|id| *id != 0).map(GuildId::new);
    guild.ok_or_else(|| ArgumentError::expected(format!("{what}; this is not a server")))
}

/// Whether a name is the text, ignoring case.
pub(super) fn is_named(name: &str, text: &str) -> bool {
    name.to_lowercase() == text.to_lowercase()
}
