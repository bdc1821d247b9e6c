//! Tests of a cog that need no library, host or network.
//!
//! ```toml
//! [dev-dependencies]
//! gearshift-cog = { version = "…", features = ["testing"] }
//! ```
//!
//! ```standalone_crate
//! use gearshift_cog::prelude::*;
//!
//! #[derive(Default)]
//! struct Greeter;
//!
//! #[cog]
//! impl Greeter {
//!     /// Says hello to somebody
//!     #[command]
//!     async fn hello(&self, ctx: &Context, #[describe = "Whom"] who: User) -> Result {
//!         ctx.reply(format!("Hello, {}!", who.mention())).await
//!     }
//! }
//!
//! // In `#[cfg(test)] mod tests`:
//! use gearshift_cog::testing::Bot;
//!
//! # /*
//! #[test]
//! # */
//! fn greets_the_user_who_is_named() {
//!     let bot = Bot::new::<Greeter>();
//!     let (alice, bob) = (bot.user("alice"), bot.user("bob"));
//!     let answer = alice.slash("hello", [("who", &bob)]);
//!     assert_eq!(answer.content(), "Hello, <@2>!");
//!     alice.say("!hello @bob").assert_content("Hello, <@2>!");
//! }
//! # fn main() {
//! #     greets_the_user_who_is_named();
//! # }
//! ```
//!
//! The kit calls the same functions as a host: the cog's own table, on the thread of the test. The host functions that
//! the cog calls are answered from memory, and the kit [simulates Discord](#discord). Ids and times are the same in
//! every run.
//!
//! # What fails a test
//!
//! * A panic of a handler, with its text and place. An error does not: it is added to [`Bot::faults`]. As with a host,
//!   a user whose command, button or form failed without an answer gets the message
//!   [`FAILURE_TEXT`](crate::interactions::FAILURE_TEXT).
//! * An action that Discord's client would not allow: an option that does not exist, a disabled button.
//! * A failure of `setup` or `restore`, unless the cog is built with [`Builder::try_build`].
//!
//! A failing test prints the transcript, whatever the cause: what users said and did, what the cog requested, answered
//! and logged, and what was refused.
//!
//! # Users
//!
//! [`Bot::user`] returns a user of the guild, who acts in the channel `general`; [`User::in_channel`] and
//! [`User::in_dm`] return the same user in another channel. Users call commands with [`slash`](User::slash) and
//! [`say`](User::say), and from menus with [`user_menu`](User::user_menu) and [`message_menu`](User::message_menu);
//! they [press](User::press) buttons, [select](User::select), [submit](User::submit) forms, [react](User::react),
//! [edit](User::edit), [join](User::join) and so on. The result is an [`Answer`], which stays up to date.
//!
//! ```
//! # use gearshift_cog::{interactions::CALLBACK_MODAL, manifest::*, prelude::*, testing::Bot};
//! # use serde_json::json;
//! # struct Form;
//! # impl Cog for Form {
//! #     const COMMANDS: &'static [Command] = &[Command::new("idea", "Asks for one")];
//! #     const COMPONENTS: &'static [&'static str] = &["idea", "like:{number}"];
//! #     async fn setup(_: Host) -> Result<Self> { Ok(Self) }
//! #     async fn command(&self, ctx: &Context) -> Result {
//! #         let field = json!({ "type": 4, "custom_id": "text", "label": "Text", "style": 1 });
//! #         let rows = json!([{ "type": 1, "components": [field] }]);
//! #         let form = json!({ "custom_id": "idea", "title": "Your idea", "components": rows });
//! #         ctx.discord().callback(ctx.interaction().expect("one"), CALLBACK_MODAL, &form).await
//! #     }
//! #     async fn component(&self, ctx: &Context) -> Result {
//! #         if ctx.custom_id() != "idea" { return Ok(ctx.update("liked").await?); }
//! #         let button = json!({ "type": 2, "style": 1, "label": "Like", "custom_id": "like:1" });
//! #         let row = json!([{ "type": 1, "components": [button] }]);
//! #         let text = ctx.option("text").unwrap_or_default();
//! #         Ok(ctx.reply(NewMessage::new(text).field("components", &row)).await?)
//! #     }
//! # }
//! # let bot = Bot::new::<Form>();
//! let alice = bot.user("alice");
//! let form = alice.slash("idea", ()).form();
//! let answer = alice.submit(&form, [("text", "more tea")]);
//! assert_eq!(answer.content(), "more tea");
//! // By its label, or by its `custom_id`.
//! bot.user("bob").press(&answer.message(), "Like");
//! assert_eq!(answer.content(), "liked");
//! ```
//!
//! # Time
//!
//! Time stands still until [`Bot::advance`] moves it. Then waits end, tasks run, entries of the store and cooldowns
//! expire, and Discord gives up on interactions that were not answered within 3 s, each at its own moment. `setup` and
//! `teardown` are the exception: they do not wait for the test, time passes by itself while they run.
//!
//! ```
//! # use std::time::Duration;
//! # use gearshift_cog::{manifest::*, prelude::*, testing::Bot};
//! # struct Tea;
//! # impl Cog for Tea {
//! #     const COMMANDS: &'static [Command] = &[Command::new("tea", "In three minutes")];
//! #     async fn setup(_: Host) -> Result<Self> { Ok(Self) }
//! #     async fn command(&self, ctx: &Context) -> Result {
//! #         ctx.defer().await?;
//! #         ctx.clock().sleep(Duration::from_secs(180)).await;
//! #         Ok(ctx.reply("ready").await?)
//! #     }
//! # }
//! # let bot = Bot::new::<Tea>();
//! let answer = bot.user("alice").slash("tea", ());
//! assert!(answer.is_thinking());
//! bot.advance(Duration::from_secs(180));
//! assert_eq!(answer.content(), "ready");
//! ```
//!
//! Tasks run when the host would run them, including those at times of day: the test sets the time at which it
//! [begins](Builder::now).
//!
//! ```
//! # use std::time::{Duration, UNIX_EPOCH};
//! # use gearshift_cog::{SettingsType, manifest::*, prelude::*, testing::Bot};
//! # use serde_json::{Value, json};
//! # struct Morning;
//! # impl Cog for Morning {
//! #     const TASKS: &'static [Task] = &[Task::daily("greet", "09:00", "Europe/Berlin")];
//! #     const SETTINGS: Option<SettingsType> = Some(SettingsType::of::<Value>());
//! #     async fn setup(_: Host) -> Result<Self> { Ok(Self) }
//! #     async fn task(&self, ctx: &Context, _: TaskRun) -> Result {
//! #         let settings: Value = ctx.settings()?;
//! #         let channel = settings["channel"].as_u64().unwrap_or(0);
//! #         ctx.discord().send(channel, "Good morning!").await?;
//! #         Ok(())
//! #     }
//! # }
//! // 2026-07-01, 06:59 UTC: it is 08:59 in Berlin.
//! let bot = Bot::builder()
//!     .now(UNIX_EPOCH + Duration::from_secs(1_782_889_140))
//!     .settings(json!({ "channel": 200 }))
//!     .build::<Morning>();
//! bot.advance(Duration::from_secs(60));
//! assert_eq!(bot.messages("general")[0].content(), "Good morning!");
//! ```
//!
//! # Discord
//!
//! Messages can be posted, edited, deleted, replied to and reacted to. Threads can be opened, on a message or without
//! one, and are then found by their names, like channels. Interactions accept one initial response, in time, and then
//! followups. Members have roles, can leave and can be banned. What Discord refuses, the kit refuses: an empty message
//! (50006), one that is too long (50035), a second initial response (40060), a late one (10062), a closed direct message
//! (50007), a [permission](Bot::set_permissions) that the bot lacks (50013). There are no rate limits and no intents, and
//! channels have no permissions of their own. To try a bot with several cogs, use `gearshift smoke`.
//! `gearshift_cog::tokio` runs for real, and the kit does not wait for it.
//!
//! A request that needs a handle which the cog does not declare with `handles(…)` is refused as by the host. A guild in
//! a handle is not compared.
//!
//! Endpoints that the kit does not know answer 404, unless the test [provides an answer](Bot::mock_discord). The
//! [web](Bot::mock_http) is unreachable and there is no [site API](Bot::mock_api) until the test provides answers for
//! them. Requests can be [refused](Bot::refuse) and [lost](Bot::lose_response).
//!
//! ```
//! # use gearshift_cog::{manifest::*, prelude::*, testing::Bot};
//! # use serde_json::json;
//! # struct Weather;
//! # impl Cog for Weather {
//! #     const EVENTS: &'static [&'static str] = &["GUILD_MEMBER_ADD"];
//! #     const COMMANDS: &'static [Command] = &[Command::new("weather", "Of today")];
//! #     async fn setup(_: Host) -> Result<Self> { Ok(Self) }
//! #     async fn command(&self, ctx: &Context) -> Result {
//! #         let page = ctx.http().get("https://example.com/today").send().await?;
//! #         ctx.stats().incr("asked", 1);
//! #         Ok(ctx.reply(page.text()).await?)
//! #     }
//! #     async fn event(&self, ctx: &Context, _: Event) -> Result {
//! #         ctx.discord().request(gearshift_cog::handles::Method::Get, "/guilds/100/invites").send().await?;
//! #         Ok(())
//! #     }
//! # }
//! # let bot = Bot::new::<Weather>();
//! # let alice = bot.user("alice");
//! bot.mock_http("GET", "https://example.com/*", 200, "sunny");
//! alice.slash("weather", ()).assert_content("sunny");
//! assert_eq!(bot.metrics()[0].name, "asked");
//!
//! bot.refuse("POST", "/channels/*/messages", 403, 50013);
//! alice.say("!weather").assert_no_answer();
//! assert!(bot.faults()[0].text.contains("50013"));
//!
//! bot.mock_discord("GET", "/guilds/*/invites", 200, json!([]));
//! bot.event("GUILD_MEMBER_ADD", json!({ "guild_id": "100", "user": { "id": "7", "username": "zoe" } }));
//! ```
//!
//! # Reloads
//!
//! [`Bot::reload`] replaces the cog with a new generation, of the same type or of another type that stands for the next
//! version.
//!
//! ```
//! # use std::cell::Cell;
//! # use gearshift_cog::{manifest::*, prelude::*, testing::Bot};
//! # struct Counter(Cell<u64>);
//! # impl Cog for Counter {
//! #     const COMMANDS: &'static [Command] = &[Command::new("count", "Counts")];
//! #     async fn setup(_: Host) -> Result<Self> { Ok(Self(Cell::new(0))) }
//! #     fn restore(&mut self, state: State) -> Result { self.0.set(state.parse()?); Ok(()) }
//! #     fn save(&self) -> Result<Option<State>> { State::json(1, &self.0.get()).map(Some) }
//! #     async fn command(&self, ctx: &Context) -> Result {
//! #         self.0.set(self.0.get() + 1);
//! #         Ok(ctx.reply(self.0.get().to_string()).await?)
//! #     }
//! # }
//! // What an older version left behind.
//! let bot = Bot::builder().state(State::json(1, &40)?).build::<Counter>();
//! let alice = bot.user("alice");
//! alice.slash("count", ()).assert_content("41");
//! bot.reload::<Counter>();
//! alice.slash("count", ()).assert_content("42");
//! # Ok::<(), Error>(())
//! ```
//!
//! # Miri
//!
//! The kit starts no threads, opens no libraries, files or sockets, and does not read the system's clock. It needs
//! nothing that [Miri](https://github.com/rust-lang/miri) lacks, so you can run the same tests with
//! `cargo +nightly miri test`, as long as the cog itself uses nothing that Miri lacks. One part of the SDK asks the
//! operating system: time zones need `MIRIFLAGS=-Zmiri-disable-isolation`. Tests of a cog that uses
//! `gearshift_cog::tokio` do not run in Miri.

mod answer;
mod bot;
mod builder;
mod clock;
mod cooldowns;
mod declared;
mod decode;
mod discord;
mod form;
mod generation;
mod host;
mod log;
mod message;
mod metrics;
mod new_interaction;
mod pattern;
mod refusals;
mod resolved;
mod stage;
mod store;
mod tasks;
#[cfg(test)]
mod tests;
mod transcript;
mod user;
mod web;
mod world;

pub use self::{
    answer::{Answer, SuggestedChoice},
    bot::Bot,
    builder::Builder,
    form::Form,
    generation::Fault,
    message::Message,
    metrics::SentMetric,
    user::{User, Values},
    web::SentRequest,
};
