//! Users vote and add answers while the cog is replaced.

use gearshift_cog::testing::{Bot, Message};

use super::*;

fn standing(question: &Message) -> String {
    question.embeds()[0]["description"].to_string()
}

#[test]
fn users_vote_and_answer_while_the_cog_is_replaced() {
    let bot = Bot::new::<Votes>();
    let (alice, bob) = (bot.user("alice"), bot.user("bob"));
    let options = [("question", "Lunch?"), ("answers", "soup, salad")];
    let answer = alice.slash("my-cog", options);
    let question = answer.message();
    bob.press(&question, "soup");
    let form = alice.press(&question, "Another answer …").form();
    bot.reload::<Votes>();
    alice.submit(&form, [("answer", "bread")]);
    alice.press(&question, "soup");
    bob.press(&question, "bread");
    let expected = r#""soup: **1**\nsalad: **0**\nbread: **1**""#;
    assert_eq!(standing(&question), expected);
    assert!(bot.faults().is_empty(), "{:?}", bot.faults());
}

#[test]
fn an_empty_answer_is_refused() {
    let bot = Bot::new::<Votes>();
    let alice = bot.user("alice");
    let refused = alice.say("!my-cog Lunch? soup,,salad");
    refused.assert_content("An answer must have 1 to 80 characters.");
}
