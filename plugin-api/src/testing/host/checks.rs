//! The cog's name and settings, and what is checked before a command runs: cooldowns and permissions.

use abi_stable::std_types::{RResult, RString, RVec};
use async_ffi::LocalFfiFuture;

use super::soon;
use crate::{
    abi::{ChannelPermissions, CooldownUse, HandleError, HandleErrorKind, Lease, PermissionsRequest},
    permissions,
    testing::{
        discord::{Account, BOT, GUILD},
        world::World,
    },
};

pub(super) extern "C" fn cog(_: Lease) -> RString {
    "cog".into()
}

pub(super) extern "C" fn settings(lease: Lease) -> RString {
    World::of(lease).settings.borrow().to_string().into()
}

pub(super) extern "C" fn cooldown(
    lease: Lease,
    uses: RVec<CooldownUse>,
) -> LocalFfiFuture<RResult<u64, HandleError>> {
    let world = World::of(lease);
    let wait = world.cooldowns.borrow_mut().take(&uses, world.clock.unix_ms());
    soon(Ok(wait))
}

pub(super) extern "C" fn permissions(
    lease: Lease,
    request: PermissionsRequest,
) -> LocalFfiFuture<RResult<ChannelPermissions, HandleError>> {
    soon(permitted(&World::of(lease), &request))
}

fn permitted(world: &World, request: &PermissionsRequest) -> Result<ChannelPermissions, HandleError> {
    let discord = world.discord.borrow();
    let channel = discord.channels.get(&request.channel_id).filter(|_| request.guild_id == GUILD);
    let unknown = || HandleError::new(HandleErrorKind::Status, "there is no such channel");
    let of = |user: u64| discord.users.get(&user).map_or(0, Account::all_permissions);
    let nsfw = channel.ok_or_else(unknown)?.is_nsfw;
    Ok(ChannelPermissions { user: of(request.user_id), bot: of(BOT), nsfw })
}

impl Account {
    fn all_permissions(&self) -> u64 {
        if self.may(permissions::ADMINISTRATOR) { permissions::every() } else { self.permissions }
    }
}
