//! Tests of what `#[cog]` generates, with a fake host behind it: each call and event reaches its method, as the types
//! that the method takes.

use std::{cell::RefCell, future::Future};

use abi_stable::std_types::{RArc, RNone, ROption, RSome, RString, RVec};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{command, event};
use crate::{
    Choice, Cog, Context, Error, Result, State,
    abi::{
        self, CommandOption, Event, Interaction, Invocation, MessageDelete, Origin, RawEvent, TaskRun, User,
    },
    cog,
    handles::fake,
    interactions::{AUTOCOMPLETE, COMMAND, COMPONENT},
    manifest::{Declaration, Manifest, encode, encoded_len},
};

/// Records what its methods were called with.
#[derive(Default, Serialize, Deserialize)]
struct Diary {
    lines: RefCell<Vec<String>>,
    #[serde(skip)]
    closed: std::cell::Cell<bool>,
}

#[derive(Clone, Copy, Debug, Choice)]
enum Order {
    ByName,
    #[choice("Newest first")]
    ByDate,
}

#[derive(Deserialize)]
struct V1 {
    line: String,
}

#[cog(
    export = false,
    state = 3,
    handles("discord.reply", "store"),
    group("note", "Notes", guild_only, check = Self::is_open),
    group("note admin", "For moderators", permissions = "MANAGE_MESSAGES")
)]
impl Diary {
    /// Adds a note
    #[command("note add", aliases("new"))]
    async fn add(&self, ctx: &Context, name: String, count: Option<u8>, words: Vec<String>) -> Result {
        self.write(format!("{} {name} {count:?} {words:?}", ctx.command()));
        ctx.reply("added").await
    }

    /// Lists notes
    #[command("note list")]
    async fn list(&self, _ctx: &Context, #[rename = "by"] order: Order) -> Result {
        self.write(format!("list {order:?}"));
        Ok(())
    }

    /// Shows a note
    #[command("note get")]
    async fn get(&self, _ctx: &Context, #[autocomplete = Self::names] name: String) -> Result {
        Err(Error::input(format!("there is no `{name}`")))
    }

    /// Deletes all
    #[command("note admin clear")]
    async fn clear(&self, _ctx: &Context) -> Result {
        self.write("clear".to_owned());
        Ok(())
    }

    #[user_menu("Greet")]
    async fn greet(&self, _ctx: &Context, user: u64) -> Result {
        self.write(format!("greet user {user}"));
        Ok(())
    }

    #[message_menu("Greet")]
    async fn greet_author(&self, _ctx: &Context, message: u64) -> Result {
        self.write(format!("greet message {message}"));
        Ok(())
    }

    #[button("vote:{poll}:{number}")]
    async fn vote(&self, _ctx: &Context, number: u8, poll: String) -> Result {
        self.write(format!("vote {poll} {number}"));
        Ok(())
    }

    #[select("pick")]
    async fn pick(&self, _ctx: &Context, values: Vec<u64>) -> Result {
        self.write(format!("pick {values:?}"));
        Ok(())
    }

    #[listen]
    async fn deleted(&self, _ctx: &Context, message: MessageDelete) -> Result {
        self.write(format!("deleted {}", message.id));
        Err(Error::new("the first listener failed"))
    }

    #[listen(channels(5))]
    async fn deleted_here(&self, _ctx: &Context, message: MessageDelete) -> Result {
        self.write(format!("deleted here {}", message.id));
        Ok(())
    }

    #[listen("TYPING_START")]
    async fn typing(&self, _ctx: &Context, raw: RawEvent) -> Result {
        self.write(raw.json.into());
        Ok(())
    }

    #[every("30s")]
    async fn beat(&self, _ctx: &Context) -> Result {
        self.write("beat".to_owned());
        Ok(())
    }

    #[task("remind:{id}")]
    async fn due(&self, _ctx: &Context, run: TaskRun, id: u64) -> Result {
        self.write(format!("due {id} at {}", run.due_unix_ms));
        Ok(())
    }

    #[on_error]
    async fn failed(&self, ctx: &Context, error: Error) -> Result {
        self.write(format!("{} failed: {error}", ctx.command()));
        Err(error)
    }

    #[migrate(1)]
    fn first(old: V1) -> Vec<String> {
        vec![old.line]
    }

    #[migrate(2)]
    fn second(old: Vec<String>) -> Result<Self> {
        match old.is_empty() {
            true => Err(Error::new("nothing was written")),
            false => Ok(Self { lines: RefCell::new(old), ..Self::default() }),
        }
    }

    async fn is_open(&self, _ctx: &Context) -> Result<bool> {
        Ok(!self.closed.get())
    }

    async fn names(&self, _ctx: &Context, typed: &str) -> Result<Vec<String>> {
        Ok(vec![format!("{typed}-one"), format!("{typed}-two")])
    }

    fn write(&self, line: String) {
        self.lines.borrow_mut().push(line);
    }

    /// The lines that were written since the last call.
    fn read(&self) -> Vec<String> {
        self.lines.take()
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the fake answers at once")
}

fn message(content: &str) -> RArc<abi::Message> {
    RArc::new(abi::Message {
        id: 9,
        channel_id: 5,
        guild_id: RSome(4),
        author: User { id: 7, ..User::default() },
        roles: RVec::new(),
        content: content.into(),
        mentions: RVec::new(),
        attachments: RVec::new(),
        reply_to: RNone,
        webhook_id: RNone,
        json: "{}".into(),
    })
}

fn interaction(kind: u8) -> Interaction {
    Interaction {
        channel_id: RSome(5),
        guild_id: RSome(4),
        user: User { id: 7, ..User::default() },
        permissions: u64::MAX,
        app_permissions: u64::MAX,
        ..fake::interaction(kind)
    }
}

fn prefix(diary: &Diary, line: &str) -> Result {
    let (name, arguments) = line.split_once(' ').unwrap_or((line, ""));
    let origin = Origin::Prefix(message(line));
    let invocation = Invocation { command: name.into(), arguments: arguments.into(), origin };
    run(command(diary, fake::host(), invocation))
}

fn slash(diary: &Diary, path: &str, kind: u8, target: Option<u64>, options: &[(&str, &str)]) -> Result {
    let options = options.iter().map(|(name, value)| option(name, value, false)).collect();
    let interaction = Interaction {
        command: path.into(),
        command_kind: kind,
        target_id: ROption::from(target),
        options,
        ..interaction(COMMAND)
    };
    let command_name = path.split(' ').next().unwrap_or_default().into();
    let origin = Origin::Slash(RArc::new(interaction));
    run(command(diary, fake::host(), Invocation { command: command_name, arguments: RString::new(), origin }))
}

fn option(name: &str, value: &str, focused: bool) -> CommandOption {
    CommandOption { name: name.into(), kind: 3, value: value.into(), focused }
}

fn press(diary: &Diary, custom_id: &str, values: &[&str]) -> Result {
    let values = values.iter().map(|value| RString::from(*value)).collect();
    let interaction = Interaction { custom_id: custom_id.into(), values, ..interaction(COMPONENT) };
    run(event(diary, fake::host(), Event::Interaction(RArc::new(interaction))))
}

fn task(diary: &Diary, name: &str) -> Result {
    let ctx = Context::of_task(fake::host());
    run(diary.task(&ctx, TaskRun { name: name.into(), due_unix_ms: 8 }))
}

#[test]
fn a_command_calls_its_method_with_typed_arguments() {
    let diary = Diary::default();
    prefix(&diary, "note add milk 3 a \"b c\"").expect("it is right");
    prefix(&diary, "note new milk a b").expect("it is right");
    slash(&diary, "note add", 1, None, &[("name", "milk"), ("count", "3")]).expect("it is right");
    prefix(&diary, "note list newest first").expect("it is right");
    slash(&diary, "note list", 1, None, &[("by", "ByName")]).expect("it is right");
    prefix(&diary, "note admin clear").expect("it is right");
    let expected = [
        r#"note add milk Some(3) ["a", "b c"]"#,
        r#"note add milk None ["a", "b"]"#,
        "note add milk Some(3) []",
        "list ByDate",
        "list ByName",
        "clear",
    ];
    assert_eq!(diary.read(), expected);
}

#[test]
fn menus_with_the_same_name_call_their_own_methods() {
    let diary = Diary::default();
    slash(&diary, "Greet", 2, Some(41), &[]).expect("it is right");
    slash(&diary, "Greet", 3, Some(42), &[]).expect("it is right");
    assert_eq!(diary.read(), ["greet user 41", "greet message 42"]);
}

#[test]
fn an_error_reaches_the_hook_and_then_the_user() {
    let diary = Diary::default();
    prefix(&diary, "note get milk").expect("the user was answered");
    prefix(&diary, "note list sideways").expect("the user was answered");
    diary.closed.set(true);
    prefix(&diary, "note list newest first").expect("the user was answered");
    slash(&diary, "Greet", 2, Some(41), &[]).expect("the check is the group's alone");
    let expected = [
        "note get failed: there is no `milk`",
        "note list failed: `by` must be one of By name, Newest first",
        "note list failed: you cannot use this command here",
        "greet user 41",
    ];
    assert_eq!(diary.read(), expected);
    let said = fake::fake(|fake| fake.requests[0].json["content"].clone());
    assert_eq!(said, "There is no `milk`.");
}

#[test]
fn an_option_is_completed_by_its_method() {
    let options = RVec::from(vec![option("name", "mi", true)]);
    let command = "note get".into();
    let interaction = Interaction { command, command_kind: 1, options, ..interaction(AUTOCOMPLETE) };
    run(event(&Diary::default(), fake::host(), Event::Interaction(RArc::new(interaction))))
        .expect("it is right");
    let answer: Value = fake::fake(|fake| fake.requests.pop().expect("it answered").json);
    let choices = json!([{"name": "mi-one", "value": "mi-one"}, {"name": "mi-two", "value": "mi-two"}]);
    assert_eq!(answer["data"]["choices"], choices);
}

#[test]
fn a_component_calls_the_method_of_its_pattern() {
    let diary = Diary::default();
    press(&diary, "vote:lunch:3", &[]).expect("it is right");
    press(&diary, "pick", &["41", "42"]).expect("it is right");
    let error = press(&diary, "vote:lunch:many", &[]).expect_err("no number").to_string();
    assert_eq!(error, "`number` in `vote:lunch:many` cannot be read: `many`");
    assert_eq!(diary.read(), ["vote lunch 3", "pick [41, 42]", &format!(" failed: {error}")]);
}

#[test]
fn every_listener_has_its_own_filter() {
    let diary = Diary::default();
    let deleted = |id, channel_id| {
        let deleted = MessageDelete { id, channel_id, guild_id: RNone };
        run(event(&diary, fake::host(), Event::MessageDelete(RArc::new(deleted))))
    };
    assert_eq!(deleted(1, 6).expect_err("a listener failed").to_string(), "the first listener failed");
    assert!(deleted(2, 5).is_err());
    let raw = RawEvent { name: "TYPING_START".into(), json: "{}".into() };
    run(event(&diary, fake::host(), Event::Other(RArc::new(raw)))).expect("it is right");
    assert_eq!(diary.read(), ["deleted 1", "deleted 2", "deleted here 2", "{}"]);
}

#[test]
fn a_task_calls_the_method_of_its_name() {
    let diary = Diary::default();
    task(&diary, "beat").expect("it is right");
    task(&diary, "remind:12").expect("it is right");
    task(&diary, "something else").expect("nobody wants it");
    assert_eq!(diary.read(), ["beat", "due 12 at 8"]);
}

#[test]
fn every_older_state_is_read_and_a_newer_one_is_refused() {
    let restore = |version, json: &str| {
        let mut diary = Diary::default();
        diary.restore(State { version, bytes: json.into() }).map(|()| diary.read())
    };
    assert_eq!(restore(1, r#"{"line":"a"}"#).expect("version 1"), ["a"]);
    assert_eq!(restore(2, r#"["a","b"]"#).expect("version 2"), ["a", "b"]);
    assert_eq!(restore(3, r#"{"lines":["a"]}"#).expect("version 3"), ["a"]);
    assert_eq!(restore(2, "[]").expect_err("a step failed").to_string(), "nothing was written");
    let error = restore(4, "{}").expect_err("it is newer").to_string();
    assert_eq!(error, "this cog reads state of versions 1 to 3, but got version 4");
    let diary = Diary::default();
    diary.write("a".to_owned());
    let saved = diary.save().expect("it is valid").expect("it keeps state");
    assert_eq!(saved, State { version: 3, bytes: br#"{"lines":["a"]}"#.to_vec() });
}

#[test]
fn the_manifest_matches_the_attributes() {
    const DECLARATION: Declaration = Declaration {
        name: "diary",
        version: "1.0.0",
        abi: abi::ABI,
        panic: "unwind",
        profile: "debug",
        events: Diary::EVENTS,
        filters: Diary::FILTERS,
        commands: Diary::COMMANDS,
        components: Diary::COMPONENTS,
        settings: Diary::SETTINGS.is_some(),
        handles: Diary::HANDLES,
    };
    const LENGTH: usize = encoded_len(&DECLARATION);
    let manifest: Manifest =
        serde_json::from_slice(&encode::<LENGTH>(&DECLARATION)).expect("the manifest is JSON");
    assert_eq!(manifest.events, ["MESSAGE_DELETE", "TYPING_START"]);
    assert_eq!(manifest.handles, Some(vec!["discord.reply".to_owned(), "store".to_owned()]));
    assert_eq!(manifest.components, ["vote:{poll}:{number}", "pick"]);
    let channels: Vec<_> = manifest.filters.iter().map(|it| (&*it.event, it.channels.len())).collect();
    assert_eq!(channels, [("MESSAGE_DELETE", 0), ("MESSAGE_DELETE", 1), ("TYPING_START", 0)]);
    let [note, ..] = &manifest.commands[..] else { panic!("no command") };
    let expected = json!({
        "type": 1, "name": "note", "description": "Notes", "contexts": [0],
        "options": [
            {"type": 2, "name": "admin", "description": "For moderators",
             "options": [{"type": 1, "name": "clear", "description": "Deletes all"}]},
            {"type": 1, "name": "add", "description": "Adds a note", "options": [
                {"type": 3, "name": "name", "description": "name", "required": true},
                {"type": 4, "name": "count", "description": "count"},
                {"type": 3, "name": "words", "description": "words"},
            ]},
            {"type": 1, "name": "list", "description": "Lists notes", "options": [
                {"type": 3, "name": "by", "description": "order", "required": true, "choices": [
                    {"name": "By name", "value": "ByName"}, {"name": "Newest first", "value": "ByDate"},
                ]},
            ]},
            {"type": 1, "name": "get", "description": "Shows a note", "options": [
                {"type": 3, "name": "name", "description": "name", "required": true, "autocomplete": true},
            ]},
        ],
    });
    assert_eq!(note.discord.as_ref(), Some(&expected));
}
