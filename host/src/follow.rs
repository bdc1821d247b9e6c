//! Follows the cogs folder: changed files are loaded, removed ones are retired, and refused ones are tried again once
//! the cause is gone. Also follows the cogs' settings in the config file, and updates the installation when the host
//! goes back to an old version on its own. Whether a change is wanted is decided by the cog's owner, which also keeps
//! the order: it gets one file's changes one after the other.

use std::{path::Path, sync::Arc};

use tokio::runtime::Handle;

use crate::{
    cogs::{Cogs, log_error},
    config::Config,
    error::chain,
    install::{self, Served},
    library::Digest,
    watch::{Change, FolderWatch},
};

/// Follows the folder until the future is dropped.
pub async fn follow(mut watch: FolderWatch, cogs: Arc<Cogs>) {
    loop {
        tokio::select! {
            change = watch.next() => match change {
                Change::Try(file) => attempt(&mut watch, &cogs, &file).await,
                Change::Gone(file) => {
                    for successor in cogs.successors(&file).await {
                        attempt(&mut watch, &cogs, &successor).await;
                    }
                    cogs.follow_removal(&file);
                }
            },
            files = cogs.freed() => {
                let names: Vec<String> = files.iter().map(|file| format!("`{}`", file.display())).collect();
                match &names[..] {
                    [name] => tracing::info!("{name} is tried again: what it was refused for is no longer taken"),
                    names => tracing::info!("{} exchange commands, and are tried together", names.join(" and ")),
                }
                for file in files {
                    attempt(&mut watch, &cogs, &file).await;
                }
            }
        }
    }
}

/// When the host goes back from an installed version on its own, makes file and lock follow, until it is dropped.
pub async fn follow_rollbacks(config: Arc<Config>, cogs: Arc<Cogs>) {
    let mut went_back = cogs.went_back();
    loop {
        let (config, cogs) = (Arc::clone(&config), Arc::clone(&cogs));
        let serving = move || {
            let cogs = cogs.status().cogs.into_iter();
            // At this point this is the only reason why the served version can differ from the one in its file.
            let served = |version, digest: Digest, file| Served {
                version,
                digest: digest.to_string(),
                file,
                went_back: true,
            };
            cogs.filter_map(|cog| Some((cog.name, served(cog.version?, cog.digest?, cog.file)))).collect()
        };
        // A command asks the host what it serves. Without a store, the next host does not know it.
        let in_time = match config.store {
            Some(_) => "",
            None => ", if it runs before the next start, which takes the file as it is",
        };
        // It reads and writes files, which blocks its thread.
        let runtime = Handle::current();
        let follow = move || runtime.block_on(install::follow(&config, serving));
        let followed = tokio::task::spawn_blocking(follow).await;
        match followed {
            Ok(Ok(done)) => done.iter().for_each(|text| tracing::warn!("{text}")),
            Ok(Err(error)) => {
                // Most often because the host may not write there.
                tracing::error!(
                    help = format!(
                        "`gearshift update` by a user who may write there updates the file and the lock{in_time}"
                    ),
                    "the host went back by itself, but cannot update `gearshift.lock`: {}",
                    chain(&error)
                );
            }
            Err(error) => tracing::error!("the host failed: {error}"),
        }
        if went_back.changed().await.is_err() {
            return;
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
