//! Pages that a user can turn.

use std::time::Duration;

use serde_json::{Value, json};

use super::Components;
use crate::{
    Context, Error, NewMessage, Result,
    component_types::{BUTTON, ROW},
    context::PostedAnswer,
};

/// How long the buttons stay without a press. Discord lets an answer be edited for 15 minutes after the last press.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

impl Context {
    /// Answers with the first page, and with buttons that let the user who called turn the pages. Returns, and removes
    /// the buttons, when no page has been turned for 5 minutes, or when the cog is replaced or unloaded. A single page
    /// has no buttons.
    ///
    /// The buttons replace a page's own `components`.
    ///
    /// # Errors
    /// The same as [`reply`](Self::reply); also if there are no pages.
    pub async fn paginate<M: Into<NewMessage>>(&self, pages: impl IntoIterator<Item = M>) -> Result {
        let pages: Vec<NewMessage> = pages.into_iter().map(Into::into).collect();
        if pages.len() <= 1 {
            let page = pages.into_iter().next().ok_or_else(|| Error::new("there are no pages to show"))?;
            return self.reply(page).await;
        }
        // Each page is one message, the first one too.
        let pages = pages.into_iter().map(NewMessage::into_edit).collect::<Result<Vec<_>, _>>()?;
        let mut buttons = self.components().only(self.user()?.id);
        let mut at = 0;
        let page = |at: usize, buttons: &Components| {
            pages[at].clone().field("components", row(buttons, at, pages.len()))
        };
        let shown = self.post(page(at, &buttons)).await?;
        let mut last = None;
        while let Some(press) = buttons.next(TIMEOUT).await {
            at = match press.name() {
                "back" => at.saturating_sub(1),
                _ => (at + 1).min(pages.len() - 1),
            };
            press.update(page(at, &buttons).for_channel().in_place_of_all()).await?;
            last = press.shared_interaction();
        }
        drop(buttons);
        match last {
            // Its token is newer than that of the first interaction.
            Some(press) => PostedAnswer::First(press).close(&self.discord()).await,
            None => shown.close(&self.discord()).await,
        }
        Ok(())
    }
}

fn row(buttons: &Components, at: usize, count: usize) -> Value {
    let button = |label: &str, name: &str, disabled: bool| json!({ "type": BUTTON, "style": 2, "label": label, "disabled": disabled, "custom_id": buttons.id(name) });
    let place = format!("{} / {count}", at + 1);
    json!([{ "type": ROW, "components": [
        button("◀", "back", at == 0), button(&place, "place", true), button("▶", "next", at + 1 == count),
    ] }])
}
