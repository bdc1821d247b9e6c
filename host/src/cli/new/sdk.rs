//! Where a new cog gets `gearshift-cog` from, in the form that cargo expects.

use std::{
    fmt,
    path::{Path, PathBuf, absolute},
};

use toml::{Table, Value};

use super::{super::exit::Failure, refused};

/// The package that cogs depend on.
pub(super) const PACKAGE: &str = "gearshift-cog";
/// The package's folder when this program was built; it may no longer be there.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugin-api");

#[derive(Debug)]
pub(super) enum Sdk {
    /// What this program was built from.
    BuiltFrom(String),
    Path(String),
    Git {
        url: String,
        revision: Option<String>,
    },
    Version(String),
    /// The workspace's own dependency.
    OfWorkspace,
}

impl Sdk {
    /// The SDK that `--sdk` names, or the one that this program was built from.
    pub(super) fn chosen(said: Option<&str>) -> Result<Sdk, Failure> {
        const FORMS: &str =
            "give its folder, a git URL with or without `#REVISION`, or a version such as `0.1`";
        let Some(said) = said else {
            return match folder(Path::new(BUILT_FROM)) {
                Some(folder) => Ok(Sdk::BuiltFrom(folder)),
                None => {
                    let text =
                        format!("the SDK that this gearshift was built from is no longer in `{BUILT_FROM}`");
                    Err(refused(text, format!("say where it is with --sdk: {FORMS}")))
                }
            };
        };
        if said.contains("://") {
            let (url, revision) = match said.split_once('#') {
                Some((url, revision)) => (url, Some(revision.to_owned())),
                None => (said, None),
            };
            if revision.as_deref() == Some("") {
                return Err(refused(format!("--sdk `{said}` has no revision after its `#`"), FORMS));
            }
            return Ok(Sdk::Git { url: url.to_owned(), revision });
        }
        if said.starts_with("git@") {
            // cargo accepts only URLs: https://doc.rust-lang.org/cargo/appendix/git-authentication.html
            let url = format!("ssh://{}", said.replacen(':', "/", 1));
            return Err(refused(format!("--sdk `{said}` is not a URL"), format!("write it as `{url}`")));
        }
        if semver::VersionReq::parse(said).is_ok() {
            return Ok(Sdk::Version(said.to_owned()));
        }
        match folder(Path::new(said)) {
            Some(folder) => Ok(Sdk::Path(folder)),
            None => Err(refused(format!("there is no `{PACKAGE}` in `{said}`"), FORMS)),
        }
    }

    /// The contents of the braces in its line in `Cargo.toml`.
    pub(super) fn line(&self) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        match self {
            Sdk::BuiltFrom(folder) | Sdk::Path(folder) => format!("path = {}", quoted(folder)),
            Sdk::Git { url, revision: None } => format!("git = {}", quoted(url)),
            Sdk::Git { url, revision: Some(revision) } => {
                format!("git = {}, rev = {}", quoted(url), quoted(revision))
            }
            Sdk::Version(version) => format!("version = {}", quoted(version)),
            Sdk::OfWorkspace => "workspace = true".to_owned(),
        }
    }
}

impl fmt::Display for Sdk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SDK: {PACKAGE} ")?;
        match self {
            Sdk::BuiltFrom(folder) => write!(
                out,
                "from `{folder}`, which this gearshift was built from; use --sdk for another one, \
                 such as one that other machines can reach"
            ),
            Sdk::Path(folder) => write!(out, "from `{folder}`"),
            Sdk::Git { url, revision: None } => write!(out, "from `{url}`"),
            Sdk::Git { url, revision: Some(revision) } => {
                write!(out, "from `{url}`, revision `{revision}`")
            }
            Sdk::Version(version) => write!(out, "version {version} from the crate registry"),
            Sdk::OfWorkspace => out.write_str("of the workspace"),
        }
    }
}

/// The folder of the package: `near` itself, or the one in it if it is a checkout of the whole repository.
fn folder(near: &Path) -> Option<String> {
    let near = absolute(near).ok()?;
    let found = [near.join("plugin-api"), near].into_iter().find(|folder| is_sdk(folder))?;
    // Without `..` if the system can resolve it.
    let found: PathBuf = found.canonicalize().unwrap_or(found);
    found.into_os_string().into_string().ok()
}

fn is_sdk(folder: &Path) -> bool {
    let manifest =
        crate::text::read(&folder.join("Cargo.toml")).ok().and_then(|text| text.parse::<Table>().ok());
    let name = manifest.as_ref().and_then(|table| table.get("package")?.get("name")?.as_str());
    name == Some(PACKAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_cargos_comes_of_each_form_and_what_is_none_is_refused() {
        let line = |said: &str| Sdk::chosen(Some(said)).map(|sdk| sdk.line());
        for (said, expected) in [
            ("https://example.com/g.git", r#"git = "https://example.com/g.git""#),
            ("ssh://git@example.com/g#0a1b", r#"git = "ssh://git@example.com/g", rev = "0a1b""#),
            ("0.1", r#"version = "0.1""#),
            (">=0.1, <0.3", r#"version = ">=0.1, <0.3""#),
        ] {
            assert_eq!(line(said).expect(said), expected);
        }
        let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let sdk = line(repository).expect("it is there");
        assert!(sdk.starts_with("path = \"/") && sdk.ends_with("/plugin-api\""), "{sdk}");
        assert_eq!(sdk, Sdk::chosen(None).expect("it is there").line());
        for (said, help) in [
            ("/nowhere", "give its folder"),
            ("0.x.y", "give its folder"),
            (env!("CARGO_MANIFEST_DIR"), "give its folder"),
            ("https://example.com/g#", "give its folder"),
            ("git@example.com:a/b.git", "`ssh://git@example.com/a/b.git`"),
        ] {
            let failure = line(said).expect_err(said).to_string();
            assert!(failure.contains(help), "{failure}");
        }
    }

    #[test]
    fn a_path_with_quotes_is_still_a_line_of_toml() {
        for path in ["/a \"b\"/c", "/a\\b", "/a'b", "/a\nb"] {
            let line = format!("sdk = {{ {} }}", Sdk::Path(path.to_owned()).line());
            let table: Table = line.parse().expect("it is TOML");
            assert_eq!(table["sdk"]["path"].as_str(), Some(path));
        }
    }
}
