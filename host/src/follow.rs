//! Follows the cogs folder: what changes in it is loaded, what is gone is retired, what was refused for something that is
//! free now is tried again. And what the config file sets for the cogs, and what is installed when the host goes back by
//! itself. Whether a change is wanted is for the cog's owner to decide, and so is the order: one file's changes come to it
//! one after the other.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{runtime::Handle, sync::Mutex};

use crate::{
    cogs::{Cogs, log_error},
    config::Config,
    error::chain,
    install::{self, Served},
    watch::{Change, FolderWatch},
};

/// How long a config that is being written has to be complete before a cog is loaded: so many looks, so far apart.
const SETTLES_MAX: u32 = 20;
const SETTLE: Duration = Duration::from_millis(50);

/// Follows the folder until it is dropped. What `settings` say by then holds for a file that is tried.
pub async fn follow(mut watch: FolderWatch, cogs: Arc<Cogs>, settings: Option<Arc<Settings>>) {
    let settings = settings.as_deref();
    loop {
        tokio::select! {
            change = watch.next() => match change {
                Change::Try(file) => attempt(&mut watch, &cogs, settings, &file).await,
                Change::Gone(file) => {
                    for heir in cogs.heirs(&file).await {
                        attempt(&mut watch, &cogs, settings, &heir).await;
                    }
                    cogs.follow_removal(&file);
                }
            },
            files = cogs.freed() => for file in files {
                tracing::info!("`{}` is tried again: what it was refused for was given up", file.display());
                attempt(&mut watch, &cogs, settings, &file).await;
            }
        }
    }
}

/// What a config file sets for the cogs. Anything else in it waits for a restart.
#[derive(Debug)]
pub struct Settings {
    file: PathBuf,
    looks: Mutex<Looks>,
}

/// Which contents of the file were seen.
#[derive(Debug)]
struct Looks {
    read: Option<Stamp>,
    before: Option<Stamp>,
}

impl Settings {
    /// Those of `file`, which may have changed since the host read it.
    pub fn new(file: PathBuf) -> Settings {
        let before = fs::metadata(&file).ok().as_ref().and_then(stamp);
        Settings { file, looks: Mutex::new(Looks { read: None, before }) }
    }

    /// Looks at the file every so often, until it is dropped.
    pub async fn follow(self: Arc<Self>, every: Duration, cogs: Arc<Cogs>) {
        loop {
            tokio::time::sleep(every).await;
            self.look(&cogs).await;
        }
    }

    /// Takes over what the file says now. A cog that comes together with its section is not loaded without: the section may
    /// lock it in.
    async fn settle(&self, cogs: &Arc<Cogs>) {
        for _ in 0..SETTLES_MAX {
            if self.look(cogs).await {
                return;
            }
            tokio::time::sleep(SETTLE).await;
        }
    }

    /// A file that has just been written may not be complete, so it is read when two looks saw the same. Whether what is
    /// there is what was read.
    async fn look(&self, cogs: &Arc<Cogs>) -> bool {
        let mut looks = self.looks.lock().await;
        let now = tokio::fs::metadata(&self.file).await.ok().as_ref().and_then(stamp);
        if now.is_some() && now == looks.before && now != looks.read {
            looks.read = now;
            match Config::load(&self.file) {
                // A cog that is slow to reload keeps no other waiting.
                Ok(config) => drop(tokio::spawn(cogs.follow_settings(config.cog))),
                Err(error) => tracing::error!("the settings of the cogs stay as they are: {error}"),
            }
        }
        looks.before = now;
        now.is_none() || now == looks.read
    }
}

/// When the host goes back from an installed version by itself, file and lock follow, until it is dropped.
pub async fn follow_going_back(config: Arc<Config>, cogs: Arc<Cogs>) {
    let mut went_back = cogs.went_back();
    loop {
        let (config, cogs) = (Arc::clone(&config), Arc::clone(&cogs));
        let serving = move || {
            let cogs = cogs.status().cogs.into_iter();
            let served = |version, digest| Served { version, digest };
            cogs.filter_map(|cog| Some((cog.name, served(cog.version?, cog.digest?)))).collect()
        };
        // It reads and writes files, which blocks its thread.
        let runtime = Handle::current();
        let follow = move || runtime.block_on(install::follow(&config, serving));
        let followed = tokio::task::spawn_blocking(follow).await;
        match followed {
            Ok(Ok(done)) => done.iter().for_each(|text| tracing::warn!("{text}")),
            Ok(Err(error)) => {
                tracing::error!(help = error.help(), "the lock cannot follow: {}", chain(&error));
            }
            Err(error) => tracing::error!("the host failed: {error}"),
        }
        if went_back.changed().await.is_err() {
            return;
        }
    }
}

/// What tells one content of a file from another, without reading it: inode, bytes, time of the last change.
type Stamp = (u64, u64, SystemTime);

fn stamp(found: &Metadata) -> Option<Stamp> {
    Some((found.ino(), found.len(), found.modified().ok()?))
}

async fn attempt(watch: &mut FolderWatch, cogs: &Arc<Cogs>, settings: Option<&Settings>, file: &Path) {
    if let Some(settings) = settings {
        settings.settle(cogs).await;
    }
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
