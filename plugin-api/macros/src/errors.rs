//! All errors of an expansion: an author sees them at once, not one per build.

use proc_macro2::{Span, TokenStream};
use syn::{Error, Result};

#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Returns the value, or keeps the error and returns `None`.
    pub(crate) fn ok<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn into_inner(self) -> Option<Error> {
        self.0
    }
}

/// The error for an attribute outside of a `#[cog]` block.
pub(crate) fn misplaced(name: &str, item: TokenStream) -> TokenStream {
    let text = format!("`#[{name}]` must be on a method in a `#[cog]` block: `#[cog] impl Ping {{ … }}`");
    let mut tokens = Error::new(Span::call_site(), text).into_compile_error();
    tokens.extend(item);
    tokens
}
