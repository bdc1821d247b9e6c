//! What a user sees when several cogs handle one press and fail.

use std::time::Instant;

use gearshift_sim::Entry;
use serde_json::json;

use crate::{
    damage::Damaged,
    libraries::library,
    stage::{SOON, Setting, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_press_that_two_cogs_fail_at_is_answered_once() {
    let other = Damaged::copy_of(&library("faulty")).with_manifest(|manifest| {
        manifest["name"] = "other".into();
        manifest["commands"] = json!([]);
    });
    let setting = Setting::new().with("faulty").with_file(other.path(), "other");
    let stage = setting.config("defer_after_ms = 50").up().await;
    let said = stage.alice.say("general", "!faulty buttons").await.unwrap();
    let shown = stage.sim.reply_to(said, SOON).await.unwrap();
    // One fails at once; the other one is late, so the host defers.
    assert_eq!(stage.ask("!faulty block 500").await, "blocking");
    let press = stage.alice.press(shown.id, "faulty:error").await.unwrap();
    press.acknowledged(SOON).await.unwrap();
    let text = "Something went wrong. Try again later.";
    let is_it =
        |entry: &Entry| entry.posted().is_some_and(|message| message.content.as_ref() as &str == text);
    assert!(stage.sim.until(Instant::now() + SOON, |entry| is_it(entry).then_some(())).await.is_some());
    let Stage { host, sim, .. } = stage;
    host.close().await.expect("no state is lost");
    let count = sim.transcript().history().iter().filter(|entry| is_it(entry)).count();
    assert_eq!(count, 1, "the host waits for what it answers");
    sim.close().await;
}
