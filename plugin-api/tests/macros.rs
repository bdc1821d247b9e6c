//! What `#[cog]` writes does what the method says, with serenity's types and without a warning: cogs as their authors
//! write them, run with the test kit.
#![cfg(all(feature = "serenity", feature = "testing"))]
#![forbid(unsafe_code)]
#![deny(warnings, clippy::pedantic)]

use std::{cell::Cell, time::Duration};

use gearshift_cog::{
    prelude::*,
    testing::{Bot, Message},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The first cog of the guide.
#[derive(Default, Serialize, Deserialize)]
struct Greeter {
    greeted: Cell<u64>,
}

#[cog(state = 1)]
impl Greeter {
    /// Say hello to somebody
    #[command(cooldown = "3s per user")]
    async fn hello(&self, ctx: &Context, #[describe = "who to greet"] who: Option<User>) -> Result {
        self.greeted.update(|n| n + 1);
        let who = who.as_ref().unwrap_or(ctx.author());
        ctx.reply(format!("Hello, {who}!")).await
    }

    #[listen]
    async fn joined(&self, ctx: &Context, member: GuildMemberAddition) -> Result {
        ctx.discord().send(200_u64, format!("Welcome, {}!", member.user.name)).await?;
        Ok(())
    }

    #[button("greet:{id}")]
    async fn pressed(&self, ctx: &Context, id: u64) -> Result {
        ctx.reply(format!("Hello, <@{id}>!")).await
    }

    #[every("30s")]
    async fn beat(&self, _ctx: &Context) -> Result {
        tracing::info!("{} greeted", self.greeted.get());
        Ok(())
    }
}

#[test]
fn a_cog_says_what_it_answers() {
    assert_eq!(Greeter::EVENTS, [events::GUILD_MEMBER_ADD]);
    assert_eq!(Greeter::COMPONENTS, ["greet:{id}"]);
    assert_eq!((Greeter::COMMANDS.len(), Greeter::TASKS.len()), (1, 1));
}

#[test]
fn the_first_cog_greets_and_keeps_its_count() {
    let bot = Bot::new::<Greeter>();
    let alice = bot.user("alice");
    alice.slash("hello", ()).assert_content("Hello, <@1>!");
    bot.user("bob").join();
    assert_eq!(bot.messages("general").last().map(Message::content).as_deref(), Some("Welcome, bob!"));
    bot.reload::<Greeter>();
    bot.advance(Duration::from_secs(30));
    assert!(bot.transcript().contains("1 greeted"), "{}", bot.transcript());
}

/// Is called like a word of Rust's wherever it can be, and leaves out what it does not use.
#[derive(Default)]
struct Words;

#[gearshift_cog::cog(export = false)]
impl Words {
    /// Moves something
    #[gearshift_cog::command]
    async fn r#move(&self, ctx: &Context, r#type: String, _unused: Option<u8>) -> Result {
        ctx.reply(format!("moved {type}")).await
    }

    /// Shows the buttons of these ids
    #[command]
    async fn buttons(&self, ctx: &Context, ids: Vec<String>) -> Result {
        let button = |id: &String| json!({ "type": 2, "style": 1, "label": id, "custom_id": id });
        let row = json!([{ "type": 1, "components": ids.iter().map(button).collect::<Vec<_>>() }]);
        ctx.reply(NewMessage::new("?").field("components", row)).await
    }

    #[button("tag:{type}:{self_id}:{match}")]
    async fn all_of_it(&self, ctx: &Context, r#match: String, r#type: String, _self_id: String) -> Result {
        ctx.reply(format!("{type} {match}")).await
    }

    #[::gearshift_cog::prelude::user_menu("Greet")]
    async fn greet(&self, ctx: &Context, _: User) -> Result {
        ctx.reply("greeted").await
    }

    #[listen]
    async fn joined(&self, ctx: &Context, _: GuildMemberAddition) -> Result {
        ctx.discord().send(200_u64, "somebody is here").await?;
        Ok(())
    }

    #[gearshift_cog::every("1h")]
    async fn r#loop(&self, ctx: &Context, _: TaskRun) -> Result {
        ctx.discord().send(200_u64, "an hour later").await?;
        Ok(())
    }
}

#[test]
fn names_are_those_of_discord_also_where_rust_has_others() {
    let bot = Bot::new::<Words>();
    let alice = bot.user("alice");
    let answer = alice.slash("move", [("type", json!("box")), ("unused", json!(1))]);
    answer.assert_content("moved box");
    let buttons = alice.slash("buttons", [("ids", "tag:a:b:c")]).message();
    alice.press(&buttons, "tag:a:b:c").assert_content("a c");
    alice.user_menu("Greet", &alice).assert_content("greeted");
    bot.user("bob").join();
    bot.advance(Duration::from_hours(1));
    let texts: Vec<String> = bot.messages("general").iter().map(Message::content).collect();
    assert!(texts.ends_with(&["somebody is here".to_owned(), "an hour later".to_owned()]), "{texts:?}");
}

/// Has patterns of which some are narrower than others, the wider ones first.
#[derive(Default)]
struct Patterns;

#[cog(export = false)]
impl Patterns {
    /// Shows the buttons of these ids
    #[command]
    async fn buttons(&self, ctx: &Context, ids: Vec<String>) -> Result {
        let button = |id: &String| json!({ "type": 2, "style": 1, "label": id, "custom_id": id });
        let row = json!([{ "type": 1, "components": ids.iter().map(button).collect::<Vec<_>>() }]);
        ctx.clock().once("note:all", Duration::from_secs(1))?;
        ctx.clock().once("note:7", Duration::from_secs(2))?;
        ctx.reply(NewMessage::new("?").field("components", row)).await
    }

    #[button("poll:{kind}:{id}")]
    async fn anything(&self, ctx: &Context, kind: String, id: String) -> Result {
        ctx.reply(format!("{kind} {id}")).await
    }

    #[button("poll:vote:{number}")]
    async fn vote(&self, ctx: &Context, number: u8) -> Result {
        ctx.reply(format!("a vote for {number}")).await
    }

    #[button("poll:vote:all")]
    async fn vote_all(&self, ctx: &Context) -> Result {
        ctx.reply("a vote for all").await
    }

    #[task("note:{number}")]
    async fn note(&self, ctx: &Context, number: u8) -> Result {
        ctx.discord().send(200_u64, format!("a note on {number}")).await?;
        Ok(())
    }

    #[task("note:all")]
    async fn note_all(&self, ctx: &Context) -> Result {
        ctx.discord().send(200_u64, "a note on all").await?;
        Ok(())
    }
}

#[test]
fn of_patterns_that_fit_the_narrowest_answers() {
    let bot = Bot::new::<Patterns>();
    let alice = bot.user("alice");
    let buttons = alice.slash("buttons", [("ids", "poll:vote:all poll:vote:3 poll:other:3")]).message();
    alice.press(&buttons, "poll:vote:all").assert_content("a vote for all");
    alice.press(&buttons, "poll:vote:3").assert_content("a vote for 3");
    alice.press(&buttons, "poll:other:3").assert_content("other 3");
    bot.advance(Duration::from_secs(2));
    let texts: Vec<String> = bot.messages("general").iter().map(Message::content).collect();
    assert!(texts.ends_with(&["a note on all".to_owned(), "a note on 7".to_owned()]), "{texts:?}");
    assert!(bot.faults().is_empty(), "{:?}", bot.faults());
}

#[derive(Choice)]
enum Size {
    Very,
    #[choice("Very large")]
    Large,
    #[choice("By the yard")]
    Yard,
}

/// Takes values of several words that are not the last ones.
#[derive(Default)]
struct Spaced;

#[cog(export = false)]
impl Spaced {
    /// Orders
    #[command]
    async fn order(&self, ctx: &Context, size: Size, count: u8) -> Result {
        let size = match size {
            Size::Very => "very",
            Size::Large => "large",
            Size::Yard => "yard",
        };
        ctx.reply(format!("{count} {size}")).await
    }

    /// Paints
    #[command]
    async fn paint(
        &self,
        ctx: &Context,
        #[choices("Dark red" = "red", "Blue")] color: String,
        count: u8,
    ) -> Result {
        ctx.reply(format!("{count} {color}")).await
    }

    /// Meets
    #[command]
    async fn meet(&self, ctx: &Context, at: Timestamp, count: Option<u8>) -> Result {
        ctx.reply(format!("{at} {count:?}")).await
    }

    /// Waits
    #[command]
    async fn wait(&self, ctx: &Context, time: Duration, maybe: Option<Size>, count: Option<u8>) -> Result {
        ctx.reply(format!("{time:?} {} {count:?}", maybe.is_some())).await
    }

    /// Names
    #[command]
    async fn name(&self, ctx: &Context, name: String, count: u8) -> Result {
        ctx.reply(format!("{count} {name}")).await
    }
}

#[test]
fn the_user_reads_that_quotation_marks_are_missing_around_a_value_of_several_words() {
    let bot = Bot::new::<Spaced>();
    let alice = bot.user("alice");
    let table = [
        ("!order Very large 2", Some("\"Very large\"")),
        ("!order by the yard 2", Some("\"by the yard\"")),
        ("!paint dark red 2", Some("\"dark red\"")),
        ("!meet 2024-05-01 12:00", Some("\"2024-05-01 12:00\"")),
        ("!meet 2024-05-01 12:00 3", Some("\"2024-05-01 12:00\"")),
        ("!wait 5 minutes 3", Some("\"5 minutes\"")),
        ("!wait 5m very large 3", Some("\"very large\"")),
        ("!wait 5m by the yard 3", Some("\"by the yard\"")),
        // What is no value with more words either.
        ("!order huge 2", None),
        ("!meet 2024-05-01 noon", None),
        ("!wait 5m by the inch", None),
        ("!name green tea", None),
    ];
    for (line, quoted) in table {
        let answer = alice.say(line).content();
        assert!(answer.contains(" must be "), "{line}: {answer}");
        match quoted {
            Some(quoted) => {
                let hint = format!("; a value with spaces stands in quotation marks: `{quoted}`.");
                assert!(answer.ends_with(&hint), "{line}: {answer}");
            }
            None => assert!(!answer.contains("quotation"), "{line}: {answer}"),
        }
    }
    alice.say("!order \"Very large\" 2").assert_content("2 large");
    alice.say("!meet \"2024-05-01 12:00\" 3").assert_content("2024-05-01T12:00:00Z Some(3)");
    // Discord knows where a value ends.
    let refused = alice.slash("wait", [("time", "5 parsecs")]);
    assert!(!refused.content().contains("quotation"), "{}", refused.content());
}
