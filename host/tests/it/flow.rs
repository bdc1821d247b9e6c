//! What reaches a cog, and when: events from before it was ready, facts it missed, commands while it is away, tasks.

use std::{sync::Arc, time::Instant};

use gearshift_host::{cogs::CogError, error::chain, host::Host};
use gearshift_sim::{Acknowledgement, Entry, EntryKind, NO_OPTIONS, Snowflake};

use crate::{
    libraries::library,
    stage::{SOON, Setting, Stage, put},
};

#[tokio::test(flavor = "multi_thread")]
async fn slash_commands_are_registered_and_answered() {
    let stage = Setting::new().with("ping").with("counter").up().await;
    let asked = stage.slash("ping", &[("text", "you")]).await;
    assert_eq!(asked.answered(SOON).await.unwrap().content, "pong you");
    let asked = stage.slash("count", &[]).await;
    assert_eq!(asked.answered(SOON).await.unwrap().content, "1 for you, 1 for everybody");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_command_of_a_cog_that_is_away_is_answered_by_the_host() {
    let stage = Setting::new().with("ping").up().await;
    stage.slash("ping", &[]).await.answered(SOON).await.unwrap();
    stage.host.cogs().unload("ping").await.unwrap();
    let asked = stage.slash("ping", &[]).await;
    let answer = asked.answered(SOON).await.unwrap();
    assert_eq!(answer.content.to_string(), "`/ping` is not available at the moment.");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_command_of_a_cog_whose_file_is_gone_is_not_promised_for_later() {
    let stage = Setting::new().with("ping").up().await;
    stage.slash("ping", &[]).await.answered(SOON).await.unwrap();
    for file in std::fs::read_dir(stage.cogs()).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    stage.until_status("ping", |status| status.generation.is_none()).await;
    let asked = stage.slash("ping", &[]).await;
    let answer = asked.answered(SOON).await.unwrap();
    assert_eq!(answer.content.to_string(), "`/ping` is not available at the moment.");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_command_of_a_cog_that_is_tried_again_by_itself_is_promised_for_later() {
    let stage = Setting::new().with("faulty").stored("faulty", "plan", "setup=error").up().await;
    stage.until_status("faulty", |status| status.reason.is_some()).await;
    let asked = stage.slash("faulty", &[("op", "version")]).await;
    let answer = asked.answered(SOON).await.unwrap();
    assert_eq!(answer.content.to_string(), "`/faulty` is being updated. Try again in a moment.");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_an_unloaded_cog_go_after_a_while() {
    let stage = Setting::new().with("ping").with("counter").config("commands_keep_ms = 100").up().await;
    let asked = stage.slash("ping", &[]).await;
    asked.answered(SOON).await.unwrap();
    let mut reader = stage.sim.transcript().reader();
    stage.host.cogs().unload("ping").await.unwrap();
    let is_gone = |entry: &Entry| match &entry.kind {
        EntryKind::Commands { names, .. } => (!names.iter().any(|name| name == "ping")).then_some(()),
        _ => None,
    };
    assert!(reader.until(Instant::now() + SOON, is_gone).await.is_some(), "{}", stage.transcript());
    assert!(
        stage.alice.at("general").unwrap().slash("ping", NO_OPTIONS).await.is_err(),
        "its command is gone"
    );
    stage.slash("count", &[]).await.answered(SOON).await.unwrap();
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interaction_that_waits_too_long_is_deferred_by_the_host_and_answered_by_the_cog() {
    let stage = Setting::new().with("faulty").config("defer_after_ms = 100").up().await;
    stage.slash("faulty", &[("op", "version")]).await.answered(SOON).await.unwrap();
    assert_eq!(stage.ask("!faulty block 2000").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    let asked = stage.slash("faulty", &[("op", "version")]).await;
    let acknowledged = asked.acknowledged(SOON).await.unwrap();
    assert_eq!(acknowledged.how, Acknowledgement::DeferredMessage, "{}", stage.transcript());
    let answer = asked.answered(SOON).await.unwrap();
    assert!(answer.content.starts_with("faulty"), "{}", answer.content);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_that_is_loaded_late_gets_what_it_missed() {
    // `pulse` counts guilds from GUILD_CREATE; the default world has two.
    let stage = Setting::new().with("ping").up().await;
    assert_eq!(stage.ask("!ping").await, "pong");
    put(&library("pulse"), &stage.cogs(), "pulse");
    stage.until_status("pulse", |status| status.generation.is_some() && status.handled >= 2).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_task_ends_with_the_generation_that_planned_it_unless_the_next_does_too() {
    let stage = Setting::new().with("faulty").up().await;
    assert_eq!(stage.ask("!faulty every 20").await, "ticking every 20 ms");
    stage.until_status("faulty", |status| status.tasks == 1 && status.handled > 5).await;
    stage.host.cogs().reload("faulty").await.unwrap();
    assert_eq!(stage.status("faulty").tasks, 0);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleep_is_never_over_early_however_few_calls_may_be_in_flight() {
    let stage = Setting::new().with("faulty").config("calls_in_flight = 1").up().await;
    let began = std::time::Instant::now();
    assert_eq!(stage.ask("!faulty many-sleeps 50 400").await, "slept 50 times");
    assert!(began.elapsed() >= std::time::Duration::from_millis(400), "{:?}", began.elapsed());
    assert_eq!(stage.status("faulty").faults, 0, "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_is_kept_across_reload_and_restart() {
    let stage = Setting::new().with("remind").up().await;
    let reminders = ["2s tea", "1d bread"];
    for reminder in reminders {
        assert!(stage.ask(&format!("!remind {reminder}")).await.starts_with("I will remind you"));
    }
    stage.host.cogs().reload("remind").await.unwrap();
    let stage = stage.restart().await;
    let due = format!("<@{}> tea", stage.alice.id());
    let reminder = |entry: &Entry| entry.posted().filter(|message| *message.content == due).cloned();
    assert!(stage.sim.until(Instant::now() + SOON, reminder).await.is_some(), "{}", stage.transcript());
    // The other reminder, and the task that looks for more.
    stage.until_status("remind", |status| status.tasks == 2).await;
    assert_eq!(stage.transcript().matches(&due).count(), 1, "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_cog_of_one_name_is_refused_with_both_files_named() {
    let stage = Setting::new().with("ping").up().await;
    let second = put(&library("ping"), &stage.cogs(), "zz-other");
    let error = stage.host.cogs().load_file(&second).await.expect_err("the name is taken");
    let text = chain(&error);
    assert!(matches!(error, CogError::NameTaken { .. }), "{text}");
    assert!(text.contains("libping.so") && text.contains("libzz-other.so"), "{text}");
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn state_outlives_the_host() {
    let stage = Setting::new().with("counter").up().await;
    assert_eq!(stage.ask("!count").await, "1 for you, 1 for everybody");
    let stage = stage.restart().await;
    assert_eq!(stage.ask("!count").await, "2 for you, 2 for everybody");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cog_runs_before_every_session_is_open() {
    let setting = Setting::new().with("remind");
    std::fs::write(setting.cogs().join("../store.db"), "this is no database, and it must stay as it is")
        .unwrap();
    let error = setting.open().await.map(drop).expect_err("the store cannot be opened");
    assert!(error.to_string().contains("store"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_connects_and_other_cogs_answer_while_one_hangs_in_setup() {
    let hung = Setting::new().with("ping").with("faulty").stored("faulty", "plan", "setup=hang");
    let setting = hung.config("setup_timeout_ms = 600000\nclose_timeout_ms = 2000");
    let (_folder, sim, config, sessions) = setting.open().await.unwrap();
    let mut host = Host::open(Arc::new(config), Arc::new(sessions)).await.unwrap();
    assert!(sim.connected(1, SOON).await, "no cog is built yet");
    let alice = sim.member("alice").unwrap();
    let asked = async {
        let said = alice.say("general", "!ping").await.unwrap();
        sim.reply_to(said, SOON).await.expect("only the other one hangs").content.to_string()
    };
    tokio::select! {
        () = host.bring_up() => panic!("one of them never comes"),
        answer = asked => assert_eq!(answer, "pong"),
    }
    host.close().await.expect("no state is lost");
    sim.close().await;
}

/// Presses a button of `faulty` while its thread is blocked for longer than the host waits.
async fn pressed_late(button: &str) -> (Stage, Snowflake) {
    let stage = Setting::new().with("faulty").with("poll").config("defer_after_ms = 100").up().await;
    let asked = stage.alice.say("general", "!faulty buttons").await.unwrap();
    let shown = stage.sim.reply_to(asked, SOON).await.unwrap();
    assert_eq!(stage.ask("!faulty block 2000").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    let press = stage.alice.press(shown.id, button).await.unwrap();
    // `poll` has received it as well, and has ignored it.
    let acknowledged = press.acknowledged(SOON).await.unwrap();
    assert_eq!(acknowledged.how, Acknowledgement::DeferredUpdate, "{}", stage.transcript());
    (stage, shown.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_waits_too_long_is_deferred_by_the_host_and_its_message_edited_by_the_cog() {
    let (stage, shown) = pressed_late("edit").await;
    let edited = stage.sim.until(std::time::Instant::now() + SOON, |entry| {
        entry.edited().filter(|message| message.id == shown && *message.content == *"edited").map(|_| ())
    });
    assert!(edited.await.is_some(), "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_waits_too_long_can_be_answered_by_a_message_as_well() {
    let (stage, shown) = pressed_late("answer").await;
    let answered = stage.sim.until(std::time::Instant::now() + SOON, |entry| {
        entry.posted().filter(|message| message.id > shown && *message.content == *"answered").map(|_| ())
    });
    assert!(answered.await.is_some(), "{}", stage.transcript());
    let edited = stage.sim.transcript().history().iter().any(|entry| entry.edited().is_some());
    assert!(!edited, "{}", stage.transcript());
    stage.down().await;
}
