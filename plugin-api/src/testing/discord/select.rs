//! What a select offers to a user, on a message and in a form.
//! <https://discord.com/developers/docs/components/reference#string-select>

use serde_json::{Value, json};

use super::Discord;
use crate::component_types::{
    self, CHANNEL_SELECT, MENTIONABLE_SELECT, ROLE_SELECT, STRING_SELECT, USER_SELECT,
};

/// The components that are selects.
pub(in crate::testing) const SELECTS: [u8; 5] =
    [STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT];

impl Discord {
    /// Whether the channel exists and is of one of these types of Discord's; of any type if the list is empty.
    pub(in crate::testing) fn has_channel(&self, id: u64, types: &[u8]) -> bool {
        let kind = self.channel_json(id).and_then(|channel| channel["type"].as_u64());
        kind.is_some_and(|kind| types.is_empty() || types.iter().any(|one| u64::from(*one) == kind))
    }

    /// The values that a user chooses in a select, as Discord sends them: texts by value or label, all others by id.
    ///
    /// # Errors
    /// What the select offers instead.
    pub(in crate::testing) fn chosen(&self, select: &Value, values: &[Value]) -> Result<Vec<Value>, String> {
        let chosen: Vec<Value> =
            values.iter().map(|value| self.offered(select, value)).collect::<Result<_, _>>()?;
        count(select, chosen.len(), "values").map(|()| chosen)
    }

    fn offered(&self, select: &Value, value: &Value) -> Result<Value, String> {
        let kind = component_types::of(select);
        if kind == STRING_SELECT {
            let options = select["options"].as_array().map_or(&[][..], Vec::as_slice);
            let found = options.iter().find(|it| it["value"] == *value || it["label"] == *value);
            return found.map(|option| option["value"].clone()).ok_or_else(|| {
                let values: Vec<&str> = options.iter().filter_map(|it| it["value"].as_str()).collect();
                format!("does not offer {value}; it offers {values:?}")
            });
        }
        let id = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let id = id.ok_or_else(|| format!("takes ids, not {value}"))?;
        let types: Vec<u8> = serde_json::from_value(select["channel_types"].clone()).unwrap_or_default();
        let (is_user, is_role) = (self.users.contains_key(&id), self.roles.contains_key(&id));
        let (is_there, what) = match kind {
            USER_SELECT => (is_user, "a user".to_owned()),
            ROLE_SELECT => (is_role, "a role".to_owned()),
            MENTIONABLE_SELECT => (is_user || is_role, "a user or a role".to_owned()),
            CHANNEL_SELECT if types.is_empty() => (self.has_channel(id, &types), "a channel".to_owned()),
            CHANNEL_SELECT => (self.has_channel(id, &types), format!("a channel of the types {types:?}")),
            _ => (true, String::new()),
        };
        match is_there {
            true => Ok(json!(id.to_string())),
            false => Err(format!("takes the id of {what}, but {id} is not one")),
        }
    }
}

/// Checks that a select or an upload accepts this many values.
pub(in crate::testing) fn count(component: &Value, count: usize, of: &str) -> Result<(), String> {
    let least = component["min_values"].as_u64().unwrap_or(1);
    let most = component["max_values"].as_u64().unwrap_or(1);
    match (least..=most).contains(&(count as u64)) {
        true => Ok(()),
        false => Err(format!("takes {least} to {most} {of}, not {count}")),
    }
}
