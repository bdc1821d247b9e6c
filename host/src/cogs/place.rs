//! How a library that is not in the folder yet takes its place there: what runs is replaced first, and only a library
//! that serves is renamed to where the next start finds it.

use std::{path::Path, sync::Arc};

use super::{
    CogError, Cogs, Report, ended,
    generation::prepare,
    lifecycle::Candidate,
    message::{Leaving, Message, Trigger},
};
use crate::error::chain;

impl Cogs {
    /// Brings the cog `name` into service from the file `staged` as if it were `file`, and then has `settle`
    /// put it there.
    ///
    /// # Errors
    /// When it holds another cog, is disabled or refuses: what ran before still runs. When it cannot be put there, what
    /// `file` holds is loaded again.
    pub async fn deploy_staged(
        self: &Arc<Self>,
        name: &str,
        staged: &Path,
        file: &Path,
        settle: impl FnOnce() -> Result<(), String>,
    ) -> Result<Report, CogError> {
        self.settle_config().await;
        let prepared = prepare(&self.parts, staged).await?;
        let manifest = Arc::clone(&prepared.manifest);
        if manifest.name != name {
            let (name, folder) = (name.to_owned(), self.parts.folder.clone());
            return Err(CogError::NotFound { name, folder, known: vec![manifest.name.clone()] });
        }
        if self.parts.disabled.iter().any(|disabled| disabled == name) {
            return Err(CogError::Disabled { name: name.to_owned() });
        }
        let candidate = Candidate { file: file.to_owned(), ..prepared };
        let placed = self.ask(name, |answer| Message::Deploy(candidate, Trigger::Requested, answer)).await;
        let report = match placed {
            Ok(report) => report.ok_or_else(ended)?,
            Err(error) => {
                if !file.exists() {
                    // Nothing served before: forget the file again.
                    self.follow_removal(file);
                }
                return Err(error);
            }
        };
        if let Err(why) = settle() {
            let back = match file.exists() {
                true => self.load_file(file).await.map(drop),
                false => self.unload(name).await.map(drop),
            };
            let back = back.err().map(|error| format!("; {}", chain(&error))).unwrap_or_default();
            return Err(CogError::Host(format!("{why}{back}")));
        }
        self.registry.forget_refused(file);
        self.registry.found(file, &manifest);
        Ok(report)
    }

    /// Has `settle` remove `file` from the folder, and retires the cogs that it held.
    ///
    /// # Errors
    /// When it cannot be removed: its cogs keep serving.
    pub async fn take_out(
        self: &Arc<Self>,
        file: &Path,
        settle: impl FnOnce() -> Result<(), String>,
    ) -> Result<Option<Report>, CogError> {
        settle().map_err(CogError::Host)?;
        let cogs = self.registry.cogs_of(file);
        self.registry.gone(file);
        let mut report = None;
        for name in cogs {
            let gone = Leaving::FileGone(file.to_owned());
            match self.ask(&name, |answer| Message::Leave(gone, answer)).await {
                Ok(done) => report = done,
                // The watcher was faster.
                Err(CogError::NotLoaded { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(report)
    }

    /// The folder of the libraries.
    pub fn folder(&self) -> &Path {
        &self.parts.folder
    }
}
