//! Checks everything against the lock: kept packages, files in the cogs folder, serving cogs. It changes nothing.

use std::path::PathBuf;

use gearshift_cog::manifest::Manifest;
use serde::Serialize;

use super::{
    error::InstallError,
    files,
    follow::{Serving, went_back_to},
    installation::Installation,
    installed::{Content, Installed},
    lock::Lock,
};
use crate::{config::Config, error::chain, library, packages::PublicKey};

/// What was found about one cog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the cog, or of a file.
    pub cog: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// The finding, in words.
    pub text: String,
    /// What the reader can do.
    pub help: Option<String>,
}

/// Compares everything with the lock, and writes nothing. `serving`: what a running host serves, if one runs.
///
/// # Errors
/// A command is changing something, the lock is malformed, or the cogs folder cannot be read.
pub async fn verify(config: &Config, serving: Option<&Serving>) -> Result<Vec<Finding>, InstallError> {
    Installation::look(config)?.verify(serving).await
}

impl Installation<'_> {
    async fn verify(&self, serving: Option<&Serving>) -> Result<Vec<Finding>, InstallError> {
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
        findings.extend(self.interrupted().into_iter().map(|file| {
            Finding {
                cog: file.display().to_string(),
                ok: false,
                text: "a change was interrupted and is not recorded yet".to_owned(),
                help: Some(
                    "the next command that changes something, or the next start of the host, records it"
                        .to_owned(),
                ),
            }
        }));
        findings.extend(by_hand(self.config, &self.lock)?.into_iter().map(|(file, manifest)| Finding {
            cog: manifest.name,
            ok: true,
            text: format!("`{}` was put there by hand and is not in the lock", file.display()),
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
            Ok(None) => (false, Some((format!("`{}` is missing", file.display()), restore("")))),
            Err(error) => (false, Some((chain(&error), error.help()))),
        };
        wrong.extend(what);
        for content in there.contents() {
            let is_now = *content == there.now;
            // Earlier versions may have been kept on another machine; they can be had from their source.
            if !is_now && !self.kept.holds(&content.package) {
                continue;
            }
            let Content { version, source, .. } = content;
            match self.kept.check(name, content, &self.rules(source)).await {
                Ok(package) if is_now => signed_by = package.signed_by().cloned(),
                Ok(_) => {}
                Err(error) if error.is_of_the_lock() => wrong.push((chain(&error), error.help())),
                Err(error) => {
                    let (why, place) = (chain(&error), &source.place);
                    wrong.push(match (is_now, error.is_of_one_version()) {
                        (true, true) => (
                            format!("{version} from {place} would not be installed now: {why}"),
                            error.help(),
                        ),
                        (true, false) => (format!("the kept copy of {version} is lost: {why}"), restore("")),
                        (false, true) => {
                            (format!("cannot roll back to version {version}: {why}"), error.help())
                        }
                        (false, false) => (
                            format!("the kept version {version} is damaged here: {why}"),
                            Some(format!("`gearshift rollback {name} {version}` gets it from {place} again")),
                        ),
                    });
                }
            }
        }
        if let (Some(serving), true) = (serving, is_there) {
            wrong.extend(self.not_serving(name, there, serving));
        }
        (wrong, signed_by)
    }

    fn not_serving(
        &self,
        name: &str,
        there: &Installed,
        serving: &Serving,
    ) -> Option<(String, Option<String>)> {
        let file = self.file(&there.file);
        let does = |verb| {
            Some(format!(
                "`gearshift cogs {verb} {name}` does that; the host's log says what \
                                        happened"
            ))
        };
        let Some(serves) = serving.get(name) else {
            let text = "the host does not serve it; `gearshift cogs list` may show why".to_owned();
            return Some((text, does("load")));
        };
        if let Ok(Some(before)) = went_back_to(&file, there, serves) {
            let text = format!(
                "the host went back to {}, but the file and the lock are not updated yet",
                before.version
            );
            let help = "`gearshift update` updates them; the host may not write there, as its log says";
            return Some((text, Some(help.to_owned())));
        }
        match library::Digest::of(&file).ok()?.to_string() == serves.digest {
            true => None,
            false => Some(("the host does not serve the content of its file".to_owned(), does("reload"))),
        }
    }
}

/// Libraries in the cogs folder that were put there by hand, which is not a mistake.
///
/// # Errors
/// The folder cannot be read.
pub fn by_hand(config: &Config, lock: &Lock) -> Result<Vec<(PathBuf, Manifest)>, InstallError> {
    let folder = &config.cogs.folder;
    let mut libraries = library::manifests(folder).map_err(InstallError::io("read", folder))?;
    libraries.retain(|(file, _)| !lock.cogs.values().any(|it| folder.join(&it.file) == *file));
    Ok(libraries)
}
