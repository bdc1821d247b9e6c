//! What a handler asks of users: questions, forms and pages, in a bot.

use std::time::Duration;

use crate::{Context, Modal, NewMessage, Result, cog, discord_codes::UNKNOWN_MESSAGE, testing::Bot};

#[derive(Modal)]
#[title = "Note"]
struct Note {
    text: String,
}

#[derive(Default)]
struct Asker;

#[cog(export = false)]
impl Asker {
    /// Asks first
    #[command]
    async fn drop(&self, ctx: &Context) -> Result {
        let question = NewMessage::new("Sure?").file("list.txt", vec![1]);
        let is_sure = ctx.confirm(question, Duration::from_secs(60)).await?;
        ctx.reply(if is_sure { "dropped" } else { "kept" }).await
    }

    /// Shows pages
    #[command]
    async fn pages(&self, ctx: &Context) -> Result {
        let embed = serde_json::json!({ "title": "first" });
        let first = NewMessage::default().embed(embed).file("1.txt", vec![1]);
        ctx.paginate([first, NewMessage::new("second"), NewMessage::new("third").file("3.txt", vec![3])])
            .await
    }

    /// Asks with a form
    #[command(concurrency = "1 per user")]
    async fn note(&self, ctx: &Context) -> Result {
        match ctx.ask::<Note>().await? {
            Some(note) => ctx.reply(format!("noted {}", note.text)).await,
            None => Ok(()),
        }
    }

    /// Asks with a form, one call after the other
    #[command(concurrency = "1 per channel, wait")]
    async fn line(&self, ctx: &Context) -> Result {
        let note = ctx.ask::<Note>().await?;
        if note.is_some() { ctx.reply("noted").await } else { Ok(()) }
    }

    /// Asks with two forms, one after the other
    #[command]
    async fn twice(&self, ctx: &Context) -> Result {
        let Some(one) = ctx.ask::<Note>().await? else { return Ok(()) };
        let Some(two) = ctx.ask::<Note>().await? else { return Ok(()) };
        ctx.reply(format!("{} and {}", one.text, two.text)).await
    }
}

#[test]
fn a_question_keeps_its_files_and_is_answered_even_if_its_buttons_stay() {
    let bot = Bot::new::<Asker>();
    let alice = bot.user("alice");
    let answer = alice.slash("drop", ());
    alice.press(&answer.message(), "Confirm");
    assert_eq!(answer.message().files(), ["list.txt"]);
    assert!(answer.message().components().is_empty());
    assert_eq!(answer.messages()[1].content(), "dropped");
    let answer = alice.slash("drop", ());
    bot.refuse_once("POST", "/interactions/*/*/callback", 404, UNKNOWN_MESSAGE);
    alice.press(&answer.message(), "Confirm");
    assert_eq!(answer.messages()[1].content(), "dropped");
    let answer = alice.slash("drop", ());
    bot.refuse_once("PATCH", "/webhooks/*", 404, UNKNOWN_MESSAGE);
    bot.advance(Duration::from_secs(60));
    assert_eq!(answer.messages()[1].content(), "kept");
    assert!(bot.faults().is_empty(), "{:?}", bot.faults());
}

#[test]
fn a_page_replaces_the_previous_one_completely_and_the_last_one_stays() {
    let bot = Bot::new::<Asker>();
    let alice = bot.user("alice");
    let answer = alice.slash("pages", ());
    let page = answer.message();
    let shown = || (page.content(), page.embeds().len(), page.files());
    assert_eq!(shown(), (String::new(), 1, vec!["1.txt".to_owned()]));
    alice.press(&page, "▶");
    assert_eq!(shown(), ("second".to_owned(), 0, Vec::new()));
    alice.press(&page, "▶");
    let third = ("third".to_owned(), 0, vec!["3.txt".to_owned()]);
    assert_eq!(shown(), third);
    bot.advance(Duration::from_secs(300));
    assert_eq!(shown(), third);
    assert!(page.components().is_empty() && bot.waiting_handlers().is_empty());
    let answer = alice.slash("pages", ());
    bot.refuse("PATCH", "/webhooks/*", 404, UNKNOWN_MESSAGE);
    bot.advance(Duration::from_secs(300));
    assert!(!answer.message().components().is_empty(), "the test refuses the edit");
    assert!(bot.faults().is_empty(), "{:?}", bot.faults());
}

#[test]
fn a_second_form_is_opened_by_a_button_and_answered_too() {
    let bot = Bot::new::<Asker>();
    let alice = bot.user("alice");
    let form = alice.slash("twice", ()).form();
    let first = alice.submit(&form, [("text", "one")]);
    let button = first.message();
    let form = alice.press(&button, "Fill in").form();
    alice.submit(&form, [("text", "two")]).assert_content("one and two");
    assert!(button.components().is_empty());
    let button = alice.say("!twice").message();
    let form = alice.press(&button, "Fill in").form();
    let button = alice.submit(&form, [("text", "one")]).message();
    let form = alice.press(&button, "Fill in").form();
    alice.submit(&form, [("text", "two")]).assert_content("one and two");
    assert!(bot.faults().is_empty() && bot.waiting_handlers().is_empty());
}

#[test]
fn a_closed_form_does_not_block_a_call_that_waits_for_its_turn() {
    let bot = Bot::new::<Asker>();
    let alice = bot.user("alice");
    let _closed = alice.slash("line", ()).form();
    let form = alice.slash("line", ()).form();
    alice.submit(&form, [("text", "tea")]).assert_content("noted");
    assert!(bot.faults().is_empty() && bot.waiting_handlers().is_empty());
}

#[test]
fn a_closed_form_opens_again_and_blocks_nobody() {
    let bot = Bot::new::<Asker>();
    let (alice, bob) = (bot.user("alice"), bot.user("bob"));
    let closed = alice.slash("note", ()).form();
    let bobs = bob.slash("note", ()).form();
    let form = alice.slash("note", ()).form();
    assert_eq!(bot.waiting_handlers().len(), 2, "her first call has ended, and his has not");
    alice.submit(&form, [("text", "tea")]).assert_content("noted tea");
    bob.submit(&bobs, [("text", "milk")]).assert_content("noted milk");
    alice
        .submit(&closed, [("text", "late")])
        .assert_content("This is no longer open; call the command again.");
    let button = alice.say("!note").message();
    for _ in 0..2 {
        let _closed = alice.press(&button, "Fill in").form();
    }
    let form = alice.press(&button, "Fill in").form();
    alice.submit(&form, [("text", "jam")]).assert_content("noted jam");
    assert!(bot.faults().is_empty() && bot.waiting_handlers().is_empty());
}
