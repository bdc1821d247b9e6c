//! Custom emojis of guilds and of applications: who may add, rename and delete them, and how many there may be.

use serde_json::{Value, json};

use super::{Action, By, access, audit, dispatch};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::{GuildEmoji, bits};

/// Emojis of a guild without boosts, for those that move and those that do not.
const MAX_EMOJIS: usize = 50;
const MAX_APPLICATION_EMOJIS: usize = 2000;

/// An emoji that is to be added.
pub(crate) struct NewEmoji {
    pub(crate) name: String,
    pub(crate) animated: bool,
    pub(crate) roles: Vec<Snowflake>,
}

impl NewEmoji {
    fn added_by(self, state: &State, user: Snowflake) -> Result<GuildEmoji> {
        let Self { name, animated, roles } = self;
        Ok(GuildEmoji {
            id: state.world.next_id(),
            name,
            animated,
            roles,
            user: access::account(state, user)?,
        })
    }
}

pub(crate) fn create(state: &mut State, by: &By, guild: Snowflake, new: NewEmoji) -> Result<GuildEmoji> {
    let home = access::guild_with(state, by.user, guild, bits::CREATE_GUILD_EXPRESSIONS)?;
    let alike = home.belongings.emojis.iter().filter(|one| one.animated == new.animated);
    if alike.count() >= MAX_EMOJIS {
        return Err(match new.animated {
            true => ApiError::new(400, 30018, "Maximum number of animated emojis reached (50)"),
            false => ApiError::new(400, 30008, "Maximum number of emojis reached (50)"),
        });
    }
    let emoji = new.added_by(state, by.user)?;
    change(state, guild, |emojis| emojis.push(emoji.clone()));
    let after = json!({ "name": emoji.name });
    audit::record_change(state, guild, by, Action::EmojiCreate, emoji.id, &Value::Null, &after);
    Ok(emoji)
}

pub(crate) fn edit(
    state: &mut State,
    by: &By,
    guild: Snowflake,
    id: Snowflake,
    name: Option<String>,
    roles: Option<Vec<Snowflake>>,
) -> Result<GuildEmoji> {
    let mut emoji = managed(state, by, guild, id)?;
    let before = json!({ "name": emoji.name });
    emoji.name = name.unwrap_or(emoji.name);
    emoji.roles = roles.unwrap_or(emoji.roles);
    change(state, guild, |emojis| {
        if let Some(there) = emojis.iter_mut().find(|one| one.id == id) {
            *there = emoji.clone();
        }
    });
    let after = json!({ "name": emoji.name });
    audit::record_change(state, guild, by, Action::EmojiUpdate, id, &before, &after);
    Ok(emoji)
}

pub(crate) fn delete(state: &mut State, by: &By, guild: Snowflake, id: Snowflake) -> Result<()> {
    let emoji = managed(state, by, guild, id)?;
    change(state, guild, |emojis| emojis.retain(|one| one.id != id));
    let before = json!({ "name": emoji.name });
    audit::record_change(state, guild, by, Action::EmojiDelete, id, &before, &Value::Null);
    Ok(())
}

/// Those who made an emoji may change it; others need a further permission.
fn managed(state: &State, by: &By, guild: Snowflake, id: Snowflake) -> Result<GuildEmoji> {
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
    dispatch::to_guild(state, guild, "GUILD_EMOJIS_UPDATE", &data);
}

/// An application's emojis are its bot's alone: no guild receives an event.
pub(crate) fn create_of_application(
    state: &mut State,
    application: Snowflake,
    new: NewEmoji,
) -> Result<GuildEmoji> {
    let emoji = new.added_by(state, application)?;
    let emojis = state.world.application_emojis.entry(application).or_default();
    if emojis.len() >= MAX_APPLICATION_EMOJIS {
        return Err(ApiError::new(400, 30008, "Maximum number of emojis reached (2000)"));
    }
    emojis.push(emoji.clone());
    Ok(emoji)
}

pub(crate) fn rename_of_application(
    state: &mut State,
    application: Snowflake,
    id: Snowflake,
    name: Option<String>,
) -> Result<GuildEmoji> {
    let emojis = state.world.application_emojis.get_mut(&application);
    let emoji = emojis.and_then(|emojis| emojis.iter_mut().find(|one| one.id == id)).ok_or(unknown())?;
    emoji.name = name.unwrap_or_else(|| std::mem::take(&mut emoji.name));
    Ok(emoji.clone())
}

pub(crate) fn delete_of_application(state: &mut State, application: Snowflake, id: Snowflake) -> Result<()> {
    let emojis = state.world.application_emojis.entry(application).or_default();
    let before = emojis.len();
    emojis.retain(|one| one.id != id);
    if emojis.len() < before { Ok(()) } else { Err(unknown()) }
}

pub(crate) fn unknown() -> ApiError {
    ApiError { status: 404, ..ApiError::unknown_emoji() }
}
