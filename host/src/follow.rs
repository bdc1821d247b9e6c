//! Follows the cogs folder: what changes in it is loaded, what is gone is retired, what was refused for something that is
//! free now is tried again. And what the config file sets for the cogs. Whether a change is wanted is for the cog's owner to decide, and so is the order: one file's
//! changes come to it one after the other.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    cogs::{Cogs, log_error},
    config::Config,
    error::chain,
    watch::{Change, FolderWatch},
};

/// Follows the folder until it is dropped.
pub async fn follow(mut watch: FolderWatch, cogs: Arc<Cogs>) {
    loop {
        tokio::select! {
            change = watch.next() => match change {
                Change::Try(file) => attempt(&mut watch, &cogs, &file).await,
                Change::Gone(file) => {
                    for heir in cogs.heirs(&file).await {
                        attempt(&mut watch, &cogs, &heir).await;
                    }
                    cogs.follow_removal(&file);
                }
            },
            files = cogs.freed() => for file in files {
                tracing::info!("`{}` is tried again: what it was refused for was given up", file.display());
                attempt(&mut watch, &cogs, &file).await;
            }
        }
    }
}

/// Follows what the config file sets for the cogs, looking at it every so often, until it is dropped. A file that has just
/// been written may not be complete, so it is read when two looks saw the same. Anything else in it waits for a restart.
pub async fn follow_settings(file: PathBuf, every: Duration, cogs: Arc<Cogs>) {
    // It may have changed since the host read it.
    let (mut read, mut before) = (None, None);
    loop {
        tokio::time::sleep(every).await;
        let now = stamp(&file).await;
        if now.is_some() && now == before && now != read {
            read = now;
            match Config::load(&file) {
                Ok(config) => cogs.follow_settings(config.cog).await,
                Err(error) => tracing::error!("the settings of the cogs stay as they are: {error}"),
            }
        }
        before = now;
    }
}

/// What tells one content of a file from another, without reading it; none if it is not there.
async fn stamp(file: &Path) -> Option<(u64, u64, SystemTime)> {
    let found = tokio::fs::metadata(file).await.ok()?;
    Some((found.ino(), found.len(), found.modified().ok()?))
}

async fn attempt(watch: &mut FolderWatch, cogs: &Arc<Cogs>, file: &Path) {
    match cogs.follow_change(file).await {
        Ok(()) => {}
        Err(error) if error.may_pass() => {
            cogs.refuse(file, &error);
            watch.incomplete(file.to_owned(), chain(&error));
        }
        Err(error) => {
            cogs.refuse(file, &error);
            log_error(&error);
        }
    }
}
