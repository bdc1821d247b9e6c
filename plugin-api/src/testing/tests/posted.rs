//! An answer can be edited and deleted after it was posted, whether it answers an interaction or a message.

use serde_json::Value;

use crate::{
    Context, Long, NewMessage, Result, cog,
    testing::{Answer, Bot},
};

#[derive(Default)]
struct Worker;

#[cog(export = false)]
impl Worker {
    /// Answers twice and edits both
    #[command]
    async fn work(&self, ctx: &Context) -> Result {
        let first = ctx.send("Working …").await?;
        let second = ctx.send(NewMessage::new("Still working …").ephemeral()).await?;
        first.edit("Done.").await?;
        second.edit("Done as well.").await
    }

    /// Answers late, edits and deletes
    #[command]
    async fn late(&self, ctx: &Context, ephemeral: bool) -> Result {
        ctx.defer().await?;
        let message = NewMessage::new("late");
        let answer = ctx.send(if ephemeral { message.ephemeral() } else { message }).await?;
        answer.edit("edited").await?;
        let message: Value = answer.message().await?;
        ctx.send(format!("{} is {}", message["id"], message["content"])).await?.delete().await
    }

    /// Answers with a long text and edits its end
    #[command]
    async fn long(&self, ctx: &Context) -> Result {
        let answer = ctx.send(NewMessage::new("x ".repeat(1500)).long(Long::Split)).await?;
        answer.edit("the end").await
    }

    /// Answers with files
    #[command]
    async fn files(&self, ctx: &Context, count: u8) -> Result {
        let message = NewMessage::new("files");
        ctx.reply((0..count).fold(message, |it, at| it.file(&format!("{at}.txt"), vec![at]))).await
    }
}

fn texts(answer: &Answer) -> Vec<String> {
    answer.messages().iter().map(crate::testing::Message::content).collect()
}

#[test]
fn an_answer_is_edited_with_a_slash_and_with_a_prefix() {
    let bot = Bot::new::<Worker>();
    let alice = bot.user("alice");
    for answer in [alice.slash("work", ()), alice.say("!work")] {
        assert_eq!(texts(&answer), ["Done.", "Done as well."]);
    }
    assert!(bot.faults().is_empty());
}

#[test]
fn a_deferred_answer_is_edited_and_a_second_one_deleted() {
    let bot = Bot::new::<Worker>();
    let alice = bot.user("alice");
    for ephemeral in [false, true] {
        let answer = alice.slash("late", [("ephemeral", ephemeral)]);
        assert_eq!((texts(&answer), answer.is_ephemeral()), (vec!["edited".to_owned()], ephemeral));
    }
    assert_eq!(texts(&alice.say("!late no")), ["edited"]);
    assert!(bot.faults().is_empty());
}

#[test]
fn editing_a_split_answer_edits_its_last_message() {
    let bot = Bot::new::<Worker>();
    let alice = bot.user("alice");
    for answer in [alice.slash("long", ()), alice.say("!long")] {
        let texts = texts(&answer);
        assert_eq!((texts.len(), texts[1].as_str()), (2, "the end"));
        // Answers to later calls do not belong to it.
        alice.say("!work");
        assert_eq!(answer.messages().len(), 2);
    }
}

#[test]
fn a_message_has_at_most_ten_files() {
    let bot = Bot::new::<Worker>();
    let alice = bot.user("alice");
    for line in ["/files", "!files"] {
        let call = |count: u8| match line {
            "/files" => alice.slash("files", [("count", count)]),
            line => alice.say(&format!("{line} {count}")),
        };
        assert_eq!(call(10).message().json()["attachments"].as_array().map(Vec::len), Some(10));
        call(11);
        let fault = bot.faults().pop().expect("Discord refuses it").to_string();
        assert!(fault.contains("files: Must be 10 or fewer in length."), "{fault}");
    }
}
