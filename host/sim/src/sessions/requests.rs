//! How often bots ask for all members of a guild.

use std::collections::HashMap;
use std::time::Duration;

use crate::ids::{Snowflake, Timestamp};

/// Between two requests of a bot for all members of a guild; others are not limited.
/// <https://discord.com/developers/docs/events/gateway-events#request-guild-members>
const BETWEEN: Duration = Duration::from_secs(30);

/// The last requests, by bot and guild.
#[derive(Default)]
pub(crate) struct MemberRequests {
    last: HashMap<(Snowflake, Snowflake), Timestamp>,
}

impl MemberRequests {
    /// Counts a request that is answered; `Err` says how long to wait for one that came too soon, which is not counted.
    pub(crate) fn count(&mut self, bot: Snowflake, guild: Snowflake, now: Timestamp) -> Result<(), Duration> {
        self.last.retain(|_, at| now.since(*at) < BETWEEN);
        match self.last.get(&(bot, guild)) {
            Some(last) => Err(BETWEEN - now.since(*last)),
            None => {
                self.last.insert((bot, guild), now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_members_of_a_guild_come_once_in_thirty_seconds() {
        let (mut requests, bot) = (MemberRequests::default(), Snowflake(1));
        let mut ask = |guild, at| requests.count(bot, Snowflake(guild), Timestamp(at));
        assert_eq!(ask(7, 0), Ok(()));
        assert_eq!(ask(7, 10_000), Err(Duration::from_secs(20)));
        assert_eq!(ask(8, 10_000), Ok(()), "of another guild at once");
        assert_eq!(ask(7, 30_000), Ok(()));
    }
}
