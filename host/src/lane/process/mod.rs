//! A lane in its own process: the runner, the loader and the table of the thread lane, in a process of this
//! program that holds nothing else of the host. A cog that crashes ends only that process, and retiring it means
//! ending the process.
//!
//! ```text
//!    host                                                   process of the cog
//!    inbox ─ hand ─► owner (a task) ══ private socket ══► main thread ─► inbox ─► runner (the lane's thread) ══ ABI ══ cog
//!      ▲               │ serve ◄════════ requests ═══════════════════════ table ◄──────────────────────────────────┘
//!      └── taken back ─┴── page: what has begun, what the thread is in
//! ```
//!
//! Items that were passed to the process belong to the queue until they start there. Both processes see the number of
//! the last item that started, on a page that they share: the cog's process raises it, atomically, before it starts an
//! item, and the host raises it to take items back. So each item starts at most once, whichever process ends when.

mod bounds;
mod child;
mod crash;
mod forward;
#[cfg(feature = "fuzz")]
pub(crate) mod fuzz;
mod host;
mod items;
mod listen;
mod orders;
mod rate;
mod sandbox;
#[cfg(target_os = "linux")]
mod seccomp;
mod socket;
mod spawn;
mod start;
mod to_process;
mod trace;
mod wire;

use std::{io, os::fd::OwnedFd};

pub(super) use self::start::{Process, start};
pub use self::{
    bounds::Bounds,
    child::run,
    spawn::{COMMAND, set_program},
    trace::Allocator,
};

/// Memory that can be shared with another process, as a file.
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
