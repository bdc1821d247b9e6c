//! The audit log: who did what, to what, and why.

use serde_json::{Value, json};

use super::dispatch;
use crate::ids::Snowflake;
use crate::state::State;
use crate::transcript::EntryKind;
use crate::world::{AuditEntry, Overwrite, bits};

/// Who acts, and the audit log reason.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) user: Snowflake,
    pub(crate) reason: Option<String>,
}

/// Kinds of audit log entries, <https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-events>.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    GuildUpdate = 1,
    ChannelCreate = 10,
    ChannelUpdate = 11,
    ChannelDelete = 12,
    OverwriteCreate = 13,
    OverwriteUpdate = 14,
    OverwriteDelete = 15,
    MemberKick = 20,
    MemberPrune = 21,
    BanAdd = 22,
    BanRemove = 23,
    MemberUpdate = 24,
    MemberRoleUpdate = 25,
    MemberMove = 26,
    MemberDisconnect = 27,
    RoleCreate = 30,
    RoleUpdate = 31,
    RoleDelete = 32,
    InviteCreate = 40,
    InviteDelete = 42,
    WebhookCreate = 50,
    WebhookUpdate = 51,
    WebhookDelete = 52,
    EmojiCreate = 60,
    EmojiUpdate = 61,
    EmojiDelete = 62,
    MessageDelete = 72,
    MessageBulkDelete = 73,
    MessagePin = 74,
    MessageUnpin = 75,
    StageCreate = 83,
    StageUpdate = 84,
    StageDelete = 85,
    EventCreate = 100,
    EventUpdate = 101,
    EventDelete = 102,
    ThreadCreate = 110,
    ThreadUpdate = 111,
    ThreadDelete = 112,
    AutoModRuleCreate = 140,
    AutoModRuleUpdate = 141,
    AutoModRuleDelete = 142,
    AutoModBlockMessage = 143,
    AutoModFlagToChannel = 144,
    AutoModTimeout = 145,
    OnboardingPromptCreate = 163,
    OnboardingPromptUpdate = 164,
    OnboardingPromptDelete = 165,
    OnboardingCreate = 166,
    OnboardingUpdate = 167,
    VoiceStatusUpdate = 192,
    VoiceStatusDelete = 193,
}

/// Writes an entry for something created, updated or deleted; the differences between `before` and `after` are its
/// changes. Without differences there is no entry.
pub(super) fn record_change(
    state: &mut State,
    guild: Snowflake,
    by: &Actor,
    action: Action,
    target: Snowflake,
    before: &Value,
    after: &Value,
) {
    let changes = differences(before, after);
    if !changes.is_empty() {
        write(state, guild, by, action, Some(target), changes, None);
    }
}

/// The same, for a permission overwrite of a channel; its role or member is in the options, where clients expect it.
pub(super) fn record_overwrite(
    state: &mut State,
    guild: Snowflake,
    by: &Actor,
    channel: Snowflake,
    before: Option<&Overwrite>,
    after: Option<&Overwrite>,
) {
    let changes = differences(&json!(before), &json!(after));
    let Some(overwrite) = after.or(before).filter(|_| !changes.is_empty()) else { return };
    let action = match (before, after) {
        (None, _) => Action::OverwriteCreate,
        (Some(_), Some(_)) => Action::OverwriteUpdate,
        (Some(_), None) => Action::OverwriteDelete,
    };
    let mut options = json!({ "id": overwrite.id, "type": overwrite.kind.to_string() });
    if let Some(role) = state.world.guild(guild).and_then(|guild| guild.role(overwrite.id)) {
        options["role_name"] = json!(role.name);
    }
    write(state, guild, by, action, Some(channel), changes, Some(options));
}

/// Writes an entry without changes.
pub(super) fn record(
    state: &mut State,
    guild: Snowflake,
    by: &Actor,
    action: Action,
    target: Option<Snowflake>,
    options: Option<Value>,
) {
    write(state, guild, by, action, target, Vec::new(), options);
}

/// Writes an entry.
pub(super) fn write(
    state: &mut State,
    guild_id: Snowflake,
    by: &Actor,
    action: Action,
    target: Option<Snowflake>,
    changes: Vec<Value>,
    options: Option<Value>,
) {
    let id = state.world.next_id();
    let entry = AuditEntry {
        id,
        user_id: by.user,
        target_id: target,
        action_type: action as u16,
        changes,
        options,
        reason: by.reason.clone(),
    };
    let user = state.world.user(by.user).map_or("somebody", |user| user.username.as_str()).into();
    state.transcript.write(EntryKind::Moderated {
        user,
        action: format!("{action:?}"),
        target,
        reason: by.reason.clone(),
    });
    let mut data = json!(entry);
    data["guild_id"] = json!(guild_id);
    let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return };
    guild.data.note(entry);
    dispatch::to_permitted(state, guild_id, bits::VIEW_AUDIT_LOG, "GUILD_AUDIT_LOG_ENTRY_CREATE", &data);
}

/// The differences between two objects, in the format of the audit log; null counts as an object without fields.
fn differences(before: &Value, after: &Value) -> Vec<Value> {
    let shown = |key: &&String| {
        !matches!(
            key.as_str(),
            "id" | "guild_id"
                | "user"
                | "last_message_id"
                | "version"
                | "member"
                | "creator"
                | "colors"
                | "managed"
                | "tags"
        )
    };
    let keys = [before, after].into_iter().filter_map(Value::as_object).flat_map(|object| object.keys());
    let mut keys: Vec<&String> = keys.filter(shown).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut changes = Vec::new();
    for key in keys {
        let (old, new) = (&before[key], &after[key]);
        if old == new {
            continue;
        }
        let mut change = json!({ "key": key });
        for (name, value) in [("old_value", old), ("new_value", new)] {
            if !value.is_null() {
                change[name] = value.clone();
            }
        }
        changes.push(change);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_a_change() {
        let before = json!({ "id": "1", "name": "a", "topic": null, "nsfw": false });
        let after = json!({ "id": "1", "name": "b", "topic": "x", "nsfw": false });
        assert_eq!(
            differences(&before, &after),
            [
                json!({ "key": "name", "old_value": "a", "new_value": "b" }),
                json!({ "key": "topic", "new_value": "x" })
            ]
        );
        assert_eq!(
            differences(&Value::Null, &json!({ "name": "a" })),
            [json!({ "key": "name", "new_value": "a" })]
        );
    }
}
