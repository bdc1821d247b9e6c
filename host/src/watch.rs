//! Watches the cogs folder and says which library to try, and when. It reads no library and knows no cog.
//!
//! The directory is watched, not the files: a file that is replaced is another file. A library is tried at once when it
//! was closed after writing or renamed into place, or appeared complete as a hard link (as cargo makes them). In all
//! other cases it is tried when nothing has happened to it for the settle time.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{
    EventKind, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind, RenameMode},
};
use tokio::{sync::mpsc, time::Instant};

use crate::library;

/// What to do with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It may have new content.
    Try(PathBuf),
    /// It is gone.
    Gone(PathBuf),
}

/// Watches one folder as long as it lives.
pub struct FolderWatch {
    folder: PathBuf,
    settle: Duration,
    events: mpsc::UnboundedReceiver<(PathBuf, When)>,
    due: HashMap<PathBuf, Instant>,
    _watcher: notify::RecommendedWatcher,
}

/// When a file shall be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Now,
    Settled,
}

impl FolderWatch {
    /// Begins to watch.
    ///
    /// # Errors
    /// When the system cannot watch the folder.
    pub fn new(folder: &Path, settle: Duration) -> notify::Result<FolderWatch> {
        let (send, events) = mpsc::unbounded_channel();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
                Ok(event) => {
                    let Some(when) = when(&event.kind) else { return };
                    for path in event.paths {
                        let when = if is_hard_link(&event.kind, &path) { When::Now } else { when };
                        let _ = send.send((path, when));
                    }
                }
                Err(error) => tracing::warn!("watching the cogs folder: {error}"),
            })?;
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(FolderWatch { folder: folder.to_owned(), settle, events, due: HashMap::new(), _watcher: watcher })
    }

    /// Looks at a file again when it has settled: it was incomplete.
    pub fn again(&mut self, file: PathBuf) {
        self.due.insert(file, Instant::now() + self.settle);
    }

    /// The next file to be looked at.
    pub async fn next(&mut self) -> Change {
        loop {
            let soonest =
                self.due.iter().min_by_key(|(_, due)| **due).map(|(file, due)| (file.clone(), *due));
            let elapsed = async {
                match &soonest {
                    Some((_, due)) => tokio::time::sleep_until(*due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = self.events.recv() => match event {
                    Some((file, when)) => self.note(file, when),
                    // The watcher lives as long as this.
                    None => std::future::pending().await,
                },
                () = elapsed => {
                    let Some((file, _)) = soonest else { continue };
                    self.due.remove(&file);
                    return if file.exists() { Change::Try(file) } else { Change::Gone(file) };
                }
            }
        }
    }

    fn note(&mut self, file: PathBuf, when: When) {
        if file.parent() != Some(&self.folder) || !library::is_library_name(&file) {
            return;
        }
        let now = Instant::now();
        let due = match when {
            When::Now => now,
            When::Settled => now + self.settle,
        };
        self.due.insert(file, due);
    }
}

fn when(kind: &EventKind) -> Option<When> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(When::Now),
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => None,
        // Sums up a `From` and a `To` that were told before; heeding it would put the `To` off.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => None,
        _ => Some(When::Settled),
    }
}

/// A file that appears with more than one link was complete before it appeared.
fn is_hard_link(kind: &EventKind, file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    matches!(kind, EventKind::Create(_))
        && fs::metadata(file).is_ok_and(|metadata: fs::Metadata| metadata.nlink() > 1)
}

/// Makes the folder if it is not there.
///
/// # Errors
/// When it cannot be made, or is not a folder.
pub fn ensure_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}
