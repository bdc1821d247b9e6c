//! A reminder is sent once, when it is due, even if the cog is replaced in between.

use gearshift_cog::testing::Bot;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// How often a text was posted.
fn count(bot: &Bot, text: &str) -> usize {
    let posted = bot.messages("general").into_iter();
    posted.filter(|message| message.content() == text).count()
}

#[test]
fn a_reminder_is_sent_once_even_if_the_cog_is_replaced() {
    let bot = Bot::new::<Reminders>();
    let alice = bot.user("alice");
    let answer = alice.say("!my-cog me 10m drink tea");
    answer.assert_content("I will remind you.");
    bot.advance(9 * MINUTE);
    let text = format!("<@{}> drink tea", alice.id());
    assert_eq!(count(&bot, &text), 0);
    bot.reload::<Reminders>();
    bot.advance(60 * MINUTE);
    assert_eq!(count(&bot, &text), 1);
}

#[test]
fn the_chosen_channel_gets_a_good_morning_each_day() {
    let bot = Bot::new::<Reminders>();
    let alice = bot.user("alice");
    alice.set_permissions(1 << 5);
    let answer = alice.slash("my-cog here", ());
    answer.assert_content("I will.");
    bot.advance(48 * 60 * MINUTE);
    assert_eq!(count(&bot, "Good morning!"), 2);
    assert!(bot.faults().is_empty(), "{:?}", bot.faults());
}
