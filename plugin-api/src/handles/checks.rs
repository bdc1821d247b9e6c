//! What the SDK itself needs for rules and waits: cooldowns, permissions in a channel, turns of calls, waits, and the
//! cog's name and events.

use std::time::Duration;

use super::Host;
use crate::{
    abi::{ChannelPermissions, CooldownUse, HandleError, PermissionsRequest},
    check::Turn,
    wait::Waits,
};

impl Host {
    /// Uses all of these cooldowns once, or none of them. Returns how long until all can be used; zero if they were
    /// used.
    pub(crate) async fn use_cooldowns(&self, uses: Vec<CooldownUse>) -> Result<Duration, HandleError> {
        let raw = self.raw();
        (raw.table.cooldown())(raw.lease, uses.into()).await.into_result().map(Duration::from_millis)
    }

    /// The permissions of a user and of the bot in a channel of a guild.
    pub(crate) async fn channel_permissions(
        &self,
        guild: u64,
        channel: u64,
        user: u64,
        roles: &[u64],
    ) -> Result<ChannelPermissions, HandleError> {
        let raw = self.raw();
        let request = PermissionsRequest {
            guild_id: guild,
            channel_id: channel,
            user_id: user,
            roles: roles.iter().copied().collect(),
        };
        (raw.table.permissions())(raw.lease, request).await.into_result()
    }

    /// The cog's name.
    pub(crate) fn cog_name(&self) -> String {
        let raw = self.raw();
        (raw.table.cog())(raw.lease).into_string()
    }

    /// The events that the cog gets.
    pub(crate) fn declared_events(&self) -> &'static [&'static str] {
        self.shared.events
    }

    /// The waits of the cog's handlers.
    pub(crate) fn waits(&self) -> &Waits {
        &self.shared.waits
    }

    /// Takes a turn among the calls of `key`, of which `most` may run at once.
    pub(crate) fn take_turn(&self, key: String, most: u32) -> Turn {
        self.shared.turns.take(key, most)
    }
}
