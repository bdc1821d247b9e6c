//! Puts the parts of a package into a repository. The caller decides on the order.

use std::path::PathBuf;

use super::{
    digest::Digest,
    error::PackageError,
    layout::WriteLock,
    oci::Descriptor,
    packed::{Bytes, PACKAGE_MAX_BYTES, Part},
    repository::{Repository, Store},
};
use crate::file::AtomicFile;

/// Puts parts into a repository. Nobody else can write to a folder meanwhile.
pub(super) struct Writer<'r> {
    repository: &'r Repository,
    writing: Option<WriteLock>,
}

impl Repository {
    pub(super) fn writer(&self) -> Result<Writer<'_>, PackageError> {
        let writing = match &self.store {
            Store::Folder(layout) => Some(layout.begin()?),
            Store::Registry(_) => None,
        };
        Ok(Writer { repository: self, writing })
    }
}

impl Writer<'_> {
    /// Puts the parts there that are missing: into a folder in chunks, and visible only once all have arrived; into a
    /// registry each in one piece.
    pub(super) async fn parts(&self, parts: &[Part<'_>]) -> Result<(), PackageError> {
        let mut come = Vec::new();
        for part in parts {
            come.extend(self.part(part).await?);
        }
        come.into_iter().try_for_each(|(aside, path)| aside.commit().map_err(PackageError::io("write", path)))
    }

    async fn part(
        &self,
        Part { descriptor, what, bytes }: &Part<'_>,
    ) -> Result<Option<(AtomicFile, PathBuf)>, PackageError> {
        let from = match bytes {
            Bytes::Memory(bytes) => return self.blob(bytes).await.map(|()| None),
            Bytes::Repository(from) => from,
        };
        match (&self.repository.store, &self.writing) {
            (Store::Folder(layout), Some(writing)) if !layout.holds(&descriptor.digest) => {
                let path = layout.path(&descriptor.digest);
                let mut aside = layout.begin_blob(writing, &descriptor.digest)?;
                from.blob(descriptor, PACKAGE_MAX_BYTES, &mut aside, &path, what).await?;
                aside.finish().map_err(PackageError::io("write", &path))?;
                Ok(Some((aside, path)))
            }
            (Store::Registry(registry), _) if !registry.has_blob(&descriptor.digest).await? => {
                let bytes = from.small(descriptor, PACKAGE_MAX_BYTES, what).await?;
                registry.put_blob(&descriptor.digest, bytes).await.map(|()| None)
            }
            _ => Ok(None),
        }
    }

    /// Puts a blob there, if it is missing.
    pub(super) async fn blob(&self, bytes: &[u8]) -> Result<(), PackageError> {
        let digest = Digest::of(bytes);
        match (&self.repository.store, &self.writing) {
            (Store::Folder(layout), Some(writing)) => layout.put(writing, &digest, bytes),
            (Store::Registry(registry), _) if !registry.has_blob(&digest).await? => {
                registry.put_blob(&digest, bytes.to_vec()).await
            }
            _ => Ok(()),
        }
    }

    /// Puts an index or a manifest there, under a tag if one is given.
    pub(super) async fn document(
        &self,
        media_type: &'static str,
        bytes: &[u8],
        tag: Option<&str>,
    ) -> Result<(), PackageError> {
        match (&self.repository.store, &self.writing) {
            (Store::Folder(layout), Some(writing)) => {
                layout.put(writing, &Digest::of(bytes), bytes)?;
                tag.map_or(Ok(()), |tag| layout.tag(writing, tag, &Descriptor::of(media_type, bytes)))
            }
            (Store::Registry(registry), _) => registry.put_document(media_type, bytes.to_vec(), tag).await,
            _ => Ok(()),
        }
    }
}
