//! Waiting for presses of a message's buttons and menus. Their ids are `@<cog>:<wait>:<name>`: the host delivers them
//! only to this cog, and a press that no handler of the current generation waits for is answered with a short text.

use std::{cell::Cell, ops::Deref, rc::Rc, time::Duration};

use abi_stable::std_types::RArc;

use super::{Item, Taken, Ticket, Wait, Wants};
use crate::{
    Context, Host, NewMessage, Result,
    abi::{Event, Interaction},
};

/// What a user sees after pressing something that no handler waits for any more. The message itself is left as it is:
/// it may contain more than the question.
const CLOSED: &str = "This is no longer open; call the command again.";
const FOR_ANOTHER: &str = "This is for another user.";

/// Buttons and menus that a handler waits for.
///
/// ```
/// # use std::time::Duration;
/// # use gearshift_cog::prelude::*;
/// # async fn asks(ctx: &Context) -> Result<()> {
/// let mut buttons = ctx.components().only(ctx.user()?.id);
/// let button = serde_json::json!({ "type": 2, "style": 1, "label": "Again", "custom_id": buttons.id("again") });
/// let row = serde_json::json!([{ "type": 1, "components": [button] }]);
/// ctx.reply(NewMessage::new("Done.").field("components", row)).await?;
/// while let Some(press) = buttons.next(Duration::from_secs(60)).await {
///     press.update("Done again.").await?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// Once this is dropped, any further press gets an ephemeral answer: that it is no longer open. The same goes for a
/// press after a reload or a restart.
pub struct Components {
    host: Host,
    wait: Wait,
}

/// A press of a button or a choice in a menu, which is answered like any [`Context`].
pub struct Press {
    ctx: Context,
    name: String,
    /// Until this is dropped, the host considers the press to be in progress.
    _taken: Taken,
}

impl Deref for Press {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.ctx
    }
}

impl Press {
    /// The name that [`Components::id`] was called with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Host {
    /// Makes buttons and menus that can be waited for, for a message about to be sent.
    #[must_use]
    pub fn components(&self) -> Components {
        let wait = self.waits().open(Wants::Interactions(Cell::default()));
        Components { host: self.clone(), wait }
    }
}

impl Components {
    /// Accepts presses of one user only, by snowflake. Other users are answered that it is not for them.
    #[must_use]
    pub fn only(self, user: u64) -> Self {
        if let Wants::Interactions(of) = &self.wait.queue.wants {
            of.set(Some(user));
        }
        self
    }

    /// The `custom_id` for a button or menu with this name. Discord allows 100 characters, which leaves about 30 for
    /// the name.
    #[must_use]
    pub fn id(&self, name: &str) -> String {
        let prefix = self.host.waits().id_prefix();
        format!("@{}:{prefix}-{}:{name}", self.host.cog_name(), self.wait.number)
    }

    /// The next press, or `None` when `time` is over or the cog is replaced or unloaded. A handler that waits again
    /// after the cog was replaced or unloaded just waits until the host ends it.
    pub async fn next(&mut self, time: Duration) -> Option<Press> {
        let (interaction, taken) = self.host.clock().timeout(time, self.interaction()).await??;
        let name = interaction.custom_id.splitn(3, ':').nth(2).unwrap_or_default().to_owned();
        Some(Press { ctx: Context::of_component(self.host.clone(), interaction), name, _taken: taken })
    }

    /// A wait for a form that this user fills in.
    pub(super) fn of_form(host: &Host, user: u64) -> Self {
        Self { host: host.clone(), wait: host.waits().open(Wants::Form(user)) }
    }

    /// The next interaction.
    pub(super) async fn interaction(&self) -> Option<(RArc<Interaction>, Taken)> {
        loop {
            if let (Event::Interaction(interaction), taken) = self.wait.next().await? {
                return Some((interaction, taken));
            }
        }
    }
}

/// Hands an interaction to the handler that waits for it; if there is none, its user gets a short answer.
pub(crate) async fn pressed(host: Host, interaction: RArc<Interaction>) -> Result {
    let ctx = Context::of_component(host.clone(), interaction.clone());
    let text = match queue_of(&host, &interaction.custom_id) {
        None => CLOSED,
        Some(queue) => match &queue.wants {
            wants if wants.takes(interaction.user.id) => {
                let ticket = Ticket::default();
                queue.push(Item { event: Event::Interaction(interaction), ticket: Some(ticket.clone()) });
                drop(queue);
                if ticket.was_taken().await {
                    return Ok(());
                }
                CLOSED
            }
            Wants::Interactions(_) | Wants::Form(_) => FOR_ANOTHER,
            Wants::Event(_) | Wants::End => CLOSED,
        },
    };
    ctx.reply(NewMessage::new(text).ephemeral()).await
}

fn queue_of(host: &Host, custom_id: &str) -> Option<Rc<super::Queue>> {
    let (prefix, number) = custom_id.split(':').nth(1)?.split_once('-')?;
    let is_own = prefix == host.waits().id_prefix();
    is_own.then(|| host.waits().queue(number.parse().ok()?)).flatten()
}
