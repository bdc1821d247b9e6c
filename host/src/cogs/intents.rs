//! Events that a cog listens to and that never arrive, because the bot does not request them from Discord. Nothing else
//! reports this: Discord sends no error for events that it does not send.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::config::{Intent, missing_intents};

/// Events of a cog that never arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingIntent {
    /// The events.
    pub events: Vec<String>,
    /// The intents any one of which would make them arrive, by their names in `[discord] intents`.
    pub any_of: Vec<&'static str>,
    /// Whether all of these must also be enabled in Discord's developer portal.
    pub is_privileged: bool,
}

impl MissingIntent {
    /// Those of `events` that never arrive with these intents; empty without a gateway.
    pub(crate) fn of(events: &[String], intents: Option<&[Intent]>) -> Vec<MissingIntent> {
        let Some(intents) = intents else { return Vec::new() };
        let mut found: BTreeMap<Vec<&'static str>, MissingIntent> = BTreeMap::new();
        for (event, needed) in missing_intents(events, intents) {
            let any_of: Vec<&'static str> = needed.iter().map(|intent| intent.name()).collect();
            let missing = found.entry(any_of.clone()).or_insert_with(|| MissingIntent {
                events: Vec::new(),
                any_of,
                is_privileged: needed.iter().all(|intent| intent.is_privileged()),
            });
            missing.events.push(event.to_owned());
        }
        found.into_values().collect()
    }
}

impl fmt::Display for MissingIntent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrives = if self.events.len() == 1 { "arrives" } else { "arrive" };
        let names: Vec<String> = self.any_of.iter().map(|name| format!("`{name}`")).collect();
        write!(
            out,
            "it listens to {}, which never {arrives}: `[discord] intents` has no {}",
            self.events.join(", "),
            names.join(" or ")
        )?;
        match self.is_privileged {
            true => out.write_str(", which the developer portal must allow as well"),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_lack_the_same_intents_are_one_sentence() {
        let events = ["GUILD_MEMBER_ADD", "MESSAGE_CREATE", "READY", "GUILD_MEMBER_REMOVE", "TYPING_START"];
        let events = events.map(str::to_owned);
        let missing = MissingIntent::of(&events, Some(&[Intent::Guilds, Intent::GuildMessages]));
        let said: Vec<String> = missing.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "it listens to GUILD_MEMBER_ADD, GUILD_MEMBER_REMOVE, which never arrive: `[discord] intents` has no \
                 `guild_members`, which the developer portal must allow as well",
                "it listens to TYPING_START, which never arrives: `[discord] intents` has no `guild_message_typing` or \
                 `direct_message_typing`",
            ]
        );
        assert_eq!(MissingIntent::of(&events, None), []);
    }
}
