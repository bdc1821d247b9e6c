//! Where an event happened and who caused it, as far as its data says so: the input of filters.

use abi_stable::std_types::ROption;
use serde::Deserialize;

use super::same;
use crate::abi::{Event, Message};

/// Which of the fields for filters the data of an event contains.
#[derive(Clone, Copy)]
pub(super) struct EventFields {
    pub channel: bool,
    pub guild: bool,
    pub account: bool,
}

gearshift_cog_macros::events!();

impl EventFields {
    /// What the events of a name contain. An unknown event may contain everything.
    pub(super) const fn of(name: &str) -> Self {
        let mut at = 0;
        while at < EVENTS.len() {
            if same(EVENTS[at].0, name) {
                return EVENTS[at].1;
            }
            at += 1;
        }
        Self { channel: true, guild: true, account: true }
    }
}

/// Where an event happened, by snowflake, and whether a bot or a webhook caused it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source {
    channel: Option<u64>,
    guild: Option<u64>,
    is_bot: bool,
}

impl Source {
    /// The source of an event.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        match event {
            Event::MessageCreate(message) | Event::MessageUpdate(message) => Self::of_message(message),
            Event::MessageDelete(deleted) => Self {
                channel: Some(deleted.channel_id),
                guild: deleted.guild_id.into_option(),
                is_bot: false,
            },
            Event::Interaction(interaction) => Self {
                channel: interaction.channel_id.into_option(),
                guild: interaction.guild_id.into_option(),
                is_bot: interaction.user.bot,
            },
            Event::Other(raw) => Self::of_raw(&raw.name, &raw.json),
        }
    }

    /// Whether a filter lets it through; an empty list lets everything through.
    #[must_use]
    pub fn passes(&self, channels: &[u64], guilds: &[u64], skip_bots: bool) -> bool {
        let is_among =
            |ids: &[u64], id: Option<u64>| ids.is_empty() || id.is_some_and(|id| ids.contains(&id));
        is_among(channels, self.channel) && is_among(guilds, self.guild) && !(skip_bots && self.is_bot)
    }

    fn of_message(message: &Message) -> Self {
        Self {
            channel: Some(message.channel_id),
            guild: message.guild_id.into_option(),
            is_bot: message.author.bot || matches!(message.webhook_id, ROption::RSome(_)),
        }
    }

    /// For an event that is passed on as JSON, only the few relevant fields are read.
    fn of_raw(name: &str, json: &str) -> Self {
        let raw: Raw<'_> = serde_json::from_str(json).unwrap_or_default();
        let id = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        let is_bot = |user: Option<RawUser>| user.is_some_and(|user| user.bot);
        let mut source = Self {
            channel: id(raw.channel_id),
            guild: id(raw.guild_id),
            is_bot: raw.webhook_id.is_some()
                || is_bot(raw.author)
                || is_bot(raw.user)
                || raw.member.is_some_and(|member| is_bot(member.user)),
        };
        // Events whose data is a guild or a channel, or only a part of one, have its id as `id`.
        // https://discord.com/developers/docs/events/gateway-events#receive-events
        match name {
            "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE" => source.guild = id(raw.id),
            "CHANNEL_CREATE"
            | "CHANNEL_UPDATE"
            | "CHANNEL_DELETE"
            | "THREAD_CREATE"
            | "THREAD_UPDATE"
            | "THREAD_DELETE"
            | "THREAD_MEMBER_UPDATE"
            | "THREAD_MEMBERS_UPDATE"
            | "VOICE_CHANNEL_STATUS_UPDATE" => {
                source.channel = id(raw.id);
            }
            _ => {}
        }
        source
    }
}

#[derive(Default, Deserialize)]
struct Raw<'a> {
    #[serde(borrow, default)]
    id: Option<&'a str>,
    #[serde(borrow, default)]
    channel_id: Option<&'a str>,
    #[serde(borrow, default)]
    guild_id: Option<&'a str>,
    #[serde(borrow, default)]
    webhook_id: Option<&'a str>,
    #[serde(default)]
    author: Option<RawUser>,
    #[serde(default)]
    user: Option<RawUser>,
    #[serde(default)]
    member: Option<RawMember>,
}

#[derive(Deserialize)]
struct RawUser {
    #[serde(default)]
    bot: bool,
}

#[derive(Deserialize)]
struct RawMember {
    #[serde(default)]
    user: Option<RawUser>,
}

#[cfg(test)]
mod tests {
    use abi_stable::std_types::RArc;

    use super::*;
    use crate::{abi::RawEvent, manifest::Filter};

    const ADD: &str = "GUILD_MEMBER_ADD";

    #[test]
    fn a_filter_passes_only_matching_events() {
        const HERE: Filter = Filter::new(ADD).guilds(&[41]);
        const NO_BOTS: Filter = Filter::new(ADD).skip_bots();
        const CHANNEL: Filter = Filter::new("TYPING_START").channels(&[5]);
        let table = [
            (HERE, ADD, r#"{"guild_id":"41"}"#, true),
            (HERE, ADD, r#"{"guild_id":"42"}"#, false),
            (HERE, ADD, "{}", false),
            (HERE, "GUILD_MEMBER_REMOVE", r#"{"guild_id":"41"}"#, false),
            (NO_BOTS, ADD, r#"{"user":{"bot":true}}"#, false),
            (NO_BOTS, ADD, r#"{"user":{}}"#, true),
            (CHANNEL, "TYPING_START", r#"{"guild_id":"41"}"#, false),
            (Filter::new("GUILD_CREATE").guilds(&[41]), "GUILD_CREATE", r#"{"id":"41"}"#, true),
        ];
        for (filter, name, json, expected) in table {
            let event = Event::Other(RArc::new(RawEvent { name: name.into(), json: json.into() }));
            assert_eq!(filter.passes(&event), expected, "{filter:?} {name} {json}");
        }
    }

    #[test]
    fn a_filter_requires_the_fields_of_its_event() {
        let refused: [fn() -> Filter; 4] = [
            || Filter::new("READY").channels(&[1]),
            || Filter::new("READY").guilds(&[1]),
            || Filter::new(ADD).channels(&[1]),
            || Filter::new("MESSAGE_DELETE").skip_bots(),
        ];
        for make in refused {
            assert!(std::panic::catch_unwind(make).is_err());
        }
        // Events that Discord adds may contain everything.
        let _ = Filter::new("NEW_EVENT").channels(&[1]).guilds(&[1]).skip_bots();
    }

    #[test]
    fn the_source_of_a_raw_event_is_read_from_its_json() {
        for (name, json, channel, guild, is_bot) in [
            (
                "TYPING_START",
                r#"{"channel_id":"1","guild_id":"2","member":{"user":{"bot":true}}}"#,
                1,
                2,
                true,
            ),
            ("GUILD_MEMBER_ADD", r#"{"guild_id":"2","user":{"id":"3","bot":true}}"#, 0, 2, true),
            ("GUILD_CREATE", r#"{"id":"2","name":"a \" b"}"#, 0, 2, false),
            ("CHANNEL_UPDATE", r#"{"id":"1","guild_id":"2","name":"x"}"#, 1, 2, false),
            ("MESSAGE_REACTION_ADD", r#"{"channel_id":"1","user_id":"3","member":{"user":{}}}"#, 1, 0, false),
            ("THREAD_MEMBERS_UPDATE", r#"{"id":"1","guild_id":"2","member_count":3}"#, 1, 2, false),
            ("READY", r#"{"user":{"id":"3","bot":true}}"#, 0, 0, true),
            ("ODD", "[]", 0, 0, false),
        ] {
            let some = |id| (id != 0).then_some(id);
            let expected = Source { channel: some(channel), guild: some(guild), is_bot };
            let event = Event::Other(RArc::new(RawEvent { name: name.into(), json: json.into() }));
            assert_eq!(Source::of(&event), expected, "{name}");
        }
    }
}
