//! How errors are shown: the whole chain on one line, and whose a file is that may not be used.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// An error with its causes, joined by `: `.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Owner and mode of what this process may not use, as `it is mode 0600 of user 0, and this process is user 1000`; of the
/// folder when the path itself cannot be looked at.
pub(crate) fn access(path: &Path) -> Option<String> {
    let found = std::fs::metadata(path).map(|found| ("it".to_owned(), found));
    let (what, found) = found
        .or_else(|error| {
            let folder = path.parent().ok_or(error)?;
            std::fs::metadata(folder).map(|found| (format!("its folder `{}`", folder.display()), found))
        })
        .ok()?;
    let (mode, owner) = (found.mode() & 0o7777, found.uid());
    Some(format!("{what} is mode {mode:04o} of user {owner}, and this process is user {}", user()))
}

/// The user whose rights this process has.
#[allow(unsafe_code, reason = "the standard library does not tell the user")]
fn user() -> u32 {
    // SAFETY: geteuid has no preconditions and cannot fail.
    unsafe { libc::geteuid() }
}
