//! The context of a handler: the command, component, form, event or task that it was called for, the ways to answer it,
//! and the cog's handles.

mod call;
mod posted;
mod reply;

use std::{
    cell::{Cell, RefCell},
    ops::Deref,
    str::FromStr,
};

use abi_stable::std_types::RArc;
use serde_json::value::RawValue;

use crate::{
    Argument, Error, FromDiscord, Host, Result,
    abi::{Event, Interaction, Invocation, Message, Origin, User},
    argument::{Arguments, behind},
    manifest::{Command, Opt, Rules},
    wait::Taken,
};

pub use self::posted::Posted;
pub(crate) use self::reply::PostedAnswer;
use self::{call::Call, reply::Answer};

/// What a handler was called for, with the cog's handles: all methods of [`Host`] are available on it.
pub struct Context {
    host: Host,
    cause: Cause,
    /// How far the interaction has been answered.
    answer: Cell<Answer>,
    /// Whether the first answer is ephemeral even if the message itself is not.
    is_first_ephemeral: Cell<bool>,
    /// The last form that was submitted in answer to the call; later answers go to it.
    form: RefCell<Option<(RArc<Interaction>, Taken)>>,
    #[cfg(feature = "serenity")]
    pub(crate) caller: crate::serenity::Caller,
}

/// What a handler was called for.
enum Cause {
    Command(Call),
    /// A component or a form.
    Component(RArc<Interaction>),
    Event(Event),
    /// A task that is due.
    Task,
}

impl Deref for Context {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.host
    }
}

impl Context {
    /// A call of one of the declared commands. The error, which is [input](Error::input), says that a group was called
    /// and not a command in it.
    pub(crate) fn of_command(host: Host, raw: Invocation, commands: &'static [Command]) -> (Self, Result) {
        let (call, found) = Call::new(raw, commands);
        let ephemeral = call.declared.iter().any(|command| command.ephemeral);
        let is_deferred = matches!(&call.raw.origin, Origin::Slash(interaction) if interaction.deferred);
        // The host defers a command the way it is declared.
        let answer = if is_deferred { Answer::Deferred { ephemeral } } else { Answer::None };
        (Self { answer: Cell::new(answer), ..Self::new(host, Cause::Command(call)) }, found)
    }

    pub(crate) fn of_component(host: Host, interaction: RArc<Interaction>) -> Self {
        let answer = Cell::new(Answer::of(&interaction));
        Self { answer, ..Self::new(host, Cause::Component(interaction)) }
    }

    pub(crate) fn of_event(host: Host, event: Event) -> Self {
        let answer = match &event {
            Event::Interaction(interaction) => Answer::of(interaction),
            _ => Answer::None,
        };
        Self { answer: Cell::new(answer), ..Self::new(host, Cause::Event(event)) }
    }

    pub(crate) fn of_task(host: Host) -> Self {
        Self::new(host, Cause::Task)
    }

    fn new(host: Host, cause: Cause) -> Self {
        Self {
            host,
            cause,
            answer: Cell::new(Answer::None),
            is_first_ephemeral: Cell::new(false),
            form: RefCell::new(None),
            #[cfg(feature = "serenity")]
            caller: crate::serenity::Caller::default(),
        }
    }

    /// The command that is called or typed, with the groups it is in: `tag add`. Empty if this is not a command.
    #[must_use]
    pub fn command(&self) -> &str {
        match (self.call(), self.interaction()) {
            (Some(call), _) => &call.path,
            (None, Some(interaction)) => &interaction.command,
            (None, None) => "",
        }
    }

    /// The type of the command, by Discord's numbers: 1 for a slash or prefix command, 2 for a user menu, 3 for a
    /// message menu. 0 if this is not a command.
    #[must_use]
    pub fn command_kind(&self) -> u8 {
        match (self.call(), self.interaction()) {
            (_, Some(interaction)) => interaction.command_kind,
            (Some(_), None) => 1,
            (None, None) => 0,
        }
    }

    /// The `custom_id` of the component or form. Empty if this is neither.
    #[must_use]
    pub fn custom_id(&self) -> &str {
        self.interaction().map_or("", |interaction| &interaction.custom_id)
    }

    /// The values chosen in a select.
    ///
    /// # Errors
    /// If a value cannot be parsed as a `T`.
    pub fn values<T: FromStr>(&self) -> Result<Vec<T>> {
        let values = self.interaction().map_or(&[][..], |interaction| &interaction.values);
        let read = |value: &abi_stable::std_types::RString| {
            value.parse().map_err(|_| {
                Error::new(format!("`{value}` was selected in `{}` but cannot be read", self.custom_id()))
            })
        };
        values.iter().map(read).collect()
    }

    /// The message that the component is on. In a form that a component opened, the message of that component.
    ///
    /// ```
    /// # use gearshift_cog::{Json, prelude::*};
    /// # #[derive(Default)]
    /// # struct Votes;
    /// #[derive(serde::Deserialize)]
    /// struct Id {
    ///     id: String,
    /// }
    ///
    /// # #[cog(export = false)]
    /// # impl Votes {
    /// #[button("vote")]
    /// async fn voted(&self, ctx: &Context) -> Result {
    ///     // With the feature `serenity`, also `let message: Message = …`.
    ///     let Json(message): Json<Id> = ctx.component_message()?;
    ///     ctx.store().update(&message.id, |votes: Option<u64>| Some(votes.unwrap_or(0) + 1)).await?;
    ///     ctx.reply("It counts.").await
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// If there is no such message, or it cannot be read as a `T`.
    pub fn component_message<T: FromDiscord>(&self) -> Result<T> {
        #[derive(serde::Deserialize)]
        struct On<'a> {
            #[serde(borrow)]
            message: Option<&'a RawValue>,
        }
        let json = self.interaction().map_or("", |interaction| &interaction.json);
        let message = serde_json::from_str(json).ok().and_then(|on: On<'_>| on.message);
        T::from_discord(
            message.ok_or_else(|| Error::new("there is no message that a component is on"))?.get(),
        )
    }

    /// The value of a declared option of a command, or of a field of a form, as text. In a prefix command each option
    /// takes a word, or several in quotation marks, and the last one takes the rest of the line. In a menu command,
    /// `user` or `message` is the id of the target.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        if let (Some(call), "user" | "message") = (self.call(), name)
            && !call.target.is_empty()
        {
            return Some(&call.target);
        }
        if let Some(interaction) = self.interaction() {
            return interaction
                .options
                .iter()
                .find(|option| option.name == name)
                .map(|option| option.value.as_str());
        }
        self.call()?.typed(name)
    }

    /// The arguments of a command as Rust types.
    #[must_use]
    pub fn arguments(&self) -> Arguments<'_> {
        Arguments::new(self, self.rest())
    }

    /// One argument of a command as a Rust type. To read several of a prefix command, use
    /// [`arguments`](Self::arguments).
    ///
    /// # Errors
    /// The same as [`Arguments::next`].
    pub async fn argument<T: Argument>(&self, name: &str) -> Result<T> {
        let position = self.call().and_then(|call| call.position(name));
        let line = position.map_or("", |position| behind(self.rest(), position));
        Arguments::new(self, line).next(name).await
    }

    /// Everything after the name of a prefix command; empty for slash commands.
    #[must_use]
    pub fn rest(&self) -> &str {
        self.call().map_or("", Call::rest)
    }

    /// The user who called the command, used the component or wrote the message.
    ///
    /// # Errors
    /// In a task, and for an event that has the user only in its JSON.
    pub fn user(&self) -> Result<&User> {
        match (self.interaction(), self.message()) {
            (Some(interaction), _) => Ok(&interaction.user),
            (_, Some(message)) => Ok(&message.author),
            _ => Err(Error::new("there is no user")),
        }
    }

    /// The snowflake of the interaction or message. It is unique to this call; a second attempt at the same call has
    /// the same id.
    ///
    /// # Errors
    /// In a task, and for an event without a message.
    pub fn id(&self) -> Result<u64> {
        match (self.interaction(), self.message()) {
            (Some(interaction), _) => Ok(interaction.id),
            (_, Some(message)) => Ok(message.id),
            _ => Err(Error::new("there is no interaction or message")),
        }
    }

    /// The channel it happened in, by snowflake.
    ///
    /// # Errors
    /// In a task, and for an event that has the channel only in its JSON.
    pub fn channel_id(&self) -> Result<u64> {
        let channel = match (&self.cause, self.interaction(), self.message()) {
            (_, Some(interaction), _) => interaction.channel_id.into_option(),
            (_, _, Some(message)) => Some(message.channel_id),
            (Cause::Event(Event::MessageDelete(deleted)), ..) => Some(deleted.channel_id),
            _ => None,
        };
        channel.ok_or_else(|| Error::new("there is no channel"))
    }

    /// The guild, by snowflake. `None` in a direct message, in a task, and for an event that has the guild only in its
    /// JSON.
    #[must_use]
    pub fn guild_id(&self) -> Option<u64> {
        match (&self.cause, self.interaction(), self.message()) {
            (_, Some(interaction), _) => interaction.guild_id.into_option(),
            (_, _, Some(message)) => message.guild_id.into_option(),
            (Cause::Event(Event::MessageDelete(deleted)), ..) => deleted.guild_id.into_option(),
            _ => None,
        }
    }

    /// The language of the user who called, such as `en-US` or `de`. Discord sends it only with interactions.
    /// <https://discord.com/developers/docs/reference#locales>
    #[must_use]
    pub fn locale(&self) -> Option<&str> {
        #[derive(serde::Deserialize)]
        struct Locale<'a> {
            #[serde(borrow)]
            locale: Option<&'a str>,
        }
        serde_json::from_str(&self.interaction()?.json).ok().and_then(|it: Locale<'_>| it.locale)
    }

    /// The user's roles in the guild, by snowflake; empty in a direct message, and if no user called.
    #[must_use]
    pub fn roles(&self) -> &[u64] {
        match (self.interaction(), self.message()) {
            (Some(interaction), _) => &interaction.roles,
            (_, Some(message)) => &message.roles,
            _ => &[],
        }
    }

    /// The message of a prefix command or of an event.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        match &self.cause {
            Cause::Command(Call { raw: Invocation { origin: Origin::Prefix(message), .. }, .. }) => {
                Some(message)
            }
            Cause::Event(Event::MessageCreate(message) | Event::MessageUpdate(message)) => Some(message),
            _ => None,
        }
    }

    /// The interaction of a slash command, a component, a form or an event.
    #[must_use]
    pub fn interaction(&self) -> Option<&Interaction> {
        match &self.cause {
            Cause::Command(Call { raw: Invocation { origin: Origin::Slash(interaction), .. }, .. })
            | Cause::Component(interaction)
            | Cause::Event(Event::Interaction(interaction)) => Some(interaction),
            _ => None,
        }
    }

    /// Discord's JSON for what the handler was called for; empty in a task.
    #[cfg(feature = "serenity")]
    pub(crate) fn json(&self) -> std::borrow::Cow<'_, str> {
        match (&self.cause, self.interaction(), self.message()) {
            (Cause::Event(event), ..) => event.json(),
            (_, Some(interaction), _) => interaction.json.as_str().into(),
            (_, _, Some(message)) => message.json.as_str().into(),
            _ => "".into(),
        }
    }

    /// Discord's name of the event being handled; empty if this is not an event.
    #[cfg(feature = "serenity")]
    pub(crate) fn event_name(&self) -> &str {
        match &self.cause {
            Cause::Event(event) => event.name(),
            _ => "",
        }
    }

    /// The interaction, shared so that it can be kept.
    pub(crate) fn shared_interaction(&self) -> Option<RArc<Interaction>> {
        match &self.cause {
            Cause::Command(Call { raw: Invocation { origin: Origin::Slash(interaction), .. }, .. })
            | Cause::Component(interaction)
            | Cause::Event(Event::Interaction(interaction)) => Some(interaction.clone()),
            _ => None,
        }
    }

    /// The cog's handles. They can be cloned and kept.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// A declared option of the command that was called, and the next one that takes part of the line.
    pub(crate) fn declared_option(&self, name: &str) -> Option<(&'static Opt, Option<&'static Opt>)> {
        let options = self.options();
        let position = options.iter().position(|option| option.name == name)?;
        Some((&options[position], options[position + 1..].iter().find(|option| !option.is_file())))
    }

    /// The message's file for a declared option, by snowflake: the first file belongs to the first such option, and so
    /// on.
    pub(crate) fn file(&self, name: &str) -> Option<u64> {
        let mut files = self.options().iter().filter(|option| option.is_file());
        let place = files.position(|option| option.name == name).unwrap_or(0);
        self.message()?.attachments.get(place).map(|file| file.id)
    }

    /// The declared options of the command that was called.
    fn options(&self) -> &'static [Opt] {
        self.call().map_or(&[], Call::options)
    }

    /// The rules of the command that was called and of the groups it is in, outermost first, each with its path.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (&str, &'static Rules)> {
        let call = self.call();
        let declared = call.map_or(&[][..], |call| &call.declared);
        let mut end = 0;
        declared.iter().map(move |command| {
            end += command.name.len() + usize::from(end > 0);
            (call.map_or("", |call| &call.path[..end]), &command.rules)
        })
    }

    fn call(&self) -> Option<&Call> {
        match &self.cause {
            Cause::Command(call) => Some(call),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
