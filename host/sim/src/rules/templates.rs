//! Guild templates: each guild can have one; users who may manage the guild create, sync, change and delete it.

use serde_json::Value;

use super::{Actor, access};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::wire::{snapshot, template_json};
use crate::world::{Guild, GuildTemplate, bits};

/// The length of a code.
const CODE_CHARS: usize = 12;

/// A template by its code, for any user.
pub(crate) fn with_code(state: &State, code: &str) -> Result<Value> {
    let templates = state.world.guilds().filter_map(|guild| Some((guild, guild.data.template.as_ref()?)));
    let found = templates.into_iter().find(|(_, template)| template.code == code);
    let (guild, template) = found.ok_or(ApiError::unknown_guild_template())?;
    Ok(template_json(&state.world, guild, template))
}

/// `GET /guilds/{guild}/templates`
pub(crate) fn list(state: &State, by: &Actor, guild_id: Snowflake) -> Result<Value> {
    let guild = managed(state, by.user, guild_id)?;
    let templates = guild.data.template.iter();
    Ok(templates.map(|template| template_json(&state.world, guild, template)).collect())
}

fn managed(state: &State, user: Snowflake, guild: Snowflake) -> Result<&Guild> {
    access::guild_with(state, user, guild, bits::MANAGE_GUILD)
}

pub(crate) fn create(
    state: &mut State,
    by: &Actor,
    guild_id: Snowflake,
    name: String,
    description: Option<String>,
) -> Result<Value> {
    let guild = managed(state, by.user, guild_id)?;
    if guild.data.template.is_some() {
        return Err(ApiError::guild_has_template());
    }
    let mut code = state.interactions.new_token(state.world.next_id());
    code.truncate(CODE_CHARS);
    let now = state.world.clock.now();
    let template = GuildTemplate {
        code,
        name,
        description,
        creator: access::account(state, by.user)?,
        created_at: now,
        synced_at: now,
        snapshot: snapshot(&state.world, guild),
    };
    put(state, guild_id, Some(template))
}

/// `PUT /guilds/{guild}/templates/{code}`: takes a new snapshot.
pub(crate) fn sync(state: &mut State, by: &Actor, guild: Snowflake, code: String) -> Result<Value> {
    let mut template = find(state, by, guild, &code)?;
    template.snapshot = snapshot(&state.world, managed(state, by.user, guild)?);
    template.synced_at = state.world.clock.now();
    put(state, guild, Some(template))
}

/// Changes a template's name and description.
pub(crate) fn edit(
    state: &mut State,
    by: &Actor,
    guild: Snowflake,
    code: &str,
    change: impl FnOnce(&mut GuildTemplate),
) -> Result<Value> {
    let mut template = find(state, by, guild, code)?;
    change(&mut template);
    put(state, guild, Some(template))
}

/// `DELETE /guilds/{guild}/templates/{code}`: returns the deleted template.
pub(crate) fn delete(state: &mut State, by: &Actor, guild: Snowflake, code: String) -> Result<Value> {
    find(state, by, guild, &code)?;
    let gone = with_code(state, &code)?;
    put(state, guild, None)?;
    Ok(gone)
}

fn find(state: &State, by: &Actor, guild: Snowflake, code: &str) -> Result<GuildTemplate> {
    let template = managed(state, by.user, guild)?.data.template.as_ref();
    template.filter(|one| one.code == code).cloned().ok_or(ApiError::unknown_guild_template())
}

/// Sets or removes the guild's template, and returns its JSON.
fn put(state: &mut State, guild_id: Snowflake, template: Option<GuildTemplate>) -> Result<Value> {
    let guild = state.world.guilds.get_mut(&guild_id).ok_or(ApiError::unknown_guild())?;
    guild.data.template = template;
    let guild = &state.world.guilds[&guild_id];
    Ok(guild.data.template.as_ref().map_or(Value::Null, |one| template_json(&state.world, guild, one)))
}
