//! Prunes over REST: how many members are inactive, and removing them.
//! <https://discord.com/developers/docs/resources/guild#begin-guild-prune>

use std::ops::RangeInclusive;

use serde_json::json;

use super::{Call, Reply};
use crate::form::{ApiError, Fields, Result};
use crate::ids::Snowflake;
use crate::rules::members;

const DAYS: RangeInclusive<u32> = 1..=30;
const DEFAULT_DAYS: u32 = 7;
const MAX_ROLES: usize = 100;

/// `GET /guilds/{guild}/prune?days=&include_roles=`
pub(super) fn count(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let days = call.query_field("days", days)?.unwrap_or(DEFAULT_DAYS);
    let listed = call.query_text("include_roles").unwrap_or_default();
    let roles = listed.split(',').filter(|id| !id.is_empty()).map(str::parse).collect::<Result<Vec<_>, _>>();
    let wrong = |_| ApiError::form("include_roles", "NUMBER_TYPE_COERCE", "Value is not snowflake.");
    let inactive = members::inactive(&state, caller, guild, days, &roles.map_err(wrong)?)?;
    Ok(Reply::json(&json!({ "pruned": inactive.len() })))
}

/// `POST /guilds/{guild}/prune`
pub(super) fn begin(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let days = days(&mut fields, "days").unwrap_or(DEFAULT_DAYS);
    let roles = fields.snowflakes("include_roles", 0..=MAX_ROLES).unwrap_or_default();
    let counts = fields.flag("compute_prune_count").unwrap_or(true);
    // The older way to give the reason that is now in the audit log header.
    fields.ignore(&["reason"]);
    fields.checked()?;
    let pruned = members::prune(&mut call.shared.state(), &by, guild, days, &roles)?;
    Ok(Reply::json(&json!({ "pruned": counts.then_some(pruned) })))
}

fn days(of: &mut Fields, key: &str) -> Option<u32> {
    of.number_within(key, DAYS)
}
