//! What users still read from a host that closes.

use std::time::Duration;

use gearshift_sim::RestFault;

use crate::stage::{SOON, Setting};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_when_the_host_closes_is_answered_before_it_has_closed() {
    let stage = Setting::new().with("faulty").config("defer_after_ms = 50").up().await;
    assert_eq!(stage.ask("!faulty block 500").await, "blocking");
    let asked = stage.slash("faulty", &[("op", "version")]).await;
    asked.acknowledged(SOON).await.unwrap();
    // The "thinking …" is deleted before the answer is posted.
    let slow = RestFault::Delay(Duration::from_secs(2));
    stage.sim.faults().rest("DELETE", "/webhooks/*/*/messages/@original", 1, slow);
    stage.host.close().await.expect("no state is lost");
    let answer = asked.answered(SOON).await.unwrap();
    assert!(answer.content.starts_with("`/faulty` is "), "{}", answer.content);
    stage.sim.close().await;
}
