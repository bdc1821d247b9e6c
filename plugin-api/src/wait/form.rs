//! Asking with a form, in line.

use std::time::Duration;

use serde_json::json;

use crate::{
    Context, Error, NewMessage, Result,
    interactions::CALLBACK_MODAL,
    modal::{self, Form, Modal},
};

/// So long an interaction can be answered, and so long a form is waited for.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction>
const PATIENCE: Duration = Duration::from_secs(15 * 60);

impl Context {
    /// Shows a form and waits until it is sent; what [`reply`](Self::reply) says from then on answers the form. None when the
    /// user has closed it, which Discord does not tell: then after 15 minutes, or when the cog is replaced or unloaded.
    ///
    /// A form must be the first answer, within 3 s. A prefix command has a button posted that opens it.
    ///
    /// # Errors
    /// [Input](Error::input) when something in it does not fit, or when it is too late for a form; where there is nobody to
    /// ask, or an answer before it; as [`reply`](Self::reply).
    pub async fn ask<M: Modal>(&self) -> Result<Option<M>> {
        self.ask_with(&[]).await
    }

    /// The same, with texts that stand in its fields, by the fields' names.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn ask_with<M: Modal>(&self, filled: &[(&str, &str)]) -> Result<Option<M>> {
        let components = self.components().only(self.user()?.id);
        if self.message().is_some() {
            if !self.open_by_button::<M>(&components.id("form"), filled).await? {
                return Ok(None);
            }
        } else {
            self.open::<M>(&components.id("form"), filled).await?;
        }
        let Some((sent, taken)) = self.clock().timeout(PATIENCE, components.interaction()).await.flatten()
        else {
            return Ok(None);
        };
        self.answer_form(sent.clone(), taken);
        let ctx = Self::of_component(self.host().clone(), sent);
        M::read(&Form { ctx, fields: M::FIELDS }).await.map(Some)
    }

    /// Opens a form whose sending is a component of its own: one of [`Cog::COMPONENTS`](crate::Cog::COMPONENTS), which
    /// reads it with [`form`](Self::form), also after a reload or a restart.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn open<M: Modal>(&self, custom_id: &str, filled: &[(&str, &str)]) -> Result {
        let to = self.interaction().ok_or_else(|| Error::new("a form opens from an interaction only"))?;
        if to.deferred {
            return Err(Error::input("that took too long to begin; try again"));
        }
        if self.is_answered() {
            return Err(Error::new("a form must be the first answer, and there is one"));
        }
        self.discord().callback(to, CALLBACK_MODAL, &modal::json::<M>(custom_id, filled)).await?;
        self.set_answered();
        Ok(())
    }

    /// What was filled in to the form that this is called for.
    ///
    /// # Errors
    /// [Input](Error::input) when something in it does not fit.
    pub async fn form<M: Modal>(&self) -> Result<M> {
        let sent = self.shared_interaction().ok_or_else(|| Error::new("no form was sent"))?;
        let ctx = Self::of_component(self.host().clone(), sent);
        M::read(&Form { ctx, fields: M::FIELDS }).await
    }

    /// Only an interaction can open a form: posts a button, and opens it when that is pressed. False if it is not.
    async fn open_by_button<M: Modal>(&self, custom_id: &str, filled: &[(&str, &str)]) -> Result<bool> {
        let mut components = self.components().only(self.user()?.id);
        let button = json!({ "type": 2, "style": 1, "label": "Fill in", "custom_id": components.id("open") });
        let row = json!([{ "type": 1, "components": [button] }]);
        let shown = self.post(NewMessage::new(M::TITLE).field("components", row)).await?;
        let press = components.next(PATIENCE).await;
        drop(components);
        if let Some(press) = &press {
            press.open::<M>(custom_id, filled).await?;
        }
        shown.edit(self, NewMessage::new(M::TITLE).field("components", json!([]))).await?;
        Ok(press.is_some())
    }
}
