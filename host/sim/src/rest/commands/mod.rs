//! Application commands over REST, global and per guild: list, register, overwrite, edit, delete.

pub(crate) mod permissions;

use std::collections::HashSet;
use std::sync::MutexGuard;

use serde_json::Value;

use super::routes::{Part, Path};
use super::{Call, Reply};
use crate::commands::{Command, validated};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::rules::access;
use crate::rules::commands::{self, Scope};
use crate::state::State;

/// The calling bot must belong to the application, and be in the guild.
fn open(call: &Call, scope: Scope) -> Result<MutexGuard<'_, State>> {
    let state = call.own_application(scope.bot)?;
    if let Some(guild) = scope.guild {
        access::own_guild(&state, scope.bot, guild).map_err(|_| ApiError::missing_access())?;
    }
    Ok(state)
}

impl Part for Scope {
    fn read(at: &Path<'_, '_>, name: &str) -> Result<Self> {
        let guild = at.has("guild_id").then(|| Snowflake::read(at, "guild_id")).transpose()?;
        Ok(Self { bot: Snowflake::read(at, name)?, guild })
    }
}

/// `GET …/commands`: with all translations only if the query asks for them.
/// <https://discord.com/developers/docs/interactions/application-commands#get-global-application-commands>
pub(crate) fn list(call: &Call, scope: Scope) -> Result<Reply> {
    let is_translated = call.query_flag("with_localizations");
    let state = open(call, scope)?;
    let mut all: Vec<Value> = scope.commands(&state).map(Command::json).collect();
    if !is_translated {
        all.iter_mut().for_each(leave_translations_out);
    }
    Ok(Reply::json(&all))
}

fn leave_translations_out(of: &mut Value) {
    let Value::Object(fields) = of else { return };
    fields.retain(|key, _| !matches!(key.as_str(), "name_localizations" | "description_localizations"));
    for key in ["options", "choices"] {
        fields
            .get_mut(key)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(leave_translations_out);
    }
}

/// `GET …/commands/{command}`
pub(crate) fn command(call: &Call, scope: Scope, id: Snowflake) -> Result<Reply> {
    let state = open(call, scope)?;
    Ok(Reply::json(&scope.find(&state, id)?.json()))
}

/// `POST …/commands`: 201 if the command is new, 200 if it replaced one of the same name and type.
pub(crate) fn create(call: &Call, scope: Scope) -> Result<Reply> {
    let mut fields = call.fields()?;
    let body = validated(&mut fields);
    let mut state = open(call, scope)?;
    fields.checked()?;
    let (json, is_new) = commands::create(&mut state, scope, body)?;
    Ok(Reply::json_with(if is_new { 201 } else { 200 }, &json))
}

/// `PUT …/commands`: commands that are not in the list are deleted; those that stay keep their ids.
pub(crate) fn replace_all(call: &Call, scope: Scope) -> Result<Reply> {
    let (mut whole, list) = call.fields_of_list()?;
    let (mut bodies, mut seen) = (Vec::with_capacity(list.len()), HashSet::new());
    for mut fields in list {
        let body = validated(&mut fields);
        if !seen.insert((body.kind, body.labels.name.clone())) {
            let message = "Application command names must be unique";
            fields.fail_here("APPLICATION_COMMANDS_DUPLICATE_NAME", message);
        }
        whole.absorb(fields);
        bodies.push(body);
    }
    let mut state = open(call, scope)?;
    whole.checked()?;
    Ok(Reply::json(&commands::replace_all(&mut state, scope, bodies)?))
}

/// `PATCH …/commands/{command}`
pub(crate) fn edit(call: &Call, scope: Scope, id: Snowflake) -> Result<Reply> {
    let change = call.fields()?;
    let mut state = open(call, scope)?;
    let mut fields = change.over(&scope.find(&state, id)?.body);
    let body = validated(&mut fields);
    fields.checked()?;
    Ok(Reply::json(&commands::edit(&mut state, scope, id, body)?))
}

/// `DELETE …/commands/{command}`
pub(crate) fn delete(call: &Call, scope: Scope, id: Snowflake) -> Result<Reply> {
    commands::delete(&mut *open(call, scope)?, scope, id).map(|()| Reply::nothing())
}
