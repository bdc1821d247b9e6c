//! How a host begins with what its folder holds: first everything is read and claimed, so that events wait for the cogs
//! that will be there, then all are brought into service at once. What comes later is not its matter.

use std::{path::PathBuf, sync::Arc};

use super::{Cog, CogError, Cogs, Report, Standing};
use crate::library::{self, Prepared};

/// What the folder holds, claimed and not yet in service.
#[derive(Debug, Default)]
pub struct Claimed {
    cogs: Vec<(Arc<Cog>, PathBuf, Prepared)>,
    refused: Vec<CogError>,
}

impl Cogs {
    /// Reads and claims every library of the folder, so that events wait for the cogs that will be there.
    pub async fn claim_all(self: &Arc<Self>) -> Claimed {
        let mut claimed = Claimed::default();
        let files = match library::candidates(&self.parts.folder) {
            Ok(files) => files,
            Err(source) => {
                claimed.refused.push(CogError::Folder { folder: self.parts.folder.clone(), source });
                return claimed;
            }
        };
        let mut reads = tokio::task::JoinSet::new();
        for file in files {
            let cogs = Arc::clone(self);
            reads.spawn(async move { (cogs.prepare(&file).await, file) });
        }
        let mut read = reads.join_all().await;
        // In the order of their names, so that of two that claim one name the same one wins at every start.
        read.sort_by(|(_, one), (_, other)| one.cmp(other));
        for (prepared, file) in read {
            match prepared.and_then(|prepared| self.claim(&file, prepared)) {
                Ok((cog, prepared)) => {
                    let manifest = Arc::new(prepared.manifest.clone());
                    cog.change_view(|view| {
                        view.manifest = Some(manifest);
                        view.standing = Standing::Loading;
                        view.source = file.clone();
                    });
                    claimed.cogs.push((cog, file, prepared));
                }
                Err(CogError::Disabled { name }) => tracing::info!("`{name}` is disabled"),
                Err(error) => claimed.refused.push(error),
            }
        }
        self.publish();
        claimed
    }

    /// Brings what was claimed into service, all at once. A cog that cannot be loaded stops neither the others nor the
    /// host.
    pub async fn bring_all(self: &Arc<Self>, claimed: Claimed) -> Vec<Result<Report, CogError>> {
        let mut tasks = tokio::task::JoinSet::new();
        for (cog, file, prepared) in claimed.cogs {
            let cogs = Arc::clone(self);
            tasks.spawn(async move { cogs.bring(&cog, &file, prepared).await });
        }
        let mut results: Vec<_> = claimed.refused.into_iter().map(Err).collect();
        results.extend(tasks.join_all().await);
        results
    }
}
