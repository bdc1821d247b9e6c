//! Custom emojis over REST, of guilds and of applications: list, add, rename, remove.
//! It keeps no picture.

use serde_json::json;

use super::guilds::settings::is_picture;
use super::{Call, Reply};
use crate::form::{ApiError, Fields, Result};
use crate::ids::Snowflake;
use crate::rules::access;
use crate::rules::emojis::{self, NewEmoji};
use crate::world::GuildEmoji;

/// How a GIF begins in base64.
const GIF: &str = ";base64,R0lG";
/// A picture may have so many bytes.
const MAX_IMAGE_BYTES: usize = 256 * 1024;

/// `GET /guilds/{guild}/emojis`
pub(super) fn list(call: &Call, guild: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let emojis = &access::own_guild(&state, caller, guild)?.belongings.emojis;
    Ok(Reply::json(&emojis.iter().map(GuildEmoji::json).collect::<Vec<_>>()))
}

/// `GET /guilds/{guild}/emojis/{emoji}`
pub(super) fn emoji(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let emojis = &access::own_guild(&state, caller, guild)?.belongings.emojis;
    emojis.iter().find(|one| one.id == id).map(|one| Reply::json(&one.json())).ok_or(emojis::unknown())
}

/// `POST /guilds/{guild}/emojis`
pub(super) fn create(call: &Call, guild: Snowflake) -> Result<Reply> {
    let by = call.by()?;
    let new = read_new(call.fields()?)?;
    let emoji = emojis::create(&mut call.shared.state(), &by, guild, new)?;
    Ok(Reply::json_with(201, &emoji.json()))
}

/// `PATCH /guilds/{guild}/emojis/{emoji}`
pub(super) fn edit(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    let name = name(&mut fields);
    let roles = fields.has("roles").then(|| fields.snowflakes("roles", 250).unwrap_or_default());
    fields.checked()?;
    let emoji = emojis::edit(&mut call.shared.state(), &by, guild, id, name, roles)?;
    Ok(Reply::json(&emoji.json()))
}

/// `DELETE /guilds/{guild}/emojis/{emoji}`
pub(super) fn delete(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let by = call.by()?;
    emojis::delete(&mut call.shared.state(), &by, guild, id).map(|()| Reply::nothing())
}

/// `GET /applications/{application}/emojis`
pub(super) fn of_application(call: &Call, application: Snowflake) -> Result<Reply> {
    let state = call.own_application(application)?;
    let emojis = state.world.application_emojis.get(&application).into_iter().flatten();
    Ok(Reply::json(&json!({ "items": emojis.map(GuildEmoji::json).collect::<Vec<_>>() })))
}

/// `GET /applications/{application}/emojis/{emoji}`
pub(super) fn one_of_application(call: &Call, application: Snowflake, id: Snowflake) -> Result<Reply> {
    let state = call.own_application(application)?;
    let mut emojis = state.world.application_emojis.get(&application).into_iter().flatten();
    emojis.find(|one| one.id == id).map(|one| Reply::json(&one.json())).ok_or(emojis::unknown())
}

/// `POST /applications/{application}/emojis`
pub(super) fn create_of_application(call: &Call, application: Snowflake) -> Result<Reply> {
    let mut state = call.own_application(application)?;
    let emoji = emojis::create_of_application(&mut state, application, read_new(call.fields()?)?)?;
    Ok(Reply::json_with(201, &emoji.json()))
}

/// `PATCH /applications/{application}/emojis/{emoji}`
pub(super) fn edit_of_application(call: &Call, application: Snowflake, id: Snowflake) -> Result<Reply> {
    let mut fields = call.fields()?;
    let name = name(&mut fields);
    fields.checked()?;
    let emoji =
        emojis::rename_of_application(&mut *call.own_application(application)?, application, id, name)?;
    Ok(Reply::json(&emoji.json()))
}

/// `DELETE /applications/{application}/emojis/{emoji}`
pub(super) fn delete_of_application(call: &Call, application: Snowflake, id: Snowflake) -> Result<Reply> {
    emojis::delete_of_application(&mut *call.own_application(application)?, application, id)
        .map(|()| Reply::nothing())
}

fn read_new(mut fields: Fields) -> Result<NewEmoji> {
    fields.require("name");
    fields.require("image");
    let name = name(&mut fields).unwrap_or_default();
    let image = fields.text("image", usize::MAX).unwrap_or_default();
    let roles = fields.snowflakes("roles", 250).unwrap_or_default();
    if fields.errors.is_empty() && !is_picture(&image) {
        fields.fail("image", "IMAGE_INVALID", "Invalid image data");
    }
    fields.checked()?;
    // Base64 writes three bytes as four characters.
    if image.len() / 4 * 3 > MAX_IMAGE_BYTES {
        return Err(ApiError::new(400, 50138, "Failed to resize asset below the maximum size: 262144"));
    }
    Ok(NewEmoji { name, animated: image.contains(GIF), roles })
}

fn name(fields: &mut Fields) -> Option<String> {
    let name = fields.text_within("name", 2..=32)?;
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Some(name);
    }
    fields.fail("name", "STRING_TYPE_REGEX", "String value did not match validation regex.");
    None
}
