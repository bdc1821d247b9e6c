//! What the caller may see. The bot often sees more, and a cog shows what it finds: an argument must not give a user
//! access to a channel that Discord's client would not show them.

use serde::Deserialize;

use super::given::{ask, get};
use crate::{
    ArgumentError, Context,
    permissions::{MANAGE_THREADS, missing},
};

/// Discord's type of a thread that only its members and moderators can see.
/// <https://discord.com/developers/docs/topics/threads#private-threads>
const PRIVATE_THREAD: u8 = 12;

/// The fields of a channel that are checked.
#[derive(Deserialize)]
pub(crate) struct Facts {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: u8,
    #[cfg(feature = "serenity")]
    pub(crate) name: Option<String>,
    pub(crate) guild_id: Option<String>,
}

impl Facts {
    pub(crate) fn of(channel: &str) -> Option<Self> {
        serde_json::from_str(channel).ok()
    }

    /// Whether the channel is in this guild.
    pub(crate) fn is_in(&self, guild: u64) -> bool {
        self.guild_id.as_ref().is_some_and(|id| id.parse() == Ok(guild))
    }

    /// Whether the channel has one of these types, by Discord's numbers. An empty list allows any type.
    pub(crate) fn is_of(&self, types: &[u8]) -> bool {
        types.is_empty() || types.contains(&self.kind)
    }

    /// Whether the caller has these permissions in the channel and, in a private thread, is a member of it. In a direct
    /// message nobody lacks a permission.
    pub(crate) async fn may(&self, ctx: &Context, needed: u64) -> Result<bool, ArgumentError> {
        let (Some(guild), Ok(id)) = (ctx.guild_id(), self.id.parse()) else { return Ok(true) };
        let has = permissions(ctx, guild, id).await?;
        if missing(has, needed) != 0 {
            return Ok(false);
        }
        if self.kind != PRIVATE_THREAD || missing(has, MANAGE_THREADS) == 0 {
            return Ok(true);
        }
        let user = ctx.user().map_err(ArgumentError::Failed)?.id;
        let member = get(ctx, format!("/channels/{id}/thread-members/{user}"));
        Ok(ask(member).await?.is_some())
    }
}

/// The caller's permissions in a channel of the guild; none if the bot cannot see the channel.
pub(crate) async fn permissions(ctx: &Context, guild: u64, channel: u64) -> Result<u64, ArgumentError> {
    let user = ctx.user().map_err(ArgumentError::Failed)?.id;
    match ctx.interaction() {
        // Discord has computed them for the channel.
        Some(interaction) if interaction.channel_id.into_option() == Some(channel) => {
            Ok(interaction.permissions)
        }
        _ => match ctx.channel_permissions(guild, channel, user, ctx.roles()).await {
            Ok(permissions) => Ok(permissions.user),
            Err(error) if matches!(error.status, 403 | 404) => Ok(0),
            Err(error) => Err(error.into()),
        },
    }
}
