//! Which of Discord's events become commands, what reaches cogs if it cannot be parsed, and what the cogs send.

use std::time::Instant;

use gearshift_sim::{Entry, EntryKind};
use tempfile::TempDir;

use crate::{
    libraries::library,
    overlap::offstage,
    stage::{SOON, Setting, put},
};

#[tokio::test(flavor = "multi_thread")]
async fn without_message_content_a_command_follows_a_mention_of_the_bot() {
    let stage = Setting::new().with("ping").keys("intents = [\"guilds\", \"guild_messages\"]").up().await;
    let bot = stage.sim.world(|world| world.bots()[0].id());
    assert_eq!(stage.ask(&format!("<@{bot}> !ping hello")).await, "pong hello");
    assert_eq!(stage.ask(&format!("<@{bot}> ping hello")).await, "pong hello");
    assert_eq!(stage.ask(&format!("!ping <@{bot}>")).await, format!("pong <@{bot}>"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_reaches_those_who_listen_as_json() {
    let folder = TempDir::new().unwrap();
    put(&library("pulse"), folder.path(), "pulse");
    let (cogs, router) = offstage(&folder).await;
    let claimed = cogs.claim_all().await;
    assert!(cogs.deploy_all(claimed).await.iter().all(Result::is_ok));
    router.route("MESSAGE_CREATE", r#"{"id":"1","channel_id":"2","author":{"username":null}}"#);
    assert_eq!(router.counts(), (1, 1));
    let status = cogs.status().cogs.remove(0);
    assert_eq!(status.handled + status.queued as u64, 1);
    cogs.close(Instant::now() + SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_shows_the_bot_asks_for_members_and_knows_its_owners_and_shards() {
    let intents = "\"guilds\", \"guild_messages\", \"message_content\", \"guild_presences\"";
    let stage = Setting::new().with("faulty").keys(&format!("intents = [{intents}]")).up().await;
    let owners = stage.host.sessions().discord.as_ref().unwrap().account().owner_ids.clone();
    let is_dispatched =
        |entry: &Entry| matches!(entry.kind, EntryKind::Dispatched { name: "PRESENCE_UPDATE", .. });
    let before = stage.sim.transcript().history().iter().filter(|entry| is_dispatched(entry)).count();
    let answer = stage.ask("!faulty gateway").await;
    assert!(answer.contains(&format!("of {owners:?}; shards [\"ready\"]; ")), "{answer}");
    assert!(answer.contains("`guild_members` in `[discord] intents`"), "{answer}");
    // alice's message, the command in it, the answer, and the member that was requested.
    stage.until_status("faulty", |status| status.handled >= 4).await;
    let mut count = 0;
    let shown = stage.sim.until(Instant::now() + SOON, |entry| {
        count += usize::from(is_dispatched(entry));
        (count > before).then_some(())
    });
    assert!(shown.await.is_some(), "{}", stage.transcript());
    stage.down().await;
}
