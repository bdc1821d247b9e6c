//! Keeps Discord's list of slash commands equal to what the cogs declare. Asks first, and sends only what differs, after
//! things have calmed down. Handling calls of commands is the router's part.
//!
//! A command is deleted only if a cog of this process declared it and none does any more: with the command goes its id,
//! and with the id the permissions that each server's admins gave it. A command that no cog of this process ever
//! declared stays, and is named: it may be that of a cog whose file is broken today, or of another program.
//! <https://discord.com/developers/docs/interactions/application-commands#updating-and-deleting-a-command>

mod prune;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    cogs::{Cogs, Declared},
    sessions::{
        Discord, Method,
        discord::{DiscordError, Request},
    },
};

pub use self::prune::{Listed, PruneError, list, prune};

/// Shortest pause between two looks at what has to go.
const LOOK_MIN: Duration = Duration::from_millis(100);
/// Longest pause between two attempts after a failure.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// Discord's type of slash commands; the others are context menus.
const SLASH: u8 = 1;

/// A command as Discord has it.
#[derive(Debug, Deserialize)]
struct Present {
    id: String,
    #[serde(rename = "type", default = "slash")]
    kind: u8,
    name: String,
    /// Every other field of its object.
    #[serde(flatten)]
    fields: serde_json::Map<String, Value>,
}

fn slash() -> u8 {
    SLASH
}

impl Present {
    /// Whether it is what a cog declares.
    fn is(&self, declared: &Value) -> bool {
        let declared = declared.as_object().into_iter().flatten();
        let mut declared: BTreeMap<&str, &Value> =
            declared.map(|(key, value)| (key.as_str(), value)).collect();
        declared.retain(|key, _| !matches!(*key, "type" | "name"));
        let known = self.fields.iter().filter(|(key, _)| !OF_DISCORD.contains(&key.as_str()));
        declared.iter().all(|(key, value)| self.fields.get(*key).is_some_and(|there| same(there, value)))
            && known
                .filter(|(key, _)| !declared.contains_key(key.as_str()))
                .all(|(_, value)| is_default(value))
    }
}

/// Fields of a command that Discord adds, and that it fills in by the application's settings where they are left out.
const OF_DISCORD: [&str; 7] =
    ["id", "application_id", "guild_id", "version", "dm_permission", "contexts", "integration_types"];

/// Whether two values mean the same to Discord: what is left out is the default.
fn same(there: &Value, declared: &Value) -> bool {
    match (there, declared) {
        (Value::Object(there), Value::Object(declared)) => {
            declared.iter().all(|(key, value)| match there.get(key) {
                Some(there) => same(there, value),
                None => is_default(value),
            }) && there.iter().all(|(key, value)| declared.contains_key(key) || is_default(value))
        }
        (Value::Array(there), Value::Array(declared)) => {
            there.len() == declared.len()
                && there.iter().zip(declared).all(|(there, declared)| same(there, declared))
        }
        (Value::Number(there), Value::Number(declared)) => there.as_f64() == declared.as_f64(),
        _ => there == declared,
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// Registers the declared commands, now and whenever they have changed and then stayed the same for `settle`, until the
/// cogs are dropped.
pub async fn keep_registered(cogs: Weak<Cogs>, discord: Arc<Discord>, settle: Duration, keep: Duration) {
    let Some(mut changes) = cogs.upgrade().map(|cogs| cogs.commands()) else { return };
    let mut done: Option<Declared> = None;
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    let mut pause = Duration::from_secs(1);
    let mut was_refused = false;
    loop {
        changes.mark_unchanged();
        let Some(declared) = cogs.upgrade().map(|cogs| cogs.declared()) else { return };
        if done.as_ref() != Some(&declared) {
            match register(&discord, &declared).await {
                Ok(plan) => {
                    plan.log(&mut unknown);
                    done = Some(declared);
                    pause = Duration::from_secs(1);
                }
                Err(error) if is_refusal(&error) => {
                    tracing::error!(
                        "Discord refuses the slash commands{}: {error}; they are registered again when a cog changes",
                        blamed(&error, &declared)
                    );
                    done = Some(declared);
                    was_refused = true;
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
            Ok(Ok(())) => {
                // Also if the same commands are declared again: Discord may have refused them for something that passed.
                if std::mem::take(&mut was_refused) {
                    done = None;
                }
            }
            Ok(Err(_)) => return,
            // The commands of a cog that was unloaded may have to go by now.
            Err(_) => continue,
        }
        while tokio::time::timeout(settle, changes.changed()).await.is_ok_and(|changed| changed.is_ok()) {}
    }
}

/// What has to be done to Discord's list.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// Names of those that are new or differ.
    write: Vec<String>,
    /// Ids and names of those that go.
    delete: Vec<(String, String)>,
    /// Names of those that no cog of this process ever declared.
    unknown: Vec<String>,
}

impl Plan {
    fn new(present: &[Present], declared: &Declared) -> Plan {
        let mut plan = Plan::default();
        let slash: BTreeMap<&str, &Present> = present
            .iter()
            .filter(|present| present.kind == SLASH)
            .map(|present| (&*present.name, present))
            .collect();
        for (name, command) in &declared.commands {
            let Some(discord) = &command.discord else { continue };
            if slash.get(&**name).is_none_or(|present| !present.is(discord)) {
                plan.write.push(name.clone());
            }
        }
        for present in present {
            let (name, kind) = (&present.name, present.kind);
            if kind == SLASH && declared.commands.contains_key(name) {
                continue;
            }
            if kind == SLASH && declared.gone.contains(name) {
                plan.delete.push((present.id.clone(), name.clone()));
            } else {
                plan.unknown.push(name.clone());
            }
        }
        plan
    }

    fn log(&self, known: &mut BTreeSet<String>) {
        if !self.write.is_empty() || !self.delete.is_empty() {
            let deleted = self.delete.iter().map(|(_, name)| &**name).collect::<Vec<_>>().join(", ");
            tracing::info!(written = self.write.join(", "), deleted, "registered the slash commands");
        }
        let new: Vec<&str> =
            self.unknown.iter().map(String::as_str).filter(|name| !known.contains(*name)).collect();
        if !new.is_empty() {
            tracing::warn!(
                help = "if they are of a cog that is gone for good, `gearshift commands prune` deletes them",
                "Discord has commands that no cog here declares, and they stay: {}",
                new.join(", ")
            );
        }
        *known = self.unknown.iter().cloned().collect();
    }
}

/// Makes Discord's list equal to what is declared, as far as it may be.
async fn register(discord: &Discord, declared: &Declared) -> Result<Plan, DiscordError> {
    let path = path(discord);
    let plan = Plan::new(&present(discord).await?, declared);
    if plan.write.is_empty() && plan.delete.is_empty() {
        return Ok(plan);
    }
    if plan.unknown.is_empty() {
        // One request for all, which deletes what is not in it.
        let list: Vec<&Value> =
            declared.commands.values().filter_map(|command| command.discord.as_ref()).collect();
        discord.request(Request::new(Method::Put, path).json(json(&list))).await?;
        return Ok(plan);
    }
    for name in &plan.write {
        // Replaces one of the same name and keeps its id.
        let body = json(&declared.commands[name].discord);
        discord.request(Request::new(Method::Post, path.clone()).json(body)).await?;
    }
    for (id, _) in &plan.delete {
        delete(discord, id).await?;
    }
    Ok(plan)
}

async fn present(discord: &Discord) -> Result<Vec<Present>, DiscordError> {
    let answer = discord.request(Request::new(Method::Get, path(discord))).await?;
    // One that cannot be read is written again.
    let list: Vec<serde_json::Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
    Ok(list.into_iter().filter_map(|command| serde_json::from_value(command).ok()).collect())
}

async fn delete(discord: &Discord, id: &str) -> Result<(), DiscordError> {
    let path = format!("{}/{id}", path(discord));
    match discord.request(Request::new(Method::Delete, path)).await {
        Err(error) if error.status() != Some(404) => Err(error),
        _ => Ok(()),
    }
}

fn path(discord: &Discord) -> String {
    format!("/applications/{}/commands", discord.account().application_id)
}

fn json(body: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("names, texts and numbers are always JSON")
}

/// Whether asking again cannot help before the commands change.
fn is_refusal(error: &DiscordError) -> bool {
    error.status().is_some_and(|status| (400..500).contains(&status) && status != 429)
}

/// The commands of a list that Discord refused, each with its cog, as ` (`/ping` of `ping`)`.
fn blamed(error: &DiscordError, declared: &Declared) -> String {
    let DiscordError::Refused(refusal) = error else { return String::new() };
    // In a list, the first part of a field's path is the command's place in it.
    let places = refusal.errors.as_ref().and_then(|errors| errors.as_object());
    let names: Vec<String> = places
        .into_iter()
        .flat_map(|places| places.keys())
        .filter_map(|place| declared.commands.keys().nth(place.parse().ok()?))
        .map(|name| match declared.cogs.get(name) {
            Some(cog) => format!("`/{name}` of `{cog}`"),
            None => format!("`/{name}`"),
        })
        .collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::manifest::CommandManifest;
    use serde_json::json;

    use super::*;

    fn command(name: &str) -> CommandManifest {
        let discord = json!({ "type": SLASH, "name": name, "description": "does it" });
        CommandManifest {
            kind: SLASH,
            name: name.to_owned(),
            discord: Some(discord),
            ..CommandManifest::default()
        }
    }

    fn present(id: &str, kind: u8, name: &str) -> Present {
        let fields = json!({ "description": "does it", "version": "7", "nsfw": false, "options": [] });
        let fields = fields.as_object().expect("an object").clone();
        Present { id: id.to_owned(), kind, name: name.to_owned(), fields }
    }

    fn declared(names: &[&str], gone: &[&str]) -> Declared {
        Declared {
            commands: names.iter().map(|name| ((*name).to_owned(), command(name))).collect(),
            gone: gone.iter().map(|name| (*name).to_owned()).collect(),
            cogs: BTreeMap::new(),
        }
    }

    #[test]
    fn what_no_cog_ever_declared_stays() {
        let there = [present("1", 1, "ban"), present("2", 1, "ping"), present("3", 2, "report")];
        let plan = Plan::new(&there, &declared(&[], &[]));
        assert_eq!((plan.write.len(), plan.delete.len()), (0, 0));
        assert_eq!(plan.unknown, ["ban", "ping", "report"]);
    }

    #[test]
    fn what_a_cog_declares_no_more_goes_and_what_is_new_comes() {
        let there = [present("1", 1, "old"), present("2", 1, "ping"), present("3", 3, "old")];
        let plan = Plan::new(&there, &declared(&["ping", "pong"], &["old"]));
        assert_eq!(plan.write, ["pong"]);
        assert_eq!(plan.delete, [("1".to_owned(), "old".to_owned())]);
        assert_eq!(plan.unknown, ["old"], "a context menu of the same name is another command");
    }

    #[test]
    fn a_refused_list_names_the_command_and_its_cog() {
        let mut declared = declared(&["ban", "ping"], &[]);
        declared.cogs.insert("ping".to_owned(), "music".into());
        // As Discord has it: https://discord.com/developers/docs/reference#error-messages
        let refused = |errors| {
            DiscordError::Refused(Box::new(crate::sessions::discord::Refusal {
                asked: "PUT /applications/1/commands".to_owned(),
                status: 400,
                code: 50035,
                message: "Invalid Form Body".to_owned(),
                errors: Some(errors),
                bytes: 0,
            }))
        };
        let error = refused(serde_json::json!({ "1": { "options": { "0": { "_errors": [] } } } }));
        assert!(is_refusal(&error));
        assert_eq!(blamed(&error, &declared), " (`/ping` of `music`)");
        assert_eq!(blamed(&refused(serde_json::json!({ "_errors": [] })), &declared), "");
    }
}
