//! Custom emojis over REST, of guilds and of applications: list, add, rename, remove.
//! It keeps no picture.

use serde_json::{Value, json};

use super::{Call, Reply};
use crate::form::{ApiError, Fields};
use crate::ids::Snowflake;
use crate::rules::{Action, By, access, audit, dispatch};
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::world::{GuildEmoji, bits};

/// Emojis of a guild without boosts, for those that move and those that do not.
const MAX_EMOJIS: usize = 50;
const MAX_APPLICATION_EMOJIS: usize = 2000;
/// A picture may have so many bytes.
const MAX_IMAGE_BYTES: usize = 256 * 1024;

/// `GET /guilds/{guild}/emojis`
pub(super) fn list(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let emojis = &access::own_guild(&state, caller, guild)?.belongings.emojis;
    Ok(Reply::json(&emojis.iter().map(GuildEmoji::json).collect::<Vec<_>>()))
}

/// `GET /guilds/{guild}/emojis/{emoji}`
pub(super) fn emoji(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let emojis = &access::own_guild(&state, caller, guild)?.belongings.emojis;
    emojis.iter().find(|one| one.id == id).map(|one| Reply::json(&one.json())).ok_or(unknown())
}

/// `POST /guilds/{guild}/emojis`
pub(super) fn create(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut state = call.shared.state();
    let new = read_new(&mut state, &by, call.fields()?)?;
    let emojis =
        &access::guild_with(&state, by.user, guild, bits::CREATE_GUILD_EXPRESSIONS)?.belongings.emojis;
    if emojis.iter().filter(|one| one.animated == new.animated).count() >= MAX_EMOJIS {
        return Err(match new.animated {
            true => ApiError::new(400, 30018, "Maximum number of animated emojis reached (50)"),
            false => ApiError::new(400, 30008, "Maximum number of emojis reached (50)"),
        });
    }
    let (id, json) = (new.id, new.json());
    change(&mut state, guild, |emojis| emojis.push(new));
    audit::record_change(
        &mut state,
        guild,
        &by,
        Action::EmojiCreate,
        id,
        &Value::Null,
        &json!({ "name": json["name"] }),
    );
    Ok(Reply::json_with(201, &json))
}

/// `PATCH /guilds/{guild}/emojis/{emoji}`
pub(super) fn edit(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    let name = name(&mut fields);
    let roles = fields.has("roles").then(|| fields.snowflakes("roles", 250).unwrap_or_default());
    fields.checked()?;
    let mut state = call.shared.state();
    let mut emoji = managed(&state, &by, guild, id)?;
    let before = json!({ "name": emoji.name });
    emoji.name = name.unwrap_or(emoji.name);
    emoji.roles = roles.unwrap_or(emoji.roles);
    let (json, after) = (emoji.json(), json!({ "name": emoji.name }));
    change(&mut state, guild, |emojis| {
        if let Some(there) = emojis.iter_mut().find(|one| one.id == id) {
            *there = emoji;
        }
    });
    audit::record_change(&mut state, guild, &by, Action::EmojiUpdate, id, &before, &after);
    Ok(Reply::json(&json))
}

/// `DELETE /guilds/{guild}/emojis/{emoji}`
pub(super) fn delete(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut state = call.shared.state();
    let emoji = managed(&state, &by, guild, id)?;
    change(&mut state, guild, |emojis| emojis.retain(|one| one.id != id));
    audit::record_change(
        &mut state,
        guild,
        &by,
        Action::EmojiDelete,
        id,
        &json!({ "name": emoji.name }),
        &Value::Null,
    );
    Ok(Reply::nothing())
}

/// `GET /applications/{application}/emojis`
pub(super) fn of_application(call: &Call, application: Snowflake) -> Result<Reply, ApiError> {
    let state = own(call, application)?;
    let emojis = state.world.application_emojis.get(&application).into_iter().flatten();
    Ok(Reply::json(&json!({ "items": emojis.map(GuildEmoji::json).collect::<Vec<_>>() })))
}

/// `GET /applications/{application}/emojis/{emoji}`
pub(super) fn one_of_application(
    call: &Call,
    application: Snowflake,
    id: Snowflake,
) -> Result<Reply, ApiError> {
    let state = own(call, application)?;
    let mut emojis = state.world.application_emojis.get(&application).into_iter().flatten();
    emojis.find(|one| one.id == id).map(|one| Reply::json(&one.json())).ok_or(unknown())
}

/// `POST /applications/{application}/emojis`
pub(super) fn create_of_application(call: &Call, application: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut state = own(call, application)?;
    let new = read_new(&mut state, &by, call.fields()?)?;
    let emojis = state.world.application_emojis.entry(application).or_default();
    if emojis.len() >= MAX_APPLICATION_EMOJIS {
        return Err(ApiError::new(400, 30008, "Maximum number of emojis reached (2000)"));
    }
    let json = new.json();
    emojis.push(new);
    Ok(Reply::json_with(201, &json))
}

/// `PATCH /applications/{application}/emojis/{emoji}`
pub(super) fn edit_of_application(
    call: &Call,
    application: Snowflake,
    id: Snowflake,
) -> Result<Reply, ApiError> {
    let mut fields = call.fields()?;
    let name = name(&mut fields);
    fields.checked()?;
    let mut state = own(call, application)?;
    let emojis = state.world.application_emojis.get_mut(&application);
    let emoji = emojis.and_then(|emojis| emojis.iter_mut().find(|one| one.id == id)).ok_or(unknown())?;
    emoji.name = name.unwrap_or_else(|| std::mem::take(&mut emoji.name));
    Ok(Reply::json(&emoji.json()))
}

/// `DELETE /applications/{application}/emojis/{emoji}`
pub(super) fn delete_of_application(
    call: &Call,
    application: Snowflake,
    id: Snowflake,
) -> Result<Reply, ApiError> {
    let mut state = own(call, application)?;
    let emojis = state.world.application_emojis.entry(application).or_default();
    let before = emojis.len();
    emojis.retain(|one| one.id != id);
    if emojis.len() < before { Ok(Reply::nothing()) } else { Err(unknown()) }
}

fn own(call: &Call, application: Snowflake) -> Result<std::sync::MutexGuard<'_, State>, ApiError> {
    if call.bot()? == application { Ok(call.shared.state()) } else { Err(ApiError::not_your_application()) }
}

/// Those who made an emoji may change it; others need a further permission.
fn managed(state: &State, by: &By, guild: Snowflake, id: Snowflake) -> Result<GuildEmoji, ApiError> {
    let home = access::own_guild(state, by.user, guild)?;
    let emoji = home.belongings.emojis.iter().find(|one| one.id == id).ok_or(unknown())?;
    let own = emoji.user.id == by.user
        && access::guild_with(state, by.user, guild, bits::CREATE_GUILD_EXPRESSIONS).is_ok();
    if !own {
        access::guild_with(state, by.user, guild, bits::MANAGE_GUILD_EXPRESSIONS)?;
    }
    Ok(emoji.clone())
}

fn change(state: &mut State, guild: Snowflake, change: impl FnOnce(&mut Vec<GuildEmoji>)) {
    let Some(home) = state.world.guilds.get_mut(&guild) else { return };
    change(&mut home.belongings.emojis);
    let emojis: Vec<Value> = home.belongings.emojis.iter().map(GuildEmoji::json).collect();
    let data = json!({ "guild_id": guild, "emojis": emojis });
    dispatch::to_guild(state, guild, intents::GUILD_EXPRESSIONS, Payload::new("GUILD_EMOJIS_UPDATE", &data));
}

fn read_new(state: &mut State, by: &By, mut fields: Fields) -> Result<GuildEmoji, ApiError> {
    fields.require("name");
    fields.require("image");
    let name = name(&mut fields).unwrap_or_default();
    let image = fields.text("image", usize::MAX).unwrap_or_default();
    let roles = fields.snowflakes("roles", 250).unwrap_or_default();
    if fields.errors.is_empty() && !(image.starts_with("data:image/") && image.contains(";base64,")) {
        fields.fail("image", "IMAGE_INVALID", "Invalid image data");
    }
    fields.checked()?;
    // Base64 writes three bytes as four characters.
    if image.len() / 4 * 3 > MAX_IMAGE_BYTES {
        return Err(ApiError::new(400, 50138, "Failed to resize asset below the maximum size: 262144"));
    }
    let animated = image.starts_with("data:image/gif");
    Ok(GuildEmoji {
        id: state.world.next_id(),
        name,
        animated,
        roles,
        user: access::account(state, by.user)?,
    })
}

fn name(fields: &mut Fields) -> Option<String> {
    let name = fields.text_within("name", 2..=32)?;
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Some(name);
    }
    fields.fail("name", "STRING_TYPE_REGEX", "String value did not match validation regex.");
    None
}

fn unknown() -> ApiError {
    ApiError { status: 404, ..ApiError::unknown_emoji() }
}
