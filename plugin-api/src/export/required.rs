//! What `#[cog]` requires of an author's types, so that the compiler says in one sentence what is missing and what to
//! write.

use std::{
    future::{Future, Ready, ready},
    marker::PhantomData,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{Argument, Arguments, Context, Error, Form, Modal, Result, State, Suggestion};

/// A cog that can be built without a `setup` of its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has neither a `#[setup]` nor a `Default`, so it cannot be built",
    note = "derive `Default` for it, or write a method: `#[setup] async fn build(host: Host) -> Result<Self>`"
)]
pub trait BuildDefault: Sized {
    /// The cog as it is at first.
    fn first() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> BuildDefault for T {
    fn first() -> T {
        T::default()
    }
}

/// What a function of a cog returns.
#[diagnostic::on_unimplemented(
    message = "a function of a cog returns `Result`, not `{Self}`",
    label = "expected the prelude's `Result<{T}>`",
    note = "`?` converts every error type that implements `std::error::Error` into `gearshift_cog::Error`"
)]
pub trait IntoResult<T> {
    /// The result, with the SDK's error.
    ///
    /// # Errors
    /// The function's error.
    fn returned(self) -> Result<T>;
}

#[diagnostic::do_not_recommend]
impl<T, E: Into<Error>> IntoResult<T> for std::result::Result<T, E> {
    fn returned(self) -> Result<T> {
        self.map_err(Into::into)
    }
}

/// A type that can be suggested.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a suggestion",
    label = "expected a list of strings or of `Suggestion`s",
    note = "to suggest a number, use `Suggestion::new` with the text to show for it"
)]
pub trait IntoSuggestion {
    /// The suggestion.
    fn suggested(self) -> Suggestion;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Suggestion>> IntoSuggestion for T {
    fn suggested(self) -> Suggestion {
        self.into()
    }
}

/// A state that can be written.
#[diagnostic::on_unimplemented(
    message = "the state `{Self}` cannot be written: it does not implement `Serialize`",
    note = "derive it: `#[derive(Serialize, Deserialize)]`, with `serde = {{ version = \"1\", features = [\"derive\"] }}` in Cargo.toml"
)]
pub trait WriteState {
    /// Writes the state as JSON.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    fn write(&self, version: u32) -> Result<State>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> WriteState for T {
    fn write(&self, version: u32) -> Result<State> {
        State::json(version, self)
    }
}

/// A state that can be read.
#[diagnostic::on_unimplemented(
    message = "the state `{Self}` cannot be read: it does not implement `Deserialize`",
    note = "derive it: `#[derive(Serialize, Deserialize)]`, with `serde = {{ version = \"1\", features = [\"derive\"] }}` in Cargo.toml"
)]
pub trait ReadState: Sized {
    /// Reads the state from JSON.
    ///
    /// # Errors
    /// If the bytes are not JSON of that shape.
    fn read(state: &State) -> Result<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> ReadState for T {
    fn read(state: &State) -> Result<T> {
        state.parse()
    }
}

/// The cog as it is at first.
#[must_use]
pub fn default<T: BuildDefault>() -> T {
    T::first()
}

/// Writes the state.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn write_state<T: WriteState>(version: u32, state: &T) -> Result<State> {
    state.write(version)
}

/// Reads the state.
///
/// # Errors
/// If the bytes are not JSON of its shape.
pub fn read_state<T: ReadState>(state: &State) -> Result<T> {
    T::read(state)
}

/// The result of a function of the cog.
///
/// # Errors
/// The function's error.
pub fn returned<T>(outcome: impl IntoResult<T>) -> Result<T> {
    outcome.returned()
}

/// The suggestions of the cog.
pub fn suggestions<T: IntoSuggestion>(all: impl IntoIterator<Item = T>) -> Vec<Suggestion> {
    all.into_iter().map(T::suggested).collect()
}

/// Reads an argument, a form or a field of a form. Its inherent methods take precedence over those of [`NotReadable`],
/// which exist for all other types: so the compiler reports what such a type lacks where it is required, by
/// [`is_argument`], [`is_form`], [`Opt::of`](crate::manifest::Opt::of) or [`Field::of`](crate::Field::of), and does not
/// report it again for the call and for its future.
pub struct Read<T>(pub PhantomData<T>);

impl<T: Argument> Read<T> {
    /// The same as [`Arguments::next`].
    pub fn next<'a>(
        self,
        arguments: &'a mut Arguments<'_>,
        name: &'a str,
    ) -> impl Future<Output = Result<T>> {
        arguments.next(name)
    }

    /// The same as [`Form::one`].
    pub fn one<'a>(self, form: &'a Form, name: &'a str) -> impl Future<Output = Result<T>> {
        form.one(name)
    }

    /// The same as [`Form::all`].
    pub fn all<'a>(self, form: &'a Form, name: &'a str) -> impl Future<Output = Result<Vec<T>>> {
        form.all(name)
    }
}

impl<T: Modal> Read<T> {
    /// The same as [`Context::form`].
    pub fn form(self, ctx: &Context) -> impl Future<Output = Result<T>> {
        ctx.form()
    }
}

/// For types that are not an argument or a form; they do not compile.
pub trait NotReadable<T>: Sized {
    /// Never called.
    fn next(self, _: &mut Arguments<'_>, _: &str) -> Ready<Result<T>> {
        ready(Err(Error::new("it is not an argument")))
    }

    /// Never called.
    fn one(self, _: &Form, _: &str) -> Ready<Result<T>> {
        ready(Err(Error::new("it is not an argument")))
    }

    /// Never called.
    fn all(self, _: &Form, _: &str) -> Ready<Result<Vec<T>>> {
        ready(Err(Error::new("it is not an argument")))
    }

    /// Never called.
    fn form(self, _: &Context) -> Ready<Result<T>> {
        ready(Err(Error::new("it is not a form")))
    }
}

impl<T> NotReadable<T> for Read<T> {}

/// Requires a type to be an argument.
pub const fn is_argument<T: Argument>() {}

/// Requires a type to be a form.
pub const fn is_form<T: Modal>() {}
