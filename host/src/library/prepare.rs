//! From a file in the folder to a private copy that may be opened: settled, copied, verified, in this order. Nothing is
//! executed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use gearshift_cog::manifest::Manifest;

use super::{
    copy::{CopyError, Digest, PrivateCopy},
    file::{self, NotALibrary, Readiness},
    folder::CopyFolder,
    verify::{self, VerifyError},
};

/// A library that passed every check on its file.
#[derive(Debug)]
pub struct Prepared {
    /// What it says it is.
    pub manifest: Manifest,
    /// The copy to open.
    pub copy: PrivateCopy,
    /// What is worth telling: properties that cost something.
    pub notes: Vec<String>,
    /// How long this took.
    pub took: Duration,
}

impl Prepared {
    /// Digest of the content.
    pub fn digest(&self) -> Digest {
        self.copy.digest()
    }
}

/// Why a file was refused before anything of it was executed.
#[derive(Debug, thiserror::Error)]
#[error("cannot load `{}`", .file.display())]
pub struct FileError {
    /// The file.
    pub file: PathBuf,
    /// The step and its reason.
    #[source]
    pub reason: FileRefusal,
}

/// The step that refused a file.
#[derive(Debug, thiserror::Error)]
pub enum FileRefusal {
    /// It cannot be read.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    /// It is still being written.
    #[error("it is not complete yet")]
    Incomplete,
    /// It is no library of this system.
    #[error(transparent)]
    NotALibrary(#[from] NotALibrary),
    /// It could not be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// It is not a cog for this host.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl FileError {
    /// A copy that failed.
    pub fn copy(file: &Path, error: CopyError) -> FileError {
        FileError { file: file.to_owned(), reason: error.into() }
    }

    /// What the reader can do.
    pub fn help(&self) -> Option<String> {
        match &self.reason {
            FileRefusal::Read(_) => None,
            FileRefusal::Incomplete => Some("it is tried again when it has settled".to_owned()),
            FileRefusal::NotALibrary(error) => error.help().map(str::to_owned),
            FileRefusal::Copy(error) => error.help().map(str::to_owned),
            FileRefusal::Verify(error) => error.help(),
        }
    }

    /// Whether it may be different in a moment.
    pub fn may_pass(&self) -> bool {
        matches!(self.reason, FileRefusal::Incomplete | FileRefusal::Copy(CopyError::Changed))
    }
}

/// Looks at a file, copies it and verifies the copy. Blocks.
///
/// # Errors
/// The step that refused it.
pub fn prepare(source: &Path, copies: &CopyFolder) -> Result<Prepared, FileError> {
    let since = Instant::now();
    let refused = |reason| FileError { file: source.to_owned(), reason };
    let candidate = match file::look(source).map_err(|error| refused(FileRefusal::Read(error)))? {
        Readiness::Complete(candidate) => candidate,
        Readiness::Incomplete { .. } => return Err(refused(FileRefusal::Incomplete)),
        Readiness::NotALibrary(why) => return Err(refused(why.into())),
    };
    let copy = PrivateCopy::make(copies, &candidate).map_err(|error| refused(error.into()))?;
    let verified = verify::verify(&copy).map_err(|error| refused(error.into()))?;
    Ok(Prepared { manifest: verified.manifest, copy, notes: verified.notes, took: since.elapsed() })
}

/// The libraries of a folder, by name. Files that are no libraries by name are passed over.
///
/// # Errors
/// When the folder cannot be read.
pub fn candidates(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if file::is_library_name(&path) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The library of a folder that is the cog `name`. Files that are no cogs are passed over.
///
/// # Errors
/// When the folder cannot be read.
pub fn find(folder: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    let is_it = |file: &PathBuf| verify::manifest_of(file).is_ok_and(|manifest| manifest.name == name);
    Ok(candidates(folder)?.into_iter().find(is_it))
}
