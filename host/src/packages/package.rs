//! One version of a package as it was found: an OCI index with an artifact for each target.

use std::fmt;

use semver::Version;

use super::{
    about::About,
    digest::Digest,
    error::PackageError,
    keys::PublicKey,
    oci::{self, Descriptor, Index, Manifest},
    reference::Place,
};
use crate::library::same_target;

/// Maximum number of targets, more than a host runs on. Each has a manifest, which takes a request of its own.
/// <https://doc.rust-lang.org/rustc/platform-support.html>
const TARGETS_MAX: usize = 100;

/// Whether a text may be a target triple of any compiler: it is displayed unchanged.
fn is_target(text: &str) -> bool {
    let is_of_one = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter);
    (1..=100).contains(&text.len()) && text.bytes().all(is_of_one)
}

/// A version of a package. Its index matches its digest and names it; its signatures have been verified.
#[derive(Debug, Clone)]
pub struct Package {
    place: Place,
    version: Version,
    digest: Digest,
    bytes: Vec<u8>,
    entries: Vec<(String, Descriptor)>,
    pub(super) signed_by: Option<PublicKey>,
}

impl Package {
    /// Parses an index that matches its digest.
    pub(super) fn read(place: &Place, digest: Digest, bytes: Vec<u8>) -> Result<Package, PackageError> {
        let odd = |why: String| PackageError::NotAPackage { what: format!("{place}@{digest}"), why };
        let index: Index = serde_json::from_slice(&bytes)
            .map_err(|error| odd(format!("it is not an OCI index: {error}")))?;
        if index.artifact_type.as_deref() != Some(oci::PACKAGE) {
            let is = index.artifact_type.unwrap_or(index.media_type);
            return Err(odd(format!("it is `{}`", is.escape_debug())));
        }
        let said = |key: &str| index.annotations.get(key).map(String::as_str).unwrap_or_default();
        let version =
            Version::parse(said(oci::VERSION)).map_err(|error| odd(format!("its version: {error}")))?;
        let mut entries: Vec<(String, Descriptor)> = Vec::new();
        if index.manifests.len() > TARGETS_MAX {
            return Err(odd(format!(
                "it is for {} targets; at most {TARGETS_MAX} are allowed",
                index.manifests.len()
            )));
        }
        if index.manifests.is_empty() {
            return Err(odd("it is for no target".to_owned()));
        }
        for entry in index.manifests.iter() {
            let target =
                entry.annotations.get(oci::TARGET).ok_or_else(|| odd("it names no target".to_owned()))?;
            if !is_target(target) {
                return Err(odd(format!("`{}` is not a target", target.escape_debug())));
            }
            if entries.iter().any(|(other, _)| other == target) {
                return Err(odd(format!("it names the target `{target}` twice")));
            }
            entries.push((target.clone(), entry.clone()));
        }
        let package =
            Package { place: place.clone(), version, digest, entries, signed_by: None, bytes: bytes.clone() };
        match said(oci::TITLE) {
            name if name == place.name() => Ok(package),
            name => Err(package.other(&format!("`{}`", name.escape_debug()), &format!("`{}`", place.name()))),
        }
    }

    /// Checks that it declares this version.
    pub(super) fn is(&self, version: &Version) -> Result<(), PackageError> {
        match self.version == *version {
            true => Ok(()),
            false => {
                let what = format!("{}:{version}", self.place);
                let (found, expected) = (self.version.to_string(), version.to_string());
                Err(PackageError::WrongIdentity { what, found, expected })
            }
        }
    }

    fn other(&self, found: &str, expected: &str) -> PackageError {
        PackageError::WrongIdentity {
            what: self.to_string(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }

    /// Parses one of its documents.
    pub(super) fn parsed(&self, bytes: &[u8]) -> Result<Manifest, PackageError> {
        serde_json::from_slice(bytes)
            .map_err(|error| PackageError::NotAPackage { what: self.to_string(), why: error.to_string() })
    }

    /// Where it was found.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The cog's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.place.name()
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Its digest, which identifies it with everything in it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The trusted key that it is signed by; `None` only where no signature is required.
    #[must_use]
    pub fn signed_by(&self) -> Option<&PublicKey> {
        self.signed_by.as_ref()
    }

    /// The triples that it has artifacts for.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(target, _)| target.as_str())
    }

    /// The index, which is what gets signed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The descriptor of the artifact for a target.
    pub(super) fn entry(&self, target: &str) -> Result<&Descriptor, PackageError> {
        let exact = self.entries.iter().find(|(it, _)| it == target);
        let found = exact.or_else(|| self.entries.iter().find(|(it, _)| same_target(it, target)));
        found.map(|(_, entry)| entry).ok_or_else(|| PackageError::NoTarget {
            what: self.to_string(),
            target: target.to_owned(),
            there: self.targets().map(str::to_owned).collect(),
        })
    }
}

/// `ghcr.io/me/greeter:1.2.0`.
impl fmt::Display for Package {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.place, self.version)
    }
}

/// A package's artifact for one target.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// What it declares about itself.
    pub about: About,
    manifest: Manifest,
    library: usize,
}

impl Artifact {
    pub(super) fn new(
        package: &Package,
        target: &str,
        manifest: Manifest,
        about: &[u8],
    ) -> Result<Artifact, PackageError> {
        let odd = |why: String| PackageError::NotAPackage { what: package.to_string(), why };
        let about: About = serde_json::from_slice(about).map_err(|error| odd(error.to_string()))?;
        let same = [
            (package.name(), about.name.as_str()),
            (&package.version.to_string(), &about.version.to_string()),
        ];
        for (expected, found) in same {
            if expected != found {
                return Err(package.other(&found.escape_debug().to_string(), expected));
            }
        }
        if !same_target(&about.target, target) {
            return Err(package.other(&about.target.escape_debug().to_string(), target));
        }
        let library = manifest.layers.iter().position(|layer| layer.media_type == oci::LIBRARY);
        let library = library.ok_or_else(|| odd("it has no library".to_owned()))?;
        Ok(Artifact { about, manifest, library })
    }

    /// Size of the library, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.library().size
    }

    /// The digest of the library.
    #[must_use]
    pub fn library_digest(&self) -> Digest {
        self.library().digest
    }

    pub(super) fn library(&self) -> &Descriptor {
        &self.manifest.layers[self.library]
    }

    /// All of its parts.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Descriptor> {
        std::iter::once(&self.manifest.config).chain(&self.manifest.layers)
    }
}
