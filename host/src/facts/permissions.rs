//! What a user and the bot may do in a channel of a guild, by Discord's rules.
//! <https://discord.com/developers/docs/topics/permissions#permission-hierarchy>

use gearshift_cog::permissions::{
    ADMINISTRATOR, ATTACH_FILES, CONNECT, DEAFEN_MEMBERS, EMBED_LINKS, MANAGE_CHANNELS, MANAGE_ROLES,
    MENTION_EVERYONE, MOVE_MEMBERS, MUTE_MEMBERS, PRIORITY_SPEAKER, REQUEST_TO_SPEAK, SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS, SEND_TTS_MESSAGES, SET_VOICE_CHANNEL_STATUS, SPEAK, STREAM,
    USE_EMBEDDED_ACTIVITIES, USE_EXTERNAL_SOUNDS, USE_SOUNDBOARD, USE_VAD, VIEW_CHANNEL,
};
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

/// All of Discord's bits, and its types of threads and of voice and stage channels.
const ALL: u64 = u64::MAX;
const THREADS: std::ops::RangeInclusive<u8> = 10..=12;
const VOICE: [u8; 2] = [2, 13];

/// Permissions that have no effect without permission to post.
const NEEDS_POSTING: u64 = MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS;
/// Permissions that have no effect in a voice channel without permission to connect to it.
const NEEDS_CONNECTING: u64 = MANAGE_CHANNELS
    | MANAGE_ROLES
    | PRIORITY_SPEAKER
    | STREAM
    | SPEAK
    | MUTE_MEMBERS
    | DEAFEN_MEMBERS
    | MOVE_MEMBERS
    | USE_VAD
    | REQUEST_TO_SPEAK
    | USE_EMBEDDED_ACTIVITIES
    | USE_SOUNDBOARD
    | USE_EXTERNAL_SOUNDS
    | SET_VOICE_CHANNEL_STATUS;

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

    /// Without the permissions that depend on one that is not there.
    /// <https://discord.com/developers/docs/topics/permissions#implicit-permissions>
    fn without_implicitly_denied(&self, granted: u64) -> u64 {
        if granted & VIEW_CHANNEL == 0 {
            return 0;
        }
        let mut effective = granted;
        if granted & (SEND_MESSAGES | SEND_MESSAGES_IN_THREADS) == 0 {
            effective &= !NEEDS_POSTING;
        }
        if VOICE.contains(&self.kind) && granted & CONNECT == 0 {
            effective &= !NEEDS_CONNECTING;
        }
        effective
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
        channel.without_implicitly_denied(apply(with_roles, &|id| id == user))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GUILD: u64 = 1;
    const VIEW: u64 = VIEW_CHANNEL;
    const SEND: u64 = VIEW_CHANNEL | SEND_MESSAGES;
    const MANAGE: u64 = 1 << 13;

    fn guild() -> GuildRules {
        let role = |id: u64, bits: u64| json!({"id": id.to_string(), "permissions": bits.to_string()});
        let roles = [role(GUILD, SEND), role(20, MANAGE), role(21, ADMINISTRATOR), role(22, 0)];
        serde_json::from_value(json!({"owner_id": "9", "roles": roles})).expect("a guild")
    }

    fn channel(kind: u8, overwrites: &[(u64, u64, u64)]) -> ChannelRules {
        let overwrite = |(id, allow, deny): &(u64, u64, u64)| json!({"id": id.to_string(), "type": 0, "allow": allow.to_string(), "deny": deny.to_string()});
        let overwrites: Vec<_> = overwrites.iter().map(overwrite).collect();
        serde_json::from_value(json!({"id": "5", "type": kind, "permission_overwrites": overwrites}))
            .expect("a channel")
    }

    /// Whom an overwrite is for, what it allows, and what it denies.
    type Overwrites<'a> = &'a [(u64, u64, u64)];

    #[test]
    fn permissions_follow_discords_order() {
        let table: [(Overwrites<'_>, u64, &[u64], u64); 9] = [
            (&[], 7, &[], SEND),
            (&[], 7, &[20], SEND | MANAGE),
            (&[], 9, &[], ALL),
            (&[(GUILD, 0, ALL)], 7, &[21], ALL),
            (&[(GUILD, 0, SEND_MESSAGES)], 7, &[20], VIEW | MANAGE),
            // Of two roles, an allow wins.
            (&[(20, 0, MANAGE), (22, MANAGE, 0)], 7, &[20, 22], SEND | MANAGE),
            // A role overrides `@everyone`, and the member overrides a role.
            (&[(GUILD, MANAGE, 0), (22, 0, MANAGE)], 7, &[22], SEND),
            (&[(22, 0, MANAGE | SEND_MESSAGES), (7, MANAGE, 0)], 7, &[22], VIEW | MANAGE),
            (&[(8, MANAGE, 0)], 7, &[], SEND),
        ];
        for (overwrites, user, roles, expected) in table {
            let found = guild().permissions(GUILD, &channel(0, overwrites), user, roles);
            assert_eq!(found, expected, "{overwrites:?} {user} {roles:?}");
        }
    }

    #[test]
    fn a_permission_is_denied_with_the_one_that_it_depends_on() {
        const TEXT: u8 = 0;
        let table: [(u8, Overwrites<'_>, u64); 8] = [
            (TEXT, &[(GUILD, MANAGE, VIEW)], 0),
            (TEXT, &[(GUILD, EMBED_LINKS, 0)], SEND | EMBED_LINKS),
            (TEXT, &[(GUILD, NEEDS_POSTING | MANAGE, SEND_MESSAGES)], VIEW | MANAGE),
            // Members who only write in threads can attach files there.
            (
                TEXT,
                &[(GUILD, ATTACH_FILES | SEND_MESSAGES_IN_THREADS, SEND_MESSAGES)],
                VIEW | ATTACH_FILES | SEND_MESSAGES_IN_THREADS,
            ),
            (TEXT, &[(GUILD, MOVE_MEMBERS, CONNECT)], SEND | MOVE_MEMBERS),
            (2, &[(GUILD, CONNECT | MOVE_MEMBERS, 0)], SEND | CONNECT | MOVE_MEMBERS),
            (2, &[(GUILD, NEEDS_CONNECTING | MANAGE, CONNECT)], SEND | MANAGE),
            (13, &[(GUILD, MUTE_MEMBERS, CONNECT)], SEND),
        ];
        for (kind, overwrites, expected) in table {
            let found = guild().permissions(GUILD, &channel(kind, overwrites), 7, &[]);
            assert_eq!(found, expected, "{kind} {overwrites:?}");
        }
        let voice = channel(2, &[(GUILD, 0, ALL)]);
        assert_eq!(guild().permissions(GUILD, &voice, 9, &[]), ALL, "nothing is denied to the owner");
        assert_eq!(guild().permissions(GUILD, &voice, 7, &[21]), ALL, "nor to an administrator");
    }
}
