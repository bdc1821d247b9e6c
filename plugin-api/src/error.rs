//! The error of a cog: any error turned into text, causes included, and where it came from.
//! It carries no types across the library boundary, so there is nothing to downcast.

use std::{error, fmt, num, str};

use crate::abi::{ErrorCause, HandleError};

/// What a cog's functions fail with. Made from any error by `?`, or from text by [`Error::new`].
///
/// It is not always the cog's failure. What Discord or another server refused, and what a user typed, is counted apart and
/// never takes a new version back: the error of a handle, and of reading a number or a truth value from text, is told
/// apart by `?`, also as the source of another error; [`Error::input`] says so in words.
pub struct Error {
    text: String,
    cause: ErrorCause,
}

/// `Result` with [`Error`].
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error in the cog's own words.
    pub fn new(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), cause: ErrorCause::OWN }
    }

    /// What a user typed or chose cannot be used.
    pub fn input(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), cause: ErrorCause::INPUT }
    }

    /// What it came from.
    pub(crate) fn cause(&self) -> ErrorCause {
        self.cause
    }
}

impl<E: error::Error + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = cause_of(&error);
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = cause.or(cause_of(error));
            source = error.source();
        }
        Self { text, cause: cause.unwrap_or(ErrorCause::OWN) }
    }
}

/// What an error came from, if its type tells.
fn cause_of(error: &(dyn error::Error + 'static)) -> Option<ErrorCause> {
    if let Some(error) = error.downcast_ref::<HandleError>() {
        return Some(error.cause());
    }
    // Numbers of Discord's own are read by the host; what a cog reads from text is nearly always an option.
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
    use crate::abi::HandleErrorKind;

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
    fn an_error_tells_whether_it_is_the_cogs_own() {
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
        }
        assert_eq!(Error::from(Wrapped(handle(HandleErrorKind::Status))).to_string(), "failed to greet: no");
    }
}
