//! A cog's file, from the moment it is written until it is opened. Up to [`prepare`], none of its code is executed.
//!
//! 1. [`examine`]: is it complete?
//! 2. [`PrivateCopy`]: a copy for each generation, in the [`CopyFolder`] of this process;
//! 3. [`read`]: its manifest and properties; [`mismatches`]: whether this host can serve it;
//! 4. [`open`]: on the lane's thread; [`OpenLibrary::close`]: on a thread of its own.

mod copy;
mod declared;
mod executable;
mod file;
mod folder;
mod inspection;
mod manifest;
mod open;
mod prepare;
mod scan;
mod signals;
mod size;
mod verify;

pub use self::copy::{CopyError, Digest, Mapping, PrivateCopy};
pub use self::declared::{
    CommandKey, CommandProblem, MESSAGE_MENU, SLASH, USER_MENU, Wrong, commands_max, kind_name, prefix_names,
};
pub use self::file::{Candidate, LIBRARY_MAX_BYTES, NotALibrary, Readiness, Stamp, examine, is_library_name};
pub use self::folder::{CopyFolder, FolderError};
pub use self::inspection::{Inspection, Problem};
pub use self::manifest::{Contents, ReadError, read};
pub use self::open::{OpenError, OpenFailure, OpenLibrary, open};
pub use self::prepare::{Prepared, Refusal, Refused, prepare};
pub use self::scan::{candidates, dangling_target, default_base, listing, manifests, stamp};
pub use self::verify::{Mismatch, Note, is_name, mismatches, notes, same_target};
