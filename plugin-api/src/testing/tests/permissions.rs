//! Without a permission, the bot may not do in a test what Discord would not let it do.

use serde_json::json;

use crate::{Context, Json, NewMessage, Result, cog, handles::Method, permissions::*, testing::Bot};

/// Does what its command says, to a message of the channel or to alice.
#[derive(Default)]
struct Doer;

#[cog(export = false)]
impl Doer {
    /// Does something
    #[command]
    async fn act(&self, ctx: &Context, what: String, message: u64) -> Result {
        let (discord, channel) = (ctx.discord(), ctx.channel_id()?);
        let guild = ctx.guild_id().unwrap_or(0);
        let member = |body: serde_json::Value| {
            let path = format!("/guilds/{guild}/members/1");
            discord.request(Method::Patch, path).json(&body).send()
        };
        match &*what {
            "embed" => {
                discord.send(channel, NewMessage::new("x").embed(json!({ "title": "x" }))).await.map(drop)
            }
            "file" => discord.send(channel, NewMessage::new("x").file("a.txt", vec![1])).await.map(drop),
            "poll" => {
                let answers =
                    json!([{ "poll_media": { "text": "Yes" } }, { "poll_media": { "text": "No" } }]);
                let poll = json!({ "question": { "text": "Tea?" }, "answers": answers });
                discord.send(channel, NewMessage::default().field("poll", poll)).await.map(drop)
            }
            "react" => discord.react(channel, message, "👍").await,
            "unreact" => discord.unreact(channel, message, "👍").await,
            "pin" => discord.pin(channel, message).await,
            "read" => discord.message::<Json<serde_json::Value>>(channel, message).await.map(drop),
            "rename" => member(json!({ "nick": "x" })).await,
            "roles" => member(json!({ "roles": [] })).await,
            _ => member(json!({ "deaf": true })).await,
        }
    }

    /// Counts the messages of the channel
    #[command]
    async fn count(&self, ctx: &Context) -> Result {
        let all: Vec<Json<serde_json::Value>> = ctx.discord().history(ctx.channel_id()?, 100, None).await?;
        ctx.reply(all.len().to_string()).await
    }
}

#[test]
fn each_permission_is_needed_for_what_it_allows() {
    for (what, needed) in [
        ("embed", EMBED_LINKS),
        ("file", ATTACH_FILES),
        ("poll", SEND_POLLS),
        ("react", ADD_REACTIONS),
        ("react", READ_MESSAGE_HISTORY),
        ("pin", PIN_MESSAGES),
        ("read", READ_MESSAGE_HISTORY),
        ("rename", MANAGE_NICKNAMES),
        ("roles", MANAGE_ROLES),
        ("deafen", DEAFEN_MEMBERS),
    ] {
        let bot = Bot::new::<Doer>();
        let alice = bot.user("alice");
        alice.say("hello");
        let hello = bot.messages("general")[0].id();
        let all = every() & !ADMINISTRATOR;
        for (bits, faults) in [(all, 0), (all & !needed, 1)] {
            bot.set_permissions(bits);
            alice.slash("act", json!({ "what": what, "message": hello }));
            assert_eq!(bot.faults().len(), faults, "{what}: {:?}", bot.faults());
            alice.slash("act", json!({ "what": "unreact", "message": hello }));
        }
        assert!(bot.faults()[0].text.contains("403, code 50013"), "{what}: {:?}", bot.faults());
    }
}

#[test]
fn what_needs_no_permission_is_done_without_any() {
    let bot = Bot::new::<Doer>();
    let alice = bot.user("alice");
    alice.say("hello");
    let hello = &bot.messages("general")[0];
    alice.react(hello, "👍");
    bot.set_permissions(VIEW_CHANNEL | READ_MESSAGE_HISTORY);
    // To join a reaction, and to take one's own back.
    for what in ["react", "unreact"] {
        alice.slash("act", json!({ "what": what, "message": hello.id() }));
    }
    bot.set_permissions(0);
    let direct = alice.in_dm();
    for what in ["embed", "file", "poll"] {
        direct.slash("act", json!({ "what": what, "message": hello.id() }));
    }
    assert_eq!(bot.faults().len(), 0, "{:?}", bot.faults());
}

#[test]
fn a_bot_that_may_not_read_the_history_sees_none_and_replies_to_none() {
    let bot = Bot::new::<Doer>();
    let alice = bot.user("alice");
    bot.set_permissions(VIEW_CHANNEL | SEND_MESSAGES);
    let answer = alice.say("!count");
    answer.assert_content("0");
    assert!(answer.message().json()["message_reference"].is_null());
    bot.set_permissions(VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY);
    let answer = alice.say("!count");
    answer.assert_content("3");
    assert!(!answer.message().json()["message_reference"].is_null());
}
