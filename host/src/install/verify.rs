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
    installed::{Content, Installed},
    lock::Lock,
};
use crate::{config::Config, error::chain, library, packages::PublicKey};

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
            let (wrong, signed_by) = self.wrong(name, there, serving).await;
            if wrong.is_empty() {
                let signed = match signed_by {
                    Some(key) => format!("signed by {key}"),
                    None => "not signed by a trusted key".to_owned(),
                };
                let text = format!("{} from {}, {signed}", there.now.version, there.now.source.place);
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

    /// What is wrong with a cog, each with what the reader can do; and the trusted key that it is signed by.
    async fn wrong(
        &self,
        name: &str,
        there: &Installed,
        serving: Option<&Serving>,
    ) -> (Vec<(String, Option<String>)>, Option<PublicKey>) {
        let (mut wrong, mut signed_by) = (Vec::new(), None);
        let restore = |yes| Some(format!("`gearshift install --locked{yes}` restores what the lock says"));
        let file = self.file(&there.file);
        let (is_there, what) = match files::digest(&file) {
            Ok(Some(digest)) if digest == there.now.library => (true, None),
            Ok(Some(_)) => {
                (false, Some((format!("`{}` is not what was installed", file.display()), restore(" --yes"))))
            }
            Ok(None) => (false, Some((format!("`{}` is not there", file.display()), restore("")))),
            Err(error) => (false, Some((chain(&error), error.help()))),
        };
        wrong.extend(what);
        for content in there.contents() {
            let is_now = *content == there.now;
            // What another machine kept to go back to is not here, and is had from its source.
            if !is_now && !self.kept.holds(&content.package) {
                continue;
            }
            let Content { version, source, .. } = content;
            match self.kept.check(name, &content.package, &self.rules(source)).await {
                Ok(package) if is_now => signed_by = package.signed_by().cloned(),
                Ok(_) => {}
                Err(error) => {
                    let why = chain(&error);
                    wrong.push(match (is_now, error.is_of_one_version()) {
                        (true, true) => {
                            let place = &source.place;
                            (
                                format!("{version} from {place} would not be installed now: {why}"),
                                error.help(),
                            )
                        }
                        (true, false) => (format!("what is kept of {version} is lost: {why}"), restore("")),
                        (false, _) => {
                            (format!("version {version} cannot be gone back to: {why}"), error.help())
                        }
                    });
                }
            }
        }
        if let (Some(serving), true) = (serving, is_there) {
            wrong.extend(not_serving(name, &file, serving));
        }
        (wrong, signed_by)
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
