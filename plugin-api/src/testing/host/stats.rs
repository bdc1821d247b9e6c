//! The stats handle: metrics are kept for the test.

use crate::{
    abi::{Lease, Metric},
    testing::{metrics::Recorded, world::World},
};

pub(super) extern "C" fn send(lease: Lease, metric: Metric<'_>) {
    let Metric { kind, name, value, text } = metric;
    let recorded = Recorded { kind, name: name.to_string(), value, member: text.to_string() };
    let world = World::of(lease);
    world.note(format!("stats: {} {:?} {}{}", recorded.name, kind, value, recorded.member));
    world.metrics.borrow_mut().push(recorded);
}
