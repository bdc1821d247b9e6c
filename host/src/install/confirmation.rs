//! What the user must agree to before a cog is installed, and what the user should know. Nothing is changed here.

use std::{fmt, path::PathBuf};

use semver::Version;
use serde_json::Value;

use super::{
    choose::SourceRules, error::InstallError, files, installation::Installation, installed::Installed,
};
use crate::{
    config::{Allowed, Permission},
    packages::{About, Place},
};

/// A question that only the operator can decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// It has a different source than the installed version.
    Source {
        /// The source of the installed version.
        from: Place,
        /// Its source.
        to: Place,
        /// Whether packages of `from` must be signed, but those of `to` need not.
        unsigned: bool,
    },
    /// The installed version is signed by a trusted key, but it is not.
    Unsigned {
        /// The key.
        key: String,
    },
    /// It requires settings that are missing from the config.
    Settings {
        /// The cog.
        cog: String,
        /// Their keys.
        keys: Vec<String>,
    },
    /// It asks for more access to the host than the installed version.
    Handles {
        /// The cog.
        cog: String,
        /// What it asks for in addition, in the terms of `[cog.NAME] handles`.
        more: Vec<String>,
    },
    /// It is older than the installed version.
    Older(Version),
    /// Its file was put there by hand, or has been changed since it was installed.
    ByHand(PathBuf),
}

impl fmt::Display for Confirmation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Confirmation::Source { from, to, unsigned } => {
                write!(
                    out,
                    "it comes from `{to}`, as later updates will, and the installed version from `{from}`"
                )?;
                match unsigned {
                    true => {
                        out.write_str(" (whose packages must be signed; those of the new source need not be)")
                    }
                    false => Ok(()),
                }
            }
            Confirmation::Unsigned { key } => {
                write!(out, "it is not signed by a trusted key, and the installed version is, by {key}")
            }
            Confirmation::Settings { cog, keys } => {
                let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                write!(out, "it needs {} in `[cog.{cog}.settings]`", keys.join(", "))
            }
            Confirmation::Handles { cog, more } => write!(
                out,
                "it asks the host for {}, and the installed version does not; `[cog.{cog}] handles` limits that",
                more.join(", ")
            ),
            Confirmation::Older(installed) => write!(out, "{installed} is installed, which is newer"),
            Confirmation::ByHand(file) => {
                write!(out, "`{}` was put there by hand and would be replaced", file.display())
            }
        }
    }
}

impl Installation<'_> {
    /// What the user must agree to before this is installed.
    pub(super) async fn confirmations(
        &self,
        name: &str,
        to: &Installed,
        about: &About,
    ) -> Result<Vec<Confirmation>, InstallError> {
        let there = self.lock.cogs.get(name);
        let mut confirmations = Vec::new();
        if let Some(there) = there {
            let [from, to] = [&there.now.source.place, &to.now.source.place];
            if from != to {
                let is_required = |place| SourceRules::of(self.config, place).trust.required;
                let unsigned = is_required(from) && !is_required(to);
                confirmations.push(Confirmation::Source { from: from.clone(), to: to.clone(), unsigned });
            }
        }
        if let Some(key) = there.and_then(|there| there.now.signed_by.clone())
            && to.now.signed_by.is_none()
        {
            confirmations.push(Confirmation::Unsigned { key });
        }
        let settings = self.config.cog.get(name).and_then(|section| section.settings.as_ref());
        let set: Value =
            settings.map_or(Value::Null, |it| serde_json::from_str(it.json()).unwrap_or_default());
        let lacking = about.settings.required().filter(|key| set.get(*key).is_none());
        let keys: Vec<String> = lacking.map(|key| key.escape_debug().to_string()).collect();
        if !keys.is_empty() {
            confirmations.push(Confirmation::Settings { cog: name.to_owned(), keys });
        }
        let file = self.file(&to.file);
        if let Some(there) = there
            && self.handles_of(name).is_none()
            && !there.contents().any(|it| it.package == to.now.package)
        {
            let kept = self.kept.find(name, &there.now.package, &self.rules(&there.now.source)).await;
            // If the installed version is not kept, it is unknown what was agreed to.
            let now = kept.map_or(Allowed::Declared(Vec::new()), |(.., artifact)| {
                Allowed::declared(artifact.about.handles.as_deref())
            });
            let more = now.lacks(&Allowed::declared(about.handles.as_deref()));
            if !more.is_empty() {
                confirmations.push(Confirmation::Handles { cog: name.to_owned(), more });
            }
        }
        let holds = files::digest(&file)?;
        let known = there.map(|there| there.now.library);
        if holds.is_some() && holds != known && holds != Some(to.now.library) {
            confirmations.push(Confirmation::ByHand(file));
        }
        Ok(confirmations)
    }

    /// Notes for the user: before its first installation, what the cog may ask of the host.
    pub(super) fn notes(&self, name: &str, about: &About) -> Vec<String> {
        let declared = Allowed::declared(about.handles.as_deref());
        let note = match self.handles_of(name) {
            Some(set) if about.handles.is_some() => {
                let lacking = Allowed::Config(set.to_vec()).lacks(&declared).join(", ");
                let text =
                    || format!("it asks the host for {lacking}, which `[cog.{name}] handles` does not allow");
                (!lacking.is_empty()).then(text)
            }
            None if !self.lock.cogs.contains_key(name) => {
                Some(format!("it may ask the host for {declared}; `[cog.{name}] handles` allows less"))
            }
            _ => None,
        };
        note.into_iter().collect()
    }

    /// What the config allows a cog to ask of the host.
    fn handles_of(&self, name: &str) -> Option<&[Permission]> {
        self.config.cog.get(name)?.handles.as_deref()
    }
}
