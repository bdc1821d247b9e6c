//! The attributes of `gearshift-cog`. Each only writes what an author could write on the trait `Cog`; use them from there.

mod amounts;
mod args;
mod block;
mod choice;
mod cog;
mod command;
mod component;
mod crate_type;
mod cron;
mod errors;
mod events;
mod hooks;
mod listen;
mod modal;
mod nearest;
mod pattern;
mod permissions;
mod state;
mod task;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a cog out of an `impl` block: writes `impl Cog` for it, and `export!`.
///
/// ```standalone_crate
/// use gearshift_cog::prelude::*;
///
/// #[cog(unit)]
/// impl Ping {
///     /// Answers with pong
///     #[command]
///     async fn ping(&self, ctx: &Context) -> Result {
///         ctx.reply("pong").await
///     }
/// }
/// # fn main() {}
/// ```
///
/// The methods say by their attributes what they are: [`command`](macro@command), [`user_menu`](macro@user_menu),
/// [`message_menu`](macro@message_menu), [`listen`](macro@listen), [`button`](macro@button), [`select`](macro@select),
/// [`modal`](macro@modal), [`every`](macro@every), [`daily`](macro@daily), [`cron`](macro@cron), [`task`](macro@task),
/// [`setup`](macro@setup), [`teardown`](macro@teardown), [`check`](macro@check), [`on_error`](macro@on_error),
/// [`migrate`](macro@migrate). A method without one is a plain method.
///
/// In brackets can stand:
///
/// * `unit`: the cog holds nothing, so its struct is declared here too, as `#[derive(Default)] struct Ping;`.
/// * `state = 1`: the struct, which serde can write and read, is kept over reloads and restarts. Raise the number when its
///   shape changes, and read the old one with [`migrate`](macro@migrate). What was saved takes the place of the struct
///   that [`setup`](macro@setup) made, and a field with `#[serde(skip)]` has its default then.
/// * `saved = counts`: only this field is kept; the others, such as the settings, stay as `setup` made them.
/// * `settings = Settings`: the cog has settings of this type, which are read before it is built.
/// * `handles("discord.reply", "store")`: all that the cog may ask of the host, unless its operator says otherwise, who is shown
///   it at installation. The words are those of `[cog.NAME] handles`. Default: everything.
/// * `group("tag", "Notes of this server")`: a group that commands such as `tag add` are in; then, what can stand in
///   [`command`](macro@command). `group("tag admin", "…")` is a group in it.
/// * `name = "greeter"`: its name, if it is not its package's.
/// * `export = false`: no `export!` is written, for one of several cogs in a crate of tests.
#[proc_macro_attribute]
pub fn cog(options: TokenStream, block: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as args::Args);
    let block = parse_macro_input!(block as block::Block);
    cog::expand(options, block).into()
}

/// What the SDK has of this crate for itself: constants, and what `export!` asks of the package that it stands in.
macro_rules! hidden {
    ($($name:ident: $of:path;)+) => {
        $(#[doc(hidden)]
        #[proc_macro]
        pub fn $name(_: TokenStream) -> TokenStream {
            $of().into()
        })+
    };
}

hidden! {
    crate_type: crate_type::expand;
    events: events::constants;
    permissions: permissions::constants;
    units: amounts::units;
}

/// Makes an enum the type of an argument: its variants are the choices.
///
/// ```
/// use gearshift_cog::prelude::*;
///
/// #[derive(Choice)]
/// enum Color {
///     DarkRed, // shown as "Dark red"
///     #[choice("Blue (the best)", name_de = "Blau")]
///     Blue,
/// }
/// ```
#[proc_macro_derive(Choice, attributes(choice))]
pub fn choice(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    choice::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a struct a form: its fields are what is asked for, with their doc comments as labels.
///
/// ```
/// use gearshift_cog::prelude::*;
///
/// #[derive(Modal)]
/// #[title("Report")] // the struct's name in words if it is left out
/// struct Report {
///     /// What happened?
///     #[field(lines, at_most = 1000, placeholder = "In your own words")]
///     what: String,
///     /// How often?
///     times: Option<u64>,
/// }
///
/// async fn report(ctx: &Context) -> Result {
///     let Some(report) = ctx.ask::<Report>().await? else { return Ok(()) };
///     ctx.reply(format!("{}, {} times", report.what, report.times.unwrap_or(1))).await
/// }
/// ```
///
/// A field can have every type of an argument: text and what is read from it, `bool`, users, roles, channels, files, and
/// enums with [`Choice`]. What is an `Option` can be left empty. In a `Vec` there can be several values of what is chosen
/// from a menu, or files; of text there is one. In `#[field(…)]` can stand `label` and `description`; of a text `lines`; of
/// texts and menus `placeholder`; of all but files `default`; and of all but a `bool` `at_least` and `at_most` (characters,
/// values or files).
#[proc_macro_derive(Modal, attributes(title, field))]
pub fn modal_form(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    modal::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// `#[cog]` takes these away: one that is expanded stands in the wrong place.
macro_rules! attributes {
    ($($(#[doc = $docs:literal])* $name:ident;)+) => {
        $($(#[doc = $docs])*
        #[proc_macro_attribute]
        pub fn $name(_: TokenStream, item: TokenStream) -> TokenStream {
            errors::misplaced(stringify!($name), item.into()).into()
        })+

        #[test]
        fn every_attribute_that_is_taken_is_one_that_can_be_used() {
            assert_eq!([$(stringify!($name)),+], cog::ATTRIBUTES);
        }
    };
}

attributes! {
    /// Answers a button, by its `custom_id`. It reaches the cog after a reload and a restart too.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # #[derive(Default)]
    /// # struct Poll;
    /// # #[cog(export = false)]
    /// # impl Poll {
    /// #[button("vote:{number}")]
    /// async fn vote(&self, ctx: &Context, number: u8) -> Result {
    ///     ctx.reply(format!("You voted for {number}.")).await
    /// }
    /// # }
    /// ```
    ///
    /// What stands between colons at `{number}` becomes the parameter of that name, of any type with `FromStr`. Where several
    /// patterns fit, the narrowest answers: `vote:all` before `vote:{number}`. The ids of all cogs are in one place, so a
    /// pattern begins with a word of the cog's own.
    button;
    /// A check before every command of the cog, once the rules of the command hold.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # #[derive(Default)]
    /// # struct Tags;
    /// # #[cog(export = false)]
    /// # impl Tags {
    /// #[check]
    /// async fn is_open(&self, ctx: &Context) -> Result<bool> {
    ///     Ok(ctx.guild_id().is_some())
    /// }
    /// # }
    /// ```
    ///
    /// A check that returns `Result` says by `Error::input` why the command may not run. One command or group has its own
    /// by `check = Self::may`.
    check;
    /// Answers a command, `/name` and `!name`. The first paragraph of the doc comment is what Discord shows.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # #[derive(Default)]
    /// # struct Tags;
    /// # #[cog(export = false, group("tag", "Notes of this server"))]
    /// # impl Tags {
    /// /// Adds a note
    /// #[command("tag add", cooldown = "3s per user", permissions = "MANAGE_MESSAGES")]
    /// async fn add(
    ///     &self,
    ///     ctx: &Context,
    ///     #[describe = "its name"] #[max_length = 32] name: String,
    ///     #[describe = "what it says"] text: String,
    /// ) -> Result {
    ///     ctx.reply(format!("{name}: {text}")).await
    /// }
    /// # }
    /// ```
    ///
    /// Its name is the method's, or the text in brackets: `"tag add"` is `add` in the group `tag`. Then can stand:
    ///
    /// * `aliases("a", "new")`: further names with a prefix;
    /// * `slash_only`, `prefix_only`; `ephemeral`: the answers are for the caller's eyes;
    /// * `guild_only`, `dm_only`, `owners_only`, `nsfw`, `roles(41)`: where and for whom;
    /// * `permissions = "MANAGE_MESSAGES | KICK_MEMBERS"`, `bot_permissions = "…"`, by Discord's names;
    /// * `cooldown = "3s per user"`, `cooldown = "5 in 1m per guild"`; `concurrency = "1 per channel"`, and with `, wait` a
    ///   further call waits (per user, member, channel, guild or global);
    /// * `check = Self::may`: see [`check`](macro@check);
    /// * `guilds(41)`: registered there only; `contexts(guild, bot_dm, private_channel)`,
    ///   `integration_types(guild, user)`; `fields = "…"`: further JSON of Discord's;
    /// * `name_de = "…"`, `description_pt_BR = "…"`: in other languages, in each of which the names differ.
    ///
    /// The parameters behind the context are the arguments, of any type that is an `Argument`. On one can stand:
    /// `#[describe = "…"]` (or a doc comment), `#[rename = "…"]`, both also as `describe_de`; `#[min = 1]`, `#[max = 5]`,
    /// `#[min_length = 1]`, `#[max_length = 5]`; `#[channel_types(text, forum)]`;
    /// `#[choices("red", "Dark blue" = "blue")]`, none of them on a list; and `#[autocomplete = Self::names]`, a method
    /// `async fn names(&self, ctx: &Context, typed: &str) -> Result<Vec<Suggestion>>` (or of texts).
    command;
    /// Runs when a cron expression says so: minute, hour, day of month, month, day of week.
    /// `#[cron("0 18 * * fri", tz = "Europe/Berlin")]`; see [`daily`](macro@daily).
    cron;
    /// Runs once a day.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # #[derive(Default)]
    /// # struct Remind;
    /// # #[cog(export = false)]
    /// # impl Remind {
    /// #[daily("09:00", tz = "Europe/Berlin")]
    /// async fn morning(&self, ctx: &Context) -> Result {
    ///     ctx.discord().send(41_u64, "Good morning!").await?;
    ///     Ok(())
    /// }
    /// # }
    /// ```
    ///
    /// `tz` is a zone of the IANA database, UTC without it. With `at_start` it runs when the cog is loaded for the first
    /// time as well. The method is the task's name, by which its rhythm is kept over reloads and restarts. It may take
    /// `run: TaskRun` behind the context.
    daily;
    /// Runs again and again, start to start: `#[every("30s")]`, `#[every("1h30m", at_start)]`; see
    /// [`daily`](macro@daily).
    every;
    /// Handles an event of the gateway.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # #[derive(Default)]
    /// # struct Log;
    /// # #[cog(export = false)]
    /// # impl Log {
    /// #[listen(channels(41), skip_bots)]
    /// async fn said(&self, ctx: &Context, message: gearshift_cog::abi::Message) -> Result {
    ///     tracing::info!("{} wrote {} characters", message.author.name, message.content.len());
    ///     Ok(())
    /// }
    ///
    /// #[listen("TYPING_START", guilds(43))]
    /// async fn typing(&self, ctx: &Context, event: gearshift_cog::abi::RawEvent) -> Result {
    ///     tracing::info!("{}", event.json);
    ///     Ok(())
    /// }
    /// # }
    /// ```
    ///
    /// Which event follows from the type of the parameter, a `FromEvent`, or stands as Discord's name in brackets. The
    /// filters are for what it says, and looked at by the host, which then does not wake the cog. Several may listen to it.
    listen;
    /// An entry of a message's menu: `#[message_menu("Report")]`; see [`user_menu`](macro@user_menu).
    message_menu;
    /// Reads state of an older version: a step to the next one.
    ///
    /// ```standalone_crate
    /// # use gearshift_cog::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Default, Serialize, Deserialize)]
    /// struct Counter {
    ///     all: u64,
    /// }
    ///
    /// #[derive(Deserialize)]
    /// struct Before {
    ///     total: u64,
    /// }
    ///
    /// #[cog(state = 2)]
    /// impl Counter {
    ///     #[migrate(1)]
    ///     fn from_total(old: Before) -> Self {
    ///         Self { all: old.total }
    ///     }
    /// }
    /// # fn main() {}
    /// ```
    ///
    /// The steps follow on each other up to the version of `#[cog(state = …)]`. A step may return a `Result`. State that
    /// cannot be read refuses the reload, and nothing is lost.
    migrate;
    /// Answers a form, by its `custom_id`: `#[modal("tag:{name}")] async fn saved(&self, ctx: &Context, name: String, form:
    /// Form) -> Result`. The last parameter, if it is not in the pattern, is what was filled in, a `Modal`. See
    /// [`button`](macro@button).
    modal;
    /// Gets what a command or component failed with, before the user does.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # #[derive(Default)]
    /// # struct Tags;
    /// # #[cog(export = false)]
    /// # impl Tags {
    /// #[on_error]
    /// async fn failed(&self, ctx: &Context, error: Error) -> Result {
    ///     ctx.reply("That did not work.").await?;
    ///     Err(error)
    /// }
    /// # }
    /// ```
    ///
    /// What it returns counts: an `Error::input` is shown to the user, any other is a fault of the cog.
    on_error;
    /// Answers a select, by its `custom_id`: `#[select("color:{id}")] async fn chosen(&self, ctx: &Context, id: u64, values:
    /// Vec<String>) -> Result`. `values` is what was chosen, a list of any type with `FromStr` (texts, ids), or else of an
    /// argument's: `Vec<Member>`, `Vec<Role>`, an enum of choices. See [`button`](macro@button).
    select;
    /// Builds the cog; without it, the cog is `Self::default()`.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # struct Log { host: Host }
    /// # #[cog(export = false)]
    /// # impl Log {
    /// #[setup]
    /// async fn new(host: Host) -> Result<Self> {
    ///     Ok(Self { host })
    /// }
    /// # #[listen("READY")]
    /// # async fn ready(&self, _ctx: &Context) -> Result { let _ = &self.host; Ok(()) }
    /// # }
    /// ```
    ///
    /// With `#[cog(settings = Settings)]`, it may take `settings: Settings` behind the host.
    setup;
    /// Runs what was planned with `ctx.clock()`, by its name.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # use std::time::Duration;
    /// # #[derive(Default)]
    /// # struct Remind;
    /// # #[cog(export = false)]
    /// # impl Remind {
    /// /// Reminds you
    /// #[command]
    /// async fn remind(&self, ctx: &Context, after: Duration) -> Result {
    ///     let name = format!("remind:{}", ctx.channel_id()?);
    ///     ctx.clock().once(&name, after)?;
    ///     ctx.reply("I will.").await
    /// }
    ///
    /// #[task("remind:{channel}")]
    /// async fn due(&self, ctx: &Context, channel: u64) -> Result {
    ///     ctx.discord().send(channel, "Now!").await?;
    ///     Ok(())
    /// }
    /// # }
    /// ```
    task;
    /// Says goodbye: the cog is being unloaded, not replaced. `#[teardown] async fn leave(&self) -> Result`.
    teardown;
    /// An entry of a user's menu.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # #[derive(Default)]
    /// # struct Greeter;
    /// # #[cog(export = false)]
    /// # impl Greeter {
    /// #[user_menu("Say hello")]
    /// async fn greet(&self, ctx: &Context, user: u64) -> Result {
    ///     ctx.reply(format!("Hello, <@{user}>!")).await
    /// }
    /// # }
    /// ```
    ///
    /// Behind the name can stand what can stand in [`command`](macro@command), but for what is about prefixes.
    user_menu;
}
