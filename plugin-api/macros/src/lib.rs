//! The attributes of `gearshift-cog`, which exports them. They generate what an author could write on the trait `Cog`.

mod args;
mod block;
mod choice;
mod cog;
mod command;
mod component;
mod crate_type;
mod cron;
mod durations;
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

/// Makes a cog out of an `impl` block: generates `impl Cog` and `export!`.
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
/// The attributes of the methods say what they are for: [`command`](macro@command), [`user_menu`](macro@user_menu),
/// [`message_menu`](macro@message_menu), [`listen`](macro@listen), [`button`](macro@button), [`select`](macro@select),
/// [`modal`](macro@modal), [`every`](macro@every), [`daily`](macro@daily), [`cron`](macro@cron), [`task`](macro@task),
/// [`setup`](macro@setup), [`teardown`](macro@teardown), [`check`](macro@check), [`on_error`](macro@on_error),
/// [`migrate`](macro@migrate). A method without one of them is an ordinary method.
///
/// The options in parentheses are:
///
/// * `unit`: the cog has no fields. Its struct is declared here too, as `#[derive(Default)] struct Ping;`.
/// * `state = 1`: the struct, which must implement serde's traits, is kept across reloads and restarts. Raise the number
///   when its shape changes, and read the old one with [`migrate`](macro@migrate). Saved state replaces the struct
///   that [`setup`](macro@setup) returned; fields with `#[serde(skip)]` then have their defaults.
/// * `saved = counts`: only this field is kept. The others, such as the settings, stay as `setup` made them.
/// * `settings = Settings`: the type of the cog's settings, which are read before the cog is built.
/// * `handles("discord.reply", "store")`: everything that the cog may ask of the host, unless the operator, who sees
///   the list at installation, decides otherwise. The words are those of `[cog.NAME] handles`. Default: everything.
/// * `group("tag", "Notes of this server")`: a group for commands such as `tag add`, with further options as in
///   [`command`](macro@command). `group("tag admin", "…")` is a group within it.
/// * `name = "greeter"`: the cog's name, if it differs from the package's.
/// * `export = false`: does not generate `export!`, for one of several cogs in a test crate.
#[proc_macro_attribute]
pub fn cog(options: TokenStream, block: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as args::Args);
    let block = parse_macro_input!(block as block::Block);
    cog::expand(options, block).into()
}

/// Macros for the SDK itself: constants, and the checks of the package that uses `export!`.
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
    units: durations::units;
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

/// Makes a struct a form: its fields are the form's fields, with their doc comments as labels.
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
/// A field can have any type of an argument: text and types that are parsed from it, `bool`, users, roles, channels,
/// files, and enums with [`Choice`]. An `Option` can be left empty. A `Vec` holds several files or values chosen from a
/// menu, but not several texts. `#[field(…)]` takes `label` and `description`; for texts, `lines`; for texts and menus,
/// `placeholder`; for all but files, `default`; and for all but a `bool`, `at_least` and `at_most` (characters, values
/// or files).
#[proc_macro_derive(Modal, attributes(title, field))]
pub fn modal_form(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    modal::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// `#[cog]` removes these attributes: one that is expanded is in the wrong place.
macro_rules! attributes {
    ($($(#[doc = $docs:literal])* $name:ident;)+) => {
        $($(#[doc = $docs])*
        #[proc_macro_attribute]
        pub fn $name(_: TokenStream, item: TokenStream) -> TokenStream {
            errors::misplaced(stringify!($name), item.into()).into()
        })+

        #[test]
        fn every_known_attribute_is_exported() {
            assert_eq!([$(stringify!($name)),+], cog::ATTRIBUTES);
        }
    };
}

attributes! {
    /// Answers a button, by its `custom_id`. Buttons still reach the cog after reloads and restarts.
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
    /// The text between colons at `{number}` becomes the parameter of that name, of any type with `FromStr`. If several
    /// patterns match, the narrowest answers: `vote:all` before `vote:{number}`. All cogs share one namespace of ids,
    /// so begin a pattern with a word of your own.
    button;
    /// Runs before every command of the cog, if the command's own rules allow the call.
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
    /// A check that returns `Result` gives the reason for a refusal with `Error::input`. A single command or group gets
    /// a check of its own with `check = Self::may`.
    check;
    /// Answers a command, as `/name` and `!name`. Discord shows the first paragraph of the doc comment.
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
    /// The name is the method's, or the text in parentheses: `"tag add"` is `add` in the group `tag`. Further options:
    ///
    /// * `aliases("a", "new")`: further names for use with a prefix;
    /// * `slash_only`, `prefix_only`; `ephemeral`: only the caller sees the answers;
    /// * `guild_only`, `dm_only`, `owners_only`, `nsfw`, `roles(41)`: where and by whom it can be called;
    /// * `permissions = "MANAGE_MESSAGES | KICK_MEMBERS"`, `bot_permissions = "…"`, with Discord's names;
    /// * `cooldown = "3s per user"`, `cooldown = "5 in 1m per guild"`; `concurrency = "1 per channel"`, and with
    ///   `, wait` further calls wait (scopes: user, member, channel, guild, global);
    /// * `check = Self::may`: see [`check`](macro@check);
    /// * `guilds(41)`: registers it in these guilds only; `contexts(guild, bot_dm, private_channel)`,
    ///   `integration_types(guild, user)`; `fields = "…"`: further fields in Discord's JSON;
    /// * `name_de = "…"`, `description_pt_BR = "…"`: translations; names must be unique in each language.
    ///
    /// The parameters after the context are the arguments, of any type that implements `Argument`. Their attributes:
    /// `#[describe = "…"]` (or a doc comment) and `#[rename = "…"]`, both also as `describe_de`; for all but lists,
    /// `#[min = 1]`, `#[max = 5]`, `#[min_length = 1]`, `#[max_length = 5]`, `#[channel_types(text, forum)]` and
    /// `#[choices("red", "Dark blue" = "blue")]`; and `#[autocomplete = Self::names]`, with a method
    /// `async fn names(&self, ctx: &Context, typed: &str) -> Result<Vec<Suggestion>>` (or of texts).
    command;
    /// Runs at the times of a cron expression: minute, hour, day of month, month, day of week.
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
    /// `tz` is a zone of the IANA database; the default is UTC. With `at_start`, it also runs when the cog is loaded
    /// for the first time. The task is named after the method, and keeps its schedule across reloads and restarts by
    /// this name. The method may take `run: TaskRun` after the context.
    daily;
    /// Runs periodically, from start to start: `#[every("30s")]`, `#[every("1h30m", at_start)]`; see
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
    /// The event follows from the parameter's type, a `FromEvent`, or is named in parentheses as Discord does. The host
    /// evaluates the filters, and wakes the cog only for matching events. Several methods may listen to one event.
    listen;
    /// Answers an entry of a message's menu: `#[message_menu("Report")]`; see [`user_menu`](macro@user_menu).
    message_menu;
    /// Converts state of an older version to the next one.
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
    /// The steps must lead up to the version of `#[cog(state = …)]` without a gap. A step may return a `Result`. If
    /// state cannot be read, the reload is refused and nothing is lost.
    migrate;
    /// Answers a form, by its `custom_id`:
    /// `#[modal("tag:{name}")] async fn saved(&self, ctx: &Context, name: String, form: Form) -> Result`. The last
    /// parameter, if it is not in the pattern, is the submitted form, a `Modal`. See [`button`](macro@button).
    modal;
    /// Gets the error of a command or component, before the user does.
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
    /// Its result counts instead: an `Error::input` is shown to the user, any other error is a fault of the cog.
    on_error;
    /// Answers a select, by its `custom_id`; see [`button`](macro@button).
    /// `#[select("color:{id}")] async fn chosen(&self, ctx: &Context, id: u64, values: Vec<String>) -> Result`. The
    /// `values` are of any type with `FromStr` (texts, ids), or an argument's: `Vec<Member>`, `Vec<Role>`, an enum.
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
    /// With `#[cog(settings = Settings)]`, it may take `settings: Settings` after the host.
    setup;
    /// Runs a task that was planned with `ctx.clock()`, by its name.
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
    /// Runs when the cog is unloaded, not when it is replaced. `#[teardown] async fn leave(&self) -> Result`.
    teardown;
    /// Answers an entry of a user's menu.
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
    /// Further options are those of [`command`](macro@command), except the ones for prefixes.
    user_menu;
}
