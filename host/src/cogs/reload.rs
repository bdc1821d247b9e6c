//! Replaces cogs on request by what their files hold now: one, or several, where those that
//! exchange commands are replaced together.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{CogError, Cogs, Report, together::Member};
use crate::config::LaneKind;

impl Cogs {
    /// Replaces a cog by what its file holds now, changed or not; loads it if it is not loaded.
    ///
    /// # Errors
    /// As for [`load_file`](Self::load_file).
    pub async fn reload(self: &Arc<Self>, name: &str) -> Result<Report, CogError> {
        self.reload_with(name, None).await
    }

    /// Replaces a cog as [`reload`](Self::reload) does, and moves it to another kind of lane. It stays there until the
    /// host is opened again.
    ///
    /// # Errors
    /// As for [`load_file`](Self::load_file); then it stays where it is. A sandboxed cog cannot be moved to a thread.
    pub async fn reload_on(self: &Arc<Self>, name: &str, lane: LaneKind) -> Result<Report, CogError> {
        self.reload_on_with(name, lane, None).await
    }

    /// Replaces cogs one after the other, and those that exchange commands together. `came` is called with
    /// each outcome.
    pub async fn reload_all(
        self: &Arc<Self>,
        names: &[String],
        lane: Option<LaneKind>,
        mut came: impl FnMut(Result<Report, CogError>),
    ) {
        // An error is reported when the cog is loaded.
        let _ = self.read_folder().await;
        let mut left = names.iter().cloned().collect();
        while let Some(group) = self.registry.take_group(&mut left).await {
            let reloads = group.into_iter().map(async |(name, member)| match lane {
                Some(lane) => self.reload_on_with(&name, lane, member).await,
                None => self.reload_with(&name, member).await,
            });
            join_all(reloads).await.into_iter().for_each(&mut came);
        }
    }

    async fn reload_on_with(
        self: &Arc<Self>,
        name: &str,
        lane: LaneKind,
        together: Option<Member>,
    ) -> Result<Report, CogError> {
        if lane == LaneKind::Thread && self.parts.settings.lane(name).sandbox.is_on() {
            return Err(CogError::Sandboxed { name: name.to_owned() });
        }
        let before = self.parts.settings.move_to(name, Some(lane));
        let outcome = self.reload_with(name, together).await;
        if outcome.is_err() {
            self.parts.settings.move_to(name, before);
        }
        outcome
    }

    async fn reload_with(self: &Arc<Self>, name: &str, together: Option<Member>) -> Result<Report, CogError> {
        let file = match self.registry.own_file(name) {
            Some(file) => file,
            None => self.find(name).await?,
        };
        self.load_with(&file, together).await
    }
}
