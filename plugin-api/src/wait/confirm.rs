//! Asking whether something shall really be done.

use std::time::Duration;

use serde_json::json;

use crate::{
    Context, NewMessage, Result,
    component_types::{BUTTON, ROW},
};

impl Context {
    /// Asks the user who called, with two buttons that nobody else can press. False too when `time` is over or the cog is
    /// replaced or unloaded. The buttons go when it is decided; an answer that follows is a message of its own.
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub async fn confirm(&self, question: impl Into<NewMessage>, time: Duration) -> Result<bool> {
        let mut buttons = self.components().only(self.user()?.id);
        let button = |label: &str, style: u8, name: &str| json!({ "type": BUTTON, "style": style, "label": label, "custom_id": buttons.id(name) });
        // Discord's styles: 4 is for what cannot be undone, 2 the plain one.
        let row =
            json!([{ "type": ROW, "components": [button("Confirm", 4, "yes"), button("Cancel", 2, "no")] }]);
        let shown = self.post(question.into().field("components", row)).await?;
        let press = buttons.next(time).await;
        drop(buttons);
        let Some(press) = press else {
            shown.close(&self.discord()).await;
            return Ok(false);
        };
        // It is decided, also if the message is gone by now.
        if let Err(error) = press.update(NewMessage::without_components()).await {
            tracing::debug!("the question keeps its buttons, which do nothing any more: {error}");
        }
        Ok(press.name() == "yes")
    }
}
