//! Custom emojis of guilds and applications: who may create, rename and delete them, and how many there may be.

use serde_json::{Value, json};

use super::{Action, Actor, access, audit, dispatch};
use crate::form::{ApiError, Result, set};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::{GuildEmoji, bits};

/// The most emojis of a guild without boosts, separately for animated and static ones.
const MAX_EMOJIS: usize = 50;
const MAX_APPLICATION_EMOJIS: usize = 2000;

/// An emoji to be created.
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

/// The owner of emojis. An application's emojis are only for its bot, and no guild receives events about them.
#[derive(Clone, Copy)]
pub(crate) enum EmojiOwner {
    Guild(Snowflake),
    Application(Snowflake),
}

/// `GET /guilds/{guild}/emojis`, `GET /applications/{application}/emojis`
pub(crate) fn list(state: &State, by: &Actor, owner: EmojiOwner) -> Result<Value> {
    let emojis: Value = all(state, by, owner)?.iter().map(GuildEmoji::json).collect();
    Ok(match owner {
        EmojiOwner::Guild(_) => emojis,
        EmojiOwner::Application(_) => json!({ "items": emojis }),
    })
}

/// `GET /guilds/{guild}/emojis/{emoji}`, `GET /applications/{application}/emojis/{emoji}`
pub(crate) fn show(state: &State, by: &Actor, owner: EmojiOwner, id: Snowflake) -> Result<Value> {
    find(state, by, owner, id).map(GuildEmoji::json)
}

pub(crate) fn create(state: &mut State, by: &Actor, owner: EmojiOwner, new: NewEmoji) -> Result<GuildEmoji> {
    if let EmojiOwner::Guild(guild) = owner {
        access::guild_with(state, by.user, guild, bits::CREATE_GUILD_EXPRESSIONS)?;
    }
    check_room(all(state, by, owner)?, owner, new.animated)?;
    let emoji = new.added_by(state, by.user)?;
    change(state, owner, |emojis| emojis.push(emoji.clone()));
    record(state, by, owner, Action::EmojiCreate, emoji.id, [None, Some(&emoji.name)]);
    Ok(emoji)
}

fn check_room(there: &[GuildEmoji], owner: EmojiOwner, animated: bool) -> Result<()> {
    let alike = there.iter().filter(|one| one.animated == animated).count();
    match owner {
        EmojiOwner::Guild(_) if alike >= MAX_EMOJIS && animated => {
            Err(ApiError::new(400, 30018, "Maximum number of animated emojis reached (50)"))
        }
        EmojiOwner::Guild(_) if alike >= MAX_EMOJIS => {
            Err(ApiError::new(400, 30008, "Maximum number of emojis reached (50)"))
        }
        EmojiOwner::Application(_) if there.len() >= MAX_APPLICATION_EMOJIS => {
            Err(ApiError::new(400, 30008, "Maximum number of emojis reached (2000)"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn edit(
    state: &mut State,
    by: &Actor,
    owner: EmojiOwner,
    id: Snowflake,
    name: Option<String>,
    roles: Option<Vec<Snowflake>>,
) -> Result<GuildEmoji> {
    let before = managed(state, by, owner, id)?;
    let mut emoji = before.clone();
    set(&mut emoji.name, name);
    set(&mut emoji.roles, roles);
    change(state, owner, |emojis| {
        emojis.iter_mut().filter(|one| one.id == id).for_each(|one| *one = emoji.clone());
    });
    record(state, by, owner, Action::EmojiUpdate, id, [Some(&before.name), Some(&emoji.name)]);
    Ok(emoji)
}

/// `DELETE /guilds/{guild}/emojis/{emoji}`, `DELETE /applications/{application}/emojis/{emoji}`
pub(crate) fn delete(state: &mut State, by: &Actor, owner: EmojiOwner, id: Snowflake) -> Result<()> {
    let emoji = managed(state, by, owner, id)?;
    change(state, owner, |emojis| emojis.retain(|one| one.id != id));
    record(state, by, owner, Action::EmojiDelete, id, [Some(&emoji.name), None]);
    Ok(())
}

fn all<'a>(state: &'a State, by: &Actor, owner: EmojiOwner) -> Result<&'a [GuildEmoji]> {
    match owner {
        EmojiOwner::Guild(guild) => Ok(&access::own_guild(state, by.user, guild)?.data.emojis),
        EmojiOwner::Application(_) if state.world.bot(by.user).is_none() => Err(ApiError::bots_only()),
        EmojiOwner::Application(id) if id != by.user => Err(ApiError::not_your_application()),
        EmojiOwner::Application(id) => Ok(state.world.application_emojis.get(&id).map_or(&[], Vec::as_slice)),
    }
}

fn find<'a>(state: &'a State, by: &Actor, owner: EmojiOwner, id: Snowflake) -> Result<&'a GuildEmoji> {
    let unknown = ApiError { status: 404, ..ApiError::unknown_emoji() };
    all(state, by, owner)?.iter().find(|one| one.id == id).ok_or(unknown)
}

/// Users may change the emojis that they created in a guild; others' emojis need a further permission.
fn managed(state: &State, by: &Actor, owner: EmojiOwner, id: Snowflake) -> Result<GuildEmoji> {
    let emoji = find(state, by, owner, id)?;
    if let EmojiOwner::Guild(guild) = owner {
        let may = |needed| access::guild_with(state, by.user, guild, needed);
        if emoji.user.id != by.user || may(bits::CREATE_GUILD_EXPRESSIONS).is_err() {
            may(bits::MANAGE_GUILD_EXPRESSIONS)?;
        }
    }
    Ok(emoji.clone())
}

fn change(state: &mut State, owner: EmojiOwner, change: impl FnOnce(&mut Vec<GuildEmoji>)) {
    match owner {
        EmojiOwner::Application(id) => change(state.world.application_emojis.entry(id).or_default()),
        EmojiOwner::Guild(guild_id) => {
            let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return };
            change(&mut guild.data.emojis);
            let emojis: Value = guild.data.emojis.iter().map(GuildEmoji::json).collect();
            let data = json!({ "guild_id": guild_id, "emojis": emojis });
            dispatch::to_guild(state, guild_id, "GUILD_EMOJIS_UPDATE", &data);
        }
    }
}

/// Writes an audit log entry in a guild, with the emoji's name before and after.
fn record(
    state: &mut State,
    by: &Actor,
    owner: EmojiOwner,
    action: Action,
    id: Snowflake,
    names: [Option<&String>; 2],
) {
    let EmojiOwner::Guild(guild) = owner else { return };
    let [before, after] = names.map(|name| json!({ "name": name }));
    audit::record_change(state, guild, by, action, id, &before, &after);
}
