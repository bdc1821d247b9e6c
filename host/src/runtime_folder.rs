//! The folder of this user for what lives as long as a process: private copies of libraries, the control socket.
//! It makes nothing; whoever uses the folder makes it, with mode 0700.
#![allow(unsafe_code, reason = "asks the system for the user's number")]

use std::path::PathBuf;

/// `$XDG_RUNTIME_DIR/gearshift`, else a folder of this user's own in the folder for temporary files.
pub fn runtime_folder() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder).join("gearshift"),
        None => std::env::temp_dir().join(format!("gearshift-{}", user())),
    }
}

fn user() -> u32 {
    // SAFETY: `getuid` takes nothing and cannot fail.
    unsafe { libc::getuid() }
}
