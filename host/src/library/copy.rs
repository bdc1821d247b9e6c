//! Copies of libraries: one file for each generation, with its digest. It does not parse the library.
//!
//! Copies are needed because the loader treats a file with the same path or inode as the library that is already
//! loaded, and because overwriting a file while it is mapped crashes the process.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer};

use super::{
    file::{Candidate, Stamp},
    folder::{CopyFolder, FolderError, new_file},
};
use crate::error::denied;

/// How much is read and written at once, in bytes.
const CHUNK: usize = 256 << 10;

/// Why a library could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It was written to, replaced or removed after it had been found complete.
    #[error("it was changed while it was being copied")]
    Changed,
    /// The library could not be read.
    #[error("failed to read it")]
    Read(#[source] io::Error),
    /// The folder for copies had vanished, and could not be created again.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The copy vanished before it was opened: other programs clean up folders for temporary files.
    #[error("its copy was removed")]
    Vanished,
    /// The copy could not be written.
    #[error("failed to write the copy `{}`{}", .copy.display(), denied(.copy, .source))]
    Write {
        /// The copy.
        copy: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

impl CopyError {
    /// What the operator can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Changed => Some("it is tried again when it has settled"),
            Self::Read(_) | Self::Vanished => None,
            Self::Folder(why) => Some(why.help()),
            Self::Write { .. } => Some(
                "the folder must be writable, with space left; XDG_RUNTIME_DIR, or TMPDIR without it, name another",
            ),
        }
    }
}

/// BLAKE3 of a library's content, written in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a file, read once.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(path: &Path) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(crate::file::open(path)?)?;
        Ok(Self(*hasher.finalize().as_bytes()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether the loader has a copy mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// It was never opened.
    Never,
    /// It is mapped, or may be.
    Mapped,
    /// It was mapped, and no longer is.
    Unmapped,
}

/// A library's file for one generation. Dropping it deletes the file, unless it is mapped: then debuggers, core dumps
/// and backtraces need it.
#[derive(Debug)]
pub struct PrivateCopy {
    folder: CopyFolder,
    path: PathBuf,
    source: PathBuf,
    length: u64,
    digest: Digest,
    mapping: Mapping,
}

impl PrivateCopy {
    /// Copies a library and computes its digest, in one pass. Blocks; takes about 1 ms for a release build of a cog.
    ///
    /// # Errors
    /// If it is no longer the file that was found complete, or cannot be read or written.
    pub fn make(folder: &CopyFolder, of: &Candidate) -> Result<Self, CopyError> {
        let mut source = File::open(&of.path).map_err(CopyError::Read)?;
        if Stamp::of(&source).map_err(CopyError::Read)? != of.stamp {
            return Err(CopyError::Changed);
        }
        let path = folder.unused()?;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => CopyError::Vanished,
            _ => CopyError::Write { copy: path.clone(), source },
        };
        let mut copy = Self {
            folder: folder.clone(),
            path: path.clone(),
            source: of.path.clone(),
            length: 0,
            digest: Digest([0; 32]),
            mapping: Mapping::Never,
        };
        let mut target = new_file(&path).map_err(failed)?;
        let mut hasher = blake3::Hasher::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = source.read(&mut chunk).map_err(CopyError::Read)?;
            if read == 0 {
                break;
            }
            copy.length += read as u64;
            if copy.length > of.stamp.length {
                return Err(CopyError::Changed);
            }
            hasher.update(&chunk[..read]);
            target.write_all(&chunk[..read]).map_err(failed)?;
        }
        let unchanged = Stamp::of(&source).map_err(CopyError::Read)? == of.stamp;
        if !unchanged || copy.length != of.stamp.length {
            return Err(CopyError::Changed);
        }
        copy.digest = Digest(*hasher.finalize().as_bytes());
        Ok(copy)
    }

    /// The copy.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it no longer exists.
    pub fn is_missing(&self) -> bool {
        !self.path.exists()
    }

    /// The file it was made from.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// Size in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Digest of the source's content.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Gives the file its generation's name, such as `ping-7.so`. Call it before opening: the loader remembers names.
    ///
    /// # Errors
    /// If it cannot be renamed.
    pub fn rename(&mut self, cog: &str, generation: u64) -> Result<(), CopyError> {
        let path = self.folder.path().join(format!("{cog}-{generation}{}", std::env::consts::DLL_SUFFIX));
        fs::rename(&self.path, &path).map_err(|source| match self.is_missing() {
            true => CopyError::Vanished,
            false => CopyError::Write { copy: path.clone(), source },
        })?;
        self.path = path;
        Ok(())
    }

    /// Sets whether the loader has it mapped. Set to [`Mapping::Mapped`] before it is opened, and to
    /// [`Mapping::Unmapped`] only once `/proc/self/maps` no longer lists it.
    pub fn set_mapping(&mut self, mapping: Mapping) {
        self.mapping = mapping;
    }
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        if self.mapping != Mapping::Mapped {
            // If this fails, the next process removes the file with the folder.
            let _ = fs::remove_file(&self.path);
        }
    }
}
