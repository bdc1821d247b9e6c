//! A handler that waits for a user gets the event, or its wait ends with its timeout or its generation.

use std::time::Duration;

use crate::{Cog, Context, Host, Result, manifest::Command, testing::Bot};

struct Careful;

impl Cog for Careful {
    const COMMANDS: &'static [Command] = &[Command::new("drop", "Drops it")];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        let is_sure = ctx.confirm("Sure?", Duration::from_secs(60)).await?;
        ctx.reply(if is_sure { "dropped" } else { "kept" }).await?;
        Ok(())
    }
}

#[test]
fn a_button_that_a_handler_waits_for_is_pressed_by_its_label() {
    let bot = Bot::new::<Careful>();
    let alice = bot.user("alice");
    let answer = alice.slash("drop", ());
    answer.assert_content("Sure?");
    let (bob, question) = (bot.user("bob"), answer.message());
    bob.press(&question, "Confirm");
    assert_eq!((answer.messages().len(), bot.waiting_handlers().len()), (1, 1));
    alice.press(&question, "Confirm");
    assert_eq!(answer.messages()[1].content(), "dropped");
    assert!(question.components().is_empty() && bot.waiting_handlers().is_empty());
}

#[test]
fn the_ids_of_a_wait_are_the_same_in_each_run_but_change_after_a_reload() {
    let ids = || {
        let bot = Bot::new::<Careful>();
        let alice = bot.user("alice");
        let of = |answer: crate::testing::Answer| {
            answer.message().components().iter().map(|it| it["custom_id"].to_string()).collect::<Vec<_>>()
        };
        let first = of(alice.slash("drop", ()));
        bot.reload::<Careful>();
        (first, of(alice.slash("drop", ())))
    };
    let (first, second) = ids();
    assert!(first.len() == 2 && first.iter().all(|id| !second.contains(id)), "{first:?} {second:?}");
    assert_eq!(ids(), (first, second));
}

#[test]
fn a_wait_ends_at_its_timeout() {
    let bot = Bot::new::<Careful>();
    let answer = bot.user("alice").slash("drop", ());
    bot.advance(Duration::from_secs(60));
    assert_eq!(answer.messages()[1].content(), "kept");
}

#[test]
fn a_wait_ends_when_the_cog_is_replaced() {
    let bot = Bot::new::<Careful>();
    let answer = bot.user("alice").slash("drop", ());
    bot.reload::<Careful>();
    assert_eq!(answer.messages()[1].content(), "kept");
    assert!(bot.faults().is_empty());
}
