//! What the host itself says to a person when a cog cannot: that a command's cog is away or busy, and "thinking …" in
//! time. Sends in the background; the router does not wait.

use std::{sync::Arc, time::Duration};

use abi_stable::std_types::RArc;
use gearshift_cog::abi::Interaction;
use serde_json::{Value, json};
use tokio::runtime;

use crate::{
    lane::Defer,
    sessions::{
        Discord, Method,
        discord::{DiscordError, Request},
    },
};

/// Discord's callback types for a message and for "thinking …", and its flag for "only you can see this".
const MESSAGE: u8 = 4;
const DEFERRED: u8 = 5;
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
        let text = match cog {
            Some(_) => format!("`/{}` is being updated. Try again in a moment.", to.command),
            None => format!("`/{}` is not available at the moment.", to.command),
        };
        self.say(to, &text);
    }

    /// A cog whose queue is full.
    pub(super) fn busy(&self, to: &Interaction) {
        self.say(to, &format!("`/{}` is too busy at the moment. Try again later.", to.command));
    }

    /// Acknowledges the interaction if its cog has not started on it in time.
    pub(super) fn defer_in_time(&self, to: RArc<Interaction>, defer: Arc<Defer>) {
        let Some(discord) = self.discord.clone() else { return };
        let after = self.defer_after;
        self.runtime.spawn(async move {
            tokio::time::sleep(after).await;
            if defer.begin() {
                let sent = callback(&discord, &to, DEFERRED, &json!({})).await;
                if let Err(error) = &sent {
                    tracing::warn!(command = to.command.as_str(), "failed to defer an interaction: {error}");
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

async fn callback(discord: &Discord, to: &Interaction, kind: u8, data: &Value) -> Result<(), DiscordError> {
    let path = format!("/interactions/{}/{}/callback", to.id, to.token);
    let body = json!({ "type": kind, "data": data }).to_string();
    discord.request(Request::new(Method::Post, path).json(body)).await.map(drop)
}
