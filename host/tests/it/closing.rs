//! What users see from a host that closes.

use std::time::{Duration, Instant};

use gearshift_sim::{Entry, RestFault};

use crate::stage::{SOON, Setting};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_when_the_host_closes_is_answered_before_it_has_closed() {
    let stage = Setting::new().with("faulty").config("defer_after_ms = 50\ndrain_timeout_ms = 50").up().await;
    assert_eq!(stage.ask("!faulty block 500").await, "blocking");
    let asked = stage.slash("faulty", &[("op", "version")]).await;
    asked.acknowledged(SOON).await.unwrap();
    // The "thinking …" message is deleted before the answer is posted.
    let slow = RestFault::Delay(Duration::from_secs(2));
    stage.sim.faults().rest("DELETE", "/webhooks/*/*/messages/@original", 1, slow);
    stage.host.close().await.expect("no state is lost");
    let answer = asked.answered(SOON).await.unwrap();
    assert!(answer.content.starts_with("`/faulty` is "), "{}", answer.content);
    stage.sim.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_that_waits_when_the_host_closes_is_answered_and_its_message_stays() {
    for defer_after in [50, 2_900] {
        let setting = Setting::new()
            .with("faulty")
            .config(&format!("defer_after_ms = {defer_after}\ndrain_timeout_ms = 50"));
        let stage = setting.up().await;
        let said = stage.alice.say("general", "!faulty buttons").await.unwrap();
        let shown = stage.sim.reply_to(said, SOON).await.unwrap();
        assert_eq!(stage.ask("!faulty block 500").await, "blocking");
        let press = stage.alice.press(shown.id, "faulty:edit").await.unwrap();
        // The answer "blocking", and the press.
        stage.until_status("faulty", |status| status.queued == 2).await;
        if defer_after < 500 {
            press.acknowledged(SOON).await.unwrap();
        }
        stage.host.close().await.expect("no state is lost");
        let read = |entry: &Entry| {
            let message = entry.posted()?;
            message.content.starts_with("This button is ").then_some(())
        };
        let answered = stage.sim.until(Instant::now() + SOON, read).await;
        assert!(answered.is_some(), "{:#?}", stage.sim.transcript().history());
        stage.alice.press(shown.id, "faulty:edit").await.expect("its message is still there");
        stage.sim.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whose_interaction_can_no_longer_be_answered_is_notified() {
    // Both handlers are done: one has left the answer to a future that ends with the host, the other has deferred.
    for (op, is_thinking) in [("later 60000", false), ("say defer", true)] {
        let stage = Setting::new().with("faulty").up().await;
        let asked = stage.slash("faulty", &[("op", op)]).await;
        if is_thinking {
            asked.acknowledged(SOON).await.unwrap();
        }
        stage.until_status("faulty", |status| status.in_flight == 0 && status.handled > 0).await;
        stage.host.close().await.expect("no state is lost");
        let read = |entry: &Entry| {
            let message = entry.posted()?;
            (*message.content == *"`/faulty` gave no answer.").then_some(())
        };
        let answered = stage.sim.until(Instant::now() + SOON, read).await;
        assert!(answered.is_some(), "{:#?}", stage.sim.transcript().history());
        stage.sim.close().await;
    }
}
