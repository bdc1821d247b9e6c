//! What only the user of an interaction may see, nobody else sees: however late the cog is, and whatever was deferred
//! before.

use gearshift_sim::{Acknowledgement, InteractionHandle, RestFault};

use crate::stage::{SOON, Setting, Stage};

const CALLBACK: &str = "/interactions/*/*/callback";

/// The host's message when a handler failed.
const FAILURE: &str = "That went wrong.";

/// A stage on which the host defers early, with the commands registered.
async fn stage() -> Stage {
    let stage = Setting::new()
        .with("faulty")
        .with("poll")
        .config("defer_after_ms = 100")
        .keys(&format!("failure_text = \"{FAILURE}\""))
        .up()
        .await;
    stage.slash("faulty", &[("op", "version")]).await.answered(SOON).await.unwrap();
    stage
}

impl Stage {
    /// Calls a command while its cog is busy, so that the host defers it.
    async fn late(&self, command: &str, op: &str) -> InteractionHandle {
        assert_eq!(self.ask("!faulty block 2000").await, "blocking");
        self.until_status("faulty", |status| status.activity == "command").await;
        let asked = self.slash(command, &[("op", op)]).await;
        let acknowledged = asked.acknowledged(SOON).await.unwrap();
        assert_eq!(acknowledged.how, Acknowledgement::DeferredMessage, "{}", self.transcript());
        asked
    }

    /// Asserts that a text of the bot was posted for one user only.
    fn assert_ephemeral(&self, text: &str) {
        let mut found = false;
        for entry in self.sim.transcript().history() {
            let message = entry.posted().or(entry.edited()).filter(|message| message.content.contains(text));
            if let Some(message) = message.filter(|message| message.author.bot) {
                found = true;
                assert!(message.is_ephemeral(), "everybody sees it\n{}", self.transcript());
            }
        }
        assert!(found, "nobody sees it\n{}", self.transcript());
    }
}

/// The texts that answer an interaction, once there are this many, and whether each is ephemeral.
async fn answers(stage: &Stage, asked: &InteractionHandle, number: usize) -> Vec<(String, bool)> {
    let enough = |_: &gearshift_sim::Entry| {
        let messages = asked.messages();
        let is_done = messages.len() >= number && messages.iter().all(|message| !message.is_loading());
        is_done.then_some(messages)
    };
    let found = stage.sim.until(std::time::Instant::now() + SOON, enough).await;
    let messages = found.unwrap_or_else(|| panic!("not {number} answers\n{}", stage.transcript()));
    messages.iter().map(|message| (message.content.to_string(), message.is_ephemeral())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ephemeral_answer_stays_ephemeral_though_the_host_deferred_publicly() {
    let stage = stage().await;
    for op in ["say ephemeral", "say defer ephemeral", "say defer-ephemeral ephemeral"] {
        let asked = stage.late("faulty", op).await;
        assert_eq!(answers(&stage, &asked, 1).await, [("secret".to_owned(), true)], "{op}");
    }
    stage.assert_ephemeral("secret");
    let asked = stage.late("faulty", "say defer-ephemeral public").await;
    assert_eq!(answers(&stage, &asked, 1).await, [("public".to_owned(), true)]);
    let asked = stage.late("faulty", "say public").await;
    assert_eq!(answers(&stage, &asked, 1).await, [("public".to_owned(), false)]);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ephemeral_answer_stays_ephemeral_though_the_cog_deferred_publicly() {
    let stage = stage().await;
    let secret = || ("secret".to_owned(), true);
    let public = || ("public".to_owned(), false);
    let table = [
        ("say defer ephemeral", vec![secret()]),
        ("say defer-ephemeral ephemeral", vec![secret()]),
        ("say defer-ephemeral public public", vec![("public".to_owned(), true), public()]),
        ("say ephemeral public ephemeral", vec![secret(), public(), secret()]),
        ("say defer public ephemeral", vec![public(), secret()]),
        ("say defer ephemeral public", vec![secret(), public()]),
    ];
    for (op, expected) in table {
        let asked = stage.slash("faulty", &[("op", op)]).await;
        assert_eq!(answers(&stage, &asked, expected.len()).await, expected, "{op}");
    }
    stage.assert_ephemeral("secret");
    assert_eq!(stage.status("faulty").faults, 0, "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_declared_ephemeral_is_deferred_and_answered_ephemerally() {
    let stage = stage().await;
    let asked = stage.late("faulty-ephemeral", "say public ephemeral").await;
    let thinking = asked.answer().and_then(|answer| answer.message);
    assert!(thinking.is_none_or(|message| message.is_ephemeral()), "{}", stage.transcript());
    let expected = [("public".to_owned(), true), ("secret".to_owned(), true)];
    assert_eq!(answers(&stage, &asked, 2).await, expected);
    for op in ["say public", "say defer public"] {
        let asked = stage.slash("faulty-ephemeral", &[("op", op)]).await;
        assert_eq!(answers(&stage, &asked, 1).await, [("public".to_owned(), true)]);
    }
    stage.assert_ephemeral("public");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_and_a_button_are_answered_for_whom_the_cog_says_though_the_host_deferred_them() {
    let stage = stage().await;
    for (typed, ephemeral) in [("secret", true), ("for everybody", false)] {
        let form = stage.slash("faulty", &[("op", "say form")]).await;
        form.acknowledged(SOON).await.unwrap();
        assert_eq!(stage.ask("!faulty block 2000").await, "blocking");
        stage.until_status("faulty", |status| status.activity == "command").await;
        let sent = stage.alice.submit(&form, [("text", typed)]).await.unwrap();
        let acknowledged = sent.acknowledged(SOON).await.unwrap();
        assert_eq!(acknowledged.how, Acknowledgement::DeferredMessage, "{}", stage.transcript());
        assert_eq!(answers(&stage, &sent, 1).await, [(typed.to_owned(), ephemeral)]);
    }
    let asked = stage.alice.say("general", "!faulty buttons").await.unwrap();
    let shown = stage.sim.reply_to(asked, SOON).await.unwrap();
    assert_eq!(stage.ask("!faulty block 2000").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    let press = stage.alice.press(shown.id, "secret").await.unwrap();
    assert_eq!(answers(&stage, &press, 1).await, [("secret".to_owned(), true)]);
    stage.assert_ephemeral("secret");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_defer_whose_answer_is_lost_is_filled_in_by_the_answer() {
    let stage = stage().await;
    for (op, ephemeral) in [("say public", false), ("say ephemeral", true)] {
        for times in [1, 2] {
            stage.sim.faults().rest("POST", CALLBACK, times, RestFault::DropAnswer);
            let asked = stage.late("faulty", op).await;
            assert_eq!(answers(&stage, &asked, 1).await[0].1, ephemeral, "{op}, {times}");
        }
        // The host's defer is lost on the way, which neither side notices.
        stage.sim.faults().rest("POST", CALLBACK, 2, RestFault::Drop);
        assert_eq!(stage.ask("!faulty block 2000").await, "blocking");
        stage.until_status("faulty", |status| status.activity == "command").await;
        let asked = stage.slash("faulty", &[("op", op)]).await;
        assert_eq!(answers(&stage, &asked, 1).await[0].1, ephemeral, "{op}");
    }
    stage.assert_ephemeral("secret");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_of_the_cog_whose_answer_is_lost_is_no_failure() {
    let stage = stage().await;
    let table = [
        ("say defer public", false),
        ("say defer ephemeral", true),
        ("say public", false),
        ("say ephemeral", true),
    ];
    for (op, ephemeral) in table {
        for times in [1, 2] {
            stage.sim.faults().rest("POST", CALLBACK, times, RestFault::DropAnswer);
            let asked = stage.slash("faulty", &[("op", op)]).await;
            assert_eq!(answers(&stage, &asked, 1).await[0].1, ephemeral, "{op}, {times}");
            // The answer arrives before the cog knows.
            stage.sim.settle(SOON).await.unwrap();
        }
    }
    assert_eq!(stage.status("faulty").faults, 0, "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_handler_shows_an_error_to_its_user_only() {
    let stage = stage().await;
    let failure = || (FAILURE.to_owned(), true);
    let table = [
        ("say error", vec![failure()]),
        ("panic", vec![failure()]),
        ("say defer error", vec![failure()]),
        ("say defer-ephemeral error", vec![failure()]),
    ];
    for (op, expected) in table {
        let asked = stage.slash("faulty", &[("op", op)]).await;
        assert_eq!(answers(&stage, &asked, 1).await, expected, "{op}");
    }
    let asked = stage.late("faulty", "say error").await;
    assert_eq!(answers(&stage, &asked, 1).await, [failure()]);
    let asked = stage.alice.say("general", "!faulty buttons").await.unwrap();
    let shown = stage.sim.reply_to(asked, SOON).await.unwrap();
    let press = stage.alice.press(shown.id, "error").await.unwrap();
    assert_eq!(answers(&stage, &press, 1).await, [failure()]);
    stage.assert_ephemeral(FAILURE);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_an_answer_is_not_notified_of_a_failure() {
    let stage = stage().await;
    let answered = stage.slash("faulty", &[("op", "say public error")]).await;
    let form = stage.slash("faulty", &[("op", "say form error")]).await;
    assert_eq!(form.acknowledged(SOON).await.unwrap().how, Acknowledgement::Modal);
    // A button of another cog, whose press all listeners get: one of them fails, the other one answers.
    let poll = stage.slash("poll", &[("question", "Lunch?"), ("answers", "soup")]).await;
    let poll = poll.answered(SOON).await.unwrap();
    assert_eq!(stage.ask("!faulty arm event error").await, "armed: event=error");
    let press = stage.alice.press(poll.id, "soup").await.unwrap();
    assert_eq!(press.acknowledged(SOON).await.unwrap().how, Acknowledgement::Update);
    // The author of a message does not expect an answer.
    stage.alice.say("general", "!faulty error").await.unwrap();
    // The host has deferred the press, and the answer is an edit of the message.
    assert_eq!(stage.ask("!faulty disarm").await, "disarmed");
    let asked = stage.alice.say("general", "!faulty buttons").await.unwrap();
    let shown = stage.sim.reply_to(asked, SOON).await.unwrap();
    assert_eq!(stage.ask("!faulty block 2000").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    let faults = stage.status("faulty").faults;
    let press = stage.alice.press(shown.id, "edit-error").await.unwrap();
    assert_eq!(press.acknowledged(SOON).await.unwrap().how, Acknowledgement::DeferredUpdate);
    stage.until_status("faulty", |status| status.faults > faults).await;
    stage.sim.settle(SOON).await.unwrap();
    assert!(stage.transcript().contains("edited"), "{}", stage.transcript());
    assert_eq!(answers(&stage, &answered, 1).await, [("public".to_owned(), false)]);
    assert!(!stage.transcript().contains(FAILURE), "{}", stage.transcript());
    stage.down().await;
}
