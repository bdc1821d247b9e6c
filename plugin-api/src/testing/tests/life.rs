//! A cog is set up, replaced and unloaded as the host does it, and fails in the same cases.

use std::{cell::Cell, time::Duration};

use serde_json::json;

use super::panics;
use crate::{
    Cog, Context, Error, Host, NewMessage, Result, State,
    abi::{Event, FaultKind, Message, TaskRun},
    manifest::Command,
    testing::{Bot, Fault},
};

/// Counts calls; `N` is its version.
struct Counter<const N: u32> {
    count: Cell<u64>,
}

impl<const N: u32> Cog for Counter<N> {
    const EVENTS: &'static [&'static str] = &["READY", "GUILD_CREATE"];
    const COMMANDS: &'static [Command] = &[
        Command::new("count", "Counts"),
        Command::new("fail", "Fails"),
        Command::new("input", "Refuses"),
        Command::new("panic", "Panics"),
        Command::new("wait", "Waits"),
        Command::new("loop", "Is busy"),
        Command::new("buttons", "Nobody answers them"),
    ];

    async fn setup(host: Host) -> Result<Self> {
        host.clock().sleep(Duration::from_secs(1)).await;
        host.clock().every("beat", Duration::from_secs(60))?;
        tracing::info!(version = N, "set up");
        Ok(Self { count: Cell::new(0) })
    }

    fn restore(&mut self, state: State) -> Result {
        if state.version > N {
            return Err(Error::new(format!("version {} is too new", state.version)));
        }
        self.count = Cell::new(state.parse()?);
        Ok(())
    }

    async fn command(&self, ctx: &Context) -> Result {
        self.count.set(self.count.get() + 1);
        match ctx.command() {
            "count" => ctx.reply(self.count.get().to_string()).await?,
            "fail" => return Err(Error::new("no luck")),
            "input" => return Err(Error::input("that is no number")),
            "panic" => panic!("what a pity"),
            "buttons" => {
                let button = |id: &str, off: bool| json!({ "type": 2, "style": 1, "label": id, "custom_id": id, "disabled": off });
                let row = json!([{ "type": 1, "components": [button("stray", false), button("off", true)] }]);
                ctx.reply(NewMessage::new("?").field("components", row)).await?;
            }
            "wait" => ctx.clock().sleep(Duration::from_secs(3600)).await,
            _ => loop {
                ctx.discord().application()?;
                ctx.clock().sleep(Duration::ZERO).await;
            },
        }
        Ok(())
    }

    async fn event(&self, _: &Context, event: Event) -> Result {
        if let Event::Other(raw) = event {
            tracing::info!("got {}", raw.name);
        }
        Ok(())
    }

    async fn task(&self, _: &Context, run: TaskRun) -> Result {
        tracing::info!("ran {}", run.name);
        Ok(())
    }

    fn save(&self) -> Result<Option<State>> {
        State::json(N, &self.count.get()).map(Some)
    }

    async fn teardown(&self) -> Result {
        tracing::info!("torn down");
        Ok(())
    }
}

#[test]
fn state_is_carried_over_and_a_newer_one_is_refused() {
    let bot = Bot::new::<Counter<1>>();
    let alice = bot.user("alice");
    alice.slash("count", ());
    bot.reload::<Counter<2>>();
    alice.slash("count", ()).assert_content("2");
    let refused = bot.try_reload::<Counter<1>>().expect_err("it is too new");
    assert_eq!((refused.kind, &*refused.text), (FaultKind::State, "version 2 is too new"));
    alice.slash("count", ()).assert_content("3");
    assert_eq!(bot.state().map(|state| state.version), Some(2));
}

#[test]
fn a_cog_starts_with_the_given_state_and_store() {
    let state = State::json(1, &7).expect("JSON");
    let bot = Bot::builder().state(state).stored("key", "value").build::<Counter<1>>();
    bot.user("alice").slash("count", ()).assert_content("8");
    assert_eq!(bot.stored("key").as_deref(), Some(&b"value"[..]));
}

#[test]
fn a_reload_cancels_waiting_handlers_and_keeps_the_schedule_of_tasks() {
    let bot = Bot::new::<Counter<1>>();
    bot.user("alice").slash("wait", ());
    bot.advance(Duration::from_secs(40));
    bot.reload::<Counter<1>>();
    assert!(bot.waiting_handlers().is_empty());
    // It was planned one second into the test, and the setup took another second.
    bot.advance(Duration::from_secs(19));
    assert_eq!(bot.transcript().matches("ran beat").count(), 1, "{}", bot.transcript());
    bot.unload();
    assert!(bot.transcript().contains("torn down"));
}

#[test]
fn a_cog_that_is_loaded_gets_what_it_missed() {
    let transcript = Bot::new::<Counter<1>>().transcript();
    let (ready, guild) = (transcript.find("got READY"), transcript.find("got GUILD_CREATE"));
    assert!(ready.is_some() && ready < guild, "{transcript}");
}

#[test]
fn an_error_is_a_fault_but_a_users_mistake_is_not() {
    let bot = Bot::new::<Counter<1>>();
    let alice = bot.user("alice");
    alice.slash("input", ()).assert_content("That is no number.");
    assert!(bot.faults().is_empty());
    alice.slash("fail", ());
    let shown: Vec<String> = bot.faults().iter().map(Fault::to_string).collect();
    assert_eq!(shown, ["/fail failed: no luck"]);
}

#[test]
fn a_panic_fails_the_test_with_its_text_and_the_transcript() {
    let bot = Bot::new::<Counter<1>>();
    let alice = bot.user("alice");
    let text = panics(|| drop(alice.slash("panic", ())));
    assert!(text.starts_with("/panic panicked: what a pity (") && text.contains("life.rs"), "{text}");
    assert!(text.contains("alice in #general: /panic"), "{text}");
}

#[test]
fn a_failed_assertion_shows_the_transcript() {
    let bot = Bot::new::<Counter<1>>();
    let answer = bot.user("alice").slash("count", ());
    let text = panics(|| answer.assert_content("2"));
    assert!(text.starts_with("the message says \"1\", not \"2\"\n\nthe transcript:\n"), "{text}");
    assert!(text.contains("/callback type 4 \"1\" → 204") && !text.contains("token-"), "{text}");
}

#[test]
fn what_a_user_cannot_do_fails_the_test() {
    let bot = Bot::new::<Counter<1>>();
    let alice = bot.user("alice");
    let text = panics(|| drop(alice.slash("cuont", ())));
    assert!(text.starts_with("the cog declares no command `cuont`") && text.contains("\"count\""), "{text}");
    let text = panics(|| drop(alice.slash("count", [("x", 1)])));
    assert!(text.starts_with("`/count` has no option `x`"), "{text}");
    let message = alice.slash("buttons", ()).message();
    for (button, expected) in [
        ("stray", "no pattern in the cog's COMPONENTS matches `stray`"),
        ("off", "`off` is disabled"),
        ("none", "the message has no `none`; it has [\"stray\", \"off\"]"),
    ] {
        let text = panics(|| drop(alice.press(&message, button)));
        assert!(text.starts_with(expected), "{text}");
    }
    let text = panics(|| bot.event("GUILD_MEMBER_ADD", json!({})));
    assert!(text.starts_with("the cog does not listen to GUILD_MEMBER_ADD"), "{text}");
}

#[test]
fn a_cog_that_keeps_waking_itself_fails_the_test() {
    let bot = Bot::new::<Counter<1>>();
    let text = panics(|| drop(bot.user("alice").slash("loop", ())));
    assert!(text.starts_with("the cog keeps waking itself: /loop"), "{text}");
}

/// A cog that cannot be set up.
struct Broken;

impl Cog for Broken {
    async fn setup(_: Host) -> Result<Self> {
        Err(Error::new("no key"))
    }
}

/// Plans a task when its wait for a message ends.
struct Planner<const IS_BROKEN: bool>;

impl<const IS_BROKEN: bool> Cog for Planner<IS_BROKEN> {
    const EVENTS: &'static [&'static str] = &["MESSAGE_CREATE"];
    const COMMANDS: &'static [Command] = &[Command::new("plan", "Plans")];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    fn save(&self) -> Result<Option<State>> {
        State::json(1, &()).map(Some)
    }

    fn restore(&mut self, _: State) -> Result {
        if IS_BROKEN { Err(Error::new("it cannot be read")) } else { Ok(()) }
    }

    async fn command(&self, ctx: &Context) -> Result {
        ctx.wait_for(|_: &Message| false, Duration::from_secs(60)).await?;
        ctx.clock().once("later", Duration::from_secs(1))?;
        ctx.reply("planned").await
    }

    async fn task(&self, _: &Context, run: TaskRun) -> Result {
        tracing::info!("ran {}", run.name);
        Ok(())
    }
}

#[test]
fn what_a_handler_plans_while_its_cog_is_paused_is_kept_if_the_reload_fails() {
    let bot = Bot::new::<Planner<false>>();
    let answer = bot.user("alice").slash("plan", ());
    bot.try_reload::<Planner<true>>().expect_err("its state cannot be read");
    answer.assert_content("planned");
    bot.advance(Duration::from_secs(1));
    assert!(bot.transcript().contains("ran later"), "{}", bot.transcript());
}

#[test]
fn a_failing_setup_fails_the_test_with_its_text() {
    let text = panics(|| drop(Bot::new::<Broken>()));
    assert!(text.starts_with("setup failed: no key"), "{text}");
    let fault = Bot::builder().try_build::<Broken>().err().expect("it fails");
    assert_eq!(fault.to_string(), "setup failed: no key");
}
