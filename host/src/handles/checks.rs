//! What a cog asks for before a command runs: its own name, how often the command was used, and what the user and the
//! bot may do where it was called.

use std::time::Duration;

use abi_stable::std_types::{RResult, RString, RVec};
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{
    self, COOLDOWN_LONGEST, ChannelPermissions, CooldownUse, HandleError, HandleErrorKind, PermissionsRequest,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Lease,
    discord::failed,
    error,
    lease::Local,
    missing,
    request::{AsyncRequest, Cooldown},
    slot::{self, Work},
};
use crate::{
    cooldowns::Use,
    event::Id,
    facts::{ChannelRules, GuildRules, PermissionQuery, Permissions},
    sessions::{
        Discord, Method,
        discord::{DiscordError, Request},
    },
};

pub(super) extern "C" fn cog(lease: abi::Lease) -> RString {
    RString::from(&*Lease::of(lease).id().cog)
}

pub(super) extern "C" fn cooldown(
    lease: abi::Lease,
    uses: RVec<CooldownUse>,
) -> LocalFfiFuture<RResult<u64, HandleError>> {
    slot::call(lease, Cooldown { uses })
}

impl AsyncRequest for Cooldown {
    type Answer = u64;
    type Output = u64;

    /// A counted use is not undone when the cog no longer waits for the answer.
    fn work(&self) -> Work {
        Work::Write
    }

    fn begin(self, local: &Local) -> impl Future<Output = Result<u64, HandleError>> + Send + 'static + use<> {
        let uses: Result<Vec<Use>, HandleError> = self.uses.into_iter().map(used).collect();
        let cooldowns = local.cooldowns.clone();
        async move { Ok(u64::try_from(cooldowns.take(uses?).await.as_millis()).unwrap_or(u64::MAX)) }
    }
}

fn used(asked: CooldownUse) -> Result<Use, HandleError> {
    let time = Duration::from_millis(asked.time_ms);
    if time > COOLDOWN_LONGEST {
        let text = format!("the cooldown `{}` is longer than a year", asked.key);
        return Err(error(HandleErrorKind::Invalid, text));
    }
    Ok(Use { key: asked.key.into_string(), uses: asked.uses, time })
}

pub(super) extern "C" fn permissions(
    lease: abi::Lease,
    request: PermissionsRequest,
) -> LocalFfiFuture<RResult<ChannelPermissions, HandleError>> {
    slot::call(lease, request)
}

impl AsyncRequest for PermissionsRequest {
    type Answer = ChannelPermissions;
    type Output = ChannelPermissions;

    fn work(&self) -> Work {
        Work::Read
    }

    fn begin(
        self,
        local: &Local,
    ) -> impl Future<Output = Result<ChannelPermissions, HandleError>> + Send + 'static + use<> {
        let query = PermissionQuery {
            guild: self.guild_id,
            channel: self.channel_id,
            user: self.user_id,
            roles: self.roles.into_vec(),
        };
        let (known, discord) = (local.facts.permissions(&query), local.sessions.discord.clone());
        async move {
            let Permissions { user, bot, nsfw } = match known {
                Some(known) => known,
                None => {
                    let guild = query.guild;
                    tracing::debug!(
                        guild,
                        "its channels and roles are not known (they need the intent `guilds`): asking Discord"
                    );
                    ask_discord(&*discord.ok_or_else(|| missing("discord"))?, &query).await?
                }
            };
            Ok(ChannelPermissions { user, bot, nsfw })
        }
    }
}

/// The same from Discord's REST API: the guild, the channel, for a thread its parent channel, and the bot's member.
async fn ask_discord(discord: &Discord, query: &PermissionQuery) -> Result<Permissions, HandleError> {
    #[derive(Deserialize)]
    struct Member {
        roles: Vec<Id>,
    }
    let PermissionQuery { guild, channel, user, roles } = query;
    let bot = discord.account().user_id;
    let rules: GuildRules = read(discord, format!("/guilds/{guild}")).await?;
    let own: Member = read(discord, format!("/guilds/{guild}/members/{bot}")).await?;
    let own: Vec<u64> = own.roles.iter().map(|id| id.0).collect();
    let mut place: ChannelRules = read(discord, format!("/channels/{channel}")).await?;
    if let Some(parent) = place.parent() {
        place = read(discord, format!("/channels/{parent}")).await?;
    }
    Ok(Permissions {
        user: rules.permissions(*guild, &place, *user, roles),
        bot: rules.permissions(*guild, &place, bot, &own),
        nsfw: place.is_nsfw(),
    })
}

async fn read<T: DeserializeOwned>(discord: &Discord, path: String) -> Result<T, HandleError> {
    let asked = format!("GET {path}");
    let answer = discord.request(Request::new(Method::Get, path)).await.map_err(failed)?;
    serde_json::from_slice(&answer.body)
        .map_err(|error| failed(DiscordError::Unreadable { asked, what: error.to_string() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cooldown_is_counted_for_a_year_at_most() {
        let longest = u64::try_from(COOLDOWN_LONGEST.as_millis()).expect("it is a year");
        let asked = |time_ms| used(CooldownUse { key: "1 daily user 7".into(), uses: 1, time_ms });
        assert_eq!(asked(longest).map(|it| it.time).ok(), Some(COOLDOWN_LONGEST));
        for time_ms in [longest + 1, u64::MAX] {
            let refused = asked(time_ms).expect_err("it is too long");
            assert_eq!(refused.kind, HandleErrorKind::Invalid, "{}", refused.text);
        }
    }
}
