//! What an event of the system says about a file in the folder, or about the folder itself.

use std::{fs, path::Path};

use notify::{
    Event, EventKind,
    event::{AccessKind, AccessMode, ModifyKind, RenameMode},
};

use super::{FileEvent, Input};
use crate::library;

/// Everything an event says about `folder`.
pub(super) fn read(event: &Event, folder: &Path) -> Vec<Input> {
    // The queue was full, and events were dropped: IN_Q_OVERFLOW in https://man7.org/linux/man-pages/man7/inotify.7.html
    if event.need_rescan() {
        return vec![Input::Compare];
    }
    event.paths.iter().filter_map(|path| about(&event.kind, path, folder)).collect()
}

fn about(kind: &EventKind, path: &Path, folder: &Path) -> Option<Input> {
    let happened = happened(kind, path)?;
    if path == folder {
        let is_lost = matches!(kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
        return Some(if is_lost { Input::FolderLost } else { Input::Compare });
    }
    if path.parent() != Some(folder) {
        return None;
    }
    match library::is_library_name(path) {
        true => Some(Input::File(path.to_owned(), happened)),
        // Libraries may be links through it: Kubernetes replaces `..data`, without any change to the links themselves.
        // https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically
        false => matches!(
            kind,
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        )
        .then_some(Input::Compare),
    }
}

fn happened(kind: &EventKind, path: &Path) -> Option<FileEvent> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(FileEvent::Completed),
        EventKind::Create(_) if is_hard_link(path) => Some(FileEvent::Completed),
        EventKind::Access(_) => None,
        // Sums up an earlier `From` and `To`; handling it would delay the `To`.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => None,
        EventKind::Modify(ModifyKind::Metadata(_)) => Some(FileEvent::Touched),
        _ => Some(FileEvent::Written),
    }
}

/// A file that has more than one link when it appears was complete before.
fn is_hard_link(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.nlink() > 1)
}
