//! A change to what is installed, made by the host: the command that wrote the journal waits for the result.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::{Access, access};

use super::protocol::Answer;
use crate::{
    cogs::{CogError, Cogs, log_error},
    error::chain,
    install::{Journal, LockedJournal},
};

/// Makes the change, if it has not been settled meanwhile. The journal is locked until it is made or refused.
pub(super) async fn answer(cogs: &Arc<Cogs>, journal: PathBuf) -> Answer {
    let taken = tokio::task::spawn_blocking(move || LockedJournal::take(&journal)).await;
    let pending = match taken {
        Ok(Ok(Some(pending))) => pending,
        Ok(Ok(None)) => {
            return Answer::refused("the change was given up before it started".to_owned(), None);
        }
        Ok(Err(error)) => return Answer::refused(chain(&error), error.help()),
        Err(error) => return Answer::refused(format!("the host failed: {error}"), None),
    };
    let journal = pending.journal();
    if !is_same(cogs.folder(), &journal.folder) {
        let text = format!("the host has its cogs in `{}`", cogs.folder().display());
        let help =
            "it was started with another config or with `--cogs`; end it, or name its config with --config";
        return Answer::refused(text, Some(help.to_owned()));
    }
    // Checked before anything is replaced: a service may lack permission to write there.
    if let Err(error) = access(cogs.folder(), Access::WRITE_OK) {
        let text = format!(
            "the host cannot write in `{}`: {}",
            cogs.folder().display(),
            std::io::Error::from(error)
        );
        let help = "allow it to (`ReadWritePaths=` in a systemd unit), or end it while you do this";
        return Answer::refused(text, Some(help.to_owned()));
    }
    match make(cogs, journal).await {
        Ok(answer) => answer,
        Err(error) => {
            log_error(&error);
            Answer::refused(chain(&error), error.help())
        }
    }
}

async fn make(cogs: &Arc<Cogs>, journal: &Journal) -> Result<Answer, CogError> {
    let make = || journal.make().map_err(|error| chain(&error));
    let file = cogs.folder().join(&journal.file);
    let report = match journal.staged() {
        Some(staged) => Some(cogs.deploy_staged(&journal.cog, &staged, &file, make).await?),
        None => cogs.take_out(&file, make).await?,
    };
    Ok(match report {
        Some(report) => {
            report.log();
            Answer::done(report.to_string(), &report)
        }
        None => Answer::done(format!("`{}` did not serve", journal.cog), &serde_json::Value::Null),
    })
}

/// Whether two paths lead to the same folder.
fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}
