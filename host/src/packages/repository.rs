//! The versions of one package, in a folder or a registry: finds and reads them, and accepts nothing that does not
//! match its digest.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    io::{Read, Write},
    path::Path,
};

use semver::Version;

use super::{
    access::Access,
    digest::{Digest, Digesting},
    error::PackageError,
    keys::{Judgement, Signature, Trust},
    layout::Layout,
    oci::{self, DOCUMENT_MAX_BYTES, Descriptor, Index, Manifest, referrers_tag},
    package::{Artifact, Package},
    reference::{Place, Reference, Wanted, tag_of, version_of},
    registry::Registry,
};
use crate::library::LIBRARY_MAX_BYTES;

/// The repository of a package. Its futures block their thread while they read and write files.
#[derive(Debug)]
pub struct Repository {
    place: Place,
    pub(super) store: Store,
}

#[derive(Debug)]
pub(super) enum Store {
    Folder(Layout),
    Registry(Box<Registry>),
}

/// The largest signature that is read, in bytes.
const SIGNATURE_MAX_BYTES: u64 = 16 << 10;
/// Maximum number of signatures; each takes a request of its own.
const SIGNATURES_MAX: usize = 100;

impl Repository {
    /// Prepares for requests, but makes none yet. Reads the login that `docker login` stored, which may run a
    /// credential helper.
    ///
    /// # Errors
    /// There is a login, but it cannot be read.
    pub fn open(place: &Place, access: Access) -> Result<Repository, PackageError> {
        let store = match place {
            Place::Folder(folder) => Store::Folder(Layout::new(folder)),
            Place::Registry { registry, repository } => {
                Store::Registry(Box::new(Registry::open(registry, repository, access)?))
            }
        };
        Ok(Repository { place: place.clone(), store })
    }

    /// The place of the repository.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether a registry answers like one and accepts the login, or a folder can be read. The package need not exist.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn probe(&self) -> Result<(), PackageError> {
        match &self.store {
            Store::Folder(layout) => layout.index().map(drop),
            Store::Registry(registry) => registry.probe().await,
        }
    }

    /// Whether docker has a login for it.
    #[must_use]
    pub fn has_login(&self) -> bool {
        matches!(&self.store, Store::Registry(registry) if registry.has_login())
    }

    /// Its versions in ascending order. Tags that are not versions are ignored.
    ///
    /// # Errors
    /// It does not exist, or does not answer.
    pub async fn versions(&self) -> Result<Vec<Version>, PackageError> {
        let tags = match &self.store {
            Store::Folder(layout) => layout.index()?.map(|index| {
                index
                    .manifests
                    .into_iter()
                    .filter_map(|mut it| it.annotations.remove(oci::REF_NAME))
                    .collect()
            }),
            Store::Registry(registry) => registry.tags().await?,
        };
        let tags: Vec<String> = tags.ok_or_else(|| PackageError::NoPackage(self.place.clone()))?;
        let versions: BTreeSet<Version> = tags.iter().filter_map(|tag| version_of(tag)).collect();
        Ok(versions.into_iter().collect())
    }

    /// The current digest of a version; `None` if there is no such version.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn digest_of(&self, version: &Version) -> Result<Option<Digest>, PackageError> {
        let tag = tag_of(version);
        match &self.store {
            Store::Folder(layout) => Ok(layout.tagged(&tag)?.map(|entry| entry.digest)),
            Store::Registry(_) => Ok(self.tagged(&tag).await?.map(|(digest, _)| digest)),
        }
    }

    /// Finds a package and verifies its identity: its name and version, its digest if the reference gives one, and
    /// its signatures. None of its content is read before that.
    ///
    /// # Errors
    /// There is none, it is a different one, or it is not trusted.
    pub async fn find(&self, reference: &Reference, trust: &Trust) -> Result<Package, PackageError> {
        let version = match (&reference.wanted, reference.digest) {
            (Wanted::Version(version), _) => Some(version.clone()),
            // The digest identifies it, whatever its tag.
            (Wanted::Newest, Some(_)) => None,
            (wanted, _) => Some(self.newest(wanted).await?),
        };
        let (digest, bytes) = self.index(version.as_ref(), reference.digest).await?;
        let mut package = Package::read(&self.place, digest, bytes)?;
        if let Some(version) = &version {
            package.is(version)?;
        }
        package.signed_by = match trust.judge(&self.signatures(&digest).await?, package.bytes()) {
            Judgement::Trusted(key) => Some(key),
            Judgement::Forged { key, why } => {
                return Err(PackageError::Forged { what: package.to_string(), key, why });
            }
            Judgement::Unsigned | Judgement::Untrusted(_) if !trust.required => None,
            Judgement::Unsigned => return Err(PackageError::Unsigned { what: package.to_string() }),
            Judgement::Untrusted(keys) => {
                let (what, add) = (package.to_string(), trust.add.clone());
                return Err(PackageError::Untrusted { what, keys, add });
            }
        };
        Ok(package)
    }

    async fn index(
        &self,
        version: Option<&Version>,
        digest: Option<Digest>,
    ) -> Result<(Digest, Vec<u8>), PackageError> {
        let none = || PackageError::NoPackage(self.place.clone());
        let Some(version) = version else {
            let digest = digest.ok_or_else(none)?;
            return Ok((digest, self.document(&digest).await?.ok_or_else(none)?));
        };
        match self.tagged(&tag_of(version)).await? {
            Some((found, bytes)) => match digest {
                Some(expected) if expected != found => {
                    let what = format!("{}:{version}", self.place);
                    Err(PackageError::DigestChanged { what, expected, found })
                }
                _ => Ok((found, bytes)),
            },
            None => Err(PackageError::NoVersion {
                place: self.place.to_string(),
                wanted: Wanted::Version(version.clone()),
                versions: self.versions().await?,
            }),
        }
    }

    async fn newest(&self, wanted: &Wanted) -> Result<Version, PackageError> {
        let versions = self.versions().await?;
        versions.iter().rev().find(|version| wanted.admits(version)).cloned().ok_or_else(|| {
            PackageError::NoVersion {
                place: self.place.to_string(),
                wanted: wanted.clone(),
                versions: versions.clone(),
            }
        })
    }

    /// What a package declares for a target, and where its parts are.
    ///
    /// # Errors
    /// It has no artifact for that target, or something does not match its digest or the package.
    pub async fn artifact(&self, package: &Package, target: &str) -> Result<Artifact, PackageError> {
        Ok(self.artifact_with_manifest(package, target).await?.1)
    }

    pub(super) async fn artifact_with_manifest(
        &self,
        package: &Package,
        target: &str,
    ) -> Result<(Vec<u8>, Artifact), PackageError> {
        let entry = package.entry(target)?;
        let what = |part: &str| format!("{package} ({part} for {target})");
        let bytes = self.part(&entry.digest, &what("manifest")).await?;
        let manifest: Manifest = package.parsed(&bytes)?;
        let about = self.small(&manifest.config, DOCUMENT_MAX_BYTES, &what("manifest")).await?;
        Ok((bytes, Artifact::new(package, target, manifest, &about)?))
    }

    /// Writes the library to `to`. If this fails, whatever has been written must not be used.
    ///
    /// # Errors
    /// It is missing, does not match its digest, or cannot be written; `path` is only used to name `to`.
    pub async fn library(
        &self,
        package: &Package,
        artifact: &Artifact,
        to: &mut (dyn Write + Send),
        path: &Path,
    ) -> Result<(), PackageError> {
        let what = format!("{package} (library for {})", artifact.about.target);
        self.blob(artifact.library(), LIBRARY_MAX_BYTES, to, path, &what).await
    }

    /// Reads a part of the package into memory.
    ///
    /// # Errors
    /// It is missing, or does not match its digest.
    pub(super) async fn small(
        &self,
        descriptor: &Descriptor,
        max: u64,
        what: &str,
    ) -> Result<Vec<u8>, PackageError> {
        let mut bytes = Vec::new();
        self.blob(descriptor, max, &mut bytes, Path::new("memory"), what).await?;
        Ok(bytes)
    }

    /// Writes a blob of at most `max` bytes to `to`, and verifies it.
    pub(super) async fn blob(
        &self,
        descriptor: &Descriptor,
        max: u64,
        to: &mut (dyn Write + Send),
        path: &Path,
        what: &str,
    ) -> Result<(), PackageError> {
        if descriptor.size > max {
            return Err(PackageError::TooLarge { what: what.to_owned(), size: descriptor.size, max });
        }
        let mut digesting = Digesting::new(to);
        let what = &*self.with_file(what, &descriptor.digest);
        let missing = || PackageError::Missing { what: what.to_owned() };
        match &self.store {
            Store::Folder(layout) => {
                let file = layout.open(&descriptor.digest)?.ok_or_else(missing)?;
                let mut file = file.take(descriptor.size + 1);
                std::io::copy(&mut file, &mut digesting).map_err(PackageError::io("copy to", path))?;
            }
            Store::Registry(registry) => {
                registry.blob(descriptor, &mut digesting, path).await?.ok_or_else(missing)?;
            }
        }
        let found = digesting.length();
        if found != descriptor.size {
            return Err(PackageError::Length { what: what.to_owned(), expected: descriptor.size, found });
        }
        self.fits(&descriptor.digest, digesting.digest(), what)
    }

    /// What a part is and, in a folder, which file it is in.
    fn with_file<'w>(&self, what: &'w str, digest: &Digest) -> Cow<'w, str> {
        match &self.store {
            Store::Folder(layout) => Cow::Owned(format!("{}, of {what}", layout.path(digest).display())),
            Store::Registry(_) => Cow::Borrowed(what),
        }
    }

    fn fits(&self, expected: &Digest, found: Digest, what: &str) -> Result<(), PackageError> {
        match *expected == found {
            true => Ok(()),
            false => Err(PackageError::Damaged { what: what.to_owned(), expected: *expected, found }),
        }
    }

    /// The document with a digest that the package names.
    async fn part(&self, digest: &Digest, what: &str) -> Result<Vec<u8>, PackageError> {
        let bytes = self.document(digest).await?;
        bytes.ok_or_else(|| PackageError::Missing { what: self.with_file(what, digest).into_owned() })
    }

    /// An index or a manifest by its digest; `None` if it does not exist.
    async fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, PackageError> {
        let bytes = match &self.store {
            Store::Folder(layout) => layout.document(digest)?,
            Store::Registry(registry) => registry.document(&digest.to_string()).await?,
        };
        if let Some(bytes) = &bytes {
            let what = format!("{}@{digest}", self.place);
            self.fits(digest, Digest::of(bytes), &self.with_file(&what, digest))?;
        }
        Ok(bytes)
    }

    /// What a tag points to.
    async fn tagged(&self, tag: &str) -> Result<Option<(Digest, Vec<u8>)>, PackageError> {
        match &self.store {
            Store::Folder(layout) => {
                let Some(entry) = layout.tagged(tag)? else { return Ok(None) };
                let what = format!("{}:{tag}", self.place);
                Ok(Some((entry.digest, self.part(&entry.digest, &what).await?)))
            }
            Store::Registry(registry) => {
                Ok(registry.document(tag).await?.map(|bytes| (Digest::of(&bytes), bytes)))
            }
        }
    }

    /// The signatures of an artifact.
    pub(super) async fn signatures(&self, subject: &Digest) -> Result<Vec<Signature>, PackageError> {
        let mut signatures = Vec::new();
        let mut referrers = self.referrers(subject).await?.manifests;
        referrers.retain(|entry| entry.artifact_type.as_deref() == Some(oci::SIGNATURE));
        if referrers.len() > SIGNATURES_MAX {
            let why = format!("it has {} signatures; at most {SIGNATURES_MAX} are allowed", referrers.len());
            return Err(PackageError::NotAPackage { what: format!("{}@{subject}", self.place), why });
        }
        for entry in referrers {
            let what = format!("{}@{subject} (signature)", self.place);
            let odd = |why: &str| PackageError::NotAPackage { what: what.clone(), why: why.to_owned() };
            let bytes = self.part(&entry.digest, &what).await?;
            let manifest: Manifest =
                serde_json::from_slice(&bytes).map_err(|error| odd(&error.to_string()))?;
            if manifest.subject.as_ref().is_none_or(|it| it.digest != *subject) {
                return Err(odd("it is for something else"));
            }
            let layer = manifest.layers.iter().find(|layer| layer.media_type == oci::MINISIGN);
            let layer = layer.ok_or_else(|| odd("it does not contain one"))?;
            let text = self.small(layer, SIGNATURE_MAX_BYTES, &what).await?;
            signatures.push(Signature::read(&text).ok_or_else(|| odd("it is not a minisign signature"))?);
        }
        Ok(signatures)
    }

    /// What refers to an artifact.
    pub(super) async fn referrers(&self, subject: &Digest) -> Result<Index, PackageError> {
        let Some((_, bytes)) = self.tagged(&referrers_tag(subject)).await? else {
            return Ok(Index::default());
        };
        serde_json::from_slice(&bytes).map_err(|error| PackageError::NotAPackage {
            what: format!("{}@{subject} (signatures)", self.place),
            why: error.to_string(),
        })
    }
}
