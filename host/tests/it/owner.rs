//! The host's own commands: `/cogs` for the application's owners, and `/help` for everybody.

use std::sync::Arc;

use gearshift_sim::Message;
use serde_json::json;

use crate::{
    commanding::{command, ping_with},
    stage::{SOON, Setting, Stage},
};

/// Alice owns the application; bob does not.
async fn stage() -> Stage {
    let setting = Setting::new().commands("").with("ping");
    let secret = command(
        1,
        "ban",
        json!({ "aliases": ["b"], "discord": { "default_member_permissions": "4",
        "options": [{ "type": 6, "name": "who", "description": "Whom", "required": true }] } }),
    );
    let group = command(
        1,
        "tag",
        json!({ "discord": { "options": [
        { "type": 1, "name": "add", "description": "Adds a note" },
        { "type": 1, "name": "show", "description": "Shows a note", "options": [
            { "type": 3, "name": "color", "description": "Which", "choices": [{ "name": "Red", "value": "r" }] } ] } ] } }),
    );
    let tags = ping_with("tags", json!([group, secret, command(2, "Greet", json!({}))]));
    setting.with_file(tags.path(), "tags").up().await
}

impl Stage {
    async fn answer_to(&self, who: &str, command: &str, options: &[(&str, &str)]) -> Arc<Message> {
        // Once alice can call this command, all commands are registered.
        self.slash("help", &[]).await.answered(SOON).await.unwrap();
        let member = self.sim.member(who).unwrap().at("general").unwrap();
        member.slash(command, options.to_vec()).await.unwrap().answered(SOON).await.unwrap()
    }

    async fn suggested(&self, command: &str, option: &str, typed: &str) -> Vec<String> {
        self.slash("help", &[]).await.answered(SOON).await.unwrap();
        let alice = self.alice.at("general").unwrap();
        let asked = alice.autocomplete(command, [(option, typed)], option).await.unwrap();
        let choices = asked.acknowledged(SOON).await.unwrap().choices;
        choices.iter().map(|choice| choice.value.as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_looks_after_cogs_with_a_slash_and_with_the_prefix() {
    let stage = stage().await;
    let list = stage.answer_to("alice", "cogs list", &[]).await;
    assert!(list.is_ephemeral() && list.content.contains("ping#1"), "{}", list.content);
    assert!(stage.ask("!cogs").await.contains("ping#1"));
    let report = stage.answer_to("alice", "cogs reload", &[("cog", "ping")]).await;
    assert!(report.is_ephemeral() && report.content.contains("ping#2"), "{}", report.content);
    assert!(stage.ask("!cogs reload ping").await.contains("ping#3"));
    assert_eq!(stage.ask("!ping").await, "pong");
    let info = stage.answer_to("alice", "cogs info", &[("cog", "ping")]).await;
    assert!(
        info.content.contains("stage: serving") && info.content.contains("commands: ping"),
        "{}",
        info.content
    );
    stage.answer_to("alice", "cogs unload", &[("cog", "ping")]).await;
    stage.until_status("ping", |status| status.generation.is_none()).await;
    let refused = stage.ask("!cogs unload ping").await;
    assert!(
        refused.contains("no cog `ping` is loaded") && refused.contains("help: loaded cogs: tags"),
        "{refused}"
    );
    stage.ask("!cogs load ping").await;
    assert_eq!(stage.ask("!ping").await, "pong");
    assert!(stage.ask("!cogs dance").await.contains("`cogs list`"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_owners_can_use_them() {
    let stage = stage().await;
    for line in ["!cogs", "!cogs unload ping", "!cogs reload ping"] {
        let said = stage.sim.member("bob").unwrap().say("general", line).await.unwrap();
        let answer = stage.sim.reply_to(said, SOON).await.expect("a refusal");
        assert!(answer.content.starts_with("Only the owners"), "{}", answer.content);
    }
    assert_eq!(stage.status("ping").generation, Some(1));
    // Discord does not even show the command to bob.
    stage.slash("help", &[]).await.answered(SOON).await.unwrap();
    let bob = stage.sim.member("bob").unwrap().at("general").unwrap();
    assert!(bob.slash("cogs list", gearshift_sim::NO_OPTIONS).await.is_err());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_suggested_while_they_are_typed() {
    let stage = stage().await;
    stage.host.cogs().unload("ping").await.unwrap();
    assert_eq!(stage.suggested("cogs reload", "cog", "").await, ["ping", "tags"]);
    assert_eq!(stage.suggested("cogs load", "cog", "").await, ["ping"]);
    assert_eq!(stage.suggested("cogs unload", "cog", "t").await, ["tags"]);
    let names = stage.suggested("help", "command", "ta").await;
    assert_eq!(names, ["tag", "tag add", "tag show"]);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_lists_what_a_user_may_call_and_explains_a_command() {
    let stage = stage().await;
    let all = stage.answer_to("alice", "help", &[]).await;
    for line in [
        "**ping**\n`/ping` – Answers with pong\n",
        "**tags**\n`/tag add` – Adds a note\n`/tag show` – Shows a note\n`/ban` – does it\n",
        "`Greet` – in the menu of a user",
        "`/cogs reload` – ",
        "`/help` – ",
    ] {
        assert!(all.content.contains(line), "{line}: {}", all.content);
    }
    assert!(all.is_ephemeral());
    let of_bob = stage.answer_to("bob", "help", &[]).await;
    assert!(of_bob.content.contains("`/tag add`"), "{}", of_bob.content);
    assert!(!of_bob.content.contains("ban") && !of_bob.content.contains("/cogs"), "{}", of_bob.content);
    let page = stage.answer_to("alice", "help", &[("command", "/tag show")]).await;
    assert_eq!(
        &*page.content,
        "**`/tag show`**\nShows a note\n- `color` – Which: Red\nIn a message: `!tag show`"
    );
    let page = stage.ask("!help b").await;
    assert_eq!(page, "**`/ban`**\ndoes it\n- `who` (required) – Whom\nIn a message: `!ban`, `!b`");
    let unknown = stage.answer_to("bob", "help", &[("command", "ban")]).await;
    assert!(
        unknown.content.starts_with("There is no command `ban` that you may call"),
        "{}",
        unknown.content
    );
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_that_declares_the_same_name_takes_precedence_while_it_is_there() {
    let stage = Setting::new().commands("").config("commands_keep_ms = 100").with("ping").up().await;
    assert!(stage.ask("!help").await.contains("**ping**"));
    let help = ping_with("mine", json!([command(1, "help", json!({}))]));
    // Not in the watched folder, where it would be loaded again after an unload.
    stage.host.cogs().load_file(help.path()).await.unwrap();
    stage.alice.say("general", "!help").await.unwrap();
    stage.until_status("mine", |status| status.handled == 1).await;
    stage.host.cogs().unload("mine").await.unwrap();
    assert!(stage.ask("!help").await.contains("**ping**"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_is_neither_registered_nor_answered() {
    let stage = Setting::new().commands("owner = false\nhelp = false").with("ping").up().await;
    stage.slash("ping", &[]).await.answered(SOON).await.unwrap();
    assert_eq!(stage.sim.commands(), ["ping"]);
    stage.alice.say("general", "!help").await.unwrap();
    stage.alice.say("general", "!cogs").await.unwrap();
    assert_eq!(stage.ask("!ping").await, "pong");
    assert_eq!(stage.status("ping").handled, 2);
    let history = stage.sim.transcript().history();
    let answers = history.iter().filter(|entry| entry.to_string().starts_with("#general bot")).count();
    assert_eq!(answers, 1, "{}", stage.transcript());
    stage.down().await;
}
