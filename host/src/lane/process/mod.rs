//! A lane in a process of its own: the runner, the loader and the table of the thread lane, in a process of this program
//! that has nothing else of the host. A cog that crashes ends that process and nothing more, and retiring it is ending it.
//!
//! ```text
//!    host                                                   process of the cog
//!    inbox ─ hand ─► owner (a task) ══ private socket ══► main thread ─► inbox ─► runner (the lane's thread) ══ ABI ══ cog
//!      ▲               │ serve ◄════════ requests ═══════════════════════ table ◄──────────────────────────────────┘
//!      └── taken back ─┴── page: what has begun, what the thread is in
//! ```
//!
//! What was handed over belongs to the queue until it begins there. Both processes see the number of the last item that
//! began, on a page that they share: the cog's process raises it before it begins one, and the host raises it to take
//! items back. So each item begins once, whenever one of the two ends.

mod bounds;
mod child;
mod crash;
mod forward;
#[cfg(feature = "fuzz")]
pub(crate) mod fuzz;
mod handover;
mod host;
mod listen;
mod orders;
mod rate;
mod sandbox;
#[cfg(target_os = "linux")]
mod seccomp;
mod socket;
mod spawn;
mod start;
mod trace;
mod way;
mod wire;

use std::{io, os::fd::OwnedFd};

pub(super) use self::start::{Process, start};
pub use self::{
    bounds::Bounds,
    child::run,
    spawn::{COMMAND, set_program},
    trace::Allocator,
};

/// Memory that can be shared with another process.
pub(super) fn memory(name: &str) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{MemfdFlags, memfd_create};
        Ok(memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = name;
        Ok(tempfile::tempfile()?.into())
    }
}
