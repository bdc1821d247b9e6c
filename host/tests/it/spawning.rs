//! Futures that handlers spawn: they run beside the handlers, rest while the cog is paused, and end with their
//! generation.

use crate::stage::{SOON, Setting};

#[tokio::test(flavor = "multi_thread")]
async fn a_spawned_future_outlives_its_handler_and_ends_with_its_generation() {
    let stage = Setting::new().with("faulty").up().await;
    assert_eq!(stage.ask("!faulty spawn beat 5").await, "spawned");
    // Answered once the future has made progress.
    stage.ask("!faulty next-beat").await;
    assert_eq!(stage.status("faulty").spawned, 1);

    // It continues if the replacement fails.
    stage.ask("!faulty arm restore error").await;
    stage.host.cogs().reload("faulty").await.expect_err("it refuses the state");
    stage.ask("!faulty next-beat").await;
    stage.ask("!faulty disarm").await;

    // Nothing waits for it, and nothing of it is left.
    stage.ask("!faulty spawn hang").await;
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    assert_eq!(report.cancelled, 0, "{report}");
    assert!(stage.is_gone(&report), "{report}");
    assert_eq!((stage.ask("!faulty beats").await.as_str(), stage.status("faulty").spawned), ("0 beats", 0));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_in_a_spawned_future_is_a_fault_with_its_place() {
    let stage = Setting::new().with("faulty").up().await;
    for (trick, faults, words) in [("error", 1, "asked to fail"), ("panic", 2, "asked to panic")] {
        assert_eq!(stage.ask(&format!("!faulty spawn {trick}")).await, "spawned");
        stage.until_status("faulty", |status| status.faults == faults).await;
        let fault = stage.status("faulty").last_fault.expect("it is shown");
        assert!(
            fault.contains("spawned at ") && fault.contains("acts.rs:") && fault.contains(words),
            "{fault}"
        );
    }
    stage.until_status("faulty", |status| status.spawned == 0).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn futures_that_spawn_each_other_without_end_leave_handlers_their_turn() {
    let stage = Setting::new().with("faulty").up().await;
    assert_eq!(stage.ask("!faulty spawn chain").await, "spawned");
    for _ in 0..3 {
        assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    }
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    assert!(stage.is_gone(&report), "{report}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spawned_future_may_answer_late_what_the_host_has_deferred() {
    // Long, and too short unless the cog has deferred.
    for (timeout, op, expected) in [
        (60_000, "later 3000", "later"),
        (10, "later defer 3000", "later"),
        (10, "later 60000", "`/faulty` gave no answer."),
    ] {
        let config = format!("defer_after_ms = 50\nanswer_timeout_ms = {timeout}");
        let stage = Setting::new().with("faulty").config(&config).up().await;
        // The command waits behind this one, and the host says "thinking …".
        assert_eq!(stage.ask("!faulty block 500").await, "blocking");
        let asked = stage.slash("faulty", &[("op", op)]).await;
        asked.acknowledged(SOON).await.unwrap();
        let answer = asked.answered(SOON).await.unwrap();
        assert_eq!(&*answer.content, expected, "{op}: {}", stage.transcript());
        stage.down().await;
    }
}
