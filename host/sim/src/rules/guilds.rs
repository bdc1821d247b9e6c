//! Guilds and their roles: what is told when they change, and to whom.
//! It does not check permissions; see `changes`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Action, By};
use crate::ids::Snowflake;
use crate::sessions::{Audience, Payload, intents};
use crate::state::State;
use crate::transcript::What;
use crate::world::Role;
use crate::world::wire::guild_json;

impl State {
    /// Hands an event to all members of a guild who asked for it.
    pub(crate) fn tell_guild(&mut self, guild: Snowflake, needs: u64, payload: Payload) {
        self.tell_permitted(guild, needs, 0, payload);
    }

    /// The same, to those only who have a permission.
    pub(crate) fn tell_permitted(&mut self, guild: Snowflake, needs: u64, permission: u64, payload: Payload) {
        let Self { world, sessions, transcript, .. } = self;
        let Some(guild) = world.guilds.get(&guild) else { return };
        let name = payload.name;
        let audience = Audience::Guild { guild, needs, permission };
        let sessions = sessions.publish(world, audience, &Arc::new(payload));
        transcript.write(What::Dispatched { name, sessions });
    }

    /// The same, to the one it is about in any case.
    pub(crate) fn tell_about(&mut self, guild: Snowflake, needs: u64, user: Snowflake, payload: Payload) {
        let Self { world, sessions, transcript, .. } = self;
        let Some(guild) = world.guilds.get(&guild) else { return };
        let name = payload.name;
        let audience = Audience::Member { guild, needs, user };
        let sessions = sessions.publish(world, audience, &Arc::new(payload));
        transcript.write(What::Dispatched { name, sessions });
    }

    /// Tells that a guild is different now; `before` is how it was.
    pub(crate) fn guild_changed(&mut self, guild: Snowflake, by: &By, before: &Value) {
        let Some(home) = self.world.guild(guild) else { return };
        let after = guild_json(home);
        self.record_change(guild, by, Action::GuildUpdate, guild, before, &after);
        self.tell_guild(guild, intents::GUILDS, Payload::new("GUILD_UPDATE", &after));
    }

    /// Adds a role right above `@everyone`.
    pub(crate) fn create_role(&mut self, guild: Snowflake, by: &By, mut role: Role) -> Option<Role> {
        let home = self.world.guilds.get_mut(&guild)?;
        for above in home.roles.iter_mut().filter(|other| other.position >= 1) {
            above.position += 1;
        }
        role.position = 1;
        home.roles.push(role.clone());
        let data = json!({ "guild_id": guild, "role": role });
        self.record_change(guild, by, Action::RoleCreate, role.id, &Value::Null, &json!(role));
        self.tell_guild(guild, intents::GUILDS, Payload::new("GUILD_ROLE_CREATE", &data));
        Some(role)
    }

    /// Puts a changed role in the place of the one with its id.
    pub(crate) fn change_role(&mut self, guild: Snowflake, by: &By, role: Role) -> Option<Role> {
        let sight = self.sight(guild);
        let there = self.world.guilds.get_mut(&guild)?.role_mut(role.id)?;
        let before = json!(there);
        *there = role.clone();
        let data = json!({ "guild_id": guild, "role": role });
        if before != data["role"] {
            self.record_change(guild, by, Action::RoleUpdate, role.id, &before, &data["role"]);
            self.tell_guild(guild, intents::GUILDS, Payload::new("GUILD_ROLE_UPDATE", &data));
            self.tell_sight(guild, sight);
        }
        Some(role)
    }

    /// Removes a role from the guild, its members and its channels.
    pub(crate) fn delete_role(&mut self, guild: Snowflake, by: &By, role: Snowflake) -> Option<Role> {
        let sight = self.sight(guild);
        let home = self.world.guilds.get_mut(&guild)?;
        let at = home.roles.iter().position(|one| one.id == role)?;
        let gone = home.roles.remove(at);
        for below in home.roles.iter_mut().filter(|other| other.position > gone.position) {
            below.position -= 1;
        }
        for member in home.members.values_mut() {
            member.roles.retain(|one| *one != role);
        }
        for channel in &home.channels {
            if let Some(channel) = self.world.channels.get_mut(channel) {
                channel.overwrites.retain(|overwrite| overwrite.id != role);
            }
        }
        self.record_change(guild, by, Action::RoleDelete, role, &json!(gone), &Value::Null);
        let data = json!({ "guild_id": guild, "role_id": role });
        self.tell_guild(guild, intents::GUILDS, Payload::new("GUILD_ROLE_DELETE", &data));
        self.tell_sight(guild, sight);
        Some(gone)
    }
}
