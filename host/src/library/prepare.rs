//! Everything between a file in the cogs folder and a copy that may be opened: examine, copy, read, verify, in this
//! order. If it fails, nothing was executed and nothing is left behind.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use gearshift_cog::manifest::Manifest;

use super::{
    copy::{CopyError, PrivateCopy},
    file::{self, NotALibrary, Readiness},
    folder::CopyFolder,
    manifest::{self, Contents, ReadError},
    scan::dangling_target,
    verify::{self, Mismatch, Note},
};
use crate::error::denied;

/// A library that has passed every check that does not need it to be opened.
#[derive(Debug)]
pub struct Prepared {
    /// The copy to open.
    pub copy: PrivateCopy,
    /// What the cog declares.
    pub manifest: Manifest,
    /// Oddities that are worth reporting.
    pub notes: Vec<Note>,
    /// How long that took.
    pub took: Duration,
}

/// A library that is not loaded, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot load {}`{}`", .cog.as_ref().map_or(String::new(), |cog| format!("`{cog}` from ")), .file.display())]
pub struct Refused {
    /// The file in the cogs folder.
    pub file: PathBuf,
    /// The cog's name, if it could be read.
    pub cog: Option<String>,
    /// Why.
    #[source]
    pub why: Refusal,
}

/// Why a library is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It could not be examined.
    #[error("failed to read it{}", denied(.file, .source))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// It is a link to a file that does not exist.
    #[error("it is a link to `{}`, and nothing is there", .to.display())]
    DanglingLink {
        /// Where it leads.
        to: PathBuf,
    },
    /// Its writer has not finished.
    #[error("it is incomplete: {length} bytes are there, and {needed} are needed")]
    Incomplete {
        /// Bytes that exist.
        length: u64,
        /// Bytes that are needed.
        needed: u64,
    },
    /// It is not a library.
    #[error(transparent)]
    NotALibrary(#[from] NotALibrary),
    /// It could not be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// Its manifest or its properties cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// This host cannot serve it.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

impl Refusal {
    pub(super) fn unreadable(file: &Path, source: io::Error) -> Refusal {
        match dangling_target(file) {
            Some(to) => Refusal::DanglingLink { to },
            None => Refusal::Unreadable { file: file.to_owned(), source },
        }
    }

    /// What the operator can do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("let the user of the host read it (`chmod`, `chown`)".to_owned())
            }
            Self::Unreadable { .. } => None,
            Self::DanglingLink { .. } => {
                Some("put a library there; a serving cog keeps serving until the link is removed".to_owned())
            }
            Self::Incomplete { .. } => {
                Some("it is tried again when it is written to; if it is not, build it again".into())
            }
            Self::NotALibrary(why) => why.help().map(str::to_owned),
            Self::Copy(why) => why.help().map(str::to_owned),
            Self::Read(why) => why.help(),
            Self::Mismatch(why) => Some(why.help()),
        }
    }

    /// Whether the problem may resolve itself a moment later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Incomplete { .. } | Self::DanglingLink { .. } | Self::Copy(_) => true,
            // It was removed a moment ago, and the removal is about to be followed.
            Self::Unreadable { source, .. } => source.kind() == io::ErrorKind::NotFound,
            _ => false,
        }
    }
}

/// Examines a library, copies it, and verifies the copy; once more if the copy vanishes meanwhile. Blocks; takes some
/// milliseconds for a large file.
///
/// # Errors
/// The first step that failed, with the file and, once it could be read, the cog.
pub fn prepare(folder: &CopyFolder, file: &Path) -> Result<Prepared, Refused> {
    match prepare_once(folder, file) {
        Err(Refused { why: Refusal::Copy(CopyError::Vanished), .. }) => prepare_once(folder, file),
        prepared => prepared,
    }
}

fn prepare_once(folder: &CopyFolder, file: &Path) -> Result<Prepared, Refused> {
    let since = Instant::now();
    let refused = |cog: Option<&str>, why: Refusal| Refused {
        file: file.to_owned(),
        cog: cog.filter(|name| verify::is_name(name)).map(str::to_owned),
        why,
    };
    let copy = copy(folder, file).map_err(|why| refused(None, why))?;
    let contents = manifest::read(copy.path()).map_err(|why| match &why {
        _ if copy.is_missing() => refused(None, CopyError::Vanished.into()),
        ReadError::OtherAbi { name, .. } => refused(name.clone().as_deref(), why.into()),
        _ => refused(None, why.into()),
    })?;
    let name = contents.manifest.name.clone();
    if let Some(first) = verify::mismatches(&contents).into_iter().next() {
        return Err(refused(Some(&name), first.into()));
    }
    allow_unmapping(&copy, &contents).map_err(|why| refused(Some(&name), why.into()))?;
    let notes = verify::notes(&contents);
    Ok(Prepared { copy, manifest: contents.manifest, notes, took: since.elapsed() })
}

fn copy(folder: &CopyFolder, file: &Path) -> Result<PrivateCopy, Refusal> {
    match file::examine(file).map_err(|source| Refusal::unreadable(file, source))? {
        Readiness::Complete(candidate) => Ok(PrivateCopy::make(folder, &candidate)?),
        Readiness::Incomplete { length, needed } => Err(Refusal::Incomplete { length, needed }),
        Readiness::NotALibrary(why) => Err(why.into()),
    }
}

/// Clears `DF_1_NODELETE` in the copy: with it, `dlclose` would not unmap the library.
fn allow_unmapping(copy: &PrivateCopy, contents: &Contents) -> Result<(), CopyError> {
    let Some(at) = contents.nodelete_at else { return Ok(()) };
    let failed = |source| match copy.is_missing() {
        true => CopyError::Vanished,
        false => CopyError::Write { copy: copy.path().to_owned(), source },
    };
    let file = OpenOptions::new().read(true).write(true).open(copy.path()).map_err(failed)?;
    let mut flags = [0];
    file.read_exact_at(&mut flags, at).map_err(failed)?;
    // The flag is in the lowest byte of its word, which is the one that `at` points to.
    flags[0] &= !(object::elf::DF_1_NODELETE.0 as u8);
    file.write_all_at(&flags, at).map_err(failed)
}
