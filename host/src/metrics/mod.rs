//! The host's numbers for monitoring: over HTTP, as Prometheus and OpenMetrics write them, with health and readiness, and
//! to statsd. It counts nothing: each number is read from its owner when somebody asks.

mod encode;
mod endpoint;
mod family;
mod gather;
mod send;

pub use self::{
    endpoint::{Endpoint, EndpointError},
    send::keep_sent,
};
