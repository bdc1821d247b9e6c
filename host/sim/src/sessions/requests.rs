//! Limits how often bots request all members of a guild.

use std::collections::HashMap;
use std::time::Duration;

use crate::ids::{Snowflake, Timestamp};

/// The time between two requests by a bot for all members of a guild; other requests are not limited.
/// <https://discord.com/developers/docs/events/gateway-events#request-guild-members>
const BETWEEN: Duration = Duration::from_secs(30);

/// The last request by each bot for each guild.
#[derive(Default)]
pub(crate) struct MemberRequests {
    last: HashMap<(Snowflake, Snowflake), Timestamp>,
}

impl MemberRequests {
    /// Counts an allowed request; `Err` is how long to wait if it came too soon, in which case it is not counted.
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
    fn requests_for_all_members_are_limited() {
        let (mut requests, bot) = (MemberRequests::default(), Snowflake(1));
        let mut ask = |guild, at| requests.count(bot, Snowflake(guild), Timestamp(at));
        assert_eq!(ask(7, 0), Ok(()));
        assert_eq!(ask(7, 10_000), Err(Duration::from_secs(20)));
        assert_eq!(ask(8, 10_000), Ok(()), "of another guild at once");
        assert_eq!(ask(7, 30_000), Ok(()));
    }
}
