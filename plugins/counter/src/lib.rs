//! `!count` and `/count` count each person. Shows how state survives a reload, and how its shape may change between two
//! versions of a cog. It writes nothing to disk: what it saves is kept by the host.
#![forbid(unsafe_code)]

use std::{cell::RefCell, collections::BTreeMap};

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

/// The shape that is saved. Version 1 knew only a total; raise this when [`Counts`] changes again.
const VERSION: u32 = 2;

/// A handler holds the `RefCell` never across an `await`, so no two of them can collide.
struct Counter {
    counts: RefCell<Counts>,
}

/// Version 2 of the state.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    /// Calls by user id.
    users: BTreeMap<u64, u64>,
    /// Calls from the time of version 1, which did not write down whose they were.
    earlier: u64,
}

/// Version 1 of the state: one number for everybody.
#[derive(Deserialize)]
struct Total {
    total: u64,
}

impl Counts {
    /// Counts a call; the caller's count and everybody's.
    fn count(&mut self, user: u64) -> (u64, u64) {
        let own = self.users.entry(user).or_default();
        *own += 1;
        (*own, self.total())
    }

    fn total(&self) -> u64 {
        self.earlier + self.users.values().sum::<u64>()
    }

    /// Reads every version there ever was. An error here means that the cog before goes on, so nothing is lost.
    fn read(state: &State) -> Result<Self> {
        match state.version {
            1 => Ok(Self { users: BTreeMap::new(), earlier: state.parse::<Total>()?.total }),
            VERSION => state.parse(),
            newer => Err(Error::new(format!("it reads counts of version 1 and {VERSION}, not {newer}"))),
        }
    }
}

impl Cog for Counter {
    const COMMANDS: &'static [Command] = &[Command::new("count", "Counts you, and tells how often")];

    async fn setup(_host: Host) -> Result<Self> {
        Ok(Self { counts: RefCell::default() })
    }

    fn restore(&mut self, state: State) -> Result<()> {
        self.counts = RefCell::new(Counts::read(&state)?);
        Ok(())
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        let (own, all) = self.counts.borrow_mut().count(ctx.user().map_or(0, |user| user.id));
        ctx.reply(format!("{own} for you, {all} for everybody")).await?;
        Ok(())
    }

    fn save(&self) -> Result<Option<State>> {
        State::json(VERSION, &*self.counts.borrow()).map(Some)
    }
}

gearshift_cog::export!(Counter);

#[cfg(test)]
mod tests {
    use gearshift_cog::testing::Bot;

    use super::*;

    fn state(version: u32, json: &str) -> State {
        State { version, bytes: json.into() }
    }

    #[test]
    fn the_total_of_version_1_is_kept() {
        let mut counts = Counts::read(&state(1, r#"{"total":40}"#)).expect("it is valid");
        assert_eq!(counts.count(7), (1, 41));
    }

    #[test]
    fn what_is_saved_is_what_is_restored() {
        let mut counts = Counts { earlier: 3, ..Counts::default() };
        counts.count(7);
        counts.count(8);
        assert_eq!(counts.count(7), (2, 6));
        let saved = State::json(VERSION, &counts).expect("it is valid");
        assert_eq!(Counts::read(&saved).expect("it is valid"), counts);
    }

    #[test]
    fn a_version_it_does_not_know_is_refused() {
        let refusal = Counts::read(&state(3, "{}")).expect_err("it is refused").to_string();
        assert_eq!(refusal, "it reads counts of version 1 and 2, not 3");
        assert!(Counts::read(&state(2, "[]")).is_err());
    }

    #[test]
    fn counts_are_of_each_user_and_outlive_a_reload() {
        let bot = Bot::new::<Counter>();
        let (alice, bob) = (bot.user("alice"), bot.user("bob"));
        alice.slash("count", ()).assert_content("1 for you, 1 for everybody");
        bot.reload::<Counter>();
        bob.say("!count").assert_content("1 for you, 2 for everybody");
        alice.say("!count").assert_content("2 for you, 3 for everybody");
    }

    #[test]
    fn the_counts_of_version_1_go_on() {
        let bot = Bot::builder().state(state(1, r#"{"total":40}"#)).build::<Counter>();
        bot.user("alice").slash("count", ()).assert_content("1 for you, 41 for everybody");
        let refused =
            Bot::builder().state(state(3, "{}")).try_build::<Counter>().err().expect("it is refused");
        assert_eq!(refused.text, "it reads counts of version 1 and 2, not 3");
    }
}
