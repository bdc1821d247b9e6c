//! An answer that was posted, to be edited or deleted.

use super::{Context, reply::Shown};
use crate::{FromDiscord, Host, NewMessage, Result, handles::Discord};

/// An answer that was posted; of a text that was split, its last message.
///
/// An answer to an interaction can be edited and deleted for 15 minutes.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages>
pub struct Posted {
    host: Host,
    shown: Shown,
}

impl Context {
    /// Answers as [`reply`](Self::reply) does; what was posted can be edited and deleted.
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
    /// As [`reply`](Self::reply).
    pub async fn send(&self, message: impl Into<NewMessage>) -> Result<Posted> {
        let shown = self.post(message.into()).await?;
        Ok(Posted { host: self.host().clone(), shown })
    }
}

impl Posted {
    /// Edits it. What the message does not say stays as it is; who sees it stays as well.
    ///
    /// # Errors
    /// As [`reply`](Context::reply).
    pub async fn edit(&self, message: impl Into<NewMessage>) -> Result {
        self.shown.edit(&self.discord(), message.into()).await
    }

    /// Deletes it.
    ///
    /// # Errors
    /// As [`Discord::delete`].
    pub async fn delete(&self) -> Result {
        self.shown.delete(&self.discord()).await
    }

    /// The message as Discord has it. The first answer to an interaction is asked for: Discord does not return it.
    ///
    /// # Errors
    /// As [`Discord::message`], and when it is not of that form.
    pub async fn message<T: FromDiscord>(&self) -> Result<T> {
        self.shown.message(&self.discord()).await
    }

    fn discord(&self) -> Discord {
        self.host.discord()
    }
}
