//! Watches the cogs folder and says which library to try, and when. It reads no library and knows no cog.
//!
//! There are two sources. The *events* of the system are quick: a library is tried at once when it was closed after
//! writing or renamed into place, or appeared complete as a hard link (as cargo makes them); in all other cases when
//! nothing has happened to it for the settle time. But events come from one folder, not from its path: they are silent
//! when a link on the way is switched, when another folder takes its place, when a file elsewhere is what a link leads
//! to, on many network file systems, and when their queue was full. So the folder is also *compared*, every so often and
//! whenever an event leaves something open, with a list of what it held.
//!
//! Every look at the file system is made on a thread of its own: a file server that does not answer stops nothing else.

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
    /// It is gone.
    Gone(PathBuf),
}

/// Watches one folder as long as it lives.
#[derive(Debug)]
pub struct FolderWatch {
    changes: UnboundedReceiver<Change>,
    inputs: mpsc::Sender<Input>,
}

/// What the thread is sent, by the system's events and by the owner of the watch.
#[derive(Debug)]
enum Input {
    /// Something happened to a library of the folder.
    File(PathBuf, Happened),
    /// Something is uncertain: what the folder holds is to be compared with what is known of it.
    Compare,
    /// The folder that is watched was removed or renamed: what has its path now is another one.
    FolderLost,
    /// The owner found a file incomplete, and why.
    Incomplete(PathBuf, String),
    /// The owner is gone.
    End,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happened {
    /// Its writer has finished.
    Completed,
    /// It is written to, or something else that may go on.
    Written,
    /// Only its mode, owner or times changed: one that could not be read may be readable now.
    Touched,
}

/// How often a folder that is not there is looked for when the folder is not compared more often anyway.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl FolderWatch {
    /// Begins to watch. Nothing that happens in the folder from now on is missed.
    ///
    /// A library is left alone for `settle` after its last change, unless it is known to be complete. The folder is
    /// compared every `poll` beside the system's events; zero means never.
    ///
    /// # Errors
    /// When the folder cannot be read; when the system cannot watch it and `poll` is zero.
    pub fn new(folder: &Path, settle: Duration, poll: Duration) -> notify::Result<FolderWatch> {
        let (send, receive) = mpsc::channel();
        let (changes, changed) = unbounded_channel();
        let mut watching = Watching::new(folder, settle, poll, send.clone(), changes);
        match watching.watch(identity(folder).map_err(notify::Error::io)?) {
            Err(error) if poll.is_zero() => return Err(error),
            // Otherwise the folder is compared all the same.
            Ok(()) | Err(_) => {}
        }
        watching.known = library::listing(folder).map_err(notify::Error::io)?;
        thread::Builder::new()
            .name("cogs-watch".to_owned())
            .spawn(move || watching.run(&receive))
            .map_err(notify::Error::io)?;
        Ok(FolderWatch { changes: changed, inputs: send })
    }

    /// The next file to be looked at. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Change {
        match self.changes.recv().await {
            Some(change) => change,
            // The thread ends after this value only.
            None => std::future::pending().await,
        }
    }

    /// Looks at a file again that was incomplete, with pauses that grow to some seconds. If it still is after a second,
    /// `why` is logged, once; after a minute it is looked at when it changes. `why` names the file.
    pub fn incomplete(&self, file: PathBuf, why: String) {
        self.send(Input::Incomplete(file, why));
    }

    fn send(&self, input: Input) {
        // The thread ends after this value only.
        let _ = self.inputs.send(input);
    }
}

impl Drop for FolderWatch {
    fn drop(&mut self) {
        self.send(Input::End);
    }
}

/// What the thread of a watch works with.
struct Watching {
    folder: PathBuf,
    settle: Duration,
    poll: Duration,
    /// For the system's events.
    inputs: mpsc::Sender<Input>,
    changes: UnboundedSender<Change>,
    /// Brings events, and of which folder: device and inode.
    watched: Option<(notify::RecommendedWatcher, (u64, u64))>,
    /// The system does not watch the folder, which has been logged.
    is_unwatched: bool,
    /// The folder could not be read at the last look, which has been logged.
    is_unreadable: bool,
    /// The libraries of the folder as they were when they were last reported.
    known: BTreeMap<PathBuf, Option<Stamp>>,
    agenda: Agenda,
    compare_at: Option<Instant>,
}

impl Watching {
    /// Knows nothing of the folder yet.
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

    /// Compares the folder with what is known of it. One that cannot be read says nothing about its files: it may be
    /// on its way to another place, or its file server may not answer.
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
                        "cannot read the cogs folder `{folder}`: {error}; its cogs go on until it is there again"
                    );
                }
                self.watched = None;
                let pause = if self.poll.is_zero() { LOOK_AGAIN } else { self.poll.min(LOOK_AGAIN) };
                self.compare_at = Some(now + pause);
            }
        }
    }

    /// What the folder holds. It is watched before it is read, so that nothing happens in between.
    fn look(&mut self) -> io::Result<BTreeMap<PathBuf, Option<Stamp>>> {
        let identity = identity(&self.folder)?;
        if self.watched.as_ref().is_none_or(|(_, watched)| *watched != identity) {
            // What it could not do is logged; the folder is compared all the same.
            let _ = self.watch(identity);
        }
        library::listing(&self.folder)
    }

    fn note_differences(&mut self, found: &BTreeMap<PathBuf, Option<Stamp>>, now: Instant) {
        for (file, stamp) in found {
            let is_known = match (self.known.get(file), stamp) {
                (Some(Some(known)), Some(stamp)) => known == stamp,
                (Some(None), Some(_)) | (None, _) => false,
                (Some(Some(_)), None) if library::leads_nowhere(file).is_some() => false,
                // It cannot be looked at now, which says nothing new.
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

    /// Asks for the events of the folder that has the path now. A watcher keeps to the folder that it was
    /// given, whatever becomes of the path, so each folder gets one of its own.
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

    /// Reports a file that is due to the owner, unless it is not as it was expected: then it is still written to.
    fn report(&mut self, file: PathBuf, expected: Option<Stamp>, now: Instant) {
        let found = library::stamp(&file);
        if let (Some(expected), Ok(Some(stamp))) = (expected, &found)
            && expected != *stamp
        {
            return self.agenda.differs(file, Some(*stamp), now);
        }
        let change = match found {
            // It has gone with its folder, which says nothing about it.
            Ok(None) if identity(&self.folder).is_err() => return self.compare_by(now),
            Ok(None) => {
                self.known.remove(&file);
                self.agenda.gone(&file);
                Change::Gone(file)
            }
            // Nothing to be read is there, which has been said: what goes through a pipe is no news. A link to nothing is
            // looked at again.
            Err(_) if self.known.get(&file) == Some(&None) && library::leads_nowhere(&file).is_none() => {
                return;
            }
            // What cannot be looked at is tried: then it is said why.
            found => {
                self.known.insert(file.clone(), found.ok().flatten());
                Change::Try(file)
            }
        };
        // The owner may be gone; then the end is the next input.
        let _ = self.changes.send(change);
    }
}

/// Which folder has this path now: device and inode.
fn identity(folder: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(folder)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Makes sure that the folder is there.
///
/// # Errors
/// When it is not there (`NotFound`), is no folder (`NotADirectory`), or cannot be read. It is never made: an empty folder
/// where others are expected would mean that every cog is gone.
pub fn ensure_folder(folder: &Path) -> io::Result<()> {
    fs::read_dir(folder).map(drop)
}

#[cfg(test)]
mod tests;
