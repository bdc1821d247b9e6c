//! A folder as a registry of one package: an OCI image layout. Writes are atomic: a process that reads it meanwhile,
//! or after a `kill -9`, finds either the old content or all of the new one. It does not verify content.
//! <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use super::{
    digest::Digest,
    error::PackageError,
    oci::{DOCUMENT_MAX_BYTES, Descriptor, Index, REF_NAME, bytes_of},
};
use crate::{
    file::{self, AtomicFile},
    private::leads_to,
};

const LAYOUT: &str = "oci-layout";
const LAYOUT_BYTES: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
const INDEX: &str = "index.json";
const BLOBS: &str = "blobs/sha256";
/// Prefix of the names of files that are still being written.
const UNFINISHED: &str = ".unfinished-";

/// A layout, whether it exists or not.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    folder: PathBuf,
}

/// The exclusive right to write to a layout. If it created the layout and puts no package there, it removes it again.
#[derive(Debug)]
pub(super) struct WriteLock {
    lock: File,
    /// Files and folders that it created, the innermost first.
    made: Vec<PathBuf>,
    index: PathBuf,
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        if self.index.exists() {
            return;
        }
        for path in &self.made {
            // Folders that are not empty stay.
            let _ = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
        }
    }
}

impl Layout {
    pub(super) fn new(folder: &Path) -> Layout {
        Layout { folder: folder.to_owned() }
    }

    /// The index of the whole layout; `None` if there is no layout.
    pub(super) fn index(&self) -> Result<Option<Index>, PackageError> {
        let path = self.folder.join(INDEX);
        let Some(bytes) = read(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| PackageError::NotAPackage {
            what: path.display().to_string(),
            why: format!("it is not an OCI index: {error}"),
        })
    }

    /// What a tag points to.
    pub(super) fn tagged(&self, tag: &str) -> Result<Option<Descriptor>, PackageError> {
        let index = self.index()?.unwrap_or_default();
        Ok(index
            .manifests
            .into_iter()
            .find(|it| it.annotations.get(REF_NAME).is_some_and(|name| name == tag)))
    }

    /// A blob's content, if it is not larger than a document may be; `None` if it does not exist.
    pub(super) fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, PackageError> {
        read(&self.path(digest))
    }

    /// Opens a blob; `None` if it does not exist.
    pub(super) fn open(&self, digest: &Digest) -> Result<Option<File>, PackageError> {
        let path = self.path(digest);
        match file::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PackageError::io("read", path)(error)),
        }
    }

    /// The path that a blob has or would have.
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(BLOBS).join(digest.hex())
    }

    /// Begins to write, and creates the layout if it does not exist. Waits for other processes that write.
    pub(super) fn begin(&self) -> Result<WriteLock, PackageError> {
        let failed = |path: &Path| PackageError::io("write", path.to_owned());
        let (blobs, path) = (self.folder.join(BLOBS), self.folder.join(LAYOUT));
        let mut made: Vec<PathBuf> = Vec::new();
        let lock = loop {
            made.extend(
                [&*path].into_iter().chain(blobs.ancestors()).filter(|it| !it.exists()).map(Path::to_owned),
            );
            file::make_folder(&blobs).map_err(failed(&blobs))?;
            let mut how = OpenOptions::new();
            let open = file::open_by(how.read(true).write(true).create(true).truncate(false), &path);
            let lock = open.map_err(failed(&path))?;
            lock.lock().map_err(failed(&path))?;
            // A process that gave up may have removed the file meanwhile.
            if leads_to(&path, &lock) {
                break lock;
            }
        };
        let mut writing = WriteLock { lock, made, index: self.folder.join(INDEX) };
        let lock = &mut writing.lock;
        let owner = fs::metadata(&self.folder).map_err(failed(&self.folder))?;
        file::chown_like(lock, &owner).map_err(failed(&path))?;
        if lock.metadata().map_err(failed(&path))?.len() == 0 {
            lock.write_all(LAYOUT_BYTES).map_err(failed(&path))?;
        }
        // Remove what a killed process left unfinished: nobody else is writing now.
        for folder in [&self.folder, &blobs] {
            for entry in fs::read_dir(folder).map_err(failed(folder))?.flatten() {
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
        Ok(writing)
    }

    /// Whether a blob exists and is undamaged.
    pub(super) fn holds(&self, digest: &Digest) -> bool {
        Digest::of_file(&self.path(digest)).is_ok_and(|there| there == *digest)
    }

    /// Writes a blob, replacing a damaged one.
    pub(super) fn put(&self, _: &WriteLock, digest: &Digest, content: &[u8]) -> Result<(), PackageError> {
        let path = self.path(digest);
        match self.holds(digest) {
            true => Ok(()),
            false => file::replace(&path, content, UNFINISHED).map_err(PackageError::io("write", path)),
        }
    }

    /// Begins to write a blob, which does not exist until it is put in place.
    pub(super) fn begin_blob(&self, _: &WriteLock, digest: &Digest) -> Result<AtomicFile, PackageError> {
        let path = self.path(digest);
        AtomicFile::begin(&path, UNFINISHED).map_err(PackageError::io("write", path))
    }

    /// Points a tag to an existing blob.
    pub(super) fn tag(&self, _: &WriteLock, tag: &str, to: &Descriptor) -> Result<(), PackageError> {
        let mut index = self.index()?.unwrap_or_default();
        index.manifests.retain(|it| it.annotations.get(REF_NAME).is_none_or(|name| name != tag));
        index.manifests.push(to.clone().annotated(REF_NAME, tag));
        index
            .manifests
            .sort_by(|one, other| one.annotations.get(REF_NAME).cmp(&other.annotations.get(REF_NAME)));
        let (path, bytes) = (self.folder.join(INDEX), bytes_of(&index));
        // Otherwise it could not be read any more.
        fits(&path, bytes.len() as u64)?;
        file::replace(&path, &bytes, UNFINISHED).map_err(PackageError::io("write", path))
    }
}

/// Reads a file, if it is not larger than a document may be; `None` if it does not exist.
fn read(path: &Path) -> Result<Option<Vec<u8>>, PackageError> {
    let mut bytes = Vec::new();
    let read = file::open(path).and_then(|file| {
        file.take(DOCUMENT_MAX_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(())
    });
    match read {
        Ok(()) => fits(path, bytes.len() as u64).map(|()| Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(PackageError::io("read", path)(error)),
    }
}

/// Whether a document may have this many bytes.
fn fits(path: &Path, size: u64) -> Result<(), PackageError> {
    match size > DOCUMENT_MAX_BYTES {
        true => {
            let (what, max) = (path.display().to_string(), DOCUMENT_MAX_BYTES);
            Err(PackageError::TooLarge { what, size, max })
        }
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::packages::oci::TEXT;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_process_left_unfinished_is_removed_by_the_next_that_writes() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("greeter");
        let layout = Layout::new(&folder);
        assert!(layout.index().unwrap().is_none());
        let writing = layout.begin().unwrap();
        let blob = Descriptor::of(TEXT, b"hello");
        layout.put(&writing, &blob.digest, b"hello").unwrap();
        layout.tag(&writing, "1.0.0", &blob).unwrap();
        drop(writing);
        for unfinished in [".unfinished-1", "blobs/sha256/.unfinished-2"] {
            fs::write(folder.join(unfinished), "half").unwrap();
        }
        // As after a process that was killed right after it created the lock file.
        fs::write(folder.join(LAYOUT), "").unwrap();
        layout.begin().unwrap();
        assert_eq!(names(&folder), ["blobs", INDEX, LAYOUT]);
        assert_eq!(names(&folder.join(BLOBS)), [blob.digest.hex()]);
        assert_eq!(fs::read(folder.join(LAYOUT)).unwrap(), LAYOUT_BYTES);
        assert_eq!(layout.tagged("1.0.0").unwrap().unwrap().digest, blob.digest);
        assert!(layout.tagged("1.0.1").unwrap().is_none());
        let mode = fs::metadata(layout.path(&blob.digest)).unwrap().permissions().mode();
        assert_ne!(mode & 0o044, 0, "others may read it, as the umask says: {mode:o}");
    }

    #[test]
    fn writers_take_turns_and_none_takes_a_tag_of_another_away() {
        let place = tempfile::tempdir().unwrap();
        let layout = Layout::new(place.path());
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let layout = &layout;
                scope.spawn(move || {
                    for patch in 0..8 {
                        let text = format!("{writer}.0.{patch}");
                        let writing = layout.begin().unwrap();
                        let blob = Descriptor::of(TEXT, text.as_bytes());
                        layout.put(&writing, &blob.digest, text.as_bytes()).unwrap();
                        layout.tag(&writing, &text, &blob).unwrap();
                    }
                });
            }
        });
        let index = layout.index().unwrap().unwrap();
        assert_eq!(index.manifests.len(), 32);
        for entry in index.manifests {
            let content = layout.document(&entry.digest).unwrap().unwrap();
            assert_eq!(Digest::of(&content), entry.digest);
        }
    }
}
