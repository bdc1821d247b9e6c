//! Ids for objects that a world file gives no id: the same names get the same ids on every start.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use crate::ids::{DISCORD_EPOCH_MS, Snowflake, Timestamp};

const DAY_MS: u64 = 86_400_000;
/// 2018-01-01: guilds are the oldest, one day apart, so that the first one in the file has the lowest id.
const GUILDS_FROM_MS: u64 = 1_514_764_800_000;
/// 2020-01-01: all other ids are spread over the following three years.
const OTHERS_FROM_MS: u64 = 1_577_836_800_000;
const OTHERS_SPAN_MS: u64 = 3 * 365 * DAY_MS;

/// When a history begins if its first message has no time.
pub(super) const HISTORY_FROM: Timestamp = Timestamp(1_704_099_600_000);

/// The ids that are taken in this file.
#[derive(Default)]
pub(super) struct Ids {
    taken: HashSet<Snowflake>,
}

impl Ids {
    /// The ids that a file may set: up to those of the year 2084, so that there is always a next one.
    pub(super) const RANGE: RangeInclusive<u64> = 1..=i64::MAX as u64;

    /// Takes an id that the file sets; false if it is taken already.
    pub(super) fn take(&mut self, id: Snowflake) -> bool {
        self.taken.insert(id)
    }

    /// The id of the guild with this index.
    pub(super) fn guild(&mut self, place: usize, name: &str) -> Snowflake {
        let mix = mixed(&["guild", name]);
        self.free(snowflake_at(GUILDS_FROM_MS + place as u64 * DAY_MS + mix % DAY_MS, mix >> 32))
    }

    /// The id of any other object, from its kind and names; the names of a nested object include its parents.
    pub(super) fn of(&mut self, path: &[&str]) -> Snowflake {
        self.free(candidate(path))
    }

    /// The id of the message with this index in a channel, later than the previous one.
    pub(super) fn message(
        &mut self,
        at: Timestamp,
        channel: &str,
        place: usize,
        last: Option<Snowflake>,
    ) -> Snowflake {
        let wanted = snowflake_at(at.0, mixed(&["message", channel, &place.to_string()]));
        self.free(wanted.max(last.map_or(wanted, |last| Snowflake(last.0 + 1))))
    }

    /// The highest id so far.
    pub(super) fn highest(&self) -> Snowflake {
        self.taken.iter().copied().max().unwrap_or_default()
    }

    fn free(&mut self, mut id: Snowflake) -> Snowflake {
        while !self.take(id) {
            id.0 += 1;
        }
        id
    }
}

/// The id that names get unless it is taken.
pub(in crate::world) fn candidate(path: &[&str]) -> Snowflake {
    let mix = mixed(path);
    snowflake_at(OTHERS_FROM_MS + mix % OTHERS_SPAN_MS, mix >> 42)
}

fn snowflake_at(unix_ms: u64, low: u64) -> Snowflake {
    Snowflake(unix_ms.saturating_sub(DISCORD_EPOCH_MS) << 22 | low & 0x3f_ffff)
}

/// FNV-1a and a finalizer, because the high bits of FNV are similar for short texts. Implemented here because the
/// standard library's hash may change with the compiler, and these ids must not.
fn mixed(path: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in path {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_names_give_the_same_ids_for_ever() {
        let mut ids = Ids::default();
        // Spelled out: a change here changes the ids in all users' worlds.
        let first = ids.of(&["user", "alice"]);
        assert_eq!(first, Snowflake(722_356_840_538_987_278));
        assert_ne!(ids.of(&["user", "alice"]), first, "the second one with the name gets another");
        assert!(ids.guild(0, "Zoo") < ids.guild(1, "Aquarium"), "guilds are in the order of the file");
    }
}
