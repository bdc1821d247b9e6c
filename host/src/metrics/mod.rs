//! The host's metrics for monitoring: over HTTP in the formats of Prometheus and OpenMetrics, with health and
//! readiness, and to statsd. This counts nothing: each value is read from its owner on request.

mod encode;
mod endpoint;
mod family;
mod gather;
mod send;

pub use self::{
    endpoint::{Endpoint, EndpointError},
    send::keep_sent,
};
