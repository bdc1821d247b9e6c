//! Where a package is, and which version of it is wanted: `ghcr.io/me/greeter:1.2.0`, `./packages/greeter@^1.2`.
//! This only parses; it makes no requests.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use semver::{Version, VersionReq};

use super::digest::{Digest, NotADigest};
use crate::{config, library::is_name};

/// A package, and the wanted version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where its versions are.
    pub place: Place,
    /// Which version.
    pub wanted: Wanted,
    /// The digest that the version must have.
    pub digest: Option<Digest>,
}

/// Where the versions of one package are. Its last component is the package's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A folder with an OCI image layout; absolute.
    Folder(PathBuf),
    /// A repository of a registry.
    Registry {
        /// `host` or `host:port`.
        registry: String,
        /// `me/greeter`.
        repository: String,
    },
}

/// Which version is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The newest one that is not a pre-release.
    Newest,
    /// Exactly this one.
    Version(Version),
    /// The newest one in this range.
    Range(VersionReq),
}

impl Wanted {
    /// Whether a version matches. A pre-release matches only if it is named, or by a range that names one.
    #[must_use]
    pub fn admits(&self, version: &Version) -> bool {
        match self {
            Wanted::Newest => version.pre.is_empty(),
            Wanted::Version(wanted) => version == wanted,
            Wanted::Range(range) => range.matches(version),
        }
    }
}

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a reference to a package: {why}")]
pub struct ReferenceError {
    text: String,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Why {
    #[error("it names no package")]
    Empty,
    #[error("it names neither a folder nor a registry")]
    NoPlace,
    #[error("{0:?} is not the name of a cog: 1 to 32 of `a`-`z`, `0`-`9`, `-` and `_`")]
    Name(String),
    #[error("{0:?} is not a version such as 1.2.0")]
    Version(String),
    #[error("{0:?} is not a range of versions such as ^1.2")]
    Range(String),
    #[error(transparent)]
    Digest(#[from] NotADigest),
    #[error("no registry accepts {0:?}: parts of `a`-`z` and `0`-`9`, with `.`, `_` or `-` between them")]
    Repository(String),
}

impl ReferenceError {
    /// What the reader can do.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self.why {
            Why::Version(_) => "packages are tagged with their versions; without one the newest is taken",
            Why::Range(_) => "ranges are cargo's: `@^1.2`, `@1`, `@>=1.2, <1.4`",
            _ => {
                "write `HOST/PATH/NAME`, or `./FOLDER/NAME` for a folder; then `:VERSION`, `@RANGE` or `@sha256:…`"
            }
        }
    }
}

impl Place {
    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Place::Folder(folder) => folder.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
            Place::Registry { repository, .. } => repository.rsplit('/').next().unwrap_or(repository),
        }
    }

    /// The place of a package in a folder of packages.
    #[must_use]
    pub fn in_folder(packages: &Path, name: &str) -> Place {
        Place::Folder(config::absolute(&packages.join(name)))
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Reference, ReferenceError> {
        parse(text).map_err(|why| ReferenceError { text: text.to_owned(), why })
    }
}

fn parse(text: &str) -> Result<Reference, Why> {
    let (path, of_folder) = match text.strip_prefix("file:") {
        Some(path) => (path.strip_prefix("//").unwrap_or(path), true),
        None => (text, config::is_folder(text)),
    };
    // The name follows the last slash; ranges and tags contain none.
    let begin = path.rfind('/').map_or(0, |slash| slash + 1);
    let (base, last) = path.split_at(begin);
    let (last, mut wanted, digest) = match last.split_once('@') {
        None => (last, Wanted::Newest, None),
        Some((last, digest)) if digest.starts_with("sha256:") => {
            (last, Wanted::Newest, Some(digest.parse()?))
        }
        Some((last, range)) => {
            let range = range.parse().map_err(|_| Why::Range(range.to_owned()))?;
            (last, Wanted::Range(range), None)
        }
    };
    let name = match last.split_once(':') {
        None => last,
        Some((name, tag)) if wanted == Wanted::Newest => {
            wanted = Wanted::Version(version_of(tag).ok_or_else(|| Why::Version(tag.to_owned()))?);
            name
        }
        Some((_, both)) => return Err(Why::Version(both.to_owned())),
    };
    if name.is_empty() {
        return Err(Why::Empty);
    }
    if !is_name(name) {
        return Err(Why::Name(name.to_owned()));
    }
    let place = if of_folder { Place::in_folder(Path::new(base), name) } else { registry(base, name)? };
    Ok(Reference { place, wanted, digest })
}

fn registry(base: &str, name: &str) -> Result<Place, Why> {
    let Some((first, rest)) = base.split_once('/') else { return Err(Why::NoPlace) };
    let host = first.to_ascii_lowercase();
    let (registry, rest) = if config::is_host(first) { (host.as_str(), rest) } else { ("docker.io", base) };
    let repository = format!("{rest}{name}");
    // oci-client applies the registries' rules.
    let wrong = || Why::Repository(format!("{base}{name}"));
    let read: oci_client::Reference = format!("{registry}/{repository}").parse().map_err(|_| wrong())?;
    if read.registry() != registry {
        return Err(wrong());
    }
    Ok(Place::Registry { registry: registry.to_owned(), repository: read.repository().to_owned() })
}

/// The version that a tag stands for. Tags cannot contain `+`, so they use `_`, which no version contains.
pub(super) fn version_of(tag: &str) -> Option<Version> {
    Version::parse(&tag.replace('_', "+")).ok()
}

/// The tag of a version.
pub(super) fn tag_of(version: &Version) -> String {
    version.to_string().replace('+', "_")
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => write!(out, "{}", folder.display()),
            Place::Registry { registry, repository } => write!(out, "{registry}/{repository}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.place)?;
        match &self.wanted {
            Wanted::Newest => {}
            Wanted::Version(version) => write!(out, ":{version}")?,
            Wanted::Range(range) => write!(out, "@{range}")?,
        }
        self.digest.map_or(Ok(()), |digest| write!(out, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_place_and_a_version() {
        let digest = Digest::of(b"");
        for (text, shown) in [
            ("ghcr.io/me/cogs/greeter:1.2.0", "ghcr.io/me/cogs/greeter:1.2.0"),
            ("localhost:5000/greeter", "localhost:5000/greeter"),
            ("127.0.0.1:5000/a/greeter@^1.2", "127.0.0.1:5000/a/greeter@^1.2"),
            ("GHCR.io/me/greeter", "ghcr.io/me/greeter"),
            ("me/greeter:1.2.0-rc.1_7", "docker.io/me/greeter:1.2.0-rc.1+7"),
            ("/srv/packages/greeter", "/srv/packages/greeter"),
            ("file:///srv/packages/greeter:1.0.0", "/srv/packages/greeter:1.0.0"),
            ("file:/srv/packages/greeter@>=1, <3", "/srv/packages/greeter@>=1, <3"),
            ("/srv/./bot/../packages/greeter", "/srv/packages/greeter"),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), shown);
            assert_eq!(shown.replace('+', "_").parse(), Ok(reference));
        }
        let reference: Reference = format!("ghcr.io/me/greeter:1.2.0@{digest}").parse().unwrap();
        assert_eq!(reference.digest, Some(digest));
        assert_eq!(reference.wanted, Wanted::Version(Version::new(1, 2, 0)));
        assert_eq!(reference.place.name(), "greeter");
        for here in ["./greeter", "file:greeter", "file:./greeter"] {
            let here: Reference = here.parse().unwrap();
            assert_eq!(here.place, Place::Folder(std::env::current_dir().unwrap().join("greeter")));
        }
    }

    #[test]
    fn what_is_no_reference_says_why_and_what_one_looks_like() {
        for (text, why) in [
            ("", "names no package"),
            ("./packages/", "names no package"),
            ("greeter", "names neither a folder nor a registry"),
            ("greeter:1.0.0", "names neither a folder nor a registry"),
            ("./packages/Greeter", "\"Greeter\" is not the name of a cog"),
            ("ghcr.io/me/greeter:latest", "\"latest\" is not a version"),
            ("ghcr.io/me/greeter:1.2", "\"1.2\" is not a version"),
            ("ghcr.io/me/greeter:1.2.0@^1", "\"1.2.0\" is not a version"),
            ("ghcr.io/me/greeter@newest", "\"newest\" is not a range"),
            ("ghcr.io/me/greeter@sha256:12", "\"sha256:12\" is not a digest"),
            ("ghcr.io/Me/greeter", "no registry accepts"),
            ("ghcr.io/me/greeter_", "no registry accepts"),
            ("https://ghcr.io/me/greeter", "no registry accepts"),
            ("ghcr.io//greeter", "no registry accepts"),
        ] {
            let error = text.parse::<Reference>().unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(!error.help().is_empty());
        }
    }
}
