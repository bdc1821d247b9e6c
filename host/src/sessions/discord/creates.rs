//! How many commands were created in the last day, in each of Discord's lists: Discord accepts 200 new commands
//! per list and day, and refuses more. Changing an existing command does not count.
//! <https://discord.com/developers/docs/interactions/application-commands#registering-a-command>

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// New commands that Discord accepts per day in each list.
pub const CREATES_MAX: usize = 200;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The lists in which commands were registered, and when commands were created in each. Times are in milliseconds
/// since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Creates {
    global: Vec<Created>,
    guilds: BTreeMap<String, Vec<Created>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Created {
    at_ms: u64,
    count: usize,
}

impl Creates {
    /// How many more commands may be created now, in a guild's list or in the global one.
    pub fn room(&self, guild: Option<&str>, now_ms: u64) -> usize {
        let used: usize = self.recent(guild, now_ms).map(|created| created.count).sum();
        CREATES_MAX.saturating_sub(used)
    }

    /// How long until at least one more command may be created.
    pub fn wait(&self, guild: Option<&str>, now_ms: u64) -> Duration {
        match (self.room(guild, now_ms), self.recent(guild, now_ms).map(|created| created.at_ms).min()) {
            (0, Some(first)) => DAY.saturating_sub(Duration::from_millis(now_ms.saturating_sub(first))),
            _ => Duration::ZERO,
        }
    }

    /// Records that `count` commands were created.
    pub fn note(&mut self, guild: Option<&str>, now_ms: u64, count: usize) {
        let list = match guild {
            None => &mut self.global,
            Some(guild) => self.guilds.entry(guild.to_owned()).or_default(),
        };
        list.retain(|created| is_recent(created, now_ms));
        if count > 0 {
            list.push(Created { at_ms: now_ms, count });
        }
    }

    /// The guilds in which commands were registered.
    pub fn guilds(&self) -> BTreeSet<String> {
        self.guilds.keys().cloned().collect()
    }

    /// The host has no commands in the guild any more. Its creations are forgotten once they are a day old.
    pub fn leave(&mut self, guild: &str, now_ms: u64) {
        if self.recent(Some(guild), now_ms).next().is_none() {
            self.guilds.remove(guild);
        }
    }

    fn recent(&self, guild: Option<&str>, now_ms: u64) -> impl Iterator<Item = &Created> {
        let list = match guild {
            None => Some(&self.global),
            Some(guild) => self.guilds.get(guild),
        };
        list.into_iter().flatten().filter(move |created| is_recent(created, now_ms))
    }
}

/// A time in the future, recorded before the clock was set back, still counts.
fn is_recent(created: &Created, now_ms: u64) -> bool {
    u128::from(now_ms.saturating_sub(created.at_ms)) < DAY.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 60 * 60 * 1000;

    #[test]
    fn each_list_has_its_own_200_a_day() {
        let mut creates = Creates::default();
        creates.note(None, 0, 150);
        creates.note(None, HOUR, 50);
        creates.note(Some("7"), HOUR, 3);
        assert_eq!((creates.room(None, HOUR), creates.room(Some("7"), HOUR)), (0, 197));
        assert_eq!(creates.wait(None, 2 * HOUR), Duration::from_secs(22 * 60 * 60));
        assert_eq!((creates.room(None, 24 * HOUR), creates.wait(None, 24 * HOUR)), (150, Duration::ZERO));
        assert_eq!(creates.room(None, 25 * HOUR), 200);
    }

    #[test]
    fn a_guild_is_remembered_until_it_is_left_and_its_day_is_over() {
        let mut creates = Creates::default();
        creates.note(Some("7"), 0, 1);
        creates.leave("7", HOUR);
        assert_eq!(creates.guilds().len(), 1, "what was created still counts");
        creates.leave("7", 24 * HOUR);
        assert!(creates.guilds().is_empty());
    }
}
