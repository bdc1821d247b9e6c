//! Makes a package from libraries: one for each target, all of the same cog and version. The result is reproducible:
//! the same libraries and texts always give the same bytes, without times or paths, and in a fixed order.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use semver::Version;

use super::{
    about::{About, AuthorTexts},
    digest::Digest,
    error::PackageError,
    oci::{self, Descriptor, Index, Manifest, Platform, bytes_of},
    package::Package,
    packed::{Bytes, Packed, Part, in_memory_place},
};
use crate::error::{chain, denied};
use crate::library::{Inspection, Mismatch, Readiness, examine, mismatches, read, stamp};
use gearshift_cog::manifest::Manifest as Cog;

/// Why no package can be made from the libraries.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// No library was given.
    #[error("there is no library to pack")]
    Nothing,
    /// A file is incomplete, or not a cog.
    #[error("cannot pack `{}`: {why}", .file.display())]
    NotACog {
        /// The library.
        file: PathBuf,
        /// What is wrong.
        why: String,
        /// What the reader can do.
        help: Option<String>,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`{}", .file.display(), denied(.file, .source))]
    Unread {
        /// The library.
        file: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A file was changed during the packing.
    #[error("`{}` was changed while it was being read", .0.display())]
    Changed(PathBuf),
    /// A debug build: not optimized, and full of debug information.
    #[error("`{}` is a debug build", .0.display())]
    Debug(PathBuf),
    /// The version is not a semantic version.
    #[error("the version of `{}` is {version:?}, which is not a version such as 1.2.0", .file.display())]
    Version {
        /// The library.
        file: PathBuf,
        /// The version that it declares.
        version: String,
    },
    /// Two libraries are not of the same cog and version.
    #[error("`{}` is {one}, and `{}` is {other}", .files[0].display(), .files[1].display())]
    Different {
        /// The libraries.
        files: [PathBuf; 2],
        /// Name and version of the first.
        one: String,
        /// Name and version of the second.
        other: String,
    },
    /// Two libraries are for the same target.
    #[error("`{}` and `{}` are both for `{target}`", .files[0].display(), .files[1].display())]
    Twice {
        /// The libraries.
        files: [PathBuf; 2],
        /// The target triple.
        target: String,
    },
}

impl PackError {
    /// What the reader can do.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::Nothing => "name the folder of a cog, or libraries with `--library`",
            Self::NotACog { help, .. } => return help.clone(),
            Self::Unread { .. } => return None,
            Self::Changed(_) => "pack it when its build has ended",
            Self::Debug(_) => "build it with `--release`, as `gearshift pack FOLDER` does by itself",
            Self::Version { .. } => "the package gets the `version` of `Cargo.toml`",
            Self::Different { .. } => "a package is of one cog in one version; pack them one after the other",
            Self::Twice { .. } => "a package has one library for each target",
        };
        Some(text.to_owned())
    }
}

/// A library that has been read.
struct Library {
    file: PathBuf,
    bytes: Vec<u8>,
    cog: Cog,
    version: Version,
}

impl Packed<'_> {
    /// Makes a package from libraries, without executing any of their code.
    ///
    /// # Errors
    /// A library is not a cog in a release build, or they do not belong together.
    pub fn make(libraries: &[PathBuf], words: &AuthorTexts) -> Result<Packed<'static>, PackError> {
        let mut read = libraries.iter().map(|file| Library::read(file)).collect::<Result<Vec<_>, _>>()?;
        read.sort_by(|one, other| one.cog.target.cmp(&other.cog.target));
        for pair in read.windows(2) {
            let [one, other] = pair else { continue };
            let files = || [one.file.clone(), other.file.clone()];
            if one.said() != other.said() {
                return Err(PackError::Different { files: files(), one: one.said(), other: other.said() });
            }
            if one.cog.target == other.cog.target {
                return Err(PackError::Twice { files: files(), target: one.cog.target.clone() });
            }
        }
        let first = read.first().ok_or(PackError::Nothing)?;
        let (name, version) = (first.cog.name.clone(), first.version.clone());
        let mut index = Index { artifact_type: Some(oci::PACKAGE.to_owned()), ..Index::default() };
        let annotations = [
            (oci::TITLE, Some(name.clone())),
            (oci::VERSION, Some(version.to_string())),
            (oci::LICENSES, words.license.clone()),
            (oci::DESCRIPTION, words.description.clone()),
        ];
        index
            .annotations
            .extend(annotations.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        let (mut manifests, mut parts) = (Vec::new(), Vec::new());
        for library in read {
            let target = library.cog.target.clone();
            let mut put = |media_type: &str, title: &str, bytes: Vec<u8>| {
                let descriptor = Descriptor::of(media_type, &bytes).annotated(oci::TITLE, title);
                let part = Part {
                    descriptor: descriptor.clone(),
                    what: title.to_owned(),
                    bytes: Bytes::Memory(bytes),
                };
                parts.push(part);
                descriptor
            };
            let mut layers = vec![put(oci::LIBRARY, &file_name(&name, &target), library.bytes)];
            for (title, text) in [("README.md", &words.readme), ("CHANGELOG.md", &words.changelog)] {
                // Registries do not accept empty blobs.
                if let Some(text) = text.as_ref().filter(|text| !text.is_empty()) {
                    layers.push(put(oci::TEXT, title, text.clone().into_bytes()));
                }
            }
            let about = bytes_of(&About::of(library.cog, library.version, words));
            let config = put(oci::ABOUT, "about.json", about);
            let manifest = bytes_of(&Manifest::new(oci::PACKAGE, config, layers));
            let mut entry = Descriptor::of(oci::MANIFEST, &manifest).annotated(oci::TARGET, &target);
            entry.artifact_type = Some(oci::PACKAGE.to_owned());
            entry.platform = Some(Platform::of(&target));
            index.manifests.push(entry);
            manifests.push(manifest);
        }
        let bytes = bytes_of(&index);
        let package = Package::read(&in_memory_place(&name), Digest::of(&bytes), bytes);
        let package = package.map_err(|error: PackageError| PackError::NotACog {
            file: libraries[0].clone(),
            why: error.to_string(),
            help: error.help(),
        })?;
        Ok(Packed::new(package, manifests, parts))
    }
}

impl Library {
    fn read(file: &Path) -> Result<Library, PackError> {
        let unread = |source| PackError::Unread { file: file.to_owned(), source };
        let not_a_cog =
            |why: String, help: Option<String>| PackError::NotACog { file: file.to_owned(), why, help };
        let before = stamp(file).map_err(unread)?;
        match examine(file).map_err(unread)? {
            Readiness::Complete(_) => {}
            // Gives the same reason as everywhere else.
            _ => {
                let refusal = Inspection::of(file).err();
                let why = refusal.as_ref().map_or_else(|| "it is incomplete".to_owned(), |it| chain(it));
                return Err(not_a_cog(why, refusal.and_then(|it| it.help())));
            }
        }
        let contents = read(file).map_err(|error| not_a_cog(chain(&error), error.help()))?;
        // It may be built for another target or ABI, but some host must be able to load it.
        let elsewhere = |it: &Mismatch| matches!(it, Mismatch::Target(_) | Mismatch::Abi(_));
        if let Some(mismatch) = mismatches(&contents).into_iter().find(|it| !elsewhere(it)) {
            return Err(not_a_cog(mismatch.to_string(), Some(mismatch.help())));
        }
        let cog = contents.manifest;
        if cog.profile != "release" {
            return Err(PackError::Debug(file.to_owned()));
        }
        let version = Version::parse(&cog.version)
            .map_err(|_| PackError::Version { file: file.to_owned(), version: cog.version.clone() })?;
        let bytes = fs::read(file).map_err(unread)?;
        if stamp(file).map_err(unread)? != before {
            return Err(PackError::Changed(file.to_owned()));
        }
        Ok(Library { file: file.to_owned(), bytes, cog, version })
    }

    /// Name and version.
    fn said(&self) -> String {
        format!("{} {}", self.cog.name, self.version)
    }
}

/// The file name of a cog's library on a target, wherever it was built.
fn file_name(cog: &str, target: &str) -> String {
    let suffix = if target.contains("-apple-") { "dylib" } else { "so" };
    format!("lib{}.{suffix}", cog.replace('-', "_"))
}
