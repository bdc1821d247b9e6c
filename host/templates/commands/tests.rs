//! Moderators write notes, everybody can read them, and a reload keeps them.

use gearshift_cog::testing::{Bot, User};

use super::*;

/// A user who may manage the server.
fn moderator(bot: &Bot) -> User {
    let alice = bot.user("alice");
    alice.set_permissions(1 << 5);
    alice
}

#[test]
fn a_note_is_shown_after_a_reload_too() {
    let bot = Bot::new::<Notes>();
    let (alice, bob) = (moderator(&bot), bot.user("bob"));
    let note = [("name", "rules"), ("text", "Be kind.")];
    let written = alice.slash("my-cog write", note);
    written.assert_content("Noted: `rules`");
    assert!(written.is_ephemeral());
    bot.reload::<Notes>();
    let shown = bob.say("!my-cog show rules");
    shown.assert_content("Be kind.");
    assert!(bot.faults().is_empty(), "{:?}", bot.faults());
}

#[test]
fn names_are_suggested_and_listed() {
    let bot = Bot::new::<Notes>();
    let alice = moderator(&bot);
    alice.say("!my-cog write roles Ask a moderator.");
    alice.say("!my-cog write rules Be kind, always.");
    let suggested = alice.complete("my-cog show", "name", "ru");
    assert_eq!(suggested.len(), 1);
    let list = alice.slash("my-cog list", ());
    list.assert_content("2 notes: roles, rules");
}

#[test]
fn its_rules_hold() {
    let bot = Bot::new::<Notes>();
    let bob = bot.user("bob");
    bob.set_permissions(0);
    let refused = bob.say("!my-cog write spam Spam.");
    assert!(refused.content().contains("Manage Server"));
    let missing = bob.say("!my-cog show spam");
    missing.assert_content("There is no note `spam`.");
}
