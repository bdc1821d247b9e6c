//! Messages, files, and ids for which Discord has no option type.

use ::serenity::model::{
    channel::{Attachment, Message},
    id::{GuildId, MessageId},
};

use super::{
    given::{ask, get, id, sent_along},
    people::parsed,
};
use crate::{
    Argument, ArgumentError, Context, FromDiscord, Given, Takes,
    argument::seen::{Facts, permissions},
    manifest::{OptionType, kind},
    permissions::{READ_MESSAGE_HISTORY, VIEW_CHANNEL, missing},
    serenity::models::complete,
};

const MESSAGE: &str = "a message of this server: its link, or its id if it is in this channel";

/// A link or an id; in a message menu, the message it was opened on.
impl Argument for Message {
    const OPTION: OptionType = OptionType::new(kind::STRING);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let ctx = given.context();
        let place = Place::read(given.text()).ok_or_else(|| ArgumentError::expected(MESSAGE))?;
        if let Some(message) = sent_along(ctx, "messages", place.message) {
            return parsed(in_guild(message, ctx.guild_id()));
        }
        let here = ctx.channel_id().map_err(ArgumentError::Failed)?;
        let channel = place.channel.unwrap_or(here);
        if !may_read(ctx, channel, channel == here).await? {
            return Err(ArgumentError::expected(MESSAGE));
        }
        let message = ask(get(ctx, format!("/channels/{channel}/messages/{}", place.message))).await?;
        let message = message.ok_or_else(|| ArgumentError::expected(MESSAGE))?;
        parsed(in_guild(&message, ctx.guild_id()))
    }
}

/// A link or an id. Whether the message exists is not checked.
impl Argument for MessageId {
    const OPTION: OptionType = OptionType::new(kind::STRING);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let place = Place::read(given.text());
        place.map(|place| Self::new(place.message)).ok_or_else(|| ArgumentError::expected(MESSAGE))
    }
}

impl Argument for GuildId {
    const OPTION: OptionType = OptionType::new(kind::STRING);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        id(given.text(), &[]).map(Self::new).ok_or_else(|| ArgumentError::expected("the id of a server"))
    }
}

impl Argument for Attachment {
    const OPTION: OptionType = OptionType::new(kind::ATTACHMENT);
    const TAKES: Takes = Takes::File;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let file = id(given.text(), &[]).and_then(|id| sent_along(given.context(), "attachments", id));
        parsed(Self::from_discord(file.ok_or_else(|| ArgumentError::expected("a file"))?))
    }
}

/// The location of a message.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    message: u64,
    channel: Option<u64>,
}

impl Place {
    /// Reads a link, `channel-message` as the client copies it with Shift, or an id.
    fn read(text: &str) -> Option<Self> {
        let text = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
        if let Some(message) = id(text, &[]) {
            return Some(Self { message, channel: None });
        }
        let pair = match text.split_once("/channels/") {
            // The guild comes first, or `@me`.
            Some((site, path)) if is_site(site) => {
                path.split_once('/')?.1.trim_end_matches('/').split_once('/')?
            }
            Some(_) => return None,
            None => text.split_once('-')?,
        };
        Some(Self { message: id(pair.1, &[])?, channel: Some(id(pair.0, &[])?) })
    }
}

fn is_site(site: &str) -> bool {
    let host = site.strip_prefix("https://").unwrap_or(site);
    let host = ["ptb.", "canary."].iter().find_map(|sub| host.strip_prefix(sub)).unwrap_or(host);
    matches!(host, "discord.com" | "discordapp.com")
}

/// Whether the caller can read messages in a channel, and the channel is in the guild where the command was called.
async fn may_read(ctx: &Context, channel: u64, is_here: bool) -> Result<bool, ArgumentError> {
    const NEEDED: u64 = VIEW_CHANNEL | READ_MESSAGE_HISTORY;
    let Some(guild) = ctx.guild_id() else { return Ok(is_here) };
    if is_here {
        return Ok(missing(permissions(ctx, guild, channel).await?, NEEDED) == 0);
    }
    let found = ask(get(ctx, format!("/channels/{channel}"))).await?.unwrap_or_default();
    match Facts::of(&found) {
        Some(facts) if facts.is_in(guild) => facts.may(ctx, NEEDED).await,
        _ => Ok(false),
    }
}

/// A message fetched from Discord does not name its guild, so this adds it.
fn in_guild(message: &str, guild: Option<u64>) -> crate::Result<Message> {
    let guild = guild.map(|id| format!("\"{id}\""));
    let fields: Vec<(&str, &str)> = guild.iter().map(|id| ("guild_id", id.as_str())).collect();
    Message::from_discord(&complete(message, &fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_by_link_pair_or_id() {
        let pair = Some(Place { channel: Some(2), message: 3 });
        let table = [
            ("https://discord.com/channels/1/2/3", pair),
            ("<https://canary.discord.com/channels/1/2/3/>", Some(Place { channel: Some(2), message: 3 })),
            ("https://discord.com/channels/@me/2/3", Some(Place { channel: Some(2), message: 3 })),
            ("2-3", Some(Place { channel: Some(2), message: 3 })),
            ("3", Some(Place { channel: None, message: 3 })),
            ("https://example.com/channels/1/2/3", None),
            ("https://discord.com/channels/1/2", None),
            ("message", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(Place::read(text), expected, "{text}");
        }
    }
}
