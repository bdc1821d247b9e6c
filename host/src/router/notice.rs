//! What the host itself says to a person when a cog cannot: that a command's cog is away or busy, and "thinking …" in
//! time. Sends in the background; the router does not wait.

use std::{sync::Arc, time::Duration};

use abi_stable::std_types::RArc;
use gearshift_cog::abi::Interaction;
use serde_json::{Value, json};
use tokio::runtime;

use super::defer::{Defer, Place};
use crate::sessions::{
    Discord, Method,
    discord::{DiscordError, Request},
};

/// Discord's callback types for a message and for "thinking …", and its flag for "only you can see this".
const MESSAGE: u8 = 4;
const DEFERRED: u8 = 5;
/// Discord's callback type for "the message will be edited", which shows nothing.
const DEFERRED_UPDATE: u8 = 6;
/// Discord's limit, and its code for an interaction that somebody has answered.
const LIMIT: Duration = Duration::from_secs(3);
const ANSWERED: u64 = 40060;
const EPHEMERAL: u64 = 64;

/// Sends the host's own answers.
#[derive(Debug)]
pub struct Notices {
    /// Without it nobody can be answered, and no interaction arrives.
    pub discord: Option<Arc<Discord>>,
    /// Where it sends from.
    pub runtime: runtime::Handle,
    /// How long an interaction may wait in a queue before the host acknowledges it.
    pub defer_after: Duration,
}

impl Notices {
    /// A command that no loaded cog declares. `cog` is set if one did a moment ago.
    pub(super) fn unanswered(&self, to: &Interaction, cog: Option<&Arc<str>>) {
        self.say(to, &unanswered(to, cog));
    }

    /// As [`unanswered`](Self::unanswered), for a command that has waited in a queue and may have been deferred there.
    pub(super) fn decline(&self, to: RArc<Interaction>, mut place: Place, cog: Option<&Arc<str>>) {
        let Some(discord) = self.discord.clone() else { return };
        let text = unanswered(&to, cog);
        place.begin();
        self.runtime.spawn(async move {
            let is_deferred = place.defer().is_deferred().await;
            let sent = if is_deferred {
                let path = format!("/webhooks/{}/{}/messages/@original", to.application_id, to.token);
                let body = json!({ "content": text }).to_string();
                discord.request(Request::new(Method::Patch, path).json(body)).await.map(drop)
            } else {
                callback(&discord, &to, MESSAGE, &json!({ "content": text, "flags": EPHEMERAL })).await
            };
            if let Err(error) = sent {
                tracing::warn!(command = to.command.as_str(), "failed to answer an interaction: {error}");
            }
        });
    }

    /// A cog whose queue is full.
    pub(super) fn busy(&self, to: &Interaction) {
        self.say(to, &format!("`/{}` is too busy at the moment. Try again later.", to.command));
    }

    /// Acknowledges the interaction if it waits too long in somebody's queue and nobody is at it.
    pub(super) fn defer_in_time(&self, to: RArc<Interaction>, defer: Arc<Defer>) {
        let Some(discord) = self.discord.clone() else { return };
        let after = self.defer_after;
        self.runtime.spawn(async move {
            tokio::time::sleep(after).await;
            let left = LIMIT.saturating_sub(after);
            if let Ok(true) = tokio::time::timeout(left, defer.begin()).await {
                let kind = if to.is_on_message() { DEFERRED_UPDATE } else { DEFERRED };
                let sent = callback(&discord, &to, kind, &json!({})).await;
                match &sent {
                    // One of those who heard it was not late.
                    Err(error) if error.code() == Some(ANSWERED) => {}
                    Err(error) => {
                        let (command, id) = (to.command.as_str(), to.custom_id.as_str());
                        tracing::warn!(command, id, "failed to defer an interaction: {error}");
                    }
                    Ok(()) => {}
                }
                defer.finish(sent.is_ok());
            }
        });
    }

    fn say(&self, to: &Interaction, text: &str) {
        let Some(discord) = self.discord.clone() else { return };
        let (to, data) = (to.clone(), json!({ "content": text, "flags": EPHEMERAL }));
        self.runtime.spawn(async move {
            if let Err(error) = callback(&discord, &to, MESSAGE, &data).await {
                tracing::warn!(command = to.command.as_str(), "failed to answer an interaction: {error}");
            }
        });
    }
}

fn unanswered(to: &Interaction, cog: Option<&Arc<str>>) -> String {
    match cog {
        Some(_) => format!("`/{}` is being updated. Try again in a moment.", to.command),
        None => format!("`/{}` is not available at the moment.", to.command),
    }
}

async fn callback(discord: &Discord, to: &Interaction, kind: u8, data: &Value) -> Result<(), DiscordError> {
    let path = format!("/interactions/{}/{}/callback", to.id, to.token);
    let body = json!({ "type": kind, "data": data }).to_string();
    discord.request(Request::new(Method::Post, path).json(body)).await.map(drop)
}
