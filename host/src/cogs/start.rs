//! How a host starts with what its folder holds: first everything is read and announced, so that events are queued for
//! the cogs that will be there, then all cogs are brought into service concurrently.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use futures_util::future::join_all;

use super::{
    CogError, CogSettings, Cogs, Report,
    lifecycle::Candidate,
    message::{Message, Trigger},
};
use crate::library::{self, PrivateCopy};

/// What the folder held when the host started, not yet in service.
#[derive(Debug, Default)]
pub struct Claimed {
    candidates: Vec<Candidate<PrivateCopy>>,
    refused: Vec<CogError>,
    /// Warnings about config for cogs that no library holds.
    pub(crate) absent: Vec<String>,
}

/// Warnings about config for cogs that no library of the folder holds. `found` are the cogs in the folder, `all_known`
/// is whether every library could be read. One that could not may hold any of the cogs with a section.
pub(crate) fn without_library(
    folder: &Path,
    disabled: &[String],
    settings: &CogSettings,
    found: &BTreeSet<String>,
    all_known: bool,
) -> Vec<String> {
    let folder = folder.display();
    let gone = disabled.iter().filter(|name| !found.contains(*name));
    let gone = gone
        .map(|name| format!("`[cogs] disabled` names `{name}`, and no library in `{folder}` is that cog"));
    let sections = settings.names().into_iter();
    let sections = sections.filter(|name| all_known && !found.contains(name) && !disabled.contains(name));
    let sections = sections.map(|name| {
        format!("the config has a section `[cog.{name}]`, and no library in `{folder}` is that cog")
    });
    gone.chain(sections).collect()
}

impl Cogs {
    /// Reads every library of the folder and announces its cog, so that events are queued for it.
    pub async fn claim_all(self: &Arc<Self>) -> Claimed {
        let mut claimed = Claimed::default();
        let files = match library::candidates(&self.parts.folder) {
            Ok(files) => files,
            Err(source) => {
                claimed.refused.push(CogError::Folder { folder: self.parts.folder.clone(), source });
                return claimed;
            }
        };
        let reads = files.into_iter().map(async |file| (self.prepare_wanted(&file).await, file));
        // In the order of file names, so that if two claim one name, the same one wins at every start.
        let read = join_all(reads).await;
        let mut found: BTreeSet<String> = BTreeSet::new();
        for (prepared, file) in read {
            let announced = match prepared {
                Ok(candidate) => self.announce(&candidate).await.map(|()| candidate),
                Err(error) => Err(error),
            };
            match announced {
                Ok(candidate) => {
                    found.insert(candidate.manifest.name.clone());
                    claimed.candidates.push(candidate);
                }
                Err(CogError::Disabled { name }) => {
                    tracing::info!("`{name}` is disabled");
                    found.insert(name);
                }
                Err(error) => {
                    self.registry.refuse(&file, &error);
                    claimed.refused.push(error);
                }
            }
        }
        let (folder, all_known) = (&self.parts.folder, claimed.refused.is_empty());
        claimed.absent =
            without_library(folder, &self.parts.disabled, &self.parts.settings, &found, all_known);
        claimed
    }

    async fn announce(self: &Arc<Self>, candidate: &Candidate<PrivateCopy>) -> Result<(), CogError> {
        let (file, manifest) = (candidate.file.clone(), Arc::clone(&candidate.manifest));
        let claimed =
            self.ask(&candidate.manifest.name, move |answer| Message::Expect(file, manifest, answer));
        claimed.await.map(drop)
    }

    /// Brings what was claimed into service, concurrently. A cog that cannot be loaded stops neither the others
    /// nor the host.
    pub async fn deploy_all(self: &Arc<Self>, claimed: Claimed) -> Vec<Result<Report, CogError>> {
        let brought =
            claimed.candidates.into_iter().map(|candidate| self.deploy(candidate, Trigger::FileChanged));
        let mut results: Vec<_> = claimed.refused.into_iter().map(Err).collect();
        results.extend(join_all(brought).await.into_iter().filter_map(Result::transpose));
        results
    }
}
