//! The onboarding of a guild: who may set it up, when it can be enabled, and how members complete it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Action, Actor, access, audit, members};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::permissions::everyone_permissions;
use crate::world::{Guild, Onboarding, bits};

/// How many channels are required to enable it, and in how many of them everyone must be able to write.
/// <https://discord.com/developers/docs/resources/guild#modify-guild-onboarding>
const MIN_CHANNELS: usize = 7;
const MIN_WRITABLE_CHANNELS: usize = 5;
/// The permissions to set it up; it assigns roles.
const MANAGERS: u64 = bits::MANAGE_GUILD | bits::MANAGE_ROLES;
/// The mode in which the channels of questions count too.
const ADVANCED: u64 = 1;

/// Member flags.
/// <https://discord.com/developers/docs/resources/guild#guild-member-object-guild-member-flags>
const COMPLETED_ONBOARDING: u32 = 1 << 1;
const STARTED_ONBOARDING: u32 = 1 << 3;

/// The guild, if the user may change its onboarding.
pub(crate) fn managed(state: &State, user: Snowflake, guild: Snowflake) -> Result<&Guild> {
    access::guild_with(state, user, guild, MANAGERS)
}

/// Replaces the guild's onboarding.
pub(crate) fn edit(state: &mut State, by: &Actor, guild_id: Snowflake, new: Onboarding) -> Result<Value> {
    let guild = managed(state, by.user, guild_id)?;
    let before = guild.data.onboarding.clone();
    if new.enabled && !meets_requirements(state, guild, &new) {
        return Err(match &before {
            Some(before) if before.enabled => ApiError::onboarding_below_requirements(),
            _ => ApiError::onboarding_requirements_not_met(),
        });
    }
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        guild.data.onboarding = Some(new.clone());
    }
    record(state, guild_id, by, before.as_ref(), &new);
    Ok(new.json(guild_id))
}

/// Deleted channels do not count, although they stay listed.
fn meets_requirements(state: &State, guild: &Guild, onboarding: &Onboarding) -> bool {
    let options = onboarding.prompts.iter().flat_map(|prompt| &prompt.options);
    let asked = options.flat_map(|option| &option.channels).filter(|_| onboarding.mode == ADVANCED);
    let listed: BTreeSet<Snowflake> = onboarding.default_channels.iter().chain(asked).copied().collect();
    let channels: Vec<_> = listed.into_iter().filter_map(|id| state.world.channel(id)).collect();
    let writable =
        channels.iter().filter(|channel| everyone_permissions(guild, channel) & bits::SEND_MESSAGES != 0);
    channels.len() >= MIN_CHANNELS && writable.count() >= MIN_WRITABLE_CHANNELS
}

/// Writes one audit log entry per question, and one for the rest.
fn record(state: &mut State, guild: Snowflake, by: &Actor, before: Option<&Onboarding>, after: &Onboarding) {
    let asked_before = before.map_or(&[][..], |before| &before.prompts);
    for prompt in &after.prompts {
        let (action, old) = match before.and_then(|before| before.prompt(prompt.id)) {
            Some(old) => (Action::OnboardingPromptUpdate, old.json()),
            None => (Action::OnboardingPromptCreate, Value::Null),
        };
        audit::record_change(state, guild, by, action, prompt.id, &old, &prompt.json());
    }
    for gone in asked_before.iter().filter(|old| after.prompt(old.id).is_none()) {
        let action = Action::OnboardingPromptDelete;
        audit::record_change(state, guild, by, action, gone.id, &gone.json(), &Value::Null);
    }
    let action = if before.is_some() { Action::OnboardingUpdate } else { Action::OnboardingCreate };
    let (old, new) =
        (json!(before.map(|one| one.json_without_prompts(guild))), after.json_without_prompts(guild));
    audit::record_change(state, guild, by, action, guild, &old, &new);
}

/// The client of a new member shows the onboarding immediately.
pub(super) fn begin(state: &mut State, guild: Snowflake, user: Snowflake) {
    if state.world.guild(guild).is_some_and(|guild| guild.onboarding().enabled) {
        members::change_unlogged(state, guild, user, |member| member.flags |= STARTED_ONBOARDING);
    }
}

/// Whether a member has completed it.
pub(crate) fn is_completed(guild: &Guild, user: Snowflake) -> bool {
    guild.members.get(&user).is_some_and(|member| member.flags & COMPLETED_ONBOARDING != 0)
}

/// A member completes it with these options and gets their roles, except for roles that are gone.
pub(crate) fn complete(state: &mut State, guild_id: Snowflake, user: Snowflake, options: &[Snowflake]) {
    let Some(guild) = state.world.guild(guild_id) else { return };
    let prompts = guild.onboarding().prompts;
    let chosen = prompts.iter().flat_map(|prompt| &prompt.options).filter(|one| options.contains(&one.id));
    let given: Vec<Snowflake> = chosen
        .flat_map(|option| &option.roles)
        .filter(|role| guild.role(**role).is_some())
        .copied()
        .collect();
    members::change_unlogged(state, guild_id, user, |member| {
        member.flags |= STARTED_ONBOARDING | COMPLETED_ONBOARDING;
        for role in given {
            if !member.roles.contains(&role) {
                member.roles.push(role);
            }
        }
    });
}
