//! Follows one interaction through the queue and the handler of one cog: tells the cog that the host has already
//! deferred it, and answers the user if the cog will not.

use std::sync::Arc;

use abi_stable::std_types::RArc;
use arc_swap::ArcSwap;
use gearshift_cog::abi::{Event, Interaction, Origin};

use super::{
    defer::{Pending, QueuePlace},
    notice::Notices,
    table::Table,
};
use crate::lane::{Begin, Call, Ended, Observer};

#[derive(Debug)]
pub(super) struct InteractionObserver {
    pending: Arc<Pending>,
    queue_place: QueuePlace,
    table: Arc<ArcSwap<Table>>,
    notices: Arc<Notices>,
}

impl InteractionObserver {
    pub(super) fn new(
        pending: Arc<Pending>,
        table: Arc<ArcSwap<Table>>,
        notices: Arc<Notices>,
    ) -> InteractionObserver {
        let queue_place = pending.defer.join_queue();
        InteractionObserver { pending, queue_place, table, notices }
    }
}

impl Observer for InteractionObserver {
    fn begin(&mut self, call: Call) -> Begin {
        self.queue_place.begin();
        let defer = Arc::clone(self.queue_place.defer());
        match defer.is_deferred_now() {
            Some(deferred) => Begin::Now(with_deferral(call, deferred)),
            None => Begin::Later(Box::pin(async move { with_deferral(call, defer.is_deferred().await) })),
        }
    }

    fn end(mut self: Box<Self>, ended: Ended) {
        let completion = self.queue_place.leave(ended != Ended::Done);
        self.notices.complete(completion, self.pending, &self.table.load());
    }

    fn decline(mut self: Box<Self>) {
        let completion = self.queue_place.leave(false);
        self.notices.complete(completion, self.pending, &self.table.load());
    }
}

/// The call as the cog must see it: a deferred interaction is answered in another way.
fn with_deferral(mut call: Call, deferred: bool) -> Call {
    if deferred
        && let Call::Command(gearshift_cog::abi::Invocation { origin: Origin::Slash(interaction), .. })
        | Call::Event(Event::Interaction(interaction)) = &mut call
    {
        *interaction = RArc::new(Interaction { deferred: true, ..(**interaction).clone() });
    }
    call
}
