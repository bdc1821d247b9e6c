//! Where reminders are kept: in the cog's store, or at the site API, which the operator's site reads and writes as
//! well.

use gearshift_cog::{handles::HandleErrorKind, prelude::*};
use serde::{Deserialize, Serialize};

/// The prefix of the store's keys and of the paths of the site API.
const PREFIX: &str = "reminders/";

/// A reminder, in the store and at the site API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reminder {
    /// At most 25 characters without a colon; unique.
    pub(crate) id: String,
    /// When it is due, in milliseconds since the Unix epoch.
    pub(crate) due_ms: u64,
    pub(crate) channel: u64,
    pub(crate) user: u64,
    pub(crate) text: String,
}

#[derive(Clone, Copy)]
pub(crate) enum Storage {
    InStore,
    /// `GET reminders`, and `GET`, `PUT` and `DELETE` of `reminders/ID`.
    AtSite,
}

impl Storage {
    /// All reminders. One that cannot be read stays where it is, and does not keep the others from being sent.
    pub(crate) async fn all(self, host: &Host) -> Result<Vec<Reminder>> {
        if let Self::AtSite = self {
            return host.api().get("reminders").fetch().await;
        }
        let (mut all, mut stored) = (Vec::new(), host.store().scan(PREFIX));
        loop {
            match stored.next().await {
                Ok(Some((_, reminder))) => all.push(reminder),
                Ok(None) => return Ok(all),
                Err(error) if error.handle().is_some() => return Err(error),
                Err(error) => tracing::error!("a reminder is skipped: {error}"),
            }
        }
    }

    pub(crate) async fn get(self, host: &Host, id: &str) -> Result<Option<Reminder>> {
        match self {
            Self::InStore => host.store().get(&path(id)).await,
            Self::AtSite => or_missing(host.api().get(path(id)).fetch().await.map(Some)),
        }
    }

    pub(crate) async fn put(self, host: &Host, reminder: &Reminder) -> Result {
        match self {
            Self::InStore => host.store().set(&path(&reminder.id), reminder).await,
            Self::AtSite => host.api().put(path(&reminder.id)).json(reminder).send().await,
        }
    }

    pub(crate) async fn delete(self, host: &Host, id: &str) -> Result {
        match self {
            Self::InStore => Ok(host.store().delete(&path(id)).await.map(drop)?),
            Self::AtSite => or_missing(host.api().delete(path(id)).send().await),
        }
    }
}

fn path(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// A reminder that the site does not have is not an error: another attempt was faster.
fn or_missing<T: Default>(answer: Result<T>) -> Result<T> {
    match answer {
        Err(error)
            if error.handle().is_some_and(|it| it.kind == HandleErrorKind::Status && it.status == 404) =>
        {
            Ok(T::default())
        }
        answer => answer,
    }
}
