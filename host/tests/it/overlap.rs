//! What happens when things overlap: an operation that is abandoned, work that waits while a cog is stuck or unloaded,
//! files that are added while others are removed. Nothing may get lost or wait forever.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gearshift_host::{
    cogs::{self, CogSettings, Cogs, CogsParts},
    config::{Config, LaneKind},
    library::CopyFolder,
    router::{Notices, OwnCommands, Router},
    sessions::Sessions,
};
use tempfile::TempDir;

use crate::{
    damage::Damaged,
    libraries::library,
    stage::{SOON, Setting, Stage, put},
};

#[tokio::test(flavor = "multi_thread")]
async fn events_that_wait_behind_a_blocking_handler_are_not_cancelled_with_it() {
    let stage =
        Setting::new().with("faulty").config("drain_timeout_ms = 100\njoin_timeout_ms = 20000").up().await;
    assert_eq!(stage.ask("!faulty block-hang 3000").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    let waiting = stage.say_and_wait("!faulty version", 10).await;
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    assert_eq!(report.cancelled, 1, "{report}");
    stage.all_answered(&waiting).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_was_given_up_takes_nothing_when_it_comes_back() {
    let stage = Setting::new()
        .on(LaneKind::Thread)
        .with("faulty")
        .config("stuck_after_ms = 300\njoin_timeout_ms = 100")
        .up()
        .await;
    assert!(stage.ask("!faulty arm setup sleep 7000").await.starts_with("armed"));
    assert_eq!(stage.ask("!faulty block 3500").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    let waiting = stage.say_and_wait("!faulty version", 10).await;
    // It returns and ends while the next generation is still being set up.
    stage.until(|status| status.held.iter().any(|held| held.generation == "faulty#1")).await;
    stage.all_answered(&waiting).await;
    assert_eq!(stage.status("faulty").generation, Some(2));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_whose_caller_stops_waiting_is_finished_anyway() {
    let stage = Setting::new().with("faulty").config("drain_timeout_ms = 10000").up().await;
    assert_eq!(stage.ask("!faulty hang").await, "hanging");
    tokio::select! {
        report = stage.host.cogs().reload("faulty") => panic!("it drains for seconds: {report:?}"),
        () = stage.until_silent() => {}
    }
    // The caller is gone; the cog is not.
    assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    stage.until_status("faulty", |status| status.generation == Some(2)).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_that_received_a_fact_while_it_was_loaded_does_not_get_it_again() {
    let folder = TempDir::new().unwrap();
    put(&library("pulse"), folder.path(), "pulse");
    let (cogs, router) = offstage(&folder).await;
    let guild = |id: &str| router.route("GUILD_CREATE", &format!(r#"{{"id":"{id}"}}"#));
    let claimed = cogs.claim_all().await;
    guild("1");
    guild("2");
    assert!(cogs.deploy_all(claimed).await.iter().all(Result::is_ok));
    guild("3");
    let received = |cogs: &Cogs| {
        let status = cogs.status().cogs.remove(0);
        status.handled + status.queued as u64
    };
    assert_eq!(received(&cogs), 3);
    // After an unload and a load, it gets everything again.
    cogs.unload("pulse").await.unwrap();
    let before = received(&cogs);
    guild("4");
    cogs.load("pulse").await.unwrap();
    assert_eq!(received(&cogs), before + 4);
    cogs.close(Instant::now() + SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_command_that_waits_for_a_cog_that_goes_is_answered_by_the_host() {
    let stage = Setting::new()
        .with("faulty")
        .config("drain_timeout_ms = 50\njoin_timeout_ms = 15000\ndefer_after_ms = 200")
        .up()
        .await;
    stage.slash("faulty", &[("op", "version")]).await.answered(SOON).await.unwrap();
    assert_eq!(stage.ask("!faulty block 5000").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    // The host says "thinking ..." first, since the cog does not.
    let deferred = stage.slash("faulty", &[("op", "version")]).await;
    deferred.acknowledged(SOON).await.unwrap();
    let (unloaded, answer) = tokio::join!(stage.host.cogs().unload("faulty"), deferred.answered(SOON));
    unloaded.unwrap();
    let answer = answer.unwrap_or_else(|error| panic!("{error}\n{}", stage.transcript()));
    assert!(answer.content.contains("is not available"), "{}", answer.content);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_command_that_the_new_code_does_not_know_is_answered_by_the_host() {
    let stage = Setting::new().with("faulty").config("drain_timeout_ms = 10000").up().await;
    stage.slash("faulty", &[("op", "version")]).await.answered(SOON).await.unwrap();
    assert_eq!(stage.ask("!faulty hang").await, "hanging");
    let other = Damaged::copy_of(&library("faulty"))
        .replace_in_manifest(r#"{"type":1,"name":"faulty","#, r#"{"type":1,"name":"fluffy","#);
    put(other.path(), &stage.cogs(), "faulty");
    // It waits while the old generation drains, and the new one handles it.
    stage.until_silent().await;
    let asked = stage.slash("faulty", &[("op", "version")]).await;
    let answer = asked.answered(SOON).await.unwrap_or_else(|error| panic!("{error}\n{}", stage.transcript()));
    assert!(answer.content.contains("is not available"), "{}", answer.content);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_back_while_its_cog_still_goes_is_loaded_and_watched() {
    let stage = Setting::new().with("faulty").up().await;
    assert!(stage.ask("!faulty arm teardown sleep 700").await.starts_with("armed"));
    let file = stage.cogs().join("libfaulty.so");
    std::fs::remove_file(&file).unwrap();
    stage.until_status("faulty", |status| status.stage == cogs::Stage::Away).await;
    put(&library("faulty"), &stage.cogs(), "faulty");
    stage.until_status("faulty", |status| status.generation == Some(2)).await;
    std::fs::remove_file(&file).unwrap();
    stage.until_status("faulty", |status| status.generation.is_none()).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_cog_is_loaded_again_from_what_served_whatever_its_file_holds_now() {
    let stage =
        Setting::new().with("faulty").config("stuck_after_ms = 300\njoin_timeout_ms = 100").up().await;
    stage.ask("!faulty version").await;
    put(Damaged::from_bytes(b"no cog at all\n").path(), &stage.cogs(), "faulty");
    stage.until(|status| status.refused.len() == 1).await;
    assert_eq!(stage.ask("!faulty block 4000").await, "blocking");
    let waiting = stage.say_and_wait("!faulty version", 3).await;
    stage.all_answered(&waiting).await;
    assert_eq!(stage.status("faulty").generation, Some(2));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_cog_that_cannot_be_set_up_again_is_away() {
    let stage =
        Setting::new().with("faulty").config("stuck_after_ms = 300\njoin_timeout_ms = 100").up().await;
    stage.slash("faulty", &[("op", "version")]).await.answered(SOON).await.unwrap();
    assert!(stage.ask("!faulty panic-in-setup").await.starts_with("armed"));
    assert_eq!(stage.ask("!faulty block 4000").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    let waiting = stage.slash("faulty", &[("op", "version")]).await;
    stage.until_status("faulty", |status| status.stage == cogs::Stage::Away && status.queued == 0).await;
    let answer =
        waiting.answered(SOON).await.unwrap_or_else(|error| panic!("{error}\n{}", stage.transcript()));
    assert!(answer.content.starts_with("`/faulty` is"), "{}", answer.content);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_that_logs_while_its_thread_ends_does_not_end_the_bot() {
    // A real subscriber: it has thread-local memory, which may be freed before the cog's.
    let _ = tracing_subscriber::fmt().with_writer(std::io::sink).try_init();
    let stage = Setting::new().with("faulty").up().await;
    assert!(stage.ask("!faulty tls").await.starts_with("on "));
    assert_eq!(stage.ask("!faulty flood 1 log").await, "flooded 1 times");
    stage.host.cogs().reload("faulty").await.unwrap();
    assert!(stage.ask("!faulty count").await.starts_with("3 commands"));
    stage.down().await;
}

/// Cogs and a router without a gateway.
pub(crate) async fn offstage(folder: &TempDir) -> (Arc<Cogs>, Arc<Router>) {
    let config = Config::parse("", &folder.path().join("gearshift.toml")).unwrap();
    let sessions = Arc::new(Sessions::open(&config).await.unwrap());
    let runtime = tokio::runtime::Handle::current();
    let notices = Notices {
        discord: None,
        runtime: runtime.clone(),
        work: tokio_util::task::TaskTracker::new(),
        defer_after: config.limits.defer_after,
        answer_timeout: config.limits.answer_timeout,
        failure_text: "".into(),
        unanswered: Default::default(),
    };
    let router = Arc::new(Router::new("!".to_owned(), OwnCommands::new(Vec::new()).0, notices));
    let cogs = Cogs::new(CogsParts {
        sessions,
        limits: config.limits.clone(),
        folder: folder.path().to_owned(),
        disabled: Vec::new(),
        settings: CogSettings::default(),
        intents: None,
        copies: CopyFolder::create(&folder.path().join("copies")).unwrap(),
        router: Arc::clone(&router),
        own_commands: Vec::new(),
        commands_guild: None,
        runtime,
        work: tokio_util::task::TaskTracker::new(),
        closing: tokio_util::sync::CancellationToken::new(),
    });
    (cogs, router)
}

impl Stage {
    /// Sends a line this many times, and waits until all of them are in the cog's queue.
    async fn say_and_wait(&self, line: &str, times: usize) -> Vec<gearshift_sim::Snowflake> {
        let mut said = Vec::new();
        for _ in 0..times {
            said.push(self.alice.say("general", line).await.unwrap());
        }
        // Each line is both an event and a command.
        self.until_status("faulty", |status| status.queued >= times * 2).await;
        said
    }

    /// Waits until the cog's running generation is paused, which means that it answers nothing for a while.
    async fn until_silent(&self) {
        let silent = async {
            loop {
                let said = self.alice.say("general", "!faulty version").await.unwrap();
                if self.sim.reply_to(said, Duration::from_secs(2)).await.is_none() {
                    return;
                }
            }
        };
        tokio::time::timeout(SOON, silent).await.expect("it is paused");
    }

    async fn all_answered(&self, said: &[gearshift_sim::Snowflake]) {
        for id in said {
            let answer = self.sim.reply_to(*id, SOON).await;
            assert!(answer.is_some(), "{id} was lost:\n{}", self.transcript());
        }
    }
}
