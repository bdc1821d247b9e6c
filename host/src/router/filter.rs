//! Which events of a name a cog wants, by where they happened and who caused them. Checked before the cog is woken.

use std::{cell::OnceCell, sync::Arc};

use gearshift_cog::{
    abi::Event,
    manifest::{FilterManifest, Source},
};

/// The filters of one cog for one event. Without filters, every event passes.
#[derive(Clone, Debug, Default)]
pub struct Filters(Option<Arc<[Filter]>>);

/// An empty list lets every event pass.
#[derive(Debug)]
struct Filter {
    channels: Vec<u64>,
    guilds: Vec<u64>,
    skip_bots: bool,
}

impl Filters {
    /// The filters that a manifest declares for an event.
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

    /// Like [`pass`](Self::pass), for one of several cogs: the first one with a filter examines the event, for
    /// all of them.
    fn pass_once(&self, event: &Event, source: &OnceCell<Source>) -> bool {
        let Some(filters) = &self.0 else { return true };
        let source = source.get_or_init(|| Source::of(event));
        filters.iter().any(|filter| source.passes(&filter.channels, &filter.guilds, filter.skip_bots))
    }
}

/// Checks one event against the filters of several cogs.
pub(super) struct CheckedEvent<'e> {
    event: &'e Event,
    source: OnceCell<Source>,
}

impl<'e> CheckedEvent<'e> {
    pub(super) fn of(event: &'e Event) -> CheckedEvent<'e> {
        CheckedEvent { event, source: OnceCell::new() }
    }

    pub(super) fn passes(&self, filters: &Filters) -> bool {
        filters.pass_once(self.event, &self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::message;

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
        let user = posted(r#""author":{"id":"4"}"#);
        assert!(Filters::of(&[filter("TYPING_START", &["9"], &[], false)], "MESSAGE_CREATE").pass(&user));
        let one = filter("MESSAGE_CREATE", &["9"], &[], false);
        let other = filter("MESSAGE_CREATE", &[], &["3"], true);
        assert!(!Filters::of(std::slice::from_ref(&one), "MESSAGE_CREATE").pass(&user));
        assert!(Filters::of(&[one, other], "MESSAGE_CREATE").pass(&user));
    }

    #[test]
    fn messages_are_distinguished_by_channel_guild_and_who_posted_them() {
        let pass =
            |filter: FilterManifest, event: &Event| Filters::of(&[filter], "MESSAGE_CREATE").pass(event);
        let of = |channels: &[&str], guilds: &[&str], skip| filter("MESSAGE_CREATE", channels, guilds, skip);
        let user = posted(r#""author":{"id":"4"}"#);
        for (channels, guilds, wanted) in [
            (&["2"][..], &["3"][..], true),
            (&["3"], &[], false),
            (&["2"], &["9"], false),
            (&[], &["9", "3"], true),
        ] {
            assert_eq!(pass(of(channels, guilds, true), &user), wanted, "{channels:?} {guilds:?}");
        }
        for bot in [r#""author":{"id":"4","bot":true}"#, r#""author":{"id":"4"},"webhook_id":"8""#] {
            assert!(!pass(of(&[], &[], true), &posted(bot)), "{bot}");
            assert!(pass(of(&[], &[], false), &posted(bot)), "{bot}");
        }
    }
}
