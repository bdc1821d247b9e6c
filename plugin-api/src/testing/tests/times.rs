//! Time stands still until the test advances it; then everything happens at its own moment.

use std::time::Duration;

use crate::{Cog, Context, Error, Host, Result, abi::TaskRun, manifest::Command, testing::Bot};

/// Runs tasks, some of which fail.
struct Tasks;

impl Cog for Tasks {
    const COMMANDS: &'static [Command] = &[
        Command::new("once", "In ten seconds"),
        Command::new("cancel", "Not after all"),
        Command::new("race", "At most so long"),
    ];

    async fn setup(host: Host) -> Result<Self> {
        host.clock().every("hourly", Duration::from_secs(3600))?;
        host.clock().every("failing", Duration::from_secs(86_400))?;
        host.clock().every("long", Duration::from_secs(36_000))?;
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        match ctx.command() {
            "once" => ctx.clock().once("tea", Duration::from_secs(10))?,
            "cancel" => ctx.reply(ctx.clock().cancel("tea").to_string()).await?,
            _ => {
                let clock = ctx.clock();
                let slept = clock.timeout(Duration::from_secs(1), clock.sleep(Duration::from_secs(2))).await;
                ctx.reply(format!("{slept:?}")).await?;
            }
        }
        Ok(())
    }

    async fn task(&self, ctx: &Context, run: TaskRun) -> Result {
        tracing::info!("ran {} due {}", run.name, run.due_unix_ms);
        match &*run.name {
            "failing" => Err(Error::new("no luck")),
            "long" => {
                ctx.clock().sleep(Duration::from_secs(40_000)).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn runs(bot: &Bot, name: &str) -> usize {
    bot.transcript().matches(&format!("ran {name} ")).count()
}

#[test]
fn a_repeated_task_runs_each_time_it_is_due() {
    let bot = Bot::new::<Tasks>();
    let begin = bot.now();
    bot.advance(Duration::from_secs(3 * 3600));
    assert_eq!((runs(&bot, "hourly"), bot.now()), (3, begin + Duration::from_secs(3 * 3600)));
    assert!(bot.transcript().contains(&format!("due {}", 1_767_225_600_000u64 + 3_600_000)));
}

#[test]
fn a_single_task_runs_once_and_can_be_cancelled() {
    let bot = Bot::new::<Tasks>();
    let alice = bot.user("alice");
    alice.say("!once");
    alice.say("!cancel").assert_content("true");
    bot.advance(Duration::from_secs(20));
    assert_eq!(runs(&bot, "tea"), 0);
    alice.say("!once");
    bot.advance(Duration::from_secs(20));
    assert_eq!(runs(&bot, "tea"), 1);
    alice.say("!cancel").assert_content("false");
}

#[test]
fn a_run_that_fails_is_tried_again_three_times() {
    let bot = Bot::new::<Tasks>();
    bot.advance(Duration::from_secs(86_400));
    assert_eq!(runs(&bot, "failing"), 1);
    for (wait, total) in [(5, 2), (30, 3), (180, 4), (3600, 4)] {
        bot.advance(Duration::from_secs(wait));
        assert_eq!(runs(&bot, "failing"), total);
    }
    assert_eq!(bot.faults().len(), 4);
}

#[test]
fn a_run_is_skipped_while_the_previous_one_is_running() {
    let bot = Bot::new::<Tasks>();
    bot.advance(Duration::from_secs(75_000));
    assert_eq!(runs(&bot, "long"), 1);
    bot.advance(Duration::from_secs(36_000));
    assert_eq!(runs(&bot, "long"), 2);
}

#[test]
fn a_timeout_ends_before_the_future_it_limits() {
    let bot = Bot::new::<Tasks>();
    let answer = bot.user("alice").say("!race");
    answer.assert_no_answer();
    bot.advance(Duration::from_secs(1));
    answer.assert_content("None");
}
