//! Follows the cogs folder: what changes in it is loaded, what is gone is retired, what was refused for something that is
//! free now is tried again. Whether a change is wanted is for the cog's owner to decide, and so is the order: one file's
//! changes come to it one after the other.

use std::{path::Path, sync::Arc};

use crate::{
    cogs::{Cogs, log_error},
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
