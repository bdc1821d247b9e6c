//! Which cog has a command, and which events wake a cog, according to their manifests.

use std::time::Instant;

use gearshift_host::cogs::CogError;
use serde_json::{Value, json};

use crate::{
    damage::Damaged,
    libraries::library,
    stage::{SOON, Setting, Stage, put},
};

/// `ping` as the cog `name`, with these commands.
pub(crate) fn ping_with(name: &str, commands: Value) -> Damaged {
    Damaged::copy_of(&library("ping")).with_manifest(|manifest| {
        manifest["name"] = name.into();
        manifest["commands"] = commands;
    })
}

/// A command as the SDK declares it.
pub(crate) fn command(kind: u8, name: &str, more: Value) -> Value {
    let mut command = json!({
        "name": name, "type": kind, "prefix": kind == 1, "aliases": [], "ephemeral": [], "guilds": [],
        "discord": { "type": kind, "name": name },
    });
    if kind == 1 {
        command["discord"]["description"] = "does it".into();
    }
    for (key, value) in more.as_object().into_iter().flatten() {
        match key.as_str() {
            "discord" if value.is_object() => {
                for (field, value) in value.as_object().into_iter().flatten() {
                    command["discord"][field] = value.clone();
                }
            }
            _ => command[key] = value.clone(),
        }
    }
    command
}

impl Stage {
    /// How many items a cog was given so far.
    fn handled(&self, cog: &str) -> u64 {
        self.status(cog).handled
    }

    /// Waits until Discord has this number of commands.
    async fn until_there_are(&self, count: usize) {
        let enough = |_: &_| (self.sim.commands().len() == count).then_some(());
        let reached = self.sim.until(Instant::now() + SOON, enough).await;
        assert!(reached.is_some(), "{:?}", self.sim.commands());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_command_and_menus_of_one_name_belong_to_three_cogs() {
    let one = ping_with("one", json!([command(1, "greet", json!({}))]));
    let two = ping_with("two", json!([command(2, "greet", json!({})), command(2, "Greet them", json!({}))]));
    let three = ping_with("three", json!([command(3, "greet", json!({}))]));
    let setting = Setting::new().with_file(one.path(), "one").with_file(two.path(), "two");
    let stage = setting.with_file(three.path(), "three").up().await;
    stage.until_there_are(4).await;
    let alice = stage.alice.at("general").unwrap();
    let handled = || ["one", "two", "three"].map(|cog| stage.handled(cog));
    stage.slash("greet", &[]).await.answered(SOON).await.unwrap();
    assert_eq!(handled(), [1, 0, 0]);
    for name in ["greet", "Greet them"] {
        alice.run_on_user(name, "bob").await.unwrap().acknowledged(SOON).await.unwrap();
    }
    assert_eq!(handled(), [1, 2, 0]);
    let message = stage.alice.say("general", "hello").await.unwrap();
    alice.run_on_message("greet", message).await.unwrap().acknowledged(SOON).await.unwrap();
    assert_eq!(handled(), [1, 2, 1]);
    // A command that was removed is named as in its menu.
    stage.host.cogs().unload("two").await.unwrap();
    let answer = alice.run_on_user("Greet them", "bob").await.unwrap().answered(SOON).await.unwrap();
    assert!(answer.content.starts_with("`Greet them` is "), "{}", answer.content);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_another_cog_is_called_by_is_refused() {
    let alias = |name: &str, alias: &str| json!([command(1, name, json!({ "aliases": [alias] }))]);
    let one = ping_with("one", alias("greet", "hi"));
    let stage = Setting::new().with_file(one.path(), "one").up().await;
    for (commands, claim) in [
        (alias("welcome", "hi"), "prefix command `hi`"),
        (alias("welcome", "greet"), "prefix command `greet`"),
        (json!([command(1, "hi", json!({}))]), "prefix command `hi`"),
        (json!([command(1, "greet", json!({}))]), "command `/greet`"),
    ] {
        let file = put(ping_with("two", commands).path(), &stage.cogs(), "two");
        let error = stage.host.cogs().load_file(&file).await.expect_err("it is taken");
        let text = error.to_string();
        assert!(matches!(error, CogError::CommandTaken { .. }), "{text}");
        assert!(text.contains(&format!("its {claim} belongs to `one`")), "{text}");
    }
    // As a slash command only, it does not conflict.
    let slash_only = command(1, "hi", json!({ "prefix": false }));
    let file = put(ping_with("two", json!([slash_only])).path(), &stage.cogs(), "two");
    stage.host.cogs().load_file(&file).await.unwrap();
    stage.alice.say("general", "!hi there").await.unwrap();
    stage.until_status("one", |status| status.handled == 1).await;
    assert_eq!(stage.handled("two"), 0);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_only_command_is_not_registered_and_a_slash_only_one_has_no_prefix() {
    let mut typed = command(1, "typed", json!({ "aliases": ["t"] }));
    typed.as_object_mut().unwrap().remove("discord");
    let one = ping_with("one", json!([typed, command(1, "shown", json!({ "prefix": false }))]));
    let stage = Setting::new().with("ping").with_file(one.path(), "one").up().await;
    stage.until_there_are(2).await;
    let mut registered = stage.sim.commands();
    registered.sort();
    assert_eq!(registered, ["ping", "shown"]);
    for line in ["!shown nothing", "!t by alias", "!typed"] {
        stage.alice.say("general", line).await.unwrap();
    }
    stage.until_status("one", |status| status.handled >= 2).await;
    // A later message is routed after them.
    assert_eq!(stage.ask("!ping").await, "pong");
    assert_eq!(stage.handled("one"), 2);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_is_woken_for_what_its_filters_let_through_only() {
    let filter = |event: &str, channels: Vec<String>, skip_bots: bool| json!({ "event": event, "channels": channels, "guilds": [], "skip_bots": skip_bots });
    let cog = |name: &str, filters: Vec<Value>| {
        Damaged::copy_of(&library("ping")).with_manifest(|manifest| {
            manifest["name"] = name.into();
            manifest["commands"] = json!([]);
            manifest["events"] = json!(["MESSAGE_CREATE", "MESSAGE_REACTION_ADD"]);
            manifest["filters"] = filters.into();
        })
    };
    let all = cog("all", vec![]);
    let none = cog("none", vec![filter("MESSAGE_CREATE", vec!["1".to_owned()], false)]);
    let humans = cog("humans", vec![filter("MESSAGE_CREATE", vec![], true)]);
    let setting = Setting::new().with("ping").with_file(all.path(), "all").with_file(none.path(), "none");
    let stage = setting.with_file(humans.path(), "humans").up().await;
    assert_eq!(stage.ask("!ping").await, "pong");
    // Alice's message and the bot's own; each is delivered before the next is read.
    stage.until_status("all", |status| status.handled >= 2).await;
    let said = stage.alice.say("general", "one more").await.unwrap();
    stage.alice.react(said, "👍").await.unwrap();
    stage.until_status("all", |status| status.handled >= 4).await;
    stage.until_status("none", |status| status.handled >= 1).await;
    stage.until_status("humans", |status| status.handled >= 3).await;
    assert_eq!(["all", "none", "humans"].map(|cog| stage.handled(cog)), [4, 1, 3], "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_calls_its_command() {
    let commands = json!([command(1, "repeat", json!({ "aliases": ["r", "again"] }))]);
    let echo = Damaged::copy_of(&library("echo")).with_manifest(|manifest| manifest["commands"] = commands);
    let stage = Setting::new().with_file(echo.path(), "echo").up().await;
    for name in ["repeat", "r", "again"] {
        assert_eq!(stage.ask(&format!("!{name}")).await, "pong");
    }
    stage.down().await;
}
