//! Roles over REST: get, create, change, reorder, delete.

use std::collections::BTreeMap;

use serde_json::{Map, json};

use super::{Call, Reply};
use crate::form::{ApiError, Fields, Result, set};
use crate::ids::Snowflake;
use crate::rules::{access, roles};
use crate::world::{Guild, Role, bits};

/// The most roles of a guild, not counting `@everyone`.
const MAX_ROLES: usize = 250;

/// `GET /guilds/{guild}/roles`
pub(super) fn list(call: &Call, guild: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    Ok(Reply::json(&access::own_guild(&call.shared.state(), caller, guild)?.roles))
}

/// `GET /guilds/{guild}/roles/member-counts`: by role, without `@everyone`.
pub(super) fn member_counts(call: &Call, guild_id: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let guild = access::own_guild(&state, caller, guild_id)?;
    let mut counts: BTreeMap<Snowflake, usize> =
        guild.roles.iter().filter(|role| role.id != guild_id).map(|role| (role.id, 0)).collect();
    for role in guild.members.values().flat_map(|member| &member.roles) {
        *counts.entry(*role).or_default() += 1;
    }
    let counts = counts.into_iter().map(|(role, count)| (role.to_string(), json!(count)));
    Ok(Reply::json(&counts.collect::<Map<_, _>>()))
}

/// `GET /guilds/{guild}/roles/{role}`
pub(super) fn role(call: &Call, guild: Snowflake, role: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let guild = access::own_guild(&state, caller, guild)?;
    guild.role(role).map(Reply::json).ok_or(ApiError::unknown_role())
}

/// `POST /guilds/{guild}/roles`
pub(super) fn create(call: &Call, guild_id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let mut state = call.shared.state();
    let guild = access::guild_with(&state, by.user, guild_id, bits::MANAGE_ROLES)?;
    if guild.roles.len() > MAX_ROLES {
        return Err(ApiError::new(400, 30005, "Maximum number of guild roles reached (250)"));
    }
    let own = state.world.permissions_at(guild, by.user);
    let everyone = guild.role(guild_id).map_or(0, |role| role.permissions);
    let mut role = Role::new(Snowflake(0), "new role", everyone & own);
    (role.position, role.mentionable) = (1, false);
    read(&mut fields, &mut role, own)?;
    fields.checked()?;
    role.id = state.world.next_id();
    roles::create(&mut state, guild_id, &by, role)
        .map(|role| Reply::json(&role))
        .ok_or(ApiError::unknown_guild())
}

/// `PATCH /guilds/{guild}/roles/{role}`
pub(super) fn edit(call: &Call, guild_id: Snowflake, id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let mut state = call.shared.state();
    let guild = access::guild_with(&state, by.user, guild_id, bits::MANAGE_ROLES)?;
    let mut role = access::role_below(guild, by.user, id)?.clone();
    let own = state.world.permissions_at(guild, by.user);
    read(&mut fields, &mut role, own)?;
    fields.checked()?;
    roles::change(&mut state, guild_id, &by, role)
        .map(|role| Reply::json(&role))
        .ok_or(ApiError::unknown_role())
}

/// `PATCH /guilds/{guild}/roles`: a list of positions; returns all roles.
pub(super) fn reorder(call: &Call, guild_id: Snowflake) -> Result<Reply> {
    let (by, mut state) = call.act()?;
    let (mut whole, places) = call.fields_of_list()?;
    let guild = access::guild_with(&state, by.user, guild_id, bits::MANAGE_ROLES)?;
    let mut moves = Vec::with_capacity(places.len());
    for mut place in places {
        let id = place.snowflake("id").unwrap_or_default();
        let position = place.number_within("position", 0..=100_000);
        if place.errors.is_empty() && guild.role(id).is_none() {
            return Err(ApiError::unknown_role());
        }
        // `@everyone` is always at the bottom.
        if id != guild_id {
            moves.push((id, position));
        }
        whole.absorb(place);
    }
    whole.checked()?;
    // discord.js sends the positions of all roles, including those that the caller may not move; only roles that
    // actually move are checked.
    let (before, after) = (reordered(guild, &[]), reordered(guild, &moves));
    for (id, _) in after.iter().filter(|place| !before.contains(place)) {
        access::role_below(guild, by.user, *id)?;
    }
    for (id, position) in after {
        let role = state.world.guild(guild_id).and_then(|guild| guild.role(id)).cloned();
        if let Some(role) = role {
            roles::change(&mut state, guild_id, &by, Role { position, ..role });
        }
    }
    Ok(Reply::json(&access::own_guild(&state, by.user, guild_id)?.roles))
}

/// Applies the body to the role; `own` are the permissions that the caller can pass on.
fn read(fields: &mut Fields, role: &mut Role, own: u64) -> Result<()> {
    set(&mut role.name, fields.text_within("name", 1..=100));
    if let Some(permissions) = fields.number("permissions") {
        let permissions = permissions & bits::ALL;
        if (permissions ^ role.permissions) & permissions & !own != 0 {
            return Err(ApiError::missing_permissions());
        }
        role.permissions = permissions;
    }
    let color = fields.number_within("color", 0..=0xff_ff_ff);
    let colors = fields.read_object("colors", |colors| {
        colors.ignore(&["secondary_color", "tertiary_color"]);
        colors.number_within("primary_color", 0..=0xff_ff_ff)
    });
    set(&mut role.color, colors.flatten().or(color));
    set(&mut role.hoist, fields.flag("hoist"));
    set(&mut role.mentionable, fields.flag("mentionable"));
    fields.ignore(&["icon", "unicode_emoji"]);
    Ok(())
}

/// The new position of every role but `@everyone`: roles that were moved are where they were put, the others fill the
/// gaps in their previous order.
fn reordered(guild: &Guild, moves: &[(Snowflake, Option<u32>)]) -> Vec<(Snowflake, u32)> {
    let target = |id| moves.iter().find(|(moved, _)| *moved == id).and_then(|(_, position)| *position);
    let mut order: Vec<&Role> = guild.roles.iter().filter(|role| role.id != guild.id).collect();
    order.sort_by_key(|role| (role.position, std::cmp::Reverse(role.id)));
    let mut still: Vec<Snowflake> =
        order.iter().map(|role| role.id).filter(|id| target(*id).is_none()).collect();
    let mut moved: Vec<(u32, Snowflake)> =
        order.iter().filter_map(|role| target(role.id).map(|position| (position, role.id))).collect();
    moved.sort_unstable();
    for (position, id) in moved {
        still.insert((position as usize).saturating_sub(1).min(still.len()), id);
    }
    still.into_iter().zip(1..).collect()
}
