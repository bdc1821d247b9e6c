//! Makes a package of libraries: one for each target, all of the same cog and version. The same libraries and words are
//! always the same bytes: no times, no paths, everything in one order.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use semver::Version;

use super::{
    about::{About, Words},
    digest::Digest,
    error::PackageError,
    oci::{self, Descriptor, Index, Manifest, Platform, bytes_of},
    package::Package,
    packed::{Bytes, Packed, Part, nowhere},
};
use crate::error::{chain, denied};
use crate::library::{Inspection, Mismatch, Readiness, look, mismatches, read, stamp};
use gearshift_cog::manifest::Manifest as Cog;

/// Why libraries make no package.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// None was given.
    #[error("there is no library to pack")]
    Nothing,
    /// It is not complete, or no cog.
    #[error("cannot pack `{}`: {why}", .file.display())]
    NotACog {
        /// The library.
        file: PathBuf,
        /// What is wrong.
        why: String,
        /// What can be done.
        help: Option<String>,
    },
    /// It cannot be read.
    #[error("cannot read `{}`{}", .file.display(), denied(.file, .source))]
    Unread {
        /// The library.
        file: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It was written to meanwhile.
    #[error("`{}` was changed while it was being read", .0.display())]
    Changed(PathBuf),
    /// Not optimized, and with everything that debuggers want.
    #[error("`{}` is a debug build", .0.display())]
    Debug(PathBuf),
    /// No version that could be compared.
    #[error("the version of `{}` is {version:?}, and that is none such as 1.2.0", .file.display())]
    Version {
        /// The library.
        file: PathBuf,
        /// What it says.
        version: String,
    },
    /// Two of them are not of the same cog and version.
    #[error("`{}` is {one}, and `{}` is {other}", .files[0].display(), .files[1].display())]
    Different {
        /// The libraries.
        files: [PathBuf; 2],
        /// Name and version of the first.
        one: String,
        /// Of the second.
        other: String,
    },
    /// Two of them are for the same target.
    #[error("`{}` and `{}` are both for `{target}`", .files[0].display(), .files[1].display())]
    Twice {
        /// The libraries.
        files: [PathBuf; 2],
        /// The triple.
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
            Self::Version { .. } => "`version` in `Cargo.toml` is what is packed",
            Self::Different { .. } => "a package is of one cog in one version; pack them one after the other",
            Self::Twice { .. } => "a package has one library for each target",
        };
        Some(text.to_owned())
    }
}

/// A library that was read.
struct Library {
    file: PathBuf,
    bytes: Vec<u8>,
    cog: Cog,
    version: Version,
}

impl Packed<'_> {
    /// Makes a package of libraries. Nothing of them is executed.
    ///
    /// # Errors
    /// One is no cog in a release build, or they do not belong together.
    pub fn make(libraries: &[PathBuf], words: &Words) -> Result<Packed<'static>, PackError> {
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
                    bytes: Bytes::Here(bytes),
                };
                parts.push(part);
                descriptor
            };
            let mut layers = vec![put(oci::LIBRARY, &file_name(&name, &target), library.bytes)];
            for (title, text) in [("README.md", &words.readme), ("CHANGELOG.md", &words.changelog)] {
                // Registries take no blob without a byte.
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
        let package = Package::read(&nowhere(&name), Digest::of(&bytes), bytes);
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
        match look(file).map_err(unread)? {
            Readiness::Complete(_) => {}
            // It says why in the words that everything else does.
            _ => {
                let refusal = Inspection::of(file).err();
                let why = refusal.as_ref().map_or_else(|| "it is incomplete".to_owned(), |it| chain(it));
                return Err(not_a_cog(why, refusal.and_then(|it| it.help())));
            }
        }
        let contents = read(file).map_err(|error| not_a_cog(chain(&error), error.help()))?;
        // For whom it is built is not judged here, but whether anybody could load it.
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

/// What a library of a cog is called on a target, wherever it was built.
fn file_name(cog: &str, target: &str) -> String {
    let suffix = if target.contains("-apple-") { "dylib" } else { "so" };
    format!("lib{}.{suffix}", cog.replace('-', "_"))
}
