//! Guild templates over REST: get, create, sync, change, delete.
//! <https://discord.com/developers/docs/resources/guild-template>

use std::ops::RangeInclusive;

use super::unknown::report_route;
use super::{Call, Reply};
use crate::form::{ApiError, Result, set};
use crate::ids::Snowflake;
use crate::rules::templates;

const NAME_CHARS: RangeInclusive<usize> = 1..=100;
const MAX_DESCRIPTION_CHARS: usize = 120;

/// `GET /guilds/templates/{code}`: available to everyone, with or without a token.
pub(super) fn template(call: &Call, code: String) -> Result<Reply> {
    Ok(Reply::json(&templates::with_code(&call.shared.state(), &code)?))
}

/// `POST /guilds/templates/{code}` and `POST /guilds`: bots can no longer create guilds, and users cannot do it here.
/// <https://discord.com/developers/docs/change-log#guild-create-deprecation>
pub(super) fn create_guild(call: &Call) -> Result<Reply> {
    call.user()?;
    report_route(call);
    Err(ApiError::method_not_allowed())
}

/// `POST /guilds/{guild}/templates`
pub(super) fn create(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let name = fields.required_text("name", NAME_CHARS);
    let description = fields.text("description", MAX_DESCRIPTION_CHARS);
    fields.checked()?;
    Ok(Reply::json(&templates::create(&mut call.shared.state(), &by, guild, name, description)?))
}

/// `PATCH /guilds/{guild}/templates/{code}`
pub(super) fn edit(call: &Call, guild: Snowflake, code: String) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let name = fields.text_within("name", NAME_CHARS);
    let description = fields.nullable("description", |of, key| of.text(key, MAX_DESCRIPTION_CHARS));
    fields.checked()?;
    let edited = templates::edit(&mut call.shared.state(), &by, guild, &code, |template| {
        set(&mut template.name, name);
        set(&mut template.description, description);
    })?;
    Ok(Reply::json(&edited))
}
