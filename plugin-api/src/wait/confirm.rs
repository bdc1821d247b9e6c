//! Asking a user for confirmation.

use std::time::Duration;

use serde_json::json;

use crate::{
    Context, NewMessage, Result,
    component_types::{BUTTON, ROW},
};

impl Context {
    /// Asks the user who called, with two buttons that only they can use. Also `false` when `time` is over or the cog
    /// is replaced or unloaded. The buttons are removed once it is decided; a later answer is a new message.
    ///
    /// # Errors
    /// The same as [`reply`](Self::reply).
    pub async fn confirm(&self, question: impl Into<NewMessage>, time: Duration) -> Result<bool> {
        let mut buttons = self.components().only(self.user()?.id);
        let button = |label: &str, style: u8, name: &str| json!({ "type": BUTTON, "style": style, "label": label, "custom_id": buttons.id(name) });
        // Discord's styles: 4 is for what cannot be undone, 2 is the plain style.
        let row =
            json!([{ "type": ROW, "components": [button("Confirm", 4, "yes"), button("Cancel", 2, "no")] }]);
        let shown = self.post(question.into().field("components", row)).await?;
        let press = buttons.next(time).await;
        drop(buttons);
        let Some(press) = press else {
            shown.close(&self.discord()).await;
            return Ok(false);
        };
        // It is decided, even if the message is gone by now.
        if let Err(error) = press.update(NewMessage::without_components()).await {
            tracing::debug!("cannot remove the buttons of a question, which no longer do anything: {error}");
        }
        Ok(press.name() == "yes")
    }
}
