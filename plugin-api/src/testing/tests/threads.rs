//! A cog can open threads and write in them.

use serde_json::{Value, json};

use crate::{
    Context, Result,
    abi::{Message, RawEvent},
    cog,
    permissions::{CREATE_PRIVATE_THREADS, SEND_MESSAGES},
    testing::Bot,
};

#[derive(Default)]
struct Helpdesk;

#[cog(export = false)]
impl Helpdesk {
    /// Opens a thread on a new message
    #[command]
    async fn ask(&self, ctx: &Context, subject: String) -> Result {
        let asked = ctx.discord().send(ctx.channel_id()?, format!("Question: {subject}")).await?;
        let (channel, message) = (asked.channel_id()?, asked.id()?);
        let thread: Value = ctx.discord().create_thread_on(channel, message, &subject).await?;
        ctx.discord().send(id(&thread), format!("{} in {}", thread["type"], thread["parent_id"])).await?;
        // A message has one thread.
        ctx.discord().create_thread_on::<Value>(channel, message, "again").await?;
        Ok(())
    }

    /// Opens a thread
    #[command]
    async fn open(&self, ctx: &Context, name: String) -> Result {
        ctx.discord().create_thread::<Value>(ctx.channel_id()?, &name).await?;
        Ok(())
    }

    #[listen]
    async fn said(&self, ctx: &Context, message: Message) -> Result {
        if &*message.content == "thanks" {
            ctx.discord().send(message.channel_id, "You are welcome!").await?;
        }
        Ok(())
    }

    #[listen("THREAD_CREATE")]
    async fn opened(&self, ctx: &Context, thread: RawEvent) -> Result {
        let thread: Value = serde_json::from_str(&thread.json)?;
        let read: Value = ctx.discord().channel(id(&thread)).await?;
        ctx.discord().send(200_u64, format!("{} {}", read["name"], thread["newly_created"])).await?;
        Ok(())
    }
}

fn id(thread: &Value) -> u64 {
    thread["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default()
}

/// The texts in a channel.
fn texts(bot: &Bot, channel: &str) -> Vec<String> {
    bot.messages(channel).iter().map(crate::testing::Message::content).collect()
}

#[test]
fn a_thread_on_a_message_is_a_channel_with_the_messages_id() {
    let bot = Bot::new::<Helpdesk>();
    let alice = bot.user("alice");
    alice.say("!ask tea");
    let asked = bot.messages("general")[1].clone();
    assert_eq!(asked.content(), "Question: tea");
    assert_eq!(bot.channel("tea"), asked.id());
    assert_eq!((&asked.json()["flags"], &asked.json()["thread"]["name"]), (&json!(32), &json!("tea")));
    assert_eq!(texts(&bot, "tea"), ["11 in \"200\""]);
    assert!(texts(&bot, "general").contains(&"\"tea\" true".to_owned()));
    alice.in_channel("tea").say("thanks");
    assert_eq!(texts(&bot, "tea")[1..], ["thanks", "You are welcome!"]);
    let faults = bot.faults();
    assert!(faults.len() == 1 && faults[0].text.contains("already been created"), "{faults:?}");
}

#[test]
fn a_thread_is_refused_where_discord_refuses_it() {
    let bot = Bot::new::<Helpdesk>();
    let alice = bot.user("alice");
    alice.say("!open tea");
    // Not in a thread, nor with a long name, nor without the permission.
    alice.in_channel("tea").say("!open cups");
    alice.say(&format!("!open {}", "x".repeat(101)));
    bot.set_permissions(SEND_MESSAGES | CREATE_PRIVATE_THREADS);
    alice.say("!open cups");
    // Writing in a thread needs a permission of its own.
    alice.in_channel("tea").say("thanks");
    let faults: Vec<String> = bot.faults().into_iter().map(|fault| fault.text).collect();
    let why = ["this channel type", "between 1 and 100", "Missing Permissions", "Missing Permissions"];
    assert_eq!(faults.len(), why.len(), "{faults:?}");
    for (fault, why) in faults.iter().zip(why) {
        assert!(fault.contains(why), "{fault}");
    }
}
