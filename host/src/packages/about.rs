//! What a package declares about itself for one target: the config of its artifact.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use gearshift_cog::manifest::{CommandManifest, Manifest};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text;

/// A package's description of itself. Fields added by later format versions are ignored; no field is ever removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// ABI that the cog was built against, `(major, minor)`.
    pub abi: (u16, u16),
    /// The authors, as in `Cargo.toml`.
    #[serde(default)]
    pub authors: Vec<String>,
    /// Commands that it answers, as in the library.
    #[serde(default)]
    pub commands: Vec<CommandManifest>,
    /// One sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Gateway events that it receives.
    #[serde(default)]
    pub events: Vec<String>,
    /// What it asks of the host, as in the library; `None` if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handles: Option<Vec<String>>,
    /// An SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The cog's name.
    pub name: String,
    /// URL of its source code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Version of the compiler.
    pub rustc: String,
    /// What the operator can configure.
    #[serde(default)]
    pub settings: Settings,
    /// Target triple.
    pub target: String,
    /// The cog's version.
    pub version: Version,
}

/// What the operator can configure for a cog.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// JSON Schema of `[cog.NAME.settings]`, from the author's `settings.schema.json`: `required` names what must be set.
    /// <https://json-schema.org/specification>
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// Whether it reads settings at all.
    #[serde(default)]
    pub used: bool,
}

impl Settings {
    /// The keys of required settings; without a schema none are known.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        let required = self.schema.as_ref().and_then(|schema| schema.get("required")?.as_array());
        required.into_iter().flatten().filter_map(Value::as_str)
    }
}

/// What the author provides besides the code: in `Cargo.toml`, and in files next to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuthorTexts {
    /// As in `Cargo.toml`.
    pub authors: Vec<String>,
    /// As in `Cargo.toml`.
    pub description: Option<String>,
    /// As in `Cargo.toml`.
    pub license: Option<String>,
    /// As in `Cargo.toml`.
    pub repository: Option<String>,
    /// The content of `settings.schema.json`.
    pub settings_schema: Option<Value>,
    /// The content of `README.md`, or of the file that `readme` names.
    pub readme: Option<String>,
    /// The content of `CHANGELOG.md`.
    pub changelog: Option<String>,
}

/// A file beside a cog that cannot be packed.
#[derive(Debug, thiserror::Error)]
#[error("cannot pack `{}`: {why}", .file.display())]
pub struct AuthorTextsError {
    file: PathBuf,
    why: String,
}

impl AuthorTexts {
    /// Adds the files of a cog's folder: README, `CHANGELOG.md`, `settings.schema.json`. Missing files are left out.
    ///
    /// # Errors
    /// A file cannot be read, or is malformed.
    pub fn add_files(&mut self, folder: &Path, readme: Option<&Path>) -> Result<(), AuthorTextsError> {
        self.readme = text_of(&folder.join(readme.unwrap_or(Path::new("README.md"))))?;
        self.changelog = text_of(&folder.join("CHANGELOG.md"))?;
        let file = folder.join("settings.schema.json");
        let Some(text) = text_of(&file)? else { return Ok(()) };
        match serde_json::from_str(&text) {
            Ok(schema @ Value::Object(_)) => self.settings_schema = Some(schema),
            Ok(_) => return Err(AuthorTextsError { file, why: "a schema is a JSON object".to_owned() }),
            Err(error) => return Err(AuthorTextsError { file, why: format!("it is not JSON: {error}") }),
        }
        Ok(())
    }
}

fn text_of(file: &Path) -> Result<Option<String>, AuthorTextsError> {
    match text::read(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AuthorTextsError { file: file.to_owned(), why: error.to_string() }),
    }
}

impl About {
    /// From a library's manifest and the author's texts.
    pub(super) fn of(cog: Manifest, version: Version, words: &AuthorTexts) -> About {
        About {
            abi: cog.abi,
            authors: words.authors.clone(),
            commands: cog.commands,
            description: words.description.clone(),
            events: cog.events,
            handles: cog.handles,
            license: words.license.clone(),
            name: cog.name,
            repository: words.repository.clone(),
            rustc: cog.rustc,
            settings: Settings { schema: words.settings_schema.clone(), used: cog.settings },
            target: cog.target,
            version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_version_of_the_form_adds_is_passed_over() {
        let text = r#"{"abi":[1,0],"name":"ping","provenance":["x"],"rustc":"r","settings":{"schema":{"required":["channel"]},
            "more":1},"target":"t","version":"1.2.0"}"#;
        let about: About = serde_json::from_str(text).unwrap();
        assert_eq!((about.name.as_str(), about.version.to_string().as_str()), ("ping", "1.2.0"));
        assert_eq!(about.settings.required().collect::<Vec<_>>(), ["channel"]);
    }
}
