//! Reads what a user typed or chose as Rust types, in the same way for slash and prefix commands.

mod bounds;
#[doc(hidden)]
pub mod chosen;
pub(crate) mod given;
pub mod ids;
mod plain;
mod quotes;
pub(crate) mod seen;
mod text;

use std::{borrow::Cow, future::Future};

pub(crate) use self::text::{behind, split_word, words};
use self::{
    quotes::Several,
    text::{first_words, unquoted},
};
use crate::{
    Context, Error,
    abi::HandleError,
    manifest::{Opt, OptionType},
};

/// A type that an option of a command can have.
///
/// Implement it for your own types: choose the option that Discord shows, and read its value.
///
/// ```
/// use gearshift_cog::{Argument, ArgumentError, Given, manifest::OptionType};
///
/// struct Card(u8);
///
/// impl Argument for Card {
///     const OPTION: OptionType = OptionType::new(3);
///
///     async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
///         match given.text() {
///             "ace" => Ok(Card(14)),
///             text => text.parse().map(Card).map_err(|_| ArgumentError::expected("a card, such as `ace` or `7`")),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as an argument",
    note = "derive `Choice` for an enum; for another type of your own, write `impl Argument`"
)]
pub trait Argument: Sized {
    /// The option that Discord shows for it.
    const OPTION: OptionType;
    /// How much of the line the argument takes in a prefix command.
    const TAKES: Takes = Takes::Word;

    /// Reads the value that was given.
    fn read(given: Given<'_>) -> impl Future<Output = Result<Self, ArgumentError>>;

    /// The value if nothing was given. `None` makes the option required.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// How much of the line an argument takes in a prefix command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A word, or several in quotation marks.
    Word,
    /// A word, or, as the last argument, the rest of the line.
    Text,
    /// The rest of the line.
    Rest,
    /// Nothing: it is a file of the message, the first one for the first such argument. Its id is given.
    File,
}

/// The value that was given for an option.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    pub(crate) context: &'a Context,
    pub(crate) text: &'a str,
    pub(crate) channel_types: &'static [u8],
}

impl<'a> Given<'a> {
    /// The value as text: what was typed or, in a slash command, Discord's value (digits of a snowflake, a number, …).
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The index of the choice among those of `option`, found by value or by name.
    ///
    /// # Errors
    /// [`Expected`](ArgumentError::Expected): it is none of them.
    pub fn choice(&self, option: &OptionType) -> Result<usize, ArgumentError> {
        bounds::position(option, self.text).map_err(ArgumentError::Expected)
    }

    /// The types that the channel may have, by Discord's numbers; empty if it may have any.
    #[must_use]
    pub fn channel_types(&self) -> &'static [u8] {
        self.channel_types
    }

    /// The call that the option belongs to: to ask Discord what an id is, or to find what Discord sent along with the
    /// call.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.context
    }
}

/// Why an argument cannot be read.
#[derive(Debug)]
pub enum ArgumentError {
    /// It is not of the expected type. The text follows "must be", such as `a whole number`, and is shown to the user.
    Expected(String),
    /// The value could not be looked up.
    Failed(Error),
}

impl ArgumentError {
    /// An error for a value that is not of the expected type; `what` follows "must be", such as `a whole number`.
    #[must_use]
    pub fn expected(what: impl Into<String>) -> Self {
        Self::Expected(what.into())
    }
}

impl From<HandleError> for ArgumentError {
    fn from(error: HandleError) -> Self {
        Self::Failed(error.into())
    }
}

/// The arguments of a call, read one after another in the order in which they are declared.
pub struct Arguments<'a> {
    context: &'a Context,
    /// The rest of the line of a prefix command.
    line: &'a str,
    /// The text argument that the last word was read as, or that was left out before this word.
    before: Option<Several<'a>>,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(context: &'a Context, line: &'a str) -> Self {
        Self { context, line, before: None }
    }

    /// Reads the next argument, declared under this name.
    ///
    /// In a prefix command, an optional argument that does not fit the next word is left out if a later argument may
    /// take the word. A [`Duration`](std::time::Duration) or a point in time goes on in the next words if they can only
    /// be a part of it, as in `1h 30m`; words that the next argument can begin with are left to it.
    ///
    /// # Errors
    /// [Input](Error::input) that names the argument and says what was expected; or the error of looking it up.
    pub async fn next<T: Argument>(&mut self, name: &str) -> Result<T, Error> {
        let (option, following) = self.context.declared_option(name).unzip();
        let following = following.flatten();
        let is_last = following.is_none();
        let long = self.context.message().and_then(|_| self.several_words::<T>(option, following));
        let given = match self.context.message() {
            None => self.context.option(name).map(|text| (text.into(), self.line)),
            Some(_) if T::TAKES == Takes::File => {
                self.context.file(name).map(|file| (file.to_string().into(), self.line))
            }
            Some(_) => long.clone().or_else(|| self.take(T::TAKES, is_last)),
        };
        let Some((text, rest)): Option<(Cow<'_, str>, &str)> = given else {
            return T::absent().ok_or_else(|| Error::input(format!("`{name}` is missing")));
        };
        let text = match (option, self.context.message()) {
            (Some(option), Some(_)) => bounds::fit(&option.shape, &text),
            _ => Ok(&*text),
        };
        let channel_types = option.map_or(&[][..], |option| option.shape.channel_types);
        let read = match text {
            Ok(text) => T::read(Given { context: self.context, text, channel_types }).await,
            Err(expected) => Err(ArgumentError::Expected(expected)),
        };
        let several = match self.context.message() {
            // If it went on by itself, there is nothing that quotation marks could add.
            Some(_) if !is_last && long.is_none() => Several::of::<T>(self.line.trim_start(), option),
            _ => None,
        };
        match (read, T::absent()) {
            (Ok(value), _) => {
                self.line = rest;
                // A file takes no word.
                if T::TAKES != Takes::File {
                    self.before = several;
                }
                Ok(value)
            }
            (Err(ArgumentError::Failed(error)), _) => Err(error),
            // The word is for the next argument.
            (Err(ArgumentError::Expected(_)), Some(absent))
                if !is_last && self.context.message().is_some() =>
            {
                self.before = several.or(self.before);
                Ok(absent)
            }
            (Err(ArgumentError::Expected(expected)), _) => {
                let quotes = self.quotes(several).await;
                Err(Error::input(format!("`{name}` must be {expected}{quotes}")))
            }
        }
    }

    /// A hint that quotation marks are missing, for the argument that does not fit or for the one before it; empty if
    /// they are not missing.
    async fn quotes(&self, own: Option<Several<'a>>) -> String {
        let (word, _) = split_word(self.line.trim_start());
        for several in [own, self.before].into_iter().flatten() {
            if let Some(text) = several.together(self.context, &word).await {
                return format!("; put a value with spaces in quotation marks: `\"{text}\"`");
            }
        }
        String::new()
    }

    /// The words that are one value without quotation marks, and the rest of the line after them; `None` if it is just
    /// the first word.
    fn several_words<T: Argument>(
        &self,
        option: Option<&Opt>,
        following: Option<&Opt>,
    ) -> Option<(Cow<'a, str>, &'a str)> {
        let next = following?;
        let goes_on =
            T::OPTION.goes_on.filter(|_| option.is_none_or(|option| option.shape.choices.is_empty()))?;
        let line = self.line.trim_start();
        let (mut value, mut words) = (first_words(line, 1)?, 1);
        while let Some(longer) = first_words(line, words + 1) {
            let word = longer[value.len()..].trim_start();
            let is_of_next = next.shape.goes_on.is_some_and(|begins| begins("", word));
            if is_of_next || !goes_on(value, word) {
                break;
            }
            (value, words) = (longer, words + 1);
        }
        (words > 1).then(|| (value.into(), &line[value.len()..]))
    }

    /// What the next argument takes of the line, and the rest of the line after it.
    fn take(&self, takes: Takes, is_last: bool) -> Option<(Cow<'a, str>, &'a str)> {
        let line = self.line.trim_start();
        match takes {
            _ if line.is_empty() => None,
            Takes::Rest => Some((line.trim_end().into(), "")),
            Takes::Text if is_last => Some((unquoted(line.trim_end()), "")),
            Takes::Text | Takes::Word | Takes::File => Some(split_word(line)),
        }
    }
}
