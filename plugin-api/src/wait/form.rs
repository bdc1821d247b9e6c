//! Asking with a form, within a handler.

use std::time::Duration;

use serde_json::json;

use super::Components;
use crate::{
    Context, Error, Modal, NewMessage, Result,
    component_types::{BUTTON, ROW},
    context::PostedAnswer,
    discord_codes::ALREADY_ACKNOWLEDGED,
    interactions::{CALLBACK_MODAL, COMPONENT},
    modal::{self, Form},
};

/// How long an interaction can be answered, and so how long to wait for a form.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction>
const TIMEOUT: Duration = Duration::from_secs(15 * 60);

impl Context {
    /// Shows a form and waits until it is submitted; from then on, [`reply`](Self::reply) answers the form. `None` if
    /// the user has closed it, which Discord does not report: after 15 minutes, or when the cog is replaced or
    /// unloaded.
    ///
    /// A form must be the first answer, within 3 s. Where none can be opened – in a prefix command, in answer to
    /// another form, or because the host deferred first – a button is posted that opens it, and opens it again if the
    /// user has closed it.
    ///
    /// Meanwhile the call is running and counts for its [concurrency](crate::manifest::Concurrency). A user who calls
    /// again has closed the form, so their previous call ends if it is in the way. To keep other users from waiting
    /// that long, open the form with [`open`](Self::open).
    ///
    /// # Errors
    /// [Input](Error::input) if a value does not fit; if there is no user to ask, or an answer was given before; and
    /// the same as [`reply`](Self::reply).
    pub async fn ask<M: Modal>(&self) -> Result<Option<M>> {
        self.ask_with(&[]).await
    }

    /// The same as [`ask`](Self::ask), with initial texts for fields, by the fields' names.
    ///
    /// # Errors
    /// The same as [`ask`](Self::ask).
    pub async fn ask_with<M: Modal>(&self, filled: &[(&str, &str)]) -> Result<Option<M>> {
        let waiting = Components::of_form(self, self.user()?.id);
        let id = waiting.id("form");
        let is_open = self.opens_forms().is_some() && self.open_in_time::<M>(&id, filled).await?;
        let button = match is_open {
            true => None,
            false => Some(self.post_button(M::TITLE, &waiting.id("open")).await?),
        };
        let sent = loop {
            match self.clock().timeout(TIMEOUT, waiting.interaction()).await.flatten() {
                Some((press, _taken)) if press.kind == COMPONENT => {
                    let press = Self::of_component(self.host().clone(), press);
                    press.open::<M>(&id, filled).await?;
                }
                sent => break sent,
            }
        };
        drop(waiting);
        if let Some(button) = button {
            button.close(&self.discord()).await;
        }
        let Some((sent, taken)) = sent else { return Ok(None) };
        self.answer_form(sent.clone(), taken);
        let ctx = Self::of_component(self.host().clone(), sent);
        M::read(&Form { ctx, fields: M::FIELDS }).await.map(Some)
    }

    /// Opens a form whose submission is handled as one of [`Cog::COMPONENTS`](crate::Cog::COMPONENTS), which reads it
    /// with [`form`](Self::form), even after a reload or a restart.
    ///
    /// # Errors
    /// The same as [`ask`](Self::ask); [Input](Error::input) if it is too late for a form.
    pub async fn open<M: Modal>(&self, custom_id: &str, filled: &[(&str, &str)]) -> Result {
        match self.open_in_time::<M>(custom_id, filled).await? {
            true => Ok(()),
            false => Err(Error::input("that took too long to start; try again")),
        }
    }

    /// The same; `false` if the interaction was deferred already, so that no form can be opened.
    async fn open_in_time<M: Modal>(&self, custom_id: &str, filled: &[(&str, &str)]) -> Result<bool> {
        let to = self.opens_forms();
        let to =
            to.ok_or_else(|| Error::new("a form can only be opened from a slash command or a component"))?;
        if to.deferred {
            return Ok(false);
        }
        if self.is_answered() {
            return Err(Error::new("a form must be the first answer, but there already is one"));
        }
        let form = modal::json::<M>(custom_id, filled).to_string();
        match self.discord().call_back(&to, CALLBACK_MODAL, &form).await {
            Err(error) if error.discord_code() == Some(ALREADY_ACKNOWLEDGED) => Ok(false),
            opened => {
                opened?;
                self.set_answered();
                Ok(true)
            }
        }
    }

    /// The values of the submitted form that this handler was called for.
    ///
    /// # Errors
    /// [Input](Error::input) if a value does not fit.
    pub async fn form<M: Modal>(&self) -> Result<M> {
        let sent = self.shared_interaction().ok_or_else(|| Error::new("no form was sent"))?;
        let ctx = Self::of_component(self.host().clone(), sent);
        M::read(&Form { ctx, fields: M::FIELDS }).await
    }

    /// Posts a button that opens a form.
    async fn post_button(&self, title: &str, custom_id: &str) -> Result<PostedAnswer> {
        let button = json!({ "type": BUTTON, "style": 1, "label": "Fill in", "custom_id": custom_id });
        let row = json!([{ "type": ROW, "components": [button] }]);
        self.post(NewMessage::new(title).field("components", row)).await
    }
}
