//! Whether everything is what the lock says: what is kept, the files in the cogs folder, what serves. It changes nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use gearshift_cog::manifest::Manifest;
use serde::Serialize;

use super::{
    error::InstallError,
    files,
    installation::Installation,
    lock::{Installed, Lock},
};
use crate::{config::Config, error::chain, library};

/// What was found about one cog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The cog, or a file.
    pub cog: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found.
    pub text: String,
    /// What the reader can do.
    pub help: Option<String>,
}

/// The content that serves of each cog.
pub type Serving = BTreeMap<String, String>;

impl Installation<'_> {
    /// Compares everything with the lock. `serving`: what a running host has in service, if one runs.
    ///
    /// # Errors
    /// The cogs folder cannot be read.
    pub async fn verify(&self, serving: Option<&Serving>) -> Result<Vec<Finding>, InstallError> {
        let mut findings = Vec::new();
        for (name, there) in &self.lock.cogs {
            let wrong = self.wrong(name, there, serving).await;
            if wrong.is_empty() {
                let signed = match &there.now.signed_by {
                    Some(key) => format!("signed by {key}"),
                    None => "not signed by a trusted key".to_owned(),
                };
                let text = format!("{} from {}, {signed}", there.now.version, there.source.place);
                findings.push(Finding { cog: name.clone(), ok: true, text, help: None });
            }
            findings.extend(wrong.into_iter().map(|(text, help)| Finding {
                cog: name.clone(),
                ok: false,
                text,
                help,
            }));
        }
        findings.extend(by_hand(self.config, &self.lock)?.into_iter().map(|(file, manifest)| Finding {
            cog: manifest.name,
            ok: true,
            text: format!("`{}` was put there by somebody, and is not in the lock", file.display()),
            help: None,
        }));
        Ok(findings)
    }

    async fn wrong(
        &self,
        name: &str,
        there: &Installed,
        serving: Option<&Serving>,
    ) -> Vec<(String, Option<String>)> {
        let mut wrong = Vec::new();
        let restore = || Some("`gearshift install --locked` restores what the lock says".to_owned());
        let file = self.file(&there.file);
        let (is_there, what) = match files::digest(&file) {
            Ok(Some(digest)) if digest == there.now.library => (true, None),
            Ok(Some(_)) => (false, Some(format!("`{}` is not what was installed", file.display()))),
            Ok(None) => (false, Some(format!("`{}` is not there", file.display()))),
            Err(error) => (false, Some(chain(&error))),
        };
        wrong.extend(what.map(|what| (what, restore())));
        let rules = self.rules(&there.source);
        for content in there.contents() {
            // What another machine kept to go back to is not here, and is had from its source.
            if *content != there.now && !self.kept.holds(&content.package) {
                continue;
            }
            if let Err(error) = self.kept.check(name, &content.package, &rules).await {
                let text = format!("version {} cannot be gone back to: {}", content.version, chain(&error));
                let help = if *content == there.now { restore() } else { error.help() };
                wrong.push((text, help));
            }
        }
        if let (Some(serving), true) = (serving, is_there) {
            wrong.extend(not_serving(name, &file, serving));
        }
        wrong
    }
}

/// Libraries in the cogs folder that nobody installed. That is no mistake.
///
/// # Errors
/// The folder cannot be read.
pub fn by_hand(config: &Config, lock: &Lock) -> Result<Vec<(PathBuf, Manifest)>, InstallError> {
    let folder = &config.cogs.folder;
    let mut libraries = library::manifests(folder).map_err(InstallError::io("read", folder))?;
    libraries.retain(|(file, _)| !lock.cogs.values().any(|it| folder.join(&it.file) == *file));
    Ok(libraries)
}

fn not_serving(name: &str, file: &Path, serving: &Serving) -> Option<(String, Option<String>)> {
    let digest = library::Digest::of(file).ok()?.to_string();
    let (text, help) = match serving.get(name) {
        Some(serves) if *serves == digest => return None,
        Some(_) => ("the host serves another content than its file holds".to_owned(), "reload"),
        None => ("the host does not serve it; `gearshift cogs list` may say why".to_owned(), "load"),
    };
    Some((text, Some(format!("`gearshift cogs {help} {name}` does; its log says what happened"))))
}
