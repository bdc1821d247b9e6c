//! Declared tasks, settings and spawned futures work in a test as with the host.

use std::time::{Duration, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::json;

use crate::{
    Cog, Context, Error, Host, Result, SettingsType,
    abi::{FaultKind, TaskRun},
    manifest::{Command, Task},
    testing::Bot,
};

#[derive(Deserialize)]
struct Settings {
    greeting: String,
}

/// Greets in the morning.
struct Morning {
    greeting: String,
}

impl Cog for Morning {
    const COMMANDS: &'static [Command] = &[Command::new("later", "Answers later")];
    const TASKS: &'static [Task] = &[
        Task::daily("greet", "09:00", "Europe/Berlin"),
        Task::cron("half", "*/30 * * * *", "UTC"),
        Task::every("start", Duration::from_secs(86_400)).at_start(),
    ];
    const SETTINGS: Option<SettingsType> = Some(SettingsType::of::<Settings>());

    async fn setup(host: Host) -> Result<Self> {
        Ok(Self { greeting: host.settings::<Settings>()?.greeting })
    }

    async fn command(&self, ctx: &Context) -> Result {
        let (clock, discord, channel) = (ctx.clock(), ctx.discord(), ctx.channel_id()?);
        ctx.spawn(async move {
            clock.sleep(Duration::from_secs(60)).await;
            discord.send(channel, "a minute later").await?;
            Err(Error::new("and no more"))
        });
        ctx.reply("wait").await?;
        Ok(())
    }

    async fn task(&self, _: &Context, run: TaskRun) -> Result {
        tracing::info!("ran {}: {}", run.name, self.greeting);
        Ok(())
    }
}

fn runs(bot: &Bot, what: &str) -> usize {
    bot.transcript().matches(&format!("ran {what}")).count()
}

/// 2026-03-28 00:00 UTC: daylight saving time begins in the following night.
const MARCH: Duration = Duration::from_secs(1_774_656_000);
const HOUR: Duration = Duration::from_secs(3600);

fn bot() -> Bot {
    Bot::builder().now(UNIX_EPOCH + MARCH).settings(json!({ "greeting": "hi" })).build::<Morning>()
}

#[test]
fn tasks_run_by_the_wall_clock_in_summer_and_in_winter() {
    let bot = bot();
    bot.advance(8 * HOUR - Duration::from_secs(1));
    assert_eq!((runs(&bot, "greet"), runs(&bot, "half")), (0, 15));
    bot.advance(Duration::from_secs(1));
    assert_eq!(runs(&bot, "greet: hi"), 1);
    // One hour less than a day, as daylight saving time has begun.
    bot.advance(23 * HOUR - Duration::from_secs(1));
    assert_eq!(runs(&bot, "greet"), 1);
    bot.advance(Duration::from_secs(1));
    assert_eq!(runs(&bot, "greet"), 2);
}

#[test]
fn a_task_at_the_start_runs_after_a_load_but_not_after_a_reload() {
    let bot = bot();
    assert_eq!(runs(&bot, "start"), 1);
    bot.reload::<Morning>();
    assert_eq!(runs(&bot, "start"), 1);
    bot.advance(24 * HOUR);
    assert_eq!(runs(&bot, "start"), 2);
}

#[test]
fn settings_are_checked_before_setup_and_changed_by_a_reload() {
    let bot = bot();
    bot.reload_with_settings::<Morning>(json!({ "greeting": "ho" }));
    bot.advance(8 * HOUR);
    assert_eq!(runs(&bot, "greet: ho"), 1);
    let wrong = Bot::builder().settings(json!({ "greeting": 1 })).try_build::<Morning>().err();
    let wrong = wrong.expect("it is no text");
    assert_eq!((wrong.kind, wrong.place.as_deref()), (FaultKind::Settings, Some("greeting")));
    let bare = Bot::builder().settings(json!({})).try_build::<Morning>().err().expect("a key is missing");
    assert_eq!(bare.to_string(), "setup failed: missing field `greeting`");
}

#[test]
fn a_spawned_future_runs_alongside_the_handlers_and_ends_with_its_generation() {
    let bot = bot();
    let alice = bot.user("alice");
    alice.slash("later", ()).assert_content("wait");
    bot.advance(Duration::from_secs(60));
    let texts: Vec<String> = bot.messages("general").iter().map(|message| message.content()).collect();
    assert_eq!(texts, ["wait", "a minute later"]);
    assert!(bot.faults()[0].handler.starts_with("spawned at ") && bot.faults()[0].text == "and no more");
    alice.slash("later", ());
    bot.reload::<Morning>();
    bot.advance(Duration::from_secs(60));
    assert_eq!(bot.messages("general").len(), 3);
}

/// A cog with an invalid time.
struct Wrong;

impl Cog for Wrong {
    const TASKS: &'static [Task] = &[Task::cron("never", "61 * * * *", "UTC")];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }
}

#[test]
fn an_expression_that_cannot_be_read_fails_the_setup() {
    let fault = Bot::builder().try_build::<Wrong>().err().expect("it cannot be read");
    assert!(
        fault.text.starts_with("cannot plan task `never`: `61 * * * *` is not a cron expression"),
        "{fault}"
    );
}

/// A cog whose task takes ten minutes, and whose command first defers.
struct Slow;

impl Cog for Slow {
    const COMMANDS: &'static [Command] = &[Command::new("think", "Takes its time")];
    const TASKS: &'static [Task] = &[Task::every("digest", HOUR)];

    async fn setup(host: Host) -> Result<Self> {
        host.clock().once("single", HOUR)?;
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        ctx.clock().every("check", HOUR)?;
        ctx.defer().await?;
        ctx.clock().sleep(HOUR).await;
        Ok(())
    }

    async fn task(&self, ctx: &Context, run: TaskRun) -> Result {
        tracing::info!("began {}", run.name);
        ctx.clock().sleep(Duration::from_secs(600)).await;
        tracing::info!("ran {}", run.name);
        Ok(())
    }
}

#[test]
fn a_run_cancelled_by_a_reload_is_retried_and_the_schedule_continues() {
    let bot = Bot::new::<Slow>();
    let began = |what: &str| bot.transcript().matches(&format!("began {what}")).count();
    bot.advance(HOUR);
    assert_eq!((began("digest"), began("single"), bot.waiting_handlers().len()), (1, 1, 2));
    bot.reload::<Slow>();
    assert!(bot.waiting_handlers().is_empty());
    // A cancelled run is a failed one, so it is retried 5 s later. A task that runs once is not retried.
    bot.advance(Duration::from_secs(5));
    assert_eq!(bot.waiting_handlers(), ["task digest"], "{}", bot.transcript());
    bot.advance(HOUR);
    assert_eq!((began("digest"), runs(&bot, "digest")), (3, 1));
}

#[test]
fn a_cancelled_handler_without_an_answer_is_in_the_transcript() {
    let bot = Bot::new::<Slow>();
    bot.refuse("DELETE", "/webhooks/*", 500, 0);
    bot.user("alice").slash("think", ());
    bot.reload::<Slow>();
    let transcript = bot.transcript();
    let line = "its handler was cancelled without an answer: alice sees “thinking …” for 15 minutes";
    assert!(transcript.contains(line), "{transcript}");
}

#[test]
fn a_task_planned_by_a_handler_ends_at_a_reload_and_is_in_the_transcript() {
    let bot = Bot::new::<Slow>();
    bot.user("alice").slash("think", ());
    let ends = |name: &str| bot.transcript().contains(&format!("the task `{name}` ends"));
    assert!(!ends("check"));
    bot.reload::<Slow>();
    assert_eq!((ends("check"), ends("digest"), ends("single")), (true, false, false));
}

/// Cancels a task in its own run, and plans it again as one that repeats.
struct Again;

impl Cog for Again {
    async fn setup(host: Host) -> Result<Self> {
        host.clock().once("tick", Duration::from_secs(1))?;
        Ok(Self)
    }

    async fn task(&self, ctx: &Context, run: TaskRun) -> Result {
        let clock = ctx.clock();
        tracing::info!("{}: was planned: {}", run.name, clock.cancel(&run.name));
        clock.every("tick", Duration::from_secs(60))?;
        Err(Error::new("it failed"))
    }
}

#[test]
fn a_single_task_is_over_when_it_runs() {
    let bot = Bot::new::<Again>();
    bot.advance(Duration::from_secs(1));
    assert!(bot.transcript().contains("tick: was planned: false"), "{}", bot.transcript());
    // The failed run is not one of the new task, so it is not tried again.
    bot.advance(Duration::from_secs(59));
    assert_eq!(bot.faults().len(), 1);
    bot.advance(Duration::from_secs(1));
    assert_eq!(bot.faults().len(), 2);
}
