//! A command whose handler takes longer than Discord waits: the host defers it, and the cog's answer still arrives.

use gearshift_host::config::LaneKind;
use gearshift_sim::Acknowledgement;

use crate::stage::{SOON, Setting, Stage};

/// The host's message when a handler failed.
const FAILURE: &str = "That went wrong.";

async fn stage() -> Stage {
    let keys = format!("failure_text = \"{FAILURE}\"");
    Setting::new().with("faulty").config("defer_after_ms = 100").keys(&keys).up().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_handler_is_deferred_by_the_host_and_its_answer_arrives() {
    let stage = stage().await;
    let table = [
        ("faulty", "say wait public", "public", false),
        ("faulty", "say wait ephemeral", "secret", true),
        ("faulty", "say wait defer-ephemeral ephemeral", "secret", true),
        ("faulty", "say wait defer public", "public", false),
        ("faulty", "say wait error", FAILURE, true),
        ("faulty-ephemeral", "say wait public", "public", true),
    ];
    for (command, op, text, is_ephemeral) in table {
        let asked = stage.slash(command, &[("op", op)]).await;
        let acknowledged = asked.acknowledged(SOON).await.unwrap();
        assert_eq!(acknowledged.how, Acknowledgement::DeferredMessage, "{op}\n{}", stage.transcript());
        stage.alice.say("general", "go").await.unwrap();
        let answer = asked.answered(SOON).await.unwrap();
        assert_eq!((&*answer.content, answer.is_ephemeral()), (text, is_ephemeral), "{op}");
    }
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_comes_too_late_opens_from_a_button() {
    let stage = stage().await;
    let asked = stage.slash("faulty", &[("op", "say wait ask")]).await;
    asked.acknowledged(SOON).await.unwrap();
    stage.alice.say("general", "go").await.unwrap();
    let shown = asked.answered(SOON).await.unwrap();
    let form = stage.alice.press(shown.id, "Fill in").await.unwrap();
    assert_eq!(form.acknowledged(SOON).await.unwrap().how, Acknowledgement::Modal, "{}", stage.transcript());
    let sent = stage.alice.submit(&form, [("text", "tea")]).await.unwrap();
    assert_eq!(&*sent.answered(SOON).await.unwrap().content, "tea");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_handler_that_never_ends_reads_that_it_was_ended() {
    let stage = stage().await;
    let asked = stage.slash("faulty", &[("op", "say hang")]).await;
    asked.acknowledged(SOON).await.unwrap();
    stage.host.cogs().unload("faulty").await.unwrap();
    assert_eq!(&*asked.answered(SOON).await.unwrap().content, FAILURE, "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_cog_that_is_abandoned_reads_that_it_failed() {
    let stage = Setting::new()
        .on(LaneKind::Thread)
        .with("faulty")
        .config("defer_after_ms = 100\nstuck_after_ms = 300\njoin_timeout_ms = 100")
        .keys(&format!("failure_text = \"{FAILURE}\""))
        .up()
        .await;
    let asked = stage.slash("faulty", &[("op", "say hang")]).await;
    asked.acknowledged(SOON).await.unwrap();
    assert_eq!(stage.ask("!faulty block 60000").await, "blocking");
    let answer = asked.answered(SOON).await.unwrap_or_else(|_| panic!("no answer\n{}", stage.transcript()));
    assert_eq!((&*answer.content, answer.is_ephemeral()), (FAILURE, true), "{}", stage.transcript());
    stage.down().await;
}
