//! How a host begins with what its folder holds: first everything is read and announced, so that events wait for the
//! cogs that will be there, then all are brought into service at once.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::future::join_all;

use super::{
    CogError, Cogs, Report,
    life::Candidate,
    message::{Message, Wish},
};
use crate::library::{self, PrivateCopy};

/// What the folder holds when the host starts, not yet in service.
#[derive(Debug, Default)]
pub struct Claimed {
    candidates: Vec<Candidate<PrivateCopy>>,
    refused: Vec<CogError>,
}

impl Cogs {
    /// Reads every library of the folder and announces its cog, so that events wait for the cogs that will be there.
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
        // In the order of their names, so that of two that claim one name the same one wins at every start.
        let read = join_all(reads).await;
        let mut disabled: BTreeSet<&str> = self.parts.disabled.iter().map(String::as_str).collect();
        for (prepared, file) in read {
            let announced = match prepared {
                Ok(candidate) => self.announce(&candidate).await.map(|()| candidate),
                Err(error) => Err(error),
            };
            match announced {
                Ok(candidate) => claimed.candidates.push(candidate),
                Err(CogError::Disabled { name }) => {
                    disabled.remove(&*name);
                    tracing::info!("`{name}` is disabled");
                }
                Err(error) => {
                    self.registry.refuse(&file, &error);
                    claimed.refused.push(error);
                }
            }
        }
        for name in disabled {
            let folder = self.parts.folder.display();
            tracing::warn!("`[cogs] disabled` names `{name}`, and no library in `{folder}` is that cog");
        }
        let found: BTreeSet<&str> =
            claimed.candidates.iter().map(|candidate| &*candidate.manifest.name).collect();
        if claimed.refused.is_empty() {
            let unknown = |name: &String| !found.contains(&**name) && !self.parts.disabled.contains(name);
            for name in self.parts.settings.names().into_iter().filter(unknown) {
                let folder = self.parts.folder.display();
                tracing::warn!(
                    "the config has a section `[cog.{name}]`, and no library in `{folder}` is that cog"
                );
            }
        }
        claimed
    }

    async fn announce(self: &Arc<Self>, candidate: &Candidate<PrivateCopy>) -> Result<(), CogError> {
        let (file, manifest) = (candidate.file.clone(), Arc::clone(&candidate.manifest));
        let claimed =
            self.ask(&candidate.manifest.name, move |answer| Message::Expect(file, manifest, answer));
        claimed.await.map(drop)
    }

    /// Brings what was claimed into service, all at once. A cog that cannot be loaded stops neither the others nor the
    /// host.
    pub async fn bring_all(self: &Arc<Self>, claimed: Claimed) -> Vec<Result<Report, CogError>> {
        let brought = claimed.candidates.into_iter().map(|candidate| self.bring(candidate, Wish::Changed));
        let mut results: Vec<_> = claimed.refused.into_iter().map(Err).collect();
        results.extend(join_all(brought).await.into_iter().filter_map(Result::transpose));
        results
    }
}
