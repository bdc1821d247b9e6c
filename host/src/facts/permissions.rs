//! What a user and the bot may do in a channel of a guild, by Discord's rules.
//! <https://discord.com/developers/docs/topics/permissions#permission-hierarchy>

use gearshift_cog::permissions::ADMINISTRATOR;
use serde::Deserialize;

use crate::event::Id;

/// Whose permissions are asked for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionQuery {
    /// The guild.
    pub guild: u64,
    /// The channel or thread.
    pub channel: u64,
    /// The user.
    pub user: u64,
    /// The user's roles there.
    pub roles: Vec<u64>,
}

/// What may be done in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The user's permissions, as Discord's bits.
    pub user: u64,
    /// The bot's.
    pub bot: u64,
    /// Whether the channel is age-restricted.
    pub nsfw: bool,
}

/// The part of a guild that decides permissions, without its channels.
#[derive(Debug, Deserialize)]
pub struct GuildRules {
    owner_id: Id,
    #[serde(default)]
    roles: Vec<Role>,
}

#[derive(Debug, Deserialize)]
struct Role {
    id: Id,
    permissions: Id,
}

/// The part of a channel that decides permissions.
#[derive(Debug, Deserialize)]
pub struct ChannelRules {
    id: Id,
    /// Discord's channel type.
    #[serde(default, rename = "type")]
    kind: u8,
    /// For a thread: its parent channel.
    #[serde(default)]
    parent_id: Option<Id>,
    #[serde(default)]
    nsfw: bool,
    #[serde(default)]
    permission_overwrites: Vec<Overwrite>,
}

#[derive(Debug, Deserialize)]
struct Overwrite {
    id: Id,
    allow: Id,
    deny: Id,
}

/// All of Discord's bits, and its types of threads.
const ALL: u64 = u64::MAX;
const THREADS: std::ops::RangeInclusive<u8> = 10..=12;

impl ChannelRules {
    /// Its snowflake.
    pub fn id(&self) -> u64 {
        self.id.0
    }

    /// If it is a thread, the parent channel, whose rules apply to it.
    pub fn parent(&self) -> Option<u64> {
        self.parent_id.as_ref().filter(|_| THREADS.contains(&self.kind)).map(|id| id.0)
    }

    /// Whether it is age-restricted.
    pub fn is_nsfw(&self) -> bool {
        self.nsfw
    }
}

impl GuildRules {
    /// What a member may do in a channel that is not a thread.
    pub fn permissions(&self, guild: u64, channel: &ChannelRules, user: u64, roles: &[u64]) -> u64 {
        if self.owner_id.0 == user {
            return ALL;
        }
        // The role with the guild's own id is `@everyone`.
        let has = |role: u64| role == guild || roles.contains(&role);
        let own = self.roles.iter().filter(|role| has(role.id.0));
        let base = own.fold(0, |bits, role| bits | role.permissions.0);
        if base & ADMINISTRATOR != 0 {
            return ALL;
        }
        let overwrites = &channel.permission_overwrites;
        let apply = |bits: u64, is_it: &dyn Fn(u64) -> bool| {
            let of = overwrites.iter().filter(|overwrite| is_it(overwrite.id.0));
            let (allow, deny) = of.fold((0, 0), |(allow, deny), overwrite| {
                (allow | overwrite.allow.0, deny | overwrite.deny.0)
            });
            bits & !deny | allow
        };
        let everybody = apply(base, &|id| id == guild);
        let with_roles = apply(everybody, &|id| id != guild && roles.contains(&id));
        apply(with_roles, &|id| id == user)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GUILD: u64 = 1;
    const SEND: u64 = 1 << 11;
    const MANAGE: u64 = 1 << 13;

    fn guild() -> GuildRules {
        let role = |id: u64, bits: u64| json!({"id": id.to_string(), "permissions": bits.to_string()});
        let roles = [role(GUILD, SEND), role(20, MANAGE), role(21, ADMINISTRATOR), role(22, 0)];
        serde_json::from_value(json!({"owner_id": "9", "roles": roles})).expect("a guild")
    }

    fn channel(overwrites: &[(u64, u64, u64)]) -> ChannelRules {
        let overwrite = |(id, allow, deny): &(u64, u64, u64)| json!({"id": id.to_string(), "type": 0, "allow": allow.to_string(), "deny": deny.to_string()});
        let overwrites: Vec<_> = overwrites.iter().map(overwrite).collect();
        serde_json::from_value(json!({"id": "5", "type": 0, "permission_overwrites": overwrites}))
            .expect("a channel")
    }

    #[test]
    fn permissions_follow_discords_order() {
        /// Whom an overwrite is for, what it allows, and what it denies.
        type Overwrites<'a> = &'a [(u64, u64, u64)];
        let table: [(Overwrites<'_>, u64, &[u64], u64); 9] = [
            (&[], 7, &[], SEND),
            (&[], 7, &[20], SEND | MANAGE),
            (&[], 9, &[], ALL),
            (&[(GUILD, 0, ALL)], 7, &[21], ALL),
            (&[(GUILD, 0, SEND)], 7, &[20], MANAGE),
            // Of two roles, an allow wins.
            (&[(20, 0, MANAGE), (22, MANAGE, 0)], 7, &[20, 22], SEND | MANAGE),
            // A role overrides `@everyone`, and the member overrides a role.
            (&[(GUILD, MANAGE, 0), (22, 0, MANAGE)], 7, &[22], SEND),
            (&[(22, 0, MANAGE | SEND), (7, MANAGE, 0)], 7, &[22], MANAGE),
            (&[(8, MANAGE, 0)], 7, &[], SEND),
        ];
        for (overwrites, user, roles, expected) in table {
            let found = guild().permissions(GUILD, &channel(overwrites), user, roles);
            assert_eq!(found, expected, "{overwrites:?} {user} {roles:?}");
        }
    }
}
