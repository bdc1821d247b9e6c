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
    events: mpsc::UnboundedReceiver<News>,
    due: HashMap<PathBuf, Instant>,
    /// When the folder itself is to be looked at again: it was gone, or the system lost count of what happened in it.
    rescan: Option<Instant>,
    watcher: notify::RecommendedWatcher,
}

/// What the system tells.
enum News {
    File(PathBuf, When),
    Rescan,
}

/// How often a folder that is gone is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

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
        let watched = folder.to_owned();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
                Ok(event) if event.need_rescan() => _ = send.send(News::Rescan),
                Ok(event) => {
                    let Some(when) = when(&event.kind) else { return };
                    for path in event.paths {
                        let when = if is_hard_link(&event.kind, &path) { When::Now } else { when };
                        let news = if path == watched { News::Rescan } else { News::File(path, when) };
                        let _ = send.send(news);
                    }
                }
                Err(error) => tracing::warn!("watching the cogs folder: {error}"),
            })?;
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        let (folder, due) = (folder.to_owned(), HashMap::new());
        Ok(FolderWatch { folder, settle, events, due, rescan: None, watcher })
    }

    /// Looks at a file again when it has settled: it was incomplete, or refused for something that is free now.
    pub fn again(&mut self, file: PathBuf) {
        self.due.insert(file, Instant::now() + self.settle);
    }

    /// The next file to be looked at.
    pub async fn next(&mut self) -> Change {
        loop {
            let soonest =
                self.due.iter().min_by_key(|(_, due)| **due).map(|(file, due)| (file.clone(), *due));
            let elapsed = until(soonest.as_ref().map(|(_, due)| *due));
            tokio::select! {
                biased;
                event = self.events.recv() => match event {
                    Some(News::File(file, when)) => self.note(file, when),
                    Some(News::Rescan) => self.rescan = Some(Instant::now()),
                    // The watcher lives as long as this.
                    None => std::future::pending().await,
                },
                () = until(self.rescan) => self.look_at_the_folder(),
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

impl FolderWatch {
    /// Watches the folder anew, and looks at everything in it. One that is gone is looked for later.
    fn look_at_the_folder(&mut self) {
        self.rescan = None;
        let watched = self.watcher.watch(&self.folder, RecursiveMode::NonRecursive);
        match (watched, library::candidates(&self.folder)) {
            (Ok(()), Ok(files)) => files.into_iter().for_each(|file| self.note(file, When::Settled)),
            _ => self.rescan = Some(Instant::now() + LOOK_AGAIN),
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn next(watch: &mut FolderWatch) -> Change {
        tokio::time::timeout(Duration::from_secs(20), watch.next()).await.expect("something changes")
    }

    #[tokio::test]
    async fn a_folder_that_was_removed_and_made_again_is_watched_again() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let folder = base.path().join("cogs");
        let file = folder.join(format!("libping{}", std::env::consts::DLL_SUFFIX));
        fs::create_dir(&folder).expect("a fresh folder");
        fs::write(&file, "one").expect("writable");
        let mut watch = FolderWatch::new(&folder, Duration::from_millis(1)).expect("it is there");
        fs::remove_dir_all(&folder).expect("writable");
        while next(&mut watch).await != Change::Gone(file.clone()) {}
        fs::create_dir(&folder).expect("it is gone");
        fs::write(&file, "two").expect("writable");
        while next(&mut watch).await != Change::Try(file.clone()) {}
        fs::remove_file(&file).expect("writable");
        while next(&mut watch).await != Change::Gone(file.clone()) {}
    }
}
