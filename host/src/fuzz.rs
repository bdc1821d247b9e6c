//! Readers of what comes from outside that nobody but this crate calls, for the fuzz targets of `host/fuzz`. Each takes any
//! bytes, and panics when a promise about them is broken.

pub use crate::{
    gateway::fuzz::frame as gateway_frame,
    lane::fuzz::{frames_to_cog as lane_cog, frames_to_host as lane_host, socket as lane_socket},
    packages::fuzz::documents as package_documents,
    router::fuzz::message as prefixed_message,
};
