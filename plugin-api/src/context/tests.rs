//! Answers of a handler to an interaction that the host or the handler itself has acknowledged.

use std::future::Future;

use abi_stable::std_types::RArc;
use futures_util::FutureExt;
use serde_json::{Value, json};

use super::Context;
use crate::{
    Cog, Host, Long, Modal, NewMessage, Result,
    abi::{HandleError, HandleErrorKind, Interaction, Invocation, Origin},
    cog,
    discord_codes::{ALREADY_ACKNOWLEDGED, UNKNOWN_MESSAGE},
    handles::fake::{self, FakeRequest, fake, host},
    interactions::{COMMAND, COMPONENT},
    manifest::{Command, Opt},
    testing::Bot,
};

/// Reads its arguments one by one.
struct Taker;

impl Cog for Taker {
    const COMMANDS: &'static [Command] = &[Command::new("take", "Takes").options(&[
        Opt::string("first", "A word"),
        Opt::string("second", "Words"),
        Opt::number("third", "A number"),
    ])];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        let first: String = ctx.argument("first").await?;
        let second: Vec<String> = ctx.argument("second").await?;
        ctx.reply(format!("{first:?} {second:?} {:?}", ctx.option("second"))).await
    }
}

#[test]
fn an_argument_loses_only_one_pair_of_quotation_marks() {
    let alice = Bot::new::<Taker>().user("alice");
    let table = [
        (r#"!take "two words" x"#, r#""two words" ["x"] Some("x")"#),
        (r#"!take x "two words" 3"#, r#""x" ["two words", "3"] Some("two words")"#),
        (r#"!take "\"a\" b" “two words”"#, r#""\"a\" b" ["two words"] Some("two words")"#),
    ];
    for (line, expected) in table {
        alice.say(line).assert_content(expected);
    }
}

/// Posts a button, which opens a form.
#[derive(Default)]
struct Board;

#[derive(Modal)]
struct Note {
    text: String,
}

#[cog(export = false)]
impl Board {
    /// Posts
    #[command]
    async fn post(&self, ctx: &Context) -> Result {
        let button = |label: &str| json!({ "type": 2, "style": 1, "label": label, "custom_id": label });
        let row = json!([{ "type": 1, "components": [button("show"), button("note")] }]);
        ctx.reply(NewMessage::new("the board").field("components", row)).await
    }

    #[button("show")]
    async fn show(&self, ctx: &Context) -> Result {
        let message: Value = ctx.component_message()?;
        ctx.reply(message["content"].as_str().unwrap_or_default()).await
    }

    #[button("note")]
    async fn note(&self, ctx: &Context) -> Result {
        ctx.open::<Note>("noted", &[]).await
    }

    #[modal("noted")]
    async fn noted(&self, ctx: &Context, form: Note) -> Result {
        let message: Value = ctx.component_message()?;
        ctx.reply(format!("{} on {}", form.text, message["id"])).await
    }

    /// Looks for it
    #[command]
    async fn none(&self, ctx: &Context) -> Result {
        let found = ctx.component_message::<Value>();
        ctx.reply(found.expect_err("it is a command").to_string()).await
    }
}

#[test]
fn a_component_and_its_form_have_the_message_that_the_component_is_on() {
    let bot = Bot::new::<Board>();
    let alice = bot.user("alice");
    let board = alice.slash("post", ()).message();
    alice.press(&board, "show").assert_content("the board");
    let form = alice.press(&board, "note").form();
    alice.submit(&form, [("text", "tea")]).assert_content(&format!("tea on \"{}\"", board.id()));
    for answer in [alice.slash("none", ()), alice.say("!none")] {
        answer.assert_content("there is no message that a component is on");
    }
}

const CALLBACK: &str = "POST /interactions/1/token/callback";
const FOLLOWUP: &str = "POST /webhooks/2/token";
const GET: &str = "GET /webhooks/2/token/messages/@original";
const PATCH: &str = "PATCH /webhooks/2/token/messages/@original";
const DELETE: &str = "DELETE /webhooks/2/token/messages/@original";

fn interaction(kind: u8, deferred: bool) -> RArc<Interaction> {
    let (command, json) = ("ask".into(), r#"{"message":{"id":"7"}}"#.into());
    RArc::new(Interaction { command, command_kind: 1, deferred, json, ..fake::interaction(kind) })
}

fn pressed(deferred: bool) -> Context {
    Context::of_component(host(), interaction(COMPONENT, deferred))
}

fn called(deferred: bool) -> Context {
    let origin = Origin::Slash(interaction(COMMAND, deferred));
    let raw = Invocation { command: "ask".into(), arguments: "".into(), origin };
    Context::of_command(host(), raw, &[]).0
}

fn refused(code: u32) -> Result<String, HandleError> {
    let error = HandleError::new(HandleErrorKind::Status, "refused");
    Err(HandleError { status: if code == UNKNOWN_MESSAGE { 404 } else { 400 }, code, ..error })
}

/// Sets the answers that Discord gives, in this order.
fn answers<const N: usize>(answers: [Result<String, HandleError>; N]) {
    fake(|fake| fake.answers = answers.into());
}

fn done(answer: impl Future<Output = Result>) {
    answer.now_or_never().expect("the fake answers at once").expect("it is answered");
}

fn asked() -> Vec<FakeRequest> {
    fake(|fake| fake.requests.drain(..).collect())
}

fn lines() -> Vec<String> {
    asked().into_iter().map(|it| it.line).collect()
}

/// The component's message, if that is `@original`.
fn source() -> Result<String, HandleError> {
    Ok(r#"{"id":"7"}"#.to_owned())
}

#[test]
fn a_component_acknowledged_by_the_host_can_be_deferred_and_answered_with_another_message() {
    let known = pressed(true);
    // The host sees that an answer follows.
    answers([refused(ALREADY_ACKNOWLEDGED)]);
    done(known.defer());
    done(known.reply("late"));
    assert_eq!(lines(), [CALLBACK, FOLLOWUP]);
    let raced = pressed(false);
    answers([refused(ALREADY_ACKNOWLEDGED), source()]);
    done(raced.defer_ephemeral());
    done(raced.reply("late"));
    done(raced.reply("and more"));
    let asked = asked();
    let lines: Vec<&str> = asked.iter().map(|it| &*it.line).collect();
    assert_eq!(lines, [CALLBACK, GET, FOLLOWUP, FOLLOWUP]);
    // The first answer is ephemeral, as the handler asked.
    assert_eq!((&asked[2].json["flags"], &asked[3].json["flags"]), (&json!(64), &Value::Null));
}

#[test]
fn a_second_update_is_one_request() {
    let ctx = pressed(false);
    for text in ["one", "two", "three"] {
        done(ctx.update(text));
    }
    done(ctx.reply("beside it"));
    done(ctx.update("four"));
    assert_eq!(lines(), [CALLBACK, PATCH, PATCH, FOLLOWUP, PATCH]);
    let raced = pressed(false);
    answers([refused(ALREADY_ACKNOWLEDGED), source()]);
    done(raced.update("one"));
    done(raced.update("two"));
    assert_eq!(lines(), [CALLBACK, GET, PATCH, PATCH]);
}

#[test]
fn an_answer_that_is_another_message_is_edited_in_place() {
    let close = |ctx: &Context, message: NewMessage| {
        fake(|fake| fake.requests.clear());
        let shown = ctx.post(message).now_or_never().expect("at once").expect("it is posted");
        fake(|fake| fake.requests.clear());
        shown.close(&ctx.discord()).now_or_never().expect("at once");
        asked().pop().expect("it was edited")
    };
    let buttons = || NewMessage::new("sure?").components(json!([]));
    let own = "PATCH /webhooks/2/token/messages/1";
    let sent = || Ok(r#"{"id":"1"}"#.to_owned());
    assert_eq!(close(&called(false), buttons()).line, PATCH);
    // The host acknowledged the component first, silently.
    answers([refused(ALREADY_ACKNOWLEDGED), source(), sent()]);
    assert_eq!(close(&pressed(false), buttons()).line, own);
    // "Thinking …" is public, and the answer is ephemeral.
    assert_eq!(close(&called(true), buttons().ephemeral()).line, own);
    // The buttons are on the last of several messages.
    let long = buttons().content("word ".repeat(600)).long(Long::Split);
    answers([Ok(String::new()), sent()]);
    let closed = close(&called(false), long);
    assert_eq!(closed.line, own);
    let nobody = json!({ "parse": [] });
    assert_eq!(closed.json, json!({ "components": [], "allowed_mentions": nobody }), "nothing else changes");
}

#[test]
fn the_next_answer_is_sent_after_one_failed_and_thinking_was_deleted() {
    let ctx = called(true);
    answers([Ok(String::new()), refused(50035)]);
    assert!(ctx.reply(NewMessage::new("for you").ephemeral()).now_or_never().expect("at once").is_err());
    answers([refused(UNKNOWN_MESSAGE)]);
    done(ctx.reply("for all"));
    assert_eq!(lines(), [DELETE, FOLLOWUP, PATCH, FOLLOWUP]);
}
