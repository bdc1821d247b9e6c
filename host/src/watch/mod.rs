//! Watches the cogs folder and decides which library to try, and when. It reads no library and knows no cog.
//!
//! There are two sources. The system's *events* are quick: a library is tried at once if it was closed after writing,
//! renamed into place, or appeared complete as a hard link (as cargo creates them); in all other cases it is tried once
//! nothing has happened to it for the settle time. But events belong to a folder, not to its path: there are none if a
//! link on the way is changed, if another folder takes its place, if the file that a link points to is elsewhere, on
//! many network file systems, or if their queue was full. So the folder is also *compared* with its last known content,
//! at regular intervals and whenever an event leaves something open.
//!
//! All access to the file system is on a thread of its own: a file server that does not answer blocks nothing else.

mod agenda;
mod events;

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use notify::{RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use self::agenda::{Agenda, PATIENCE};
use crate::library::{self, Stamp};

/// What to do with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It may have new content.
    Try(PathBuf),
    /// It was removed.
    Gone(PathBuf),
}

/// Watches one folder until it is dropped.
#[derive(Debug)]
pub struct FolderWatch {
    changes: UnboundedReceiver<Change>,
    inputs: mpsc::Sender<Input>,
}

/// Messages to the thread, from the system's events and from the owner of the watch.
#[derive(Debug)]
enum Input {
    /// Something happened to a library in the folder.
    File(PathBuf, FileEvent),
    /// Something is uncertain: the content of the folder must be compared with its last known state.
    Compare,
    /// The watched folder was removed or renamed: its path now belongs to a different one.
    FolderLost,
    /// The owner found a file incomplete, for this reason.
    Incomplete(PathBuf, String),
    /// The owner was dropped.
    End,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileEvent {
    /// Its writer has finished.
    Completed,
    /// It was written to, or changed in another way that may continue.
    Written,
    /// Only its mode, owner or times changed: a file that could not be read may be readable now.
    Touched,
}

/// How often to look for a missing folder, unless the folder is compared more often anyway.
const RECHECK_INTERVAL: Duration = Duration::from_secs(1);

impl FolderWatch {
    /// Starts to watch. From now on no change in the folder is missed.
    ///
    /// A library is left alone for `settle` after its last change, unless it is known to be complete. In addition to
    /// the system's events, the folder is compared every `poll`; zero means never.
    ///
    /// # Errors
    /// The folder cannot be read; or the system cannot watch it and `poll` is zero.
    pub fn new(folder: &Path, settle: Duration, poll: Duration) -> notify::Result<FolderWatch> {
        let (send, receive) = mpsc::channel();
        let (changes, changed) = unbounded_channel();
        let mut watching = Watching::new(folder, settle, poll, send.clone(), changes);
        match watching.watch(identity(folder).map_err(notify::Error::io)?) {
            Err(error) if poll.is_zero() => return Err(error),
            // Otherwise the folder is still compared.
            Ok(()) | Err(_) => {}
        }
        watching.known = library::listing(folder).map_err(notify::Error::io)?;
        thread::Builder::new()
            .name("cogs-watch".to_owned())
            .spawn(move || watching.run(&receive))
            .map_err(notify::Error::io)?;
        Ok(FolderWatch { changes: changed, inputs: send })
    }

    /// The next file to look at. Cancel safe.
    pub async fn next(&mut self) -> Change {
        match self.changes.recv().await {
            Some(change) => change,
            // The thread only ends after this value is dropped.
            None => std::future::pending().await,
        }
    }

    /// Checks an incomplete file again, after pauses that grow to a few seconds. If it is still incomplete after a
    /// second, `why` is logged once; after a minute it is only checked when it changes. `why` names the file.
    pub fn incomplete(&self, file: PathBuf, why: String) {
        self.send(Input::Incomplete(file, why));
    }

    fn send(&self, input: Input) {
        // The thread only ends after this value is dropped.
        let _ = self.inputs.send(input);
    }
}

impl Drop for FolderWatch {
    fn drop(&mut self) {
        self.send(Input::End);
    }
}

/// The state of the watch's thread.
struct Watching {
    folder: PathBuf,
    settle: Duration,
    poll: Duration,
    /// Passed to the system's watcher.
    inputs: mpsc::Sender<Input>,
    changes: UnboundedSender<Change>,
    /// The system's watcher, and the device and inode of its folder.
    watched: Option<(notify::RecommendedWatcher, (u64, u64))>,
    /// Whether the system does not watch the folder; that has been logged.
    is_unwatched: bool,
    /// Whether the folder could not be read at the last attempt; that has been logged.
    is_unreadable: bool,
    /// The libraries in the folder, as they were last reported.
    known: BTreeMap<PathBuf, Option<Stamp>>,
    agenda: Agenda,
    compare_at: Option<Instant>,
}

impl Watching {
    /// A watch that knows nothing about the folder yet.
    fn new(
        folder: &Path,
        settle: Duration,
        poll: Duration,
        inputs: mpsc::Sender<Input>,
        changes: UnboundedSender<Change>,
    ) -> Watching {
        Watching {
            folder: folder.to_owned(),
            settle,
            poll,
            inputs,
            changes,
            watched: None,
            is_unwatched: false,
            is_unreadable: false,
            known: BTreeMap::new(),
            agenda: Agenda::new(settle),
            compare_at: (!poll.is_zero()).then(|| Instant::now() + poll),
        }
    }

    fn run(mut self, inputs: &mpsc::Receiver<Input>) {
        loop {
            let due = [self.agenda.next(), self.compare_at].into_iter().flatten().min();
            let next = match due {
                Some(at) => inputs.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => inputs.recv().map_err(RecvTimeoutError::from),
            };
            let now = Instant::now();
            match next {
                Ok(Input::End) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(input) => self.take(input, now),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.compare_at.is_some_and(|at| at <= now) {
                self.compare(now);
            }
            while let Some((file, stamp)) = self.agenda.take(now) {
                self.report(file, stamp, now);
            }
        }
    }

    fn take(&mut self, input: Input, now: Instant) {
        match input {
            Input::File(file, happened) => self.agenda.happened(file, happened, now),
            Input::Incomplete(file, why) => {
                if self.agenda.incomplete(&file, now) {
                    let patience = PATIENCE.as_secs();
                    tracing::warn!("{why}; it is tried again for {patience} s, then when it changes");
                }
            }
            Input::Compare => self.compare_by(now + self.settle),
            Input::FolderLost => {
                self.watched = None;
                self.compare_by(now + self.settle);
            }
            Input::End => {}
        }
    }

    fn compare_by(&mut self, moment: Instant) {
        self.compare_at = Some(self.compare_at.map_or(moment, |at| at.min(moment)));
    }

    /// Compares the folder with its last known state. A folder that cannot be read says nothing about its files: it may
    /// be being moved, or its file server may not answer.
    fn compare(&mut self, now: Instant) {
        match self.look() {
            Ok(found) => {
                if std::mem::take(&mut self.is_unreadable) {
                    tracing::info!("the cogs folder `{}` is there again", self.folder.display());
                }
                self.note_differences(&found, now);
                self.compare_at = (!self.poll.is_zero()).then(|| now + self.poll);
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_unreadable, true) {
                    let folder = self.folder.display();
                    tracing::warn!(
                        "cannot read the cogs folder `{folder}`: {error}; its cogs keep running until it is back"
                    );
                }
                self.watched = None;
                let pause =
                    if self.poll.is_zero() { RECHECK_INTERVAL } else { self.poll.min(RECHECK_INTERVAL) };
                self.compare_at = Some(now + pause);
            }
        }
    }

    /// The content of the folder. It is watched before it is read, so that no change is missed in between.
    fn look(&mut self) -> io::Result<BTreeMap<PathBuf, Option<Stamp>>> {
        let identity = identity(&self.folder)?;
        if self.watched.as_ref().is_none_or(|(_, watched)| *watched != identity) {
            // A failure is logged, and the folder is still compared.
            let _ = self.watch(identity);
        }
        library::listing(&self.folder)
    }

    fn note_differences(&mut self, found: &BTreeMap<PathBuf, Option<Stamp>>, now: Instant) {
        for (file, stamp) in found {
            let is_known = match (self.known.get(file), stamp) {
                (Some(Some(known)), Some(stamp)) => known == stamp,
                (Some(None), Some(_)) | (None, _) => false,
                (Some(Some(_)), None) if library::dangling_target(file).is_some() => false,
                // It cannot be read at the moment, which is no news.
                (Some(_), None) => true,
            };
            if !is_known {
                self.agenda.differs(file.clone(), *stamp, now);
            }
        }
        for file in self.known.keys().filter(|file| !found.contains_key(*file)) {
            self.agenda.differs(file.clone(), None, now);
        }
    }

    /// Watches the folder that has the path now. A watcher stays with the folder that it was given, whatever happens to
    /// the path, so each folder gets its own.
    fn watch(&mut self, identity: (u64, u64)) -> notify::Result<()> {
        self.watched = None;
        let (inputs, folder) = (self.inputs.clone(), self.folder.clone());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let all = match event {
                Ok(event) => events::read(&event, &folder),
                Err(error) => {
                    tracing::warn!("watching the cogs folder `{}`: {error}", folder.display());
                    vec![Input::Compare]
                }
            };
            for one in all {
                // The thread may have ended before its watcher.
                let _ = inputs.send(one);
            }
        });
        let watched = watcher.and_then(|mut watcher| {
            watcher.watch(&self.folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        match watched {
            Ok(watcher) => {
                self.watched = Some((watcher, identity));
                self.is_unwatched = false;
                Ok(())
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_unwatched, true) {
                    let (folder, poll) = (self.folder.display(), self.poll.as_millis());
                    tracing::warn!(
                        "the system does not watch the cogs folder `{folder}`: {error}; it is compared every {poll} ms \
                         (`cogs.poll_ms`)"
                    );
                }
                Err(error)
            }
        }
    }

    /// Reports a due file to the owner, unless its stamp has changed: then it is still being written.
    fn report(&mut self, file: PathBuf, expected: Option<Stamp>, now: Instant) {
        let found = library::stamp(&file);
        if let (Some(expected), Ok(Some(stamp))) = (expected, &found)
            && expected != *stamp
        {
            return self.agenda.differs(file, Some(*stamp), now);
        }
        let change = match found {
            // The whole folder is gone, which says nothing about the file.
            Ok(None) if identity(&self.folder).is_err() => return self.compare_by(now),
            Ok(None) => {
                self.known.remove(&file);
                self.agenda.gone(&file);
                Change::Gone(file)
            }
            // It is not a readable file, which has already been reported: data that goes through a pipe is no news. A
            // dangling link is checked again.
            Err(_) if self.known.get(&file) == Some(&None) && library::dangling_target(&file).is_none() => {
                return;
            }
            // A file that cannot be examined is tried, so that the reason is reported.
            found => {
                self.known.insert(file.clone(), found.ok().flatten());
                Change::Try(file)
            }
        };
        // If the owner is gone, the next input is the end.
        let _ = self.changes.send(change);
    }
}

/// Device and inode of the folder that has this path now.
fn identity(folder: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(folder)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Checks that the folder exists.
///
/// # Errors
/// It does not exist (`NotFound`), is not a folder (`NotADirectory`), or cannot be read. It is never created: an empty
/// folder in place of a full one would mean that every cog has been removed.
pub fn ensure_folder(folder: &Path) -> io::Result<()> {
    fs::read_dir(folder).map(drop)
}

#[cfg(test)]
mod tests;
