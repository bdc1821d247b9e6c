//! How all cogs of a host go, and which of them lose their state by it.

use std::{sync::Arc, time::Instant};

use futures_util::future::join_all;

use super::{CogError, Cogs};

impl Cogs {
    /// Retires all cogs at once, and waits until `until` for states that the store does not take. The cogs whose state
    /// is lost then.
    pub async fn close(self: &Arc<Self>, until: Instant) -> Vec<String> {
        self.parts.closing.cancel();
        self.registry.part();
        let names: Vec<Arc<str>> = self.owners().keys().cloned().collect();
        let unloads = names.iter().map(async |name| match self.unload(name).await {
            Ok(_) | Err(CogError::NotLoaded { .. }) => {}
            Err(error) => tracing::warn!(cog = &**name, "{error}"),
        });
        join_all(unloads).await;
        let stored = self.registry.each(|_, _, entry| Some(entry.status.subscribe()));
        let all_stored = async {
            for mut status in stored {
                let _ = status.wait_for(|status| !status.is_unsaved).await;
            }
        };
        // What they have handed over is carried out before the sessions close.
        self.parts.work.close();
        let _ =
            tokio::time::timeout_at(until.into(), async { tokio::join!(all_stored, self.parts.work.wait()) })
                .await;
        self.registry
            .each(|name, status, _| (status.is_unsaved || status.is_state_lost).then(|| name.to_string()))
    }
}
