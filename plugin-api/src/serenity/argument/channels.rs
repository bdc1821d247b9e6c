//! Channels, including threads.

use ::serenity::model::{
    channel::{Channel, ChannelType, GuildChannel, PartialChannel},
    id::ChannelId,
};

use super::{
    given::{CHANNEL_SIGNS, ask, get, guild, id, is_named, items, sent_along},
    people::parsed,
};
use crate::{
    Argument, ArgumentError, FromDiscord, Given,
    argument::seen::Facts,
    manifest::{OptionType, kind},
    permissions::VIEW_CHANNEL,
};

/// Fetched from Discord: a slash command comes with only a part of a channel, which is a [`PartialChannel`].
impl Argument for GuildChannel {
    const OPTION: OptionType = OptionType::new(kind::CHANNEL);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        parsed(Self::from_discord(&find(given).await?))
    }
}

impl Argument for Channel {
    const OPTION: OptionType = OptionType::new(kind::CHANNEL);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        GuildChannel::read(given).await.map(Self::Guild)
    }
}

impl Argument for PartialChannel {
    const OPTION: OptionType = OptionType::new(kind::CHANNEL);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let sent = id(given.text(), CHANNEL_SIGNS).and_then(|id| sent_along(given.context(), "channels", id));
        match sent {
            Some(channel) => parsed(Self::from_discord(channel)),
            None => parsed(Self::from_discord(&find(given).await?)),
        }
    }
}

impl Argument for ChannelId {
    const OPTION: OptionType = OptionType::new(kind::CHANNEL);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        PartialChannel::read(given).await.map(|channel| channel.id)
    }
}

/// The JSON of a channel that is in this guild, has a fitting type and is visible to the caller.
async fn find(given: Given<'_>) -> Result<String, ArgumentError> {
    let (ctx, text) = (given.context(), given.text());
    let what = expected(given.channel_types());
    let guild = guild(ctx, &what)?;
    let types = given.channel_types();
    if let Some(id) = id(text, CHANNEL_SIGNS)
        && let Some(channel) = ask(get(ctx, format!("/channels/{id}"))).await?
    {
        // Discord has checked it.
        if sent_along(ctx, "channels", id).is_some() {
            return Ok(channel);
        }
        if let Some(facts) = Facts::of(&channel)
            // Channels of other servers are not accepted.
            && facts.is_in(guild.get())
            && facts.is_of(types)
            && facts.may(ctx, VIEW_CHANNEL).await?
        {
            return Ok(channel);
        }
    }
    let name = text.strip_prefix('#').unwrap_or(text);
    let channels = ask(get(ctx, format!("/guilds/{guild}/channels"))).await?.unwrap_or_default();
    for channel in items(&channels) {
        if let Some(facts) = Facts::of(channel)
            && facts.is_of(types)
            && facts.name.as_deref().is_some_and(|it| is_named(it, name))
            && facts.may(ctx, VIEW_CHANNEL).await?
        {
            return Ok(channel.to_owned());
        }
    }
    Err(ArgumentError::Expected(what))
}

fn expected(types: &[u8]) -> String {
    let mut kinds: Vec<&str> = types.iter().map(|kind| kind_name((*kind).into())).collect();
    kinds.dedup();
    let kinds = if kinds.is_empty() { "channel".to_owned() } else { kinds.join(" or ") };
    format!("a {kinds} of this server: a mention, an id or a name")
}

fn kind_name(kind: ChannelType) -> &'static str {
    match kind {
        ChannelType::Text => "text channel",
        ChannelType::Voice => "voice channel",
        ChannelType::Category => "category",
        ChannelType::News => "announcement channel",
        ChannelType::Stage => "stage channel",
        ChannelType::Forum => "forum channel",
        ChannelType::NewsThread | ChannelType::PublicThread | ChannelType::PrivateThread => "thread",
        // Discord's number of a media channel, which serenity does not know.
        ChannelType::Unknown(16) => "media channel",
        _ => "channel",
    }
}

#[cfg(test)]
mod tests {
    use super::expected;

    #[test]
    fn the_expected_channel_types_are_named() {
        assert_eq!(expected(&[]), "a channel of this server: a mention, an id or a name");
        let threads = "a forum channel or thread of this server: a mention, an id or a name";
        assert_eq!(expected(&[15, 10, 11, 12]), threads);
    }
}
