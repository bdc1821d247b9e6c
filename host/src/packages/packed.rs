//! A complete version of a package: from a repository, where its parts stay until they are copied to another one, or
//! newly made from its libraries, in memory.

use std::{collections::HashSet, io, path::Path};

use super::{
    digest::Digest,
    error::PackageError,
    keys::{PublicKey, SecretKey, Signature},
    oci::{self, Descriptor, Index, Manifest, bytes_of, referrers_tag},
    package::Package,
    reference::{Place, tag_of},
    repository::Repository,
    writer::Writer,
};
use crate::library::LIBRARY_MAX_BYTES;

/// Total size of all parts of a package, for every target.
pub(super) const PACKAGE_MAX_BYTES: u64 = LIBRARY_MAX_BYTES;

/// A complete version of a package.
#[derive(Debug)]
pub struct Packed<'r> {
    package: Package,
    /// The manifests of its artifacts.
    manifests: Vec<Vec<u8>>,
    /// Their configs and layers.
    parts: Vec<Part<'r>>,
    /// Each with its key, if it was made here.
    signatures: Vec<(Signature, Option<PublicKey>)>,
}

/// A config or a layer.
#[derive(Debug)]
pub(super) struct Part<'r> {
    pub(super) descriptor: Descriptor,
    /// What it is, in words.
    pub(super) what: String,
    pub(super) bytes: Bytes<'r>,
}

/// Where a part's bytes are.
#[derive(Debug)]
pub(super) enum Bytes<'r> {
    Memory(Vec<u8>),
    Repository(&'r Repository),
}

/// The result of putting a package into a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was not there before.
    New,
    /// It was already there, byte for byte. Signatures may be new.
    Same,
    /// It replaced different content.
    Replaced(Digest),
}

impl<'r> Packed<'r> {
    pub(super) fn new(package: Package, manifests: Vec<Vec<u8>>, parts: Vec<Part<'r>>) -> Packed<'r> {
        Packed { package, manifests, parts, signatures: Vec::new() }
    }

    /// A package that was found, complete with every target and all of its signatures. Its parts stay where they are,
    /// and are verified when they are read.
    ///
    /// # Errors
    /// A document is missing, does not match its digest, or names more than a package may have.
    pub async fn take(from: &'r Repository, package: Package) -> Result<Packed<'r>, PackageError> {
        let mut taken = Packed::new(package, Vec::new(), Vec::new());
        let package = &taken.package;
        let (mut size, mut seen) = (0_u64, HashSet::new());
        for target in package.targets() {
            let (manifest, artifact) = from.artifact_with_manifest(package, target).await?;
            size += manifest.len() as u64;
            for part in artifact.parts().filter(|part| seen.insert(part.digest)) {
                size = size.saturating_add(part.size);
                let title = part.annotations.get(oci::TITLE).map_or("manifest", String::as_str);
                let what = format!("{package} ({} for {target})", title.escape_debug());
                taken.parts.push(Part { descriptor: part.clone(), what, bytes: Bytes::Repository(from) });
            }
            if size > PACKAGE_MAX_BYTES {
                let what = package.to_string();
                return Err(PackageError::TooLarge { what, size, max: PACKAGE_MAX_BYTES });
            }
            taken.manifests.push(manifest);
        }
        let signatures = from.signatures(&package.digest()).await?;
        taken.signatures = signatures.into_iter().map(|signature| (signature, None)).collect();
        Ok(taken)
    }

    /// Reads and verifies every part, and keeps none.
    ///
    /// # Errors
    /// A part is missing, or does not match its digest.
    pub async fn check(&self) -> Result<(), PackageError> {
        for Part { descriptor, what, bytes } in &self.parts {
            if let Bytes::Repository(from) = bytes {
                let nowhere = Path::new("/dev/null");
                from.blob(descriptor, PACKAGE_MAX_BYTES, &mut io::sink(), nowhere, what).await?;
            }
        }
        Ok(())
    }

    /// The package, whether it was found in a repository or has just been made.
    #[must_use]
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// Signs it. Does nothing if that key has already signed it.
    ///
    /// # Errors
    /// minisign's error.
    pub fn sign(&mut self, key: &SecretKey) -> Result<(), String> {
        if self.is_signed_by(key.public()) {
            return Ok(());
        }
        let comment = format!("{} {} {}", self.package.name(), self.package.version(), self.package.digest());
        let signature = key.sign(self.package.bytes(), &comment).map_err(|error| error.to_string())?;
        self.signatures.push((signature, Some(key.public().clone())));
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn put_signatures_of(&mut self, other: &Packed) {
        self.signatures.clone_from(&other.signatures);
    }

    fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.signatures.iter().any(|(signature, _)| signature.is_by(key, self.package.bytes()))
    }

    /// Puts it into a repository: its parts, then its signatures, and its version last, so that anyone who finds the
    /// version finds all of it. `replace`: even if the version exists with different content.
    ///
    /// # Errors
    /// The version exists with different content, or the repository cannot be written.
    pub async fn put(&self, into: &Repository, replace: bool) -> Result<Put, PackageError> {
        let package = &self.package;
        if into.place().name() != package.name() {
            let expected = format!("`{}`", into.place().name());
            let (what, found) = (package.to_string(), format!("`{}`", package.name()));
            return Err(PackageError::WrongIdentity { what, found, expected });
        }
        let writer = into.writer()?;
        let there = into.digest_of(package.version()).await?;
        let put = match there {
            None => Put::New,
            Some(there) if there == package.digest() => Put::Same,
            Some(there) if replace => Put::Replaced(there),
            Some(there) => {
                let what = format!("{}:{}", into.place(), package.version());
                return Err(PackageError::VersionExists { what, there, new: package.digest() });
            }
        };
        writer.parts(&self.parts).await?;
        for manifest in &self.manifests {
            writer.document(oci::MANIFEST, manifest, None).await?;
        }
        writer.document(oci::INDEX, package.bytes(), None).await?;
        let there = into.signatures(&package.digest()).await?;
        for (signature, key) in &self.signatures {
            let is_by = |key: &PublicKey| there.iter().any(|it| it.is_by(key, package.bytes()));
            if !key.as_ref().is_some_and(is_by) {
                self.put_signature(signature, into, &writer).await?;
            }
        }
        writer.document(oci::INDEX, package.bytes(), Some(&tag_of(package.version()))).await?;
        Ok(put)
    }

    async fn put_signature(
        &self,
        signature: &Signature,
        into: &Repository,
        writer: &Writer<'_>,
    ) -> Result<(), PackageError> {
        let (text, key) = (signature.text(), signature.key());
        let layer = Descriptor::of(oci::MINISIGN, text.as_bytes())
            .annotated(oci::TITLE, &format!("{}.minisig", self.package.name()));
        let mut subject = Descriptor::of(oci::INDEX, self.package.bytes());
        subject.artifact_type = Some(oci::PACKAGE.to_owned());
        let mut manifest =
            Manifest::new(oci::SIGNATURE, Descriptor::of(oci::EMPTY, oci::EMPTY_BYTES), vec![layer]);
        manifest.annotations.insert(oci::KEY.to_owned(), key.clone());
        manifest.subject = Some(subject);
        let bytes = bytes_of(&manifest);
        let mut entry = Descriptor::of(oci::MANIFEST, &bytes).annotated(oci::KEY, &key);
        entry.artifact_type = Some(oci::SIGNATURE.to_owned());
        let mut referrers: Index = into.referrers(&self.package.digest()).await?;
        if referrers.manifests.iter().any(|it| it.digest == entry.digest) {
            return Ok(());
        }
        referrers.manifests.push(entry);
        writer.blob(oci::EMPTY_BYTES).await?;
        writer.blob(text.as_bytes()).await?;
        writer.document(oci::MANIFEST, &bytes, None).await?;
        let tag = referrers_tag(&self.package.digest());
        writer.document(oci::INDEX, &bytes_of(&referrers), Some(&tag)).await
    }
}

/// The place of a package that is only in memory: only its name matters.
pub(super) fn in_memory_place(name: &str) -> Place {
    Place::Folder(name.into())
}
