//! Items that a lane has not started are still in the queue: they can be deferred, counted, and handled by the next
//! generation.

use std::time::Duration;

use crate::stage::{SOON, Setting};

#[tokio::test(flavor = "multi_thread")]
async fn events_behind_a_stuck_handler_go_to_the_next_generation() {
    let stage =
        Setting::new().with("faulty").config("stuck_after_ms = 600\njoin_timeout_ms = 100").up().await;
    // Both blocks and the questions are in the queue together: the end of the first block would take them all, if
    // anything did.
    assert_eq!(stage.ask("!faulty block 300").await, "blocking");
    stage.alice.say("general", "!faulty block 20000").await.unwrap();
    let mut asked = Vec::new();
    for _ in 0..5 {
        asked.push(stage.alice.say("general", "!faulty version").await.unwrap());
    }
    for id in asked {
        assert!(stage.sim.reply_to(id, SOON).await.is_some(), "{id} was lost:\n{}", stage.transcript());
    }
    let status = stage.status("faulty");
    assert_eq!((status.generation, status.faults), (Some(2), 0));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_interaction_is_deferred_in_time_whatever_else_waits() {
    let stage = Setting::new().with("faulty").config("defer_after_ms = 700").up().await;
    stage.slash("faulty", &[("op", "version")]).await.answered(SOON).await.unwrap();
    assert_eq!(stage.ask("!faulty block 500").await, "blocking");
    stage.alice.say("general", "!faulty block 5000").await.unwrap();
    let asked = stage.slash("faulty", &[("op", "version")]).await;
    asked.acknowledged(SOON).await.unwrap_or_else(|error| panic!("{error}\n{}", stage.transcript()));
    let answer = asked.answered(SOON).await.unwrap();
    assert!(answer.content.starts_with("faulty"), "{}", answer.content);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_cog_is_replaced_while_its_queue_is_full() {
    let stage = Setting::new().with("faulty").up().await;
    assert!(stage.ask("!faulty arm event block 20").await.starts_with("armed"));
    for number in 0..500 {
        stage.alice.say("general", &format!("hello {number}")).await.unwrap();
    }
    stage.until_status("faulty", |status| status.queued > 100).await;
    for _ in 0..3 {
        let report = stage.host.cogs().reload("faulty").await.expect("it is busy, not stuck");
        // One handler of 20 ms, and time for a machine that stalls.
        assert!(report.pause.unwrap() < Duration::from_secs(5), "{report}");
        assert_eq!(report.cancelled, 0, "{report}");
    }
    stage.until_status("faulty", |status| status.queued == 0).await;
    stage.down().await;
}
