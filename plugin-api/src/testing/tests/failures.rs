//! When a handler fails, the user sees in the kit what they would see with the host.

use std::time::Duration;

use serde_json::json;

use super::panics;
use crate::{
    Cog, Context, Error, Host, NewMessage, Result, Suggestion,
    interactions::{CALLBACK_MODAL, FAILURE_TEXT},
    manifest::{Command, Opt},
    testing::{Answer, Bot},
};

/// Fails in every way.
struct Broken;

impl Cog for Broken {
    const COMMANDS: &'static [Command] = &[
        Command::new("at-once", "Fails"),
        Command::new("deferred", "Defers and fails"),
        Command::new("late", "Fails when the host has deferred"),
        Command::new("answered", "Answers and fails"),
        Command::new("refused", "Has asked for what Discord refuses"),
        Command::new("panic", "Panics"),
        Command::new("buttons", "Shows them"),
        Command::new("form", "Opens one"),
        Command::new("find", "Finds").options(&[Opt::string("what", "What").autocomplete()]),
    ];
    const COMPONENTS: &'static [&'static str] = &["fail", "update", "form"];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        match ctx.command() {
            "deferred" => ctx.defer().await?,
            "late" => ctx.clock().sleep(Duration::from_secs(3)).await,
            "answered" => ctx.reply("here it is").await?,
            "refused" => ctx.discord().send(ctx.channel_id()?, "").await.map(drop)?,
            "panic" => panic!("boom"),
            "buttons" => {
                let button = |id: &str| json!({ "type": 2, "style": 1, "label": id, "custom_id": id });
                let row = json!([{ "type": 1, "components": [button("fail"), button("update")] }]);
                return ctx.reply(NewMessage::new("press").field("components", &row)).await;
            }
            "form" => {
                let field = json!({ "type": 4, "custom_id": "why", "label": "Why", "style": 1 });
                let rows = json!([{ "type": 1, "components": [field] }]);
                let form = json!({ "custom_id": "form", "title": "Why?", "components": rows });
                let to = ctx.interaction().ok_or_else(|| Error::new("no interaction"))?;
                return ctx.discord().callback(to, CALLBACK_MODAL, &form).await;
            }
            _ => {}
        }
        Err(Error::new("it broke"))
    }

    async fn component(&self, ctx: &Context) -> Result {
        if ctx.custom_id() == "update" {
            ctx.update("pressed").await?;
        }
        Err(Error::new("it broke"))
    }

    async fn autocomplete(&self, _: &Context, _: &str, _: &str) -> Result<Vec<Suggestion>> {
        Err(Error::new("it broke"))
    }
}

/// The texts of the answer, each with whether it is ephemeral.
fn seen(answer: &Answer) -> Vec<(String, bool)> {
    answer.messages().iter().map(|message| (message.content(), message.is_ephemeral())).collect()
}

fn failure() -> Vec<(String, bool)> {
    vec![(FAILURE_TEXT.to_owned(), true)]
}

#[test]
fn only_the_caller_sees_that_a_command_failed() {
    let bot = Bot::new::<Broken>();
    let alice = bot.user("alice");
    for command in ["at-once", "deferred", "refused"] {
        assert_eq!(seen(&alice.slash(command, ())), failure(), "{command}");
    }
    let late = alice.slash("late", ());
    bot.advance(Duration::from_secs(2));
    assert!(late.is_thinking());
    bot.advance(Duration::from_secs(1));
    assert_eq!(seen(&late), failure());
    assert_eq!(bot.faults().len(), 4, "what the host says is no second fault");
    assert_eq!(bot.faults()[0].text, "it broke");
}

#[test]
fn the_user_of_a_failed_component_or_form_sees_that_it_failed() {
    for is_deferred in [false, true] {
        let bot = Bot::new::<Broken>();
        let alice = bot.user("alice");
        let (shown, form) = (alice.slash("buttons", ()).message(), alice.slash("form", ()).form());
        bot.set_host_defers(is_deferred);
        assert_eq!(seen(&alice.press(&shown, "fail")), failure());
        assert_eq!(seen(&alice.submit(&form, [("why", "so")])), failure());
        assert_eq!(seen(&alice.press(&shown, "update")), [("pressed".to_owned(), false)]);
    }
}

#[test]
fn a_user_with_an_answer_gets_no_failure_message() {
    let bot = Bot::new::<Broken>();
    let alice = bot.user("alice");
    assert_eq!(seen(&alice.slash("answered", ())), [("here it is".to_owned(), false)]);
    // Like the host, which does not answer a prefix command that failed.
    alice.say("!at-once").assert_no_answer();
    assert!(panics(|| drop(alice.complete("find", "what", "a"))).contains("did not answer with suggestions"));
    assert!(bot.bot_messages().iter().all(|message| message.content() != FAILURE_TEXT));
}

#[test]
fn a_handler_cancelled_by_a_reload_has_failed() {
    let bot = Bot::new::<Broken>();
    let late = bot.user("alice").slash("late", ());
    bot.reload::<Broken>();
    assert_eq!(seen(&late), failure());
}

#[test]
fn a_panic_fails_the_test_and_the_user_is_notified() {
    let bot = Bot::new::<Broken>();
    let alice = bot.user("alice");
    assert!(panics(|| drop(alice.slash("panic", ()))).contains("boom"));
    assert_eq!(bot.bot_messages().last().map(|message| message.content()).as_deref(), Some(FAILURE_TEXT));
}

#[test]
fn the_hosts_failure_message_can_be_refused_too() {
    let bot = Bot::new::<Broken>();
    bot.refuse("POST", "/interactions/*/*/callback", 500, 0);
    bot.user("alice").slash("at-once", ()).assert_no_answer();
    let transcript = bot.transcript();
    assert!(transcript.contains("alice sees “The application did not respond”"), "{transcript}");
    assert!(!transcript.contains("token-"), "{transcript}");
}
