//! `!count` and `/count` count the calls of each user. Shows how state survives a reload, and how its shape may change
//! between two versions of a cog. It writes nothing to disk: the host keeps what it saves.
#![forbid(unsafe_code)]

use std::{cell::RefCell, collections::BTreeMap};

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

/// The cog, which is its own state: version 2. Raise the version when its shape changes again.
#[derive(Default, Serialize, Deserialize)]
struct Counter {
    /// Calls by user id. No handler holds the `RefCell` across an `await`, so two of them can never collide.
    users: RefCell<BTreeMap<u64, u64>>,
    /// Calls counted by version 1, which did not record the user.
    earlier: u64,
}

/// Version 1 of the state: one number for everybody.
#[derive(Deserialize)]
struct Total {
    total: u64,
}

#[cog(state = 2)]
impl Counter {
    /// Counts you, and says how often
    #[command]
    async fn count(&self, ctx: &Context) -> Result {
        let (own, all) = self.add(ctx.user()?.id);
        ctx.reply(format!("{own} for you, {all} for everybody")).await
    }

    #[migrate(1)]
    fn from_total(old: Total) -> Self {
        Self { earlier: old.total, ..Self::default() }
    }

    /// Counts a call. Returns the user's count and the total.
    fn add(&self, user: u64) -> (u64, u64) {
        let mut users = self.users.borrow_mut();
        let own = users.entry(user).or_default();
        *own += 1;
        (*own, self.earlier + users.values().sum::<u64>())
    }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::testing::Bot;

    use super::*;

    fn state(version: u32, json: &str) -> State {
        State { version, bytes: json.into() }
    }

    #[test]
    fn counts_are_per_user_and_survive_a_reload() {
        let bot = Bot::new::<Counter>();
        let (alice, bob) = (bot.user("alice"), bot.user("bob"));
        alice.slash("count", ()).assert_content("1 for you, 1 for everybody");
        bot.reload::<Counter>();
        bob.say("!count").assert_content("1 for you, 2 for everybody");
        alice.say("!count").assert_content("2 for you, 3 for everybody");
        assert_eq!(bot.state(), Some(state(2, r#"{"users":{"1":2,"2":1},"earlier":0}"#)));
    }

    #[test]
    fn the_counts_of_version_1_are_carried_over() {
        let bot = Bot::builder().state(state(1, r#"{"total":40}"#)).build::<Counter>();
        bot.user("alice").slash("count", ()).assert_content("1 for you, 41 for everybody");
    }

    #[test]
    fn an_unreadable_state_is_refused() {
        let refused = |version, json| {
            Bot::builder()
                .state(state(version, json))
                .try_build::<Counter>()
                .err()
                .expect("it is refused")
                .text
        };
        assert_eq!(refused(3, "{}"), "this cog reads state of versions 1 and 2, but got version 3");
        assert!(refused(2, r#"{"users":[]}"#).contains("expected a map"));
    }
}
