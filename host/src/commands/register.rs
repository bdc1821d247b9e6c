//! Registers the declared commands with Discord: compares them with what is registered, and sends the differences.

use std::time::Duration;

use serde_json::Value;

use super::{
    blame::describe_errors,
    plan::{Plan, Present, joined},
    scope::{Scope, Wanted},
};
use crate::{
    cogs::{Cogs, Declared},
    library::CommandKey,
    sessions::{
        Discord, Method, Sessions, Store,
        discord::{CREATES_MAX, Creates, DiscordError, Request},
    },
};

/// The store entry that records which commands were created when. No cog can have this name.
const STORE_NAME: &str = "@host";
const CREATES_KEY: &str = "command-creates";
/// From this many creates per list and day, the log warns.
const CREATES_WARN: usize = 160;
/// Discord's error code for too many creates in a day.
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes>
const DAY_LIMIT: u64 = 30034;
/// Discord's error code for a guild that the bot is not in.
const MISSING_ACCESS: u64 = 50001;

/// The result of a registration.
#[derive(Debug, Default)]
pub struct Registered {
    /// What was done, for each list with something to do or to report.
    pub plans: Vec<Plan>,
    /// What Discord rejected, by command or by list.
    pub refused: Vec<String>,
    /// How long until the commands can be created that exceed today's limit.
    pub postponed: Option<Duration>,
}

/// Registers the commands that the cogs declare, now.
///
/// # Errors
/// Discord could not be reached. What it rejects is part of the result.
pub async fn register(cogs: &Cogs, discord: &Discord) -> Result<Registered, DiscordError> {
    let sessions = cogs.sessions();
    let mut guard = discord.creates().lock().await;
    let creates = guard.get_or_insert(restored(sessions, discord).await);
    let before = creates.clone();
    let declared = cogs.declared();
    let mut registered = Registered::default();
    let mut result = Ok(());
    for scope in Scope::all(&declared, &creates.guilds()) {
        let mut work =
            Work { discord, declared: &declared, scope: &scope, creates, now_ms: sessions.clock.unix_ms() };
        result = work.register(&mut registered).await;
        if result.is_err() {
            break;
        }
    }
    if *creates != before {
        save(sessions, discord, creates).await;
    }
    result.map(|()| registered)
}

/// What [`register`] would do.
///
/// # Errors
/// Discord refused, or could not be reached.
pub async fn diff(cogs: &Cogs, discord: &Discord) -> Result<Vec<Plan>, DiscordError> {
    let declared = cogs.declared();
    let mut plans = Vec::new();
    for scope in Scope::all(&declared, &known_guilds(cogs.sessions(), discord).await) {
        let present = present(discord, &scope).await?;
        plans.push(Plan::new(&scope, &present, &scope.wanted(&declared), &declared, installs(discord)));
    }
    Ok(plans)
}

/// Guilds in which commands have been registered.
pub(super) async fn known_guilds(
    sessions: &Sessions,
    discord: &Discord,
) -> std::collections::BTreeSet<String> {
    let mut guard = discord.creates().lock().await;
    guard.get_or_insert(restored(sessions, discord).await).guilds()
}

struct Work<'w> {
    discord: &'w Discord,
    declared: &'w Declared,
    scope: &'w Scope,
    creates: &'w mut Creates,
    now_ms: u64,
}

impl Work<'_> {
    /// Registers one list. Rejections are recorded; an error means that Discord could not be reached.
    async fn register(&mut self, registered: &mut Registered) -> Result<(), DiscordError> {
        let wanted = self.scope.wanted(self.declared);
        let present = match present(self.discord, self.scope).await {
            Ok(present) => present,
            // The bot has left the guild, and its commands are gone.
            Err(error) if error.code() == Some(MISSING_ACCESS) && wanted.is_empty() => {
                self.leave();
                return Ok(());
            }
            Err(error) if is_refusal(&error) => {
                registered.refused.push(format!("the commands {}: {error}", self.scope));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut plan = Plan::new(self.scope, &present, &wanted, self.declared, installs(self.discord));
        if wanted.is_empty() && plan.delete.is_empty() {
            self.leave();
        }
        let room = self.creates.room(self.scope.guild(), self.now_ms);
        let postponed = plan.create.split_off(room.min(plan.create.len()));
        let done = match plan.is_empty() {
            true => Ok(()),
            false => self.carry_out(&mut plan, &wanted, postponed.is_empty(), registered).await,
        };
        if !postponed.is_empty() {
            self.postpone(&postponed, registered);
        }
        registered.plans.push(plan);
        done
    }

    /// Commands that Discord rejects are removed from the plan.
    async fn carry_out(
        &mut self,
        plan: &mut Plan,
        wanted: &Wanted<'_>,
        is_all: bool,
        registered: &mut Registered,
    ) -> Result<(), DiscordError> {
        // One request for the whole list; it deletes every command not in it.
        if is_all && plan.unknown.is_empty() {
            let list: Vec<_> = wanted.values().collect();
            match self.send(Method::Put, String::new(), &list).await {
                Ok(()) => {
                    self.created(plan.create.len());
                    return Ok(());
                }
                // One of the commands is invalid: the others are still registered.
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(error),
            }
        }
        // Deletes come first: a full list has no room for new commands.
        for (id, key) in std::mem::take(&mut plan.delete) {
            match delete(self.discord, self.scope, &id).await {
                Err(error) if is_refusal(&error) => registered.refused.push(format!("{key}: {error}")),
                result => {
                    result?;
                    plan.delete.push((id, key));
                }
            }
        }
        for (key, differences) in std::mem::take(&mut plan.change) {
            match self.write(&key, wanted).await {
                Err(error) if is_refusal(&error) => self.blame(&error, &key, wanted, registered),
                result => {
                    result?;
                    plan.change.push((key, differences));
                }
            }
        }
        let mut create = std::mem::take(&mut plan.create).into_iter();
        while let Some(key) = create.next() {
            match self.write(&key, wanted).await {
                Err(error) if error.code() == Some(DAY_LIMIT) => {
                    // Others were created by another process, or before the recorded time.
                    let room = self.creates.room(self.scope.guild(), self.now_ms);
                    self.creates.note(self.scope.guild(), self.now_ms, room);
                    let left: Vec<_> = std::iter::once(key).chain(create).collect();
                    self.postpone(&left, registered);
                    return Ok(());
                }
                Err(error) if is_refusal(&error) => self.blame(&error, &key, wanted, registered),
                result => {
                    result?;
                    self.created(1);
                    plan.create.push(key);
                }
            }
        }
        Ok(())
    }

    /// Replaces a command of the same name, which keeps its id, or creates it.
    async fn write(&self, key: &CommandKey, wanted: &Wanted<'_>) -> Result<(), DiscordError> {
        self.send(Method::Post, String::new(), &wanted[key]).await
    }

    fn blame(
        &self,
        error: &DiscordError,
        key: &CommandKey,
        wanted: &Wanted<'_>,
        registered: &mut Registered,
    ) {
        let body = Value::Object(wanted[key].clone());
        registered.refused.extend(describe_errors(error, &[(key, &body)], self.declared));
    }

    async fn send(
        &self,
        method: Method,
        below: String,
        body: &impl serde::Serialize,
    ) -> Result<(), DiscordError> {
        let path = self.scope.path(self.discord) + &below;
        let body = serde_json::to_vec(body).expect("names, texts and numbers are always JSON");
        self.discord.request(Request::new(method, path).json(body)).await.map(drop)
    }

    /// Records that `count` commands were created; with 0, the guild is still remembered.
    fn created(&mut self, count: usize) {
        let guild = self.scope.guild();
        let before = CREATES_MAX - self.creates.room(guild, self.now_ms);
        self.creates.note(guild, self.now_ms, count);
        let used = before + count;
        if before < CREATES_WARN && used >= CREATES_WARN {
            tracing::warn!(
                help = "commands whose content changes do not count; `[commands] guild` registers in one guild \
                        while developing, which is counted separately",
                "{used} commands were created {} in the last day; Discord allows {CREATES_MAX}",
                self.scope
            );
        }
    }

    fn postpone(&self, keys: &[CommandKey], registered: &mut Registered) {
        let wait = self.creates.wait(self.scope.guild(), self.now_ms).max(Duration::from_secs(1));
        registered.postponed = Some(registered.postponed.map_or(wait, |other| other.min(wait)));
        tracing::error!(
            "{} cannot be created {} for {}: Discord allows {CREATES_MAX} new commands a day",
            joined(keys),
            self.scope,
            crate::duration::Shown(wait)
        );
    }

    fn leave(&mut self) {
        if let Some(guild) = self.scope.guild() {
            self.creates.leave(guild, self.now_ms);
        }
    }
}

/// The registered commands of a list, with their translations, which must be requested.
/// <https://discord.com/developers/docs/interactions/application-commands#get-global-application-commands>
pub(super) async fn present(discord: &Discord, scope: &Scope) -> Result<Vec<Present>, DiscordError> {
    let path = scope.path(discord);
    let mut request = Request::new(Method::Get, path.clone());
    request.query.push(("with_localizations".to_owned(), "true".to_owned()));
    let answer = discord.request(request).await?;
    read(&answer.body, &path)
}

/// All or nothing: a command that was skipped would be deleted when the list is written.
fn read(list: &[u8], path: &str) -> Result<Vec<Present>, DiscordError> {
    serde_json::from_slice(list).map_err(|error| DiscordError::Unreadable {
        asked: format!("GET {path}"),
        what: format!("the answer is not a list of commands (column {})", error.column()),
    })
}

/// Deletes a command, if it exists.
pub(super) async fn delete(discord: &Discord, scope: &Scope, id: &str) -> Result<(), DiscordError> {
    let path = format!("{}/{id}", scope.path(discord));
    match discord.request(Request::new(Method::Delete, path)).await {
        Err(error) if error.status() != Some(404) => Err(error),
        _ => Ok(()),
    }
}

/// Whether another attempt is pointless until the commands change.
fn is_refusal(error: &DiscordError) -> bool {
    error.status().is_some_and(|status| (400..500).contains(&status) && status != 429)
}

fn installs(discord: &Discord) -> &[u64] {
    &discord.account().integration_types
}

/// The stored record of created commands, if there is a store; it may come from an earlier process.
async fn restored(sessions: &Sessions, discord: &Discord) -> Creates {
    let Some(store) = store_of(sessions, discord) else { return Creates::default() };
    match store.get(STORE_NAME, CREATES_KEY).await {
        Ok(Some(bytes)) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Ok(None) => Creates::default(),
        Err(error) => {
            tracing::warn!("cannot read how many commands were created in the last day: {error}");
            Creates::default()
        }
    }
}

/// The store, unless Discord is the built-in one, which does not outlive the process.
fn store_of<'s>(sessions: &'s Sessions, discord: &Discord) -> Option<&'s Store> {
    sessions.store.as_deref().filter(|_| !discord.is_built_in())
}

async fn save(sessions: &Sessions, discord: &Discord, creates: &Creates) {
    let Some(store) = store_of(sessions, discord) else { return };
    let Ok(bytes) = serde_json::to_vec(creates) else { return };
    if let Err(error) = store.set(STORE_NAME, CREATES_KEY, bytes).await {
        tracing::warn!("cannot store how many commands were created in the last day: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_cannot_be_read_is_not_an_empty_one() {
        let good = r#"[{"id":"1","name":"ping","later":7},{"id":"2","type":4,"name":"launch"}]"#;
        assert_eq!(read(good.as_bytes(), "/commands").expect("a list").len(), 2);
        for list in ["", "<html>", "{}", "null", r#"[{"id":"1","name":"ping"},{"name":"no id"}]"#] {
            let error = read(list.as_bytes(), "/commands").expect_err(list);
            assert!(matches!(error, DiscordError::Unreadable { .. }), "{error}");
            assert!(!is_refusal(&error), "it is asked again");
        }
    }
}
