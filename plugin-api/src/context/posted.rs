//! An answer that was posted and can be edited or deleted.

use super::{Context, reply::PostedAnswer};
use crate::{FromDiscord, Host, NewMessage, Result, handles::Discord};

/// A posted answer; if its text was split, the last message.
///
/// An answer to an interaction can be edited and deleted for 15 minutes.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages>
pub struct Posted {
    host: Host,
    shown: PostedAnswer,
}

impl Context {
    /// Answers as [`reply`](Self::reply) does, and returns the answer so that it can be edited or deleted.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # async fn work(ctx: &Context) -> Result {
    /// let answer = ctx.send("Working …").await?;
    /// // What takes a while.
    /// answer.edit("Done.").await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`reply`](Self::reply).
    pub async fn send(&self, message: impl Into<NewMessage>) -> Result<Posted> {
        let shown = self.post(message.into()).await?;
        Ok(Posted { host: self.host().clone(), shown })
    }
}

impl Posted {
    /// Edits the answer. Whatever `message` leaves out stays as it is, and so does who can see the answer.
    ///
    /// # Errors
    /// The same as [`reply`](Context::reply).
    pub async fn edit(&self, message: impl Into<NewMessage>) -> Result {
        self.shown.edit(&self.discord(), message.into()).await
    }

    /// Deletes the answer.
    ///
    /// # Errors
    /// The same as [`Discord::delete`].
    pub async fn delete(&self) -> Result {
        self.shown.delete(&self.discord()).await
    }

    /// The message as Discord has it. The first answer to an interaction is fetched, as Discord does not return it.
    ///
    /// # Errors
    /// The same as [`Discord::message`]; also if the message cannot be read as a `T`.
    pub async fn message<T: FromDiscord>(&self) -> Result<T> {
        self.shown.message(&self.discord()).await
    }

    fn discord(&self) -> Discord {
        self.host.discord()
    }
}
