//! The stats handle: metrics are kept for the test.

use crate::{
    abi::{Lease, Metric},
    testing::{metrics::SentMetric, world::World},
};

pub(super) extern "C" fn send(lease: Lease, metric: Metric<'_>) {
    let Metric { kind, name, value, text } = metric;
    let sent = SentMetric { kind, name: name.to_string(), value, member: text.to_string() };
    let world = World::of(lease);
    // As on the host, the cog gets no answer that could report it.
    if world.authorize("stats").is_err() {
        return;
    }
    world.note(format!("stats: {} {:?} {}{}", sent.name, kind, value, sent.member));
    world.metrics.borrow_mut().push(sent);
}
