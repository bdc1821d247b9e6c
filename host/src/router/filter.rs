//! Which events of a name a cog wants, by where they happened and who caused them. It is asked before the cog is woken.

use std::{cell::OnceCell, sync::Arc};

use abi_stable::std_types::ROption;
use gearshift_cog::{
    abi::{Event, Message},
    manifest::FilterManifest,
};
use serde::Deserialize;

/// The filters of one cog for one event; without any, everything passes.
#[derive(Clone, Debug, Default)]
pub struct Filters(Option<Arc<[Filter]>>);

/// What is empty lets everything through.
#[derive(Debug)]
struct Filter {
    channels: Vec<u64>,
    guilds: Vec<u64>,
    skip_bots: bool,
}

/// Where an event happened, and whether a bot or a webhook caused it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Source {
    channel: Option<u64>,
    guild: Option<u64>,
    is_bot: bool,
}

impl Filters {
    /// Those that a manifest has for an event.
    pub fn of(declared: &[FilterManifest], event: &str) -> Filters {
        let ids = |texts: &[String]| texts.iter().filter_map(|text| text.parse().ok()).collect();
        let of_event = declared.iter().filter(|filter| filter.event == event).map(|filter| Filter {
            channels: ids(&filter.channels),
            guilds: ids(&filter.guilds),
            skip_bots: filter.skip_bots,
        });
        let filters: Arc<[Filter]> = of_event.collect();
        Filters((!filters.is_empty()).then_some(filters))
    }

    /// Whether one of them lets the event through.
    pub fn pass(&self, event: &Event) -> bool {
        self.pass_once(event, &OnceCell::new())
    }

    /// As [`pass`](Self::pass), for one of several cogs: the event is looked at by the first that has a filter, for all.
    fn pass_once(&self, event: &Event, source: &OnceCell<Source>) -> bool {
        let Some(filters) = &self.0 else { return true };
        let source = source.get_or_init(|| Source::of(event));
        filters.iter().any(|filter| filter.passes(source))
    }
}

/// Asks the filters of several cogs about one event.
pub(super) struct Asked<'e> {
    event: &'e Event,
    source: OnceCell<Source>,
}

impl<'e> Asked<'e> {
    pub(super) fn of(event: &'e Event) -> Asked<'e> {
        Asked { event, source: OnceCell::new() }
    }

    pub(super) fn passes(&self, filters: &Filters) -> bool {
        filters.pass_once(self.event, &self.source)
    }
}

impl Filter {
    fn passes(&self, source: &Source) -> bool {
        let is_among =
            |wanted: &[u64], id: Option<u64>| wanted.is_empty() || id.is_some_and(|id| wanted.contains(&id));
        is_among(&self.channels, source.channel)
            && is_among(&self.guilds, source.guild)
            && !(self.skip_bots && source.is_bot)
    }
}

impl Source {
    fn of(event: &Event) -> Source {
        match event {
            Event::MessageCreate(message) | Event::MessageUpdate(message) => Source::of_message(message),
            Event::MessageDelete(deleted) => Source {
                channel: Some(deleted.channel_id),
                guild: deleted.guild_id.into_option(),
                is_bot: false,
            },
            Event::Interaction(interaction) => Source {
                channel: interaction.channel_id.into_option(),
                guild: interaction.guild_id.into_option(),
                is_bot: interaction.user.bot,
            },
            Event::Other(raw) => Source::of_raw(&raw.name, &raw.json),
        }
    }

    fn of_message(message: &Message) -> Source {
        Source {
            channel: Some(message.channel_id),
            guild: message.guild_id.into_option(),
            is_bot: message.author.bot || matches!(message.webhook_id, ROption::RSome(_)),
        }
    }

    /// Of an event that is passed on as JSON only the few fields are read that say it.
    fn of_raw(name: &str, json: &str) -> Source {
        let raw: RawSource<'_> = serde_json::from_str(json).unwrap_or_default();
        let id = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        let bot = |user: Option<RawUser>| user.is_some_and(|user| user.bot);
        let mut source = Source {
            channel: id(raw.channel_id),
            guild: id(raw.guild_id),
            is_bot: raw.webhook_id.is_some()
                || bot(raw.author)
                || bot(raw.user)
                || raw.member.is_some_and(|member| bot(member.user)),
        };
        // An event whose data is a guild or a channel has it as `id`.
        // https://discord.com/developers/docs/events/gateway-events#receive-events
        match name {
            "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE" => source.guild = id(raw.id),
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "CHANNEL_DELETE" | "THREAD_CREATE" | "THREAD_UPDATE"
            | "THREAD_DELETE" => source.channel = id(raw.id),
            _ => {}
        }
        source
    }
}

#[derive(Default, Deserialize)]
struct RawSource<'a> {
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
    use super::*;
    use crate::event::{message, raw};

    fn filter(event: &str, channels: &[&str], guilds: &[&str], skip_bots: bool) -> FilterManifest {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        FilterManifest { event: event.to_owned(), channels: ids(channels), guilds: ids(guilds), skip_bots }
    }

    fn posted(rest: &str) -> Event {
        let json = format!(r#"{{"id":"1","channel_id":"2","guild_id":"3",{rest}}}"#);
        Event::MessageCreate(message(&json).expect("a message").message())
    }

    #[test]
    fn without_a_filter_everything_passes_and_of_several_one_is_enough() {
        let person = posted(r#""author":{"id":"4"}"#);
        assert!(Filters::of(&[filter("TYPING_START", &["9"], &[], false)], "MESSAGE_CREATE").pass(&person));
        let one = filter("MESSAGE_CREATE", &["9"], &[], false);
        let other = filter("MESSAGE_CREATE", &[], &["3"], true);
        assert!(!Filters::of(std::slice::from_ref(&one), "MESSAGE_CREATE").pass(&person));
        assert!(Filters::of(&[one, other], "MESSAGE_CREATE").pass(&person));
    }

    #[test]
    fn messages_are_told_apart_by_channel_guild_and_who_posted_them() {
        let pass =
            |filter: FilterManifest, event: &Event| Filters::of(&[filter], "MESSAGE_CREATE").pass(event);
        let of = |channels: &[&str], guilds: &[&str], skip| filter("MESSAGE_CREATE", channels, guilds, skip);
        let person = posted(r#""author":{"id":"4"}"#);
        for (channels, guilds, wanted) in [
            (&["2"][..], &["3"][..], true),
            (&["3"], &[], false),
            (&["2"], &["9"], false),
            (&[], &["9", "3"], true),
        ] {
            assert_eq!(pass(of(channels, guilds, true), &person), wanted, "{channels:?} {guilds:?}");
        }
        for bot in [r#""author":{"id":"4","bot":true}"#, r#""author":{"id":"4"},"webhook_id":"8""#] {
            assert!(!pass(of(&[], &[], true), &posted(bot)), "{bot}");
            assert!(pass(of(&[], &[], false), &posted(bot)), "{bot}");
        }
    }

    #[test]
    fn events_that_are_passed_on_as_json_are_told_apart_as_well() {
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
            ("READY", r#"{"user":{"id":"3","bot":true}}"#, 0, 0, true),
            ("ODD", "[]", 0, 0, false),
        ] {
            let some = |id| (id != 0).then_some(id);
            let expected = Source { channel: some(channel), guild: some(guild), is_bot };
            assert_eq!(Source::of(&raw(name, json)), expected, "{name}");
        }
    }
}
