//! The error of a cog: the text of any error, including its causes, and where the error came from. The error of a
//! handle is kept as it is; of all other types, only the text is kept.

use std::{error, fmt, iter, num, str};

use crate::abi::{ErrorCause, HandleError};

/// The error that a cog's functions return. `?` makes it from any type that implements [`std::error::Error`];
/// [`Error::new`] makes it from text, and [`Error::from_dyn`] from a boxed error.
///
/// An error is not always the fault of the cog. A refusal by Discord or another server, and bad input from a user, are
/// counted separately and never make the host go back to the old version. `?` recognizes the error of a handle, and
/// errors of parsing a number or a `bool` from text, even as the source of another error; [`Error::input`] marks an
/// error as bad input explicitly.
///
/// ```
/// # use gearshift_cog::{discord_codes::CANNOT_SEND_TO_USER, prelude::*};
/// # async fn example(ctx: &Context, user: u64) -> Result {
/// match ctx.discord().dm(user, "hello").await {
///     Err(error) if error.discord_code() == Some(CANNOT_SEND_TO_USER) => ctx.reply("Your messages are closed.").await,
///     sent => sent.map(drop),
/// }
/// # }
/// ```
pub struct Error {
    text: String,
    cause: ErrorCause,
    /// Boxed, as nearly every `Result` of a cog is as large as this type.
    handle: Option<Box<HandleError>>,
}

/// `Result` with [`Error`].
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with the cog's own text.
    pub fn new(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), cause: ErrorCause::OWN, handle: None }
    }

    /// An error for something that a user typed or chose and that cannot be used.
    pub fn input(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), cause: ErrorCause::INPUT, handle: None }
    }

    /// The same as `?` makes from an error, for one whose type does not implement [`std::error::Error`] itself: a
    /// `Box<dyn Error>`, or the error of `anyhow` or `eyre`.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// fn parse(text: &str) -> std::result::Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    ///     Ok(text.parse()?)
    /// }
    ///
    /// # async fn example(ctx: &Context, text: &str) -> Result {
    /// let number = parse(text).map_err(|error| Error::from_dyn(&*error))?;
    /// ctx.reply(number.to_string()).await
    /// # }
    /// ```
    #[must_use]
    pub fn from_dyn(error: &(dyn error::Error + 'static)) -> Self {
        Self::of(error)
    }

    /// Whether it is [input](Self::input), whose text is shown to the user: also the error of an argument, of a rule or
    /// check, or of parsing a number.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # #[derive(Default)]
    /// # struct Tags;
    /// # #[cog(export = false)]
    /// # impl Tags {
    /// #[on_error]
    /// async fn failed(&self, ctx: &Context, error: Error) -> Result {
    ///     if !error.is_input() {
    ///         ctx.reply("That did not work, and we know of it.").await?;
    ///     }
    ///     Err(error)
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn is_input(&self) -> bool {
        self.cause == ErrorCause::INPUT
    }

    /// The error of a handle that this error is, or that is among its sources.
    #[must_use]
    pub fn handle(&self) -> Option<&HandleError> {
        self.handle.as_deref()
    }

    /// Discord's error code, if Discord refused a request; see [`discord_codes`](crate::discord_codes).
    #[must_use]
    pub fn discord_code(&self) -> Option<u32> {
        self.handle()?.discord_code()
    }

    /// Where the error came from.
    pub(crate) fn cause(&self) -> ErrorCause {
        self.cause
    }
}

impl<E: error::Error + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self::of(&error)
    }
}

impl Error {
    /// Includes the texts of all its sources. Not generic: it would be compiled again for each type of error.
    fn of(error: &(dyn error::Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(source) = next {
            text.push_str(": ");
            text.push_str(&source.to_string());
            next = source.source();
        }
        let mut chain = iter::successors(Some(error), |error| error.source());
        let cause = chain.clone().find_map(cause_of).unwrap_or(ErrorCause::OWN);
        let handle = chain.find_map(|error| error.downcast_ref::<HandleError>());
        Self { text, cause, handle: handle.cloned().map(Box::new) }
    }
}

/// Where an error came from, if its type tells.
fn cause_of(error: &(dyn error::Error + 'static)) -> Option<ErrorCause> {
    if let Some(error) = error.downcast_ref::<HandleError>() {
        return Some(error.cause());
    }
    // The host parses Discord's own numbers; what a cog parses from text is nearly always an option.
    let is_input = error.is::<num::ParseIntError>()
        || error.is::<num::ParseFloatError>()
        || error.is::<str::ParseBoolError>();
    is_input.then_some(ErrorCause::INPUT)
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use abi_stable::std_types::RVec;

    use super::*;
    use crate::{abi::HandleErrorKind, discord_codes};

    #[derive(Debug)]
    struct Wrapped(HandleError);

    impl fmt::Display for Wrapped {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("failed to greet")
        }
    }

    impl error::Error for Wrapped {
        fn source(&self) -> Option<&(dyn error::Error + 'static)> {
            Some(&self.0)
        }
    }

    fn handle(kind: HandleErrorKind) -> HandleError {
        HandleError { kind, status: 0, code: 0, text: "no".into(), body: RVec::new() }
    }

    #[test]
    fn an_error_knows_its_cause() {
        let table = [
            (Error::new("no"), ErrorCause::OWN),
            (Error::input("no"), ErrorCause::INPUT),
            (Error::from("x".parse::<u64>().expect_err("no number")), ErrorCause::INPUT),
            (Error::from(handle(HandleErrorKind::Status)), ErrorCause::REFUSED),
            (Error::from(handle(HandleErrorKind::Connect)), ErrorCause::REFUSED),
            (Error::from(handle(HandleErrorKind::Invalid)), ErrorCause::OWN),
            (Error::from(std::io::Error::other("no")), ErrorCause::OWN),
            (Error::from(Wrapped(handle(HandleErrorKind::Timeout))), ErrorCause::REFUSED),
        ];
        for (error, cause) in table {
            assert_eq!(error.cause(), cause, "{error}");
            assert_eq!(error.is_input(), cause == ErrorCause::INPUT, "{error}");
        }
        assert_eq!(Error::from(Wrapped(handle(HandleErrorKind::Status))).to_string(), "failed to greet: no");
    }

    #[test]
    fn a_handle_error_is_kept_even_as_a_source() {
        let refused = || HandleError { status: 403, code: 50007, ..handle(HandleErrorKind::Status) };
        let greet = |error: HandleError| -> Result { Err(Wrapped(error))? };
        let boxed: Box<dyn error::Error + Send + Sync> = Box::new(Wrapped(refused()));
        let wrapped = greet(refused()).expect_err("refused");
        for error in [Error::from(refused()), wrapped, Error::from_dyn(&*boxed)] {
            assert_eq!(error.cause(), ErrorCause::REFUSED);
            assert_eq!(error.discord_code(), Some(discord_codes::CANNOT_SEND_TO_USER));
            assert_eq!(error.handle().map(|it| (it.kind, it.status)), Some((HandleErrorKind::Status, 403)));
        }
        assert_eq!(Error::from(handle(HandleErrorKind::Timeout)).discord_code(), None);
        assert!(Error::new("no").handle().is_none() && Error::input("no").handle().is_none());
        assert!(Error::from(std::io::Error::other("no")).handle().is_none());
    }
}
