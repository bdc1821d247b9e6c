//! Keeps Discord's list of slash commands equal to what the cogs declare. Asks first, and sends only if they differ,
//! after things have calmed down. It handles no calls of commands; the router does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::Duration,
};

use gearshift_cog::manifest::CommandManifest;
use serde::Deserialize;

use crate::{
    cogs::Cogs,
    sessions::{
        Discord, Method,
        discord::{DiscordError, Request},
    },
};

/// Shortest pause between two looks at what has to go.
const LOOK_MIN: Duration = Duration::from_millis(100);
/// Longest pause between two attempts after a failure.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// A command as Discord has it, in what a cog can declare.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Registered {
    #[serde(rename = "type", default = "slash")]
    kind: u8,
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    options: Vec<RegisteredOption>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct RegisteredOption {
    #[serde(rename = "type")]
    kind: u8,
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    autocomplete: bool,
}

fn slash() -> u8 {
    1
}

/// Registers the declared commands, now and whenever they have changed and then stayed the same for `settle`, until the
/// cogs are dropped. Those of an unloaded cog go after `keep`.
pub async fn keep_registered(cogs: Weak<Cogs>, discord: Arc<Discord>, settle: Duration, keep: Duration) {
    let Some(mut changes) = cogs.upgrade().map(|cogs| cogs.commands()) else { return };
    let mut registered: Option<BTreeMap<String, CommandManifest>> = None;
    let mut pause = Duration::from_secs(1);
    loop {
        changes.mark_unchanged();
        let Some(declared) = cogs.upgrade().map(|cogs| cogs.declared()) else { return };
        if registered.as_ref() != Some(&declared) {
            match register(&discord, &declared).await {
                Ok(changed) => {
                    if changed {
                        tracing::info!(commands = declared.len(), "registered the slash commands");
                    }
                    registered = Some(declared);
                    pause = Duration::from_secs(1);
                }
                Err(error) => {
                    tracing::error!("failed to register the slash commands: {error}");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_MAX);
                    continue;
                }
            }
        }
        match tokio::time::timeout(keep.max(LOOK_MIN), changes.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            // The commands of a cog that was unloaded may have to go by now.
            Err(_) => continue,
        }
        while tokio::time::timeout(settle, changes.changed()).await.is_ok_and(|changed| changed.is_ok()) {}
    }
}

/// Makes Discord's list equal to `declared`; whether it had to be changed.
async fn register(
    discord: &Discord,
    declared: &BTreeMap<String, CommandManifest>,
) -> Result<bool, DiscordError> {
    let path = format!("/applications/{}/commands", discord.account().application_id);
    let answer = discord.request(Request::new(Method::Get, path.clone())).await?;
    // A list that cannot be read is replaced.
    let present: Option<Vec<Registered>> = serde_json::from_slice(&answer.body).ok();
    if present.is_some_and(|present| is_same(present, declared)) {
        return Ok(false);
    }
    let list: Vec<&CommandManifest> = declared.values().collect();
    let body = serde_json::to_vec(&list).expect("names, texts and numbers are always JSON");
    discord.request(Request::new(Method::Put, path).json(body)).await?;
    Ok(true)
}

fn is_same(mut present: Vec<Registered>, declared: &BTreeMap<String, CommandManifest>) -> bool {
    present.sort_by(|a, b| a.name.cmp(&b.name));
    let declared = declared.values().map(|command| Registered {
        kind: command.kind,
        name: command.name.clone(),
        description: command.description.clone(),
        options: command
            .options
            .iter()
            .map(|option| RegisteredOption {
                kind: option.kind,
                name: option.name.clone(),
                description: option.description.clone(),
                required: option.required,
                autocomplete: option.autocomplete,
            })
            .collect(),
    });
    present.into_iter().eq(declared)
}
