//! Features that no simulated guild or application has, and that cannot be created: Discord's answers without them.

use serde_json::{Value, json};

use super::{Call, Reply};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::rules::access;
use crate::world::bits;

/// `GET /guilds/{guild}/stickers`
pub(super) fn of_guild(call: &Call, guild: Snowflake) -> Result<Reply> {
    seen(call, guild, 0, &json!([]))
}

/// `GET /guilds/{guild}/integrations`
/// <https://discord.com/developers/docs/resources/guild#get-guild-integrations>
pub(super) fn integrations(call: &Call, guild: Snowflake) -> Result<Reply> {
    // discordeno sends a key that Discord only had before version 8.
    call.ignore_query(&["include_applications"]);
    seen(call, guild, bits::MANAGE_GUILD, &json!([]))
}

/// `GET /guilds/{guild}/soundboard-sounds`
pub(super) fn sounds(call: &Call, guild: Snowflake) -> Result<Reply> {
    seen(call, guild, 0, &json!({ "items": [] }))
}

/// `GET /guilds/{guild}/soundboard-sounds/{sound}`
pub(super) fn sound(call: &Call, guild: Snowflake, _: Snowflake) -> Result<Reply> {
    of_guild(call, guild)?;
    Err(ApiError::new(404, 10097, "Unknown sound"))
}

/// `GET /guilds/{guild}/vanity-url`
pub(super) fn vanity_url(call: &Call, guild: Snowflake) -> Result<Reply> {
    seen(call, guild, bits::MANAGE_GUILD, &json!({ "code": null, "uses": 0 }))
}

/// `GET /guilds/{guild}/widget`
pub(super) fn widget(call: &Call, guild: Snowflake) -> Result<Reply> {
    seen(call, guild, bits::MANAGE_GUILD, &json!({ "enabled": false, "channel_id": null }))
}

/// `GET /guilds/{guild}/widget.json`, which needs no authorization.
/// <https://discord.com/developers/docs/resources/guild#get-guild-widget>
pub(super) fn widget_json(call: &Call, guild: Snowflake) -> Result<Reply> {
    call.shared.state().world.guild(guild).ok_or(ApiError::unknown_guild())?;
    Err(ApiError::new(403, 50004, "Widget Disabled"))
}

/// `GET /guilds/{guild}/welcome-screen`
pub(super) fn welcome_screen(call: &Call, guild: Snowflake) -> Result<Reply> {
    of_guild(call, guild)?;
    Err(ApiError::new(404, 10069, "Unknown Guild Welcome Screen"))
}

/// `GET /guilds/{guild}/stickers/{sticker}`
pub(super) fn guild_sticker(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    of_guild(call, guild)?;
    sticker(call, id)
}

/// `GET /stickers/{sticker}`
pub(super) fn sticker(call: &Call, _: Snowflake) -> Result<Reply> {
    call.caller()?;
    Err(ApiError::new(404, 10060, "Unknown sticker"))
}

/// `GET /sticker-packs`: Discord's own stickers do not exist here.
pub(super) fn sticker_packs(_: &Call) -> Result<Reply> {
    Ok(Reply::json(&json!({ "sticker_packs": [] })))
}

/// `GET /soundboard-default-sounds`: nor do its sounds.
pub(super) fn default_sounds(call: &Call) -> Result<Reply> {
    call.caller()?;
    Ok(Reply::json(&json!([])))
}

/// `GET /applications/{application}/skus` and `GET /applications/{application}/entitlements`: nothing is for sale here.
pub(super) fn of_application(call: &Call, application: Snowflake) -> Result<Reply> {
    call.ignore_query(&[
        "user_id",
        "sku_ids",
        "before",
        "after",
        "limit",
        "guild_id",
        "exclude_ended",
        "exclude_deleted",
        "only_active",
    ]);
    drop(call.own_application(application)?);
    Ok(Reply::json(&json!([])))
}

/// `GET /applications/{application}/entitlements/{entitlement}`
pub(super) fn entitlement(call: &Call, application: Snowflake, _: Snowflake) -> Result<Reply> {
    drop(call.own_application(application)?);
    Err(ApiError::new(404, 10029, "Unknown Entitlement"))
}

/// An answer for members with all `needed` permissions.
fn seen(call: &Call, guild: Snowflake, needed: u64, answer: &Value) -> Result<Reply> {
    let (caller, state) = call.open()?;
    access::guild_with(&state, caller, guild, needed)?;
    Ok(Reply::json(answer))
}
