//! Reads what was chosen in a select as Rust types: with `FromStr`, or else as an argument.

use std::{
    future::{Future, Ready, ready},
    marker::PhantomData,
    str::FromStr,
};

use super::{Argument, ArgumentError, Given};
use crate::{Context, Error, Result};

/// Reads what was chosen as `T`. The inherent method takes precedence over the trait's, and exists for types with
/// `FromStr`.
pub struct Chosen<T>(pub PhantomData<T>);

impl<T: FromStr> Chosen<T> {
    /// # Errors
    /// The same as [`Context::values`].
    pub fn values(self, ctx: &Context) -> Ready<Result<Vec<T>>> {
        ready(ctx.values())
    }
}

/// The same for types that are only arguments: a user or channel with all that Discord sent along, an enum of choices.
pub trait ChosenArgument<T> {
    /// # Errors
    /// [Input](Error::input) that says what was expected; or the error of looking it up.
    fn values(self, ctx: &Context) -> impl Future<Output = Result<Vec<T>>>;
}

impl<T: Argument> ChosenArgument<T> for Chosen<T> {
    async fn values(self, ctx: &Context) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for text in ctx.values::<String>()? {
            let read = T::read(Given { context: ctx, text: &text, channel_types: &[] }).await;
            all.push(read.map_err(|error| match error {
                ArgumentError::Failed(error) => error,
                ArgumentError::Expected(expected) => {
                    Error::input(format!("the selected value must be {expected}"))
                }
            })?);
        }
        Ok(all)
    }
}
