//! Finds out whether a prefix command lacks quotation marks: whether a value of several words was read as one word.

use std::{future::Future, pin::Pin};

use super::{Argument, Given, Takes, bounds, text::first_words};
use crate::{Context, manifest::Opt};

/// Maximum number of words that are tried as one value.
const WORDS_MAX: usize = 4;

/// A text argument that took one word of the line, although the words after it may belong to its value.
#[derive(Clone, Copy)]
pub(super) struct Several<'a> {
    /// The line from its first word on.
    line: &'a str,
    option: Option<&'static Opt>,
    reads: Reads,
}

type Reads = for<'g> fn(Given<'g>) -> Pin<Box<dyn Future<Output = bool> + 'g>>;

impl<'a> Several<'a> {
    /// `None` for a type whose values are always one word. Discord is not asked again just for a hint.
    pub(super) fn of<T: Argument>(line: &'a str, option: Option<&'static Opt>) -> Option<Self> {
        let reads: Reads = |given| Box::pin(async move { T::read(given).await.is_ok() });
        (T::TAKES == Takes::Text).then_some(Self { line, option, reads })
    }

    /// The words that together are a value, if `alone` is not.
    pub(super) async fn together(self, context: &Context, alone: &str) -> Option<&'a str> {
        if self.is_read(context, alone).await {
            return None;
        }
        for words in 2..=WORDS_MAX {
            let text = first_words(self.line, words)?;
            if self.is_read(context, text).await {
                return Some(text);
            }
        }
        None
    }

    async fn is_read(self, context: &Context, text: &str) -> bool {
        let fit = self.option.map_or(Ok(text), |option| bounds::fit(&option.shape, text));
        match fit {
            Ok(text) => (self.reads)(Given { context, text, channel_types: &[] }).await,
            Err(_) => false,
        }
    }
}
