//! Answers to interactions, by Discord's rules: the first answer is due within 3 s, there is only one first answer, and
//! who sees it is decided by the first acknowledgement, which may be the host's.
//! <https://discord.com/developers/docs/interactions/receiving-and-responding>

mod original;

use serde::Serialize;

pub(crate) use self::original::Original;
use super::Discord;
use crate::{
    NewMessage, Result, Sent,
    abi::{File, HandleError, HandleErrorKind, Interaction, Method},
    discord_codes::{ALREADY_ACKNOWLEDGED, UNKNOWN_INTERACTION, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK},
    interactions::{CALLBACK_DEFERRED, CALLBACK_MESSAGE, CALLBACK_UPDATE, MODAL},
    message::{EPHEMERAL, notify_nobody},
};

impl Discord {
    /// Answers an interaction with a message: the first answer. If the host ([`Interaction::deferred`]) or
    /// [`defer`](Self::defer) has already acknowledged it, the message replaces "thinking …", or is a new message if
    /// nothing was shown. An ephemeral message is ephemeral in each case.
    ///
    /// # Errors
    /// 40060 if it was answered before, 10062 after 3 s without an answer.
    pub async fn respond(&self, to: &Interaction, message: impl Into<NewMessage>) -> Result {
        let (first, more) = message.into().into_parts()?;
        if to.deferred && to.is_on_message() {
            self.post_followup(to, &first).await?;
        } else if to.deferred {
            self.respond_deferred(to, &first, to.kind == MODAL).await?;
        } else {
            self.respond_first(to, &first).await.map_err(|(_, error)| error)?;
        }
        self.post_followups(to, &more).await?;
        Ok(())
    }

    /// Acknowledges an interaction with "thinking …"; follow it with [`edit_response`](Self::edit_response) within 15
    /// minutes. If the host was faster ([`Interaction::deferred`]), this tells it that an answer follows after the
    /// handler, and `respond` still shows that answer only to those it is meant for.
    ///
    /// # Errors
    /// The same as [`respond`](Self::respond); also 40060 if the host was faster with an interaction that
    /// [is on a message](Interaction::is_on_message): `edit_response` would edit that message.
    pub async fn defer(&self, to: &Interaction, ephemeral: bool) -> Result {
        if to.deferred && !to.is_on_message() {
            self.acknowledge_again(to, ephemeral).await;
        } else {
            self.acknowledge(to, ephemeral).await.map_err(|(_, error)| error)?;
        }
        Ok(())
    }

    /// Answers a component by editing the message it is on.
    ///
    /// # Errors
    /// The same as [`respond`](Self::respond); [`Invalid`](HandleErrorKind::Invalid) for an ephemeral message, as an
    /// edit cannot change who sees the message.
    pub async fn update(&self, to: &Interaction, message: impl Into<NewMessage>) -> Result {
        self.update_after(to, message.into(), to.deferred).await
    }

    /// The same; `is_acknowledged` if the message with the component is known to be `@original`.
    pub(crate) async fn update_after(
        &self,
        to: &Interaction,
        message: NewMessage,
        is_acknowledged: bool,
    ) -> Result {
        let message = message.into_edit()?;
        if message.is_ephemeral() {
            return Err(seen_by_all().into());
        }
        if is_acknowledged {
            self.patch_original(to, &message).await?;
            return Ok(());
        }
        let sent = self.answer(to, CALLBACK_UPDATE, &message.encode()?, &message.files).await;
        let Err(error) = sent else { return Ok(()) };
        match self.original_after(to, &error).await {
            Some(Original::Source) => self.patch_original(to, &message).await?,
            _ => return Err(error.into()),
        };
        Ok(())
    }

    /// Edits the first answer to an interaction, or fills in a deferred one. Who sees it does not change, with one
    /// exception: an ephemeral message in place of a public "thinking …" is posted for the user alone.
    ///
    /// # Errors
    /// 10015 if there is no answer yet; [`Invalid`](HandleErrorKind::Invalid) for an ephemeral message in place of an
    /// answer that everybody sees.
    pub async fn edit_response(&self, of: &Interaction, message: impl Into<NewMessage>) -> Result<Sent> {
        let message = message.into().into_edit()?;
        if !message.is_ephemeral() {
            return Ok(self.patch_original(of, &message).await?);
        }
        match self.original(of).await? {
            Original::Thinking { ephemeral } => Ok(self.fill_in(of, &message, ephemeral).await?.0),
            Original::Answer { ephemeral: true } => Ok(self.patch_original(of, &message).await?),
            Original::Answer { ephemeral: false } | Original::Source => Err(seen_by_all().into()),
        }
    }

    /// Posts another message in answer to an interaction. If "thinking …" is still waiting for the answer, this is the
    /// answer.
    ///
    /// # Errors
    /// 10015 if there is no answer yet.
    pub async fn followup(&self, to: &Interaction, message: impl Into<NewMessage>) -> Result<Sent> {
        let (first, more) = message.into().into_parts()?;
        // Discord makes the first followup the deferred answer, and the defer decides who sees it.
        let sent = if first.is_ephemeral()
            && let Ok(Original::Thinking { ephemeral: false }) = self.original(to).await
        {
            self.fill_in(to, &first, false).await?.0
        } else {
            self.post_followup(to, &first).await?
        };
        self.post_followups(to, &more).await?;
        Ok(sent)
    }

    /// Answers an interaction with any type of callback and its data; see Discord's interaction documentation. A
    /// message notifies nobody unless its data says otherwise.
    ///
    /// # Errors
    /// The same as [`respond`](Self::respond); also 40060 if the host was faster ([`Interaction::deferred`]): a form
    /// can only be the first answer.
    pub async fn callback(&self, to: &Interaction, kind: u8, data: &impl Serialize) -> Result<()> {
        let mut data = serde_json::to_value(data)?;
        if matches!(kind, CALLBACK_MESSAGE | CALLBACK_UPDATE) {
            notify_nobody(&mut data, "");
        }
        self.call_back(to, kind, &data.to_string()).await
    }

    /// The same, with data that is JSON already, and not a message.
    pub(crate) async fn call_back(&self, to: &Interaction, kind: u8, data: &str) -> Result<()> {
        Ok(self.answer(to, kind, data, &[]).await?)
    }

    /// Acknowledges an interaction that is not known to be acknowledged. Returns whether "thinking …" is ephemeral,
    /// which an earlier acknowledgement may have decided. A failure comes with what `@original` is instead.
    pub(crate) async fn acknowledge(
        &self,
        to: &Interaction,
        ephemeral: bool,
    ) -> Result<bool, (Option<Original>, HandleError)> {
        let sent = self.answer(to, CALLBACK_DEFERRED, &deferred(ephemeral), &[]).await;
        let Err(error) = sent else { return Ok(ephemeral) };
        match self.original_after(to, &error).await {
            Some(Original::Thinking { ephemeral }) => Ok(ephemeral),
            original => Err((original, error)),
        }
    }

    /// Defers an interaction that the host has acknowledged. Discord refuses that, but the host sees it, and so knows
    /// that an answer follows even if the handlers have ended. Returns whether it was the first acknowledgement after
    /// all.
    pub(crate) async fn acknowledge_again(&self, to: &Interaction, ephemeral: bool) -> bool {
        self.call_back(to, CALLBACK_DEFERRED, &deferred(ephemeral)).await.is_ok()
    }

    /// Gives the first answer to an interaction that is not known to be acknowledged. Returns the message if it is not
    /// `@original`. A failure comes with what `@original` is instead.
    pub(crate) async fn respond_first(
        &self,
        to: &Interaction,
        message: &NewMessage,
    ) -> Result<Option<Sent>, (Option<Original>, HandleError)> {
        let json = message.encode().map_err(|error| (None, error))?;
        let sent = self.answer(to, CALLBACK_MESSAGE, &json, &message.files).await;
        let Err(error) = sent else { return Ok(None) };
        // The host was faster, or a defer whose answer was lost.
        let original = self.original_after(to, &error).await;
        let posted = match original {
            Some(Original::Thinking { ephemeral }) => {
                self.fill_in(to, message, ephemeral).await.map(Filled::elsewhere)
            }
            Some(Original::Source) => self.post_followup(to, message).await.map(Some),
            Some(Original::Answer { .. }) | None => Err(error),
        };
        posted.map_err(|error| (original, error))
    }

    /// Gives the first answer to an interaction that was deferred, as far as is known. Returns the message if it is not
    /// `@original`.
    pub(crate) async fn respond_deferred(
        &self,
        to: &Interaction,
        message: &NewMessage,
        ephemeral: bool,
    ) -> Result<Option<Sent>, HandleError> {
        match self.fill_in(to, message, ephemeral).await {
            // The host did not learn the outcome of its defer, which was not carried out.
            Err(error) if error.code == UNKNOWN_WEBHOOK => {
                self.answer(to, CALLBACK_MESSAGE, &message.encode()?, &message.files).await.map(|()| None)
            }
            filled => filled.map(Filled::elsewhere),
        }
    }

    /// Posts a message next to the answer.
    pub(crate) async fn post_followup(
        &self,
        to: &Interaction,
        message: &NewMessage,
    ) -> Result<Sent, HandleError> {
        let path = format!("/webhooks/{}/{}", to.application_id, to.token);
        self.request(Method::Post, path).message(message)?.reply().await
    }

    /// Posts the remaining parts of a message; returns the last of them.
    pub(crate) async fn post_followups(
        &self,
        to: &Interaction,
        parts: &[NewMessage],
    ) -> Result<Option<Sent>, HandleError> {
        let mut last = None;
        for part in parts {
            last = Some(self.post_followup(to, part).await?);
        }
        Ok(last)
    }

    /// Replaces a "thinking …" that is `ephemeral` or not with the answer. Neither an edit nor the first followup can
    /// change who sees it, so a message with another visibility takes its place.
    /// <https://discord.com/developers/docs/interactions/receiving-and-responding#create-followup-message>
    async fn fill_in(
        &self,
        to: &Interaction,
        message: &NewMessage,
        ephemeral: bool,
    ) -> Result<Filled, HandleError> {
        if message.is_ephemeral() == ephemeral {
            match self.patch_original(to, message).await {
                // The user has dismissed it, or it was deleted for an answer that then failed.
                Err(error) if error.code == UNKNOWN_MESSAGE => {}
                edited => return Ok(Filled(edited?, true)),
            }
        } else {
            // Checked before anything is deleted.
            message.encode()?;
            match self.request(Method::Delete, answer_path(to, None)).answer().await {
                Err(error) if error.code != UNKNOWN_MESSAGE => return Err(error),
                _ => {}
            }
        }
        Ok(Filled(self.post_followup(to, message).await?, false))
    }

    async fn patch_original(&self, of: &Interaction, message: &NewMessage) -> Result<Sent, HandleError> {
        self.request(Method::Patch, answer_path(of, None)).message(message)?.reply().await
    }

    /// Edits an answer: the first, or a followup by its snowflake.
    pub(crate) async fn edit_answer(
        &self,
        of: &Interaction,
        message: Option<u64>,
        new: &NewMessage,
    ) -> Result<Sent, HandleError> {
        self.request(Method::Patch, answer_path(of, message)).message(new)?.reply().await
    }

    /// Deletes an answer: the first, or a followup by its snowflake.
    pub(crate) async fn delete_answer(&self, of: &Interaction, message: Option<u64>) -> Result {
        self.request(Method::Delete, answer_path(of, message)).answer().await?;
        Ok(())
    }

    /// What `@original` is after a callback failed because the interaction was already acknowledged.
    async fn original_after(&self, to: &Interaction, error: &HandleError) -> Option<Original> {
        match error.code {
            ALREADY_ACKNOWLEDGED => self.original(to).await.ok(),
            _ => None,
        }
    }

    async fn original(&self, of: &Interaction) -> Result<Original, HandleError> {
        let reply = self.request(Method::Get, answer_path(of, None)).answer().await?;
        Ok(Original::read(&reply.body, &of.json))
    }

    /// Sends a callback. If the connection breaks, it is not known whether the callback arrived; a second attempt finds
    /// out.
    async fn answer(
        &self,
        to: &Interaction,
        kind: u8,
        data: &str,
        files: &[File],
    ) -> Result<(), HandleError> {
        let path = format!("/interactions/{}/{}/callback", to.id, to.token);
        let body = format!(r#"{{"type":{kind},"data":{data}}}"#);
        let send = || self.request(Method::Post, &*path).body(body.clone()).files(files.to_vec()).answer();
        let sent = match send().await {
            Err(error) if error.may_have_been_carried_out() => match send().await {
                Err(error) if error.code == ALREADY_ACKNOWLEDGED => Ok(()),
                // Lost again: either its message is there, or it never arrived.
                Err(error) if error.may_have_been_carried_out() => {
                    self.original(to).await.map(drop).map_err(|_| error)
                }
                second => second.map(drop),
            },
            first => first.map(drop),
        };
        sent.map_err(late)
    }
}

/// The data of "thinking …".
fn deferred(ephemeral: bool) -> String {
    format!(r#"{{"flags":{}}}"#, if ephemeral { EPHEMERAL } else { 0 })
}

/// An answer in place of "thinking …", and whether it is `@original`.
struct Filled(Sent, bool);

impl Filled {
    /// The message, if it is not `@original`.
    fn elsewhere(self) -> Option<Sent> {
        (!self.1).then_some(self.0)
    }
}

/// Says what to do about an answer that was sent after Discord's 3 s.
fn late(mut error: HandleError) -> HandleError {
    if error.code == UNKNOWN_INTERACTION {
        error.text = format!("{}; answer within 3 s, or call `ctx.defer()` first", error.text).into();
    }
    error
}

/// The path of an answer: the first, or a followup by its snowflake.
pub(crate) fn answer_path(of: &Interaction, message: Option<u64>) -> String {
    let message = message.map_or_else(|| "@original".to_owned(), |message| message.to_string());
    format!("/webhooks/{}/{}/messages/{message}", of.application_id, of.token)
}

/// Refuses an ephemeral message in a place that others see: it must not be shown to them.
fn seen_by_all() -> HandleError {
    HandleError::new(
        HandleErrorKind::Invalid,
        "an ephemeral message cannot replace an existing message; answer with a new one",
    )
}

#[cfg(test)]
mod tests;
