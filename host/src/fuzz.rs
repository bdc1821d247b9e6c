//! Parsers of outside input that are private to this crate, for the fuzz targets of `host/fuzz`. Each takes any bytes,
//! and panics when one of its guarantees does not hold.

pub use crate::{
    gateway::fuzz::frame as gateway_frame,
    lane::fuzz::{frames_to_cog as lane_cog, frames_to_host as lane_host, socket as lane_socket},
    packages::fuzz::documents as package_documents,
    router::fuzz::message as prefixed_message,
};
