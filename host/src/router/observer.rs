//! Follows one interaction through the queue and the handler of one cog: it lets the cog know that the host was faster,
//! and answers the user where the cog will not.

use std::sync::Arc;

use abi_stable::std_types::RArc;
use arc_swap::ArcSwap;
use gearshift_cog::{
    abi::{Event, Interaction, Origin},
    interactions::COMMAND,
};

use super::{
    defer::{Left, Pending, Place},
    notice::Notices,
    table::Table,
};
use crate::{
    event,
    lane::{Begin, Call, Ended, Observer},
};

#[derive(Debug)]
pub(super) struct InteractionObserver {
    pending: Arc<Pending>,
    place: Place,
    table: Arc<ArcSwap<Table>>,
    notices: Arc<Notices>,
}

impl InteractionObserver {
    pub(super) fn new(
        pending: Arc<Pending>,
        table: Arc<ArcSwap<Table>>,
        notices: Arc<Notices>,
    ) -> InteractionObserver {
        let place = pending.defer.place();
        InteractionObserver { pending, place, table, notices }
    }
}

impl Observer for InteractionObserver {
    fn begin(&mut self, call: Call) -> Begin {
        self.place.begin();
        let defer = Arc::clone(self.place.defer());
        match defer.is_deferred_now() {
            Some(deferred) => Begin::Now(told(call, deferred)),
            None => Begin::Later(Box::pin(async move { told(call, defer.is_deferred().await) })),
        }
    }

    fn end(mut self: Box<Self>, ended: Ended) {
        let left = self.place.leave(ended != Ended::Done);
        self.notices.left(left, self.pending);
    }

    fn decline(self: Box<Self>) {
        let InteractionObserver { pending, mut place, table, notices } = *self;
        let (interaction, table) = (&pending.interaction, table.load());
        match place.leave(false) {
            Left::Unhandled => {
                let away = match interaction.kind {
                    COMMAND => table.away(interaction.command_kind, event::command_name(interaction)),
                    _ => table.component_away(&interaction.custom_id),
                };
                notices.decline(interaction.clone(), Arc::clone(&pending.defer), away);
            }
            left => notices.left(left, pending),
        }
    }
}

/// The call as the cog shall see it: it answers what the host has deferred in another way.
fn told(mut call: Call, deferred: bool) -> Call {
    if deferred
        && let Call::Command(gearshift_cog::abi::Invocation { origin: Origin::Slash(interaction), .. })
        | Call::Event(Event::Interaction(interaction)) = &mut call
    {
        *interaction = RArc::new(Interaction { deferred: true, ..(**interaction).clone() });
    }
    call
}
