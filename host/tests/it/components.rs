//! Buttons, menus and forms reach the cog that they belong to, across reloads and restarts, and no user is left without
//! an answer.

use std::sync::Arc;

use gearshift_sim::{Acknowledgement, InteractionHandle, Message};
use serde_json::{Value, json};

use crate::stage::{SOON, Setting, Stage};

async fn stage() -> Stage {
    let stage = Setting::new().with("asker").up().await;
    stage.slash("ruled server", &[]).await.answered(SOON).await.unwrap();
    stage
}

impl Stage {
    /// Alice has the cog ask her a question. Returns the first answer.
    async fn asked(&self, how: &str) -> Arc<Message> {
        let asked = self.slash("ask", &[("how", how)]).await;
        self.given(&asked).await
    }

    async fn given(&self, asked: &InteractionHandle) -> Arc<Message> {
        match asked.answered(SOON).await {
            Ok(answer) => answer,
            Err(error) => panic!("{error}\n{}", self.transcript()),
        }
    }

    /// The ephemeral answer to a user who presses a button.
    async fn refused(&self, who: &str, shown: &Message, button: &str) -> String {
        let press = self.sim.member(who).unwrap().press(shown.id, button).await.unwrap();
        let answer = self.given(&press).await;
        assert!(answer.is_ephemeral(), "{}", self.transcript());
        answer.content.to_string()
    }

    /// Waits for a message of the bot with this text, posted or edited.
    async fn said(&self, text: &str) -> Arc<Message> {
        let is_it = |entry: &gearshift_sim::Entry| {
            let message = entry.posted().or(entry.edited())?;
            (message.author.bot && message.content.as_ref() as &str == text).then(|| message.clone())
        };
        let found = self.sim.until(std::time::Instant::now() + SOON, is_it).await;
        found.unwrap_or_else(|| panic!("nobody says {text}\n{}", self.transcript()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_works_after_a_reload_and_a_restart() {
    let mut stage = stage().await;
    let shown = stage.asked("buttons").await;
    for round in 0..3 {
        let press = stage.alice.press(shown.id, "3").await.unwrap();
        assert_eq!(press.acknowledged(SOON).await.unwrap().how, Acknowledgement::Update, "{round}");
        match round {
            0 => drop(stage.host.cogs().reload("asker").await.unwrap()),
            1 => stage = stage.restart().await,
            _ => {}
        }
    }
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interaction_without_a_handler_or_answer_gets_an_error_message() {
    let stage = stage().await;
    let shown = stage.asked("buttons").await;
    assert_eq!(stage.refused("bob", &shown, "nobody").await, "This button is no longer in use.");
    assert_eq!(stage.refused("bob", &shown, "idle").await, "This button gave no answer.");
    let silent = stage.asked("silent").await;
    assert_eq!(
        (silent.content.to_string(), silent.is_ephemeral()),
        ("`/ask` gave no answer.".to_owned(), true)
    );
    let open = stage.asked("press").await;
    stage.host.cogs().unload("asker").await.unwrap();
    let away = "This button is not available at the moment.";
    assert_eq!(stage.refused("bob", &shown, "3").await, away);
    assert_eq!(stage.refused("bob", &open, "left").await, away);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presses_reach_the_handler_that_waits_until_the_cog_is_replaced() {
    let stage = stage().await;
    let shown = stage.asked("press").await;
    for (who, button) in [("alice", "left"), ("bob", "right")] {
        let press = stage.sim.member(who).unwrap().press(shown.id, button).await.unwrap();
        assert_eq!(stage.given(&press).await.content, format!("{who} pressed {button}"));
    }
    let report = stage.host.cogs().reload("asker").await.unwrap();
    assert_eq!(report.cancelled, 0, "{report:?}");
    let closed = "This is no longer open; call the command again.";
    assert_eq!(stage.refused("alice", &shown, "left").await, closed);
    let stage = stage.restart().await;
    assert_eq!(stage.refused("alice", &shown, "left").await, closed);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_is_for_the_user_who_called_and_ends_with_the_cog() {
    let stage = stage().await;
    let shown = stage.asked("confirm").await;
    assert_eq!(stage.refused("bob", &shown, "Confirm").await, "This is for another user.");
    stage.alice.press(shown.id, "Confirm").await.unwrap();
    stage.said("confirmed").await;
    assert!(stage.alice.press(shown.id, "Confirm").await.is_err(), "the buttons are gone");
    assert_eq!(stage.asked("soon").await.content, "Really?");
    stage.said("left").await;
    let said = stage.alice.say("general", "!ask confirm").await.unwrap();
    let shown = stage.sim.reply_to(said, SOON).await.unwrap();
    let report = stage.host.cogs().reload("asker").await.unwrap();
    assert_eq!(report.cancelled, 0, "{report:?}");
    assert!(stage.alice.press(shown.id, "Confirm").await.is_err(), "the buttons are gone");
    assert_eq!(stage.status("asker").faults, 0);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_turned_until_the_cog_is_replaced() {
    let stage = stage().await;
    let said = stage.alice.say("general", "!ask pages").await.unwrap();
    let replied = stage.sim.reply_to(said, SOON).await.unwrap();
    for shown in [stage.asked("pages").await, replied] {
        assert_eq!(stage.refused("bob", &shown, "▶").await, "This is for another user.");
        for (button, page) in [("▶", "two"), ("▶", "three"), ("◀", "two")] {
            let press = stage.alice.press(shown.id, button).await.unwrap();
            press.acknowledged(SOON).await.unwrap();
            let now = stage.sim.messages("general").unwrap();
            let now = now.iter().find(|message| message.id == shown.id).unwrap();
            assert_eq!(now.content, page);
        }
    }
    let report = stage.host.cogs().reload("asker").await.unwrap();
    assert_eq!(report.cancelled, 0, "{report:?}");
    let pages = stage.sim.messages("general").unwrap();
    let pages: Vec<_> = pages.iter().filter(|message| message.content == "two").collect();
    assert_eq!(pages.len(), 2);
    assert!(pages.iter().all(|message| message.components.is_empty()), "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_asked_in_line_and_read_as_a_struct() {
    let stage = stage().await;
    let fill = |count: &str| -> [(&'static str, Value); 3] {
        [("what", json!("gulls")), ("count", json!(count)), ("colors", json!(["r", "b"]))]
    };
    let expected = r#"gulls, Some(3), ["r", "b"]"#;
    for how in ["form", "declared"] {
        let opened = stage.slash("ask", &[("how", how)]).await;
        assert_eq!(opened.acknowledged(SOON).await.unwrap().how, Acknowledgement::Modal);
        let sent = stage.alice.submit(&opened, fill("3")).await.unwrap();
        assert_eq!(stage.given(&sent).await.content, expected, "{how}");
        let opened = stage.slash("ask", &[("how", how)]).await;
        opened.acknowledged(SOON).await.unwrap();
        let sent = stage.alice.submit(&opened, fill("many")).await.unwrap();
        let answer = stage.given(&sent).await;
        assert!(answer.content.starts_with("`How many?` must be"), "{}", answer.content);
        assert!(answer.is_ephemeral());
        let opened = stage.slash("ask", &[("how", how)]).await;
        opened.acknowledged(SOON).await.unwrap();
        let sent = stage.alice.submit(&opened, [("what", "gulls")]).await.unwrap();
        assert_eq!(stage.given(&sent).await.content, "gulls, None, []", "{how}");
    }
    let said = stage.alice.say("general", "!ask form").await.unwrap();
    let shown = stage.sim.reply_to(said, SOON).await.unwrap();
    let opened = stage.alice.press(shown.id, "Fill in").await.unwrap();
    assert_eq!(opened.acknowledged(SOON).await.unwrap().how, Acknowledgement::Modal);
    let sent = stage.alice.submit(&opened, fill("3")).await.unwrap();
    assert_eq!(stage.given(&sent).await.content, expected);
    let open = stage.slash("ask", &[("how", "form")]).await;
    open.acknowledged(SOON).await.unwrap();
    stage.host.cogs().reload("asker").await.unwrap();
    let sent = stage.alice.submit(&open, fill("3")).await.unwrap();
    assert_eq!(stage.given(&sent).await.content, "This is no longer open; call the command again.");
    assert_eq!(stage.status("asker").faults, 0, "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_waited_for_if_the_cog_gets_them() {
    let stage = stage().await;
    assert_eq!(stage.asked("message").await.content, "say it");
    stage.sim.member("bob").unwrap().say("general", "not me").await.unwrap();
    stage.alice.say("general", "me").await.unwrap();
    stage.said("said me").await;
    let undeclared = stage.asked("undeclared").await;
    assert!(undeclared.content.contains("add it to `Cog::EVENTS`"), "{}", undeclared.content);
    stage.down().await;
}
