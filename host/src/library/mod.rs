//! A cog's file, from the folder to the loader: settled, copied, verified, opened, closed.
//! It knows nothing of what a cog does.

mod copy;
mod executable;
mod file;
mod folder;
mod open;
mod prepare;
mod verify;

pub use self::{
    copy::{CopyError, Digest, Mapping, PrivateCopy},
    file::is_library_name,
    folder::{CopyFolder, FolderError},
    open::{OpenError, OpenFailure, OpenLibrary, open},
    prepare::{FileError, FileRefusal, Prepared, candidates, find, prepare},
};

use std::path::PathBuf;

/// Where private copies are made if nothing else is said: the runtime directory of this user, else the folder for
/// temporary files.
pub fn default_base() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from).join("gearshift")
}
