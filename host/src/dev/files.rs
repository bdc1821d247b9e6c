//! Which files and folders can be sources, and whether they have changed.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use notify::{EventKind, event::ModifyKind};

/// The kernel stamps files with the time of its last tick: at 100 ticks a second, at most this long ago.
const CLOCK_TICK: Duration = Duration::from_millis(10);

/// Files in a workspace's folder, beside its manifest, that change how cargo builds it.
pub(super) const OF_CARGO: [&str; 4] =
    ["Cargo.lock", "rust-toolchain", "rust-toolchain.toml", ".cargo/config.toml"];

/// Whether a path is that of one of [`OF_CARGO`].
pub(super) fn is_of_cargo(path: &Path) -> bool {
    OF_CARGO.iter().any(|file| path.ends_with(file))
}

/// The subfolders that can contain sources.
pub(super) fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|it| it.is_dir()));
    let folders = folders.filter(|entry| {
        let name = entry.file_name();
        !(is_temporary(&name) || name == "target" || name == "node_modules")
    });
    folders.map(|entry| entry.path()).collect()
}

pub(super) fn has_file(folder: &Path, is_wanted: impl Fn(&Path) -> bool + Copy) -> bool {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.any(|path| path.is_file() && is_wanted(&path))
        || folders_in(folder).iter().any(|inner| has_file(inner, is_wanted))
}

/// Whether an event of the watcher can mean that content has changed.
pub(super) fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Access(_) => false,
        EventKind::Modify(_) => true,
        EventKind::Any | EventKind::Other => false,
    }
}

/// Whether a file was written after a moment, or so shortly before it that its time does not tell. A time in the future
/// does not count, or it would always count.
pub(super) fn has_changed(file: &Path, since: SystemTime) -> bool {
    let changed = fs::metadata(file).and_then(|file| file.modified());
    changed.is_ok_and(|at| at + CLOCK_TICK >= since && at <= SystemTime::now())
}

pub(super) fn is_rust(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
}

/// Temporary files that editors and tools leave beside sources.
pub(super) fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    (name.starts_with(b".") && name.len() > 1 && name != b"..") && name != b".cargo" || name.ends_with(b"~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_of_editors_are_no_sources() {
        for temporary in [".lib.rs.swp", "lib.rs~", ".git", ".#lib.rs"] {
            assert!(is_temporary(OsStr::new(temporary)), "{temporary}");
        }
        for lasting in ["lib.rs", ".cargo", "..", "."] {
            assert!(!is_temporary(OsStr::new(lasting)), "{lasting}");
        }
    }
}
