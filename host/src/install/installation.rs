//! What is installed beside a config file, and the exclusive right to change it: one command has that right at a
//! time, and starts only after anything that a killed command left has been settled.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Seek, Write},
    path::{Path, PathBuf},
};

use super::{
    choose::SourceRules,
    error::InstallError,
    files,
    installed::Installed,
    journal::{Journal, LockedJournal},
    kept_packages::KeptPackages,
    lock::Lock,
    verify::by_hand,
};
use crate::{
    config::{Config, absolute},
    file,
    packages::{Downloads, Reference},
};

/// The folder beside the lock for kept packages and changes in progress.
const OWN: &str = ".gearshift";
const BUSY: &str = "busy";
const PACKAGES: &str = "packages";

/// What is installed, and the right to change it.
#[derive(Debug)]
pub struct Installation<'c> {
    pub(super) config: &'c Config,
    /// The folder of the config file and the lock.
    folder: PathBuf,
    pub(super) lock: Lock,
    pub(super) kept: KeptPackages,
    /// Number of journals written so far.
    journals: usize,
    /// Receives the progress of downloads.
    downloads: Option<Downloads>,
    _busy: Option<File>,
}

/// What to do when another process is changing what is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    Refuse,
    Wait,
}

impl<'c> Installation<'c> {
    /// Opens what is installed beside the config's file. `doing` is what other commands report about this one.
    ///
    /// # Errors
    /// Another command is changing it, the lock is malformed, or the system returned an error.
    pub fn open(config: &'c Config, doing: &str) -> Result<Self, InstallError> {
        let folder = folder_of(config);
        for path in [&folder, &config.cogs.folder] {
            // Journals and the lock are texts.
            if path.to_str().is_none() {
                let why = "its path is not UTF-8; rename it";
                return Err(InstallError::io("install in", path)(io::Error::other(why)));
            }
        }
        let own = folder.join(OWN);
        file::make_folder(&own).map_err(InstallError::io("make", &own))?;
        Installation::open_there(config, folder, doing, Others::Refuse)
    }

    /// Like [`open`](Self::open), for a host: `None` if nothing was ever installed.
    pub(super) fn existing(
        config: &'c Config,
        doing: &str,
        others: Others,
    ) -> Result<Option<Self>, InstallError> {
        let folder = folder_of(config);
        match !config.file.as_os_str().is_empty() && folder.join(OWN).is_dir() {
            true => Installation::open_there(config, folder, doing, others).map(Some),
            false => Ok(None),
        }
    }

    /// Like [`open`](Self::open), for a caller that only reads and may lack permission to write: it settles nothing,
    /// and no command can start meanwhile.
    ///
    /// # Errors
    /// Another command is changing it, or the lock is malformed.
    pub(super) fn look(config: &'c Config) -> Result<Self, InstallError> {
        let folder = folder_of(config);
        let own = folder.join(OWN);
        let busy = look_busy(&own.join(BUSY), &folder)?;
        let (lock, kept) = (Lock::read(&folder)?, KeptPackages::new(own.join(PACKAGES)));
        Ok(Installation { config, folder, lock, kept, journals: 0, downloads: None, _busy: busy })
    }

    /// The journals that have not been settled.
    pub(super) fn interrupted(&self) -> Vec<PathBuf> {
        LockedJournal::all(&self.folder.join(OWN))
    }

    fn open_there(
        config: &'c Config,
        folder: PathBuf,
        doing: &str,
        others: Others,
    ) -> Result<Self, InstallError> {
        let own = folder.join(OWN);
        let busy = busy(&own.join(BUSY), &folder, doing, others)?;
        let mut lock = Lock::read(&folder)?;
        // A host may still be making the last change of a killed command; this waits for it.
        for path in LockedJournal::all(&own) {
            let Some(pending) = LockedJournal::take(&path)? else { continue };
            if pending.is_made()? {
                lock = pending.journal().after(&lock).write(&folder)?.put()?;
            }
            pending.forget()?;
        }
        for folder in [&folder, &own, &config.cogs.folder] {
            files::remove_unfinished(folder);
        }
        let kept = KeptPackages::new(own.join(PACKAGES));
        kept.prune(&lock);
        Ok(Installation { config, folder, lock, kept, journals: 0, downloads: None, _busy: Some(busy) })
    }

    /// What is installed.
    #[must_use]
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// The installed cog with that name.
    ///
    /// # Errors
    /// There is none; if a library with that name was put there by hand, the error names it.
    pub fn installed(&self, name: &str) -> Result<&Installed, InstallError> {
        self.lock.cogs.get(name).ok_or_else(|| {
            let by_hand = by_hand(self.config, &self.lock).unwrap_or_default();
            let file = by_hand.into_iter().find(|(_, manifest)| manifest.name == name).map(|(file, _)| file);
            let (name, known) = (name.to_owned(), self.lock.cogs.keys().cloned().collect());
            InstallError::NotInstalled { name, known, file }
        })
    }

    /// Reports the progress of downloads.
    pub fn show(&mut self, downloads: Option<Downloads>) {
        self.downloads = downloads;
    }

    /// The rules for a source of packages.
    pub(super) fn rules(&self, source: &Reference) -> SourceRules {
        let mut rules = SourceRules::of(self.config, &source.place);
        rules.access.downloads.clone_from(&self.downloads);
        rules
    }

    /// The file with that name in the cogs folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.config.cogs.folder.join(name)
    }

    /// Writes down an intended change, lets `make` carry it out, and settles it. Returns the report of `make` if the
    /// change was made.
    ///
    /// # Errors
    /// The change was not made, and nothing has happened; or it was made, and the lock does not record it yet.
    pub(super) fn carry_out<T, E: Into<InstallError>>(
        &mut self,
        journal: &Journal,
        make: impl FnOnce(&Path, &Journal) -> Result<T, E>,
    ) -> Result<Option<T>, InstallError> {
        // Without permission or space to write the lock, nothing is changed.
        let after = journal.after(&self.lock).write(&self.folder)?;
        self.journals += 1;
        let path = journal.write(&self.folder.join(OWN), self.journals)?;
        let said = make(&path, journal).map_err(Into::into);
        let pending = LockedJournal::take(&path)?
            .ok_or_else(|| InstallError::Host(format!("`{}` was removed", path.display())))?;
        let made = pending.is_made()?;
        if made {
            let settled = after.put().and_then(|lock| {
                self.lock = lock;
                pending.forget()
            });
            settled.map_err(|source| InstallError::Unsettled {
                cog: journal.cog.clone(),
                to: journal.installed.as_ref().map(|installed| installed.now.version.clone()),
                source: Box::new(source),
            })?;
        } else {
            pending.forget()?;
        }
        match (made, said) {
            (true, Ok(said)) => Ok(Some(said)),
            // Whatever the error: the file is what the journal wants.
            (true, Err(_)) => Ok(None),
            (false, Err(error)) => Err(error),
            (false, Ok(_)) => {
                let file = journal.file();
                Err(InstallError::Host(format!("`{}` is not what was installed", file.display())))
            }
        }
    }

    /// Changes only the lock.
    pub(super) fn write(&mut self, change: impl FnOnce(&mut Lock)) -> Result<(), InstallError> {
        let mut lock = self.lock.clone();
        change(&mut lock);
        if lock != self.lock {
            self.lock = lock.write(&self.folder)?.put()?;
        }
        Ok(())
    }

    /// Removes kept packages that are no longer needed.
    pub(super) fn prune(&self) {
        self.kept.prune(&self.lock);
    }
}

/// The lock beside the config's file, as it is now: for callers that only read.
///
/// # Errors
/// It cannot be read, or is malformed.
pub fn read(config: &Config) -> Result<Lock, InstallError> {
    Lock::read(&folder_of(config))
}

/// Whether there is a journal that has not been settled.
pub(super) fn is_interrupted(config: &Config) -> bool {
    !LockedJournal::all(&folder_of(config).join(OWN)).is_empty()
}

/// The folder of the lock, the kept packages and the journals: the config file's.
fn folder_of(config: &Config) -> PathBuf {
    let file = absolute(&config.file);
    file.parent().unwrap_or(Path::new("/")).to_owned()
}

/// The exclusive right to change what is installed, until it is dropped. The system releases it when the process
/// ends, however it ends. <https://man7.org/linux/man-pages/man2/flock.2.html>
fn busy(path: &Path, folder: &Path, doing: &str, others: Others) -> Result<File, InstallError> {
    let failed = |error| InstallError::io("lock", path)(error);
    let mut how = OpenOptions::new();
    let mut file =
        file::open_by(how.read(true).write(true).create(true).truncate(false), path).map_err(failed)?;
    match (file.try_lock(), others) {
        (Ok(()), _) => {}
        (Err(TryLockError::WouldBlock), Others::Wait) => file.lock().map_err(failed)?,
        (Err(TryLockError::WouldBlock), Others::Refuse) => return Err(busy_with(file, folder)),
        (Err(TryLockError::Error(error)), _) => return Err(failed(error)),
    }
    let who = format!("process {} ({doing})", std::process::id());
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(who.as_bytes()));
    let owned = fs::metadata(folder).and_then(|folder| file::chown_like(&file, &folder));
    written.and(owned).map_err(failed)?;
    Ok(file)
}

/// Keeps commands from starting; readers may share it. `None` if no command ever ran, or this process may not read it.
fn look_busy(path: &Path, folder: &Path) -> Result<Option<File>, InstallError> {
    let failed = |error| InstallError::io("lock", path)(error);
    let file = match file::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(busy_with(file, folder)),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The error that names the holder of the right, in the holder's own words.
fn busy_with(mut file: File, folder: &Path) -> InstallError {
    // If it can be shared, those who hold it are readers too.
    let who = match file.try_lock_shared() {
        Ok(()) => "`gearshift verify` is reading".to_owned(),
        Err(_) => {
            let mut who = String::new();
            // The holder may not have written its name yet.
            let _ = file.read_to_string(&mut who);
            format!("{} is changing", if who.is_empty() { "another command" } else { &who })
        }
    };
    InstallError::Busy { who, folder: folder.to_owned() }
}
