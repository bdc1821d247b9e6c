//! Keeps Discord's lists of commands in sync with what the cogs declare. It first fetches what is registered, and sends
//! only the differences, once the declarations have settled. Calls of commands are handled by the router.
//!
//! A command is deleted only if a cog of this process declared it and none does any more: deleting it loses its id, and
//! with it the permissions that each server's admins gave it. A command that no cog of this process ever declared
//! stays, and is logged: it may belong to a cog whose file is broken today, or to another program.
//! <https://discord.com/developers/docs/interactions/application-commands#updating-and-deleting-a-command>

mod blame;
mod compare;
mod place;
mod plan;
mod prune;
mod register;
mod scope;

use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use self::plan::joined;
pub use self::{
    compare::Difference,
    plan::Plan,
    prune::{Listed, PruneError, list, prune},
    register::{Registered, diff, register},
    scope::Scope,
};
use crate::{
    cogs::{Cogs, Declared},
    library::{CommandKey, SLASH, commands_max},
    sessions::{Discord, discord::DiscordError},
};

/// Shortest pause between two checks for commands to delete.
const LOOK_MIN: Duration = Duration::from_millis(100);
/// How many times `settle` to wait for changes to end.
const SETTLES_MAX: u32 = 10;
/// Longest pause between two attempts after a failure.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// Longest pause when a rate limit demands more: other lists may need changes meanwhile.
const LIMITED_MAX: Duration = Duration::from_secs(15 * 60);

/// Registers the declared commands, now and whenever they have changed and then stayed the same for `settle`, until the
/// cogs are dropped.
pub async fn keep_registered(cogs: Weak<Cogs>, discord: Arc<Discord>, settle: Duration, keep: Duration) {
    let Some(mut changes) = cogs.upgrade().map(|cogs| cogs.commands()) else { return };
    let mut done: Option<Declared> = None;
    let mut known = BTreeSet::new();
    let mut left_out = BTreeSet::new();
    let mut pause = Duration::from_secs(1);
    // When postponed commands can be created, and whether any were rejected.
    let (mut again, mut was_refused) = (None, false);
    loop {
        changes.mark_unchanged();
        let Some(strong) = cogs.upgrade() else { return };
        let declared = strong.declared();
        if done.as_ref() != Some(&declared) || again.is_some_and(|again| again <= Instant::now()) {
            match register(&strong, &discord).await {
                Ok(registered) => {
                    registered.log(&mut known);
                    if declared.left_out != left_out {
                        left_out.clone_from(&declared.left_out);
                        warn_of(&left_out);
                    }
                    was_refused = !registered.refused.is_empty();
                    again = registered.postponed.map(|wait| Instant::now() + wait);
                    done = Some(declared);
                    pause = Duration::from_secs(1);
                }
                Err(error) => {
                    tracing::error!("failed to register the commands: {error}");
                    drop(strong);
                    let limited = match error {
                        DiscordError::RateLimited { wait, .. } => wait.min(LIMITED_MAX),
                        _ => Duration::ZERO,
                    };
                    tokio::time::sleep(pause.max(limited)).await;
                    pause = (pause * 2).min(RETRY_MAX);
                    continue;
                }
            }
        }
        drop(strong);
        match tokio::time::timeout(keep.max(LOOK_MIN), changes.changed()).await {
            Ok(Ok(())) => {
                // Even if the same commands are declared again: the reason for the rejection may have been temporary.
                if std::mem::take(&mut was_refused) {
                    done = None;
                }
            }
            Ok(Err(_)) => return,
            // Commands of an unloaded cog may have to be deleted by now.
            Err(_) => continue,
        }
        settled(&mut changes, settle).await;
    }
}

/// Waits until nothing has changed for `settle`; but not for long: one cog that comes and goes all the time must not keep
/// the commands of the others from Discord.
async fn settled(changes: &mut watch::Receiver<u64>, settle: Duration) {
    let quiet = async {
        while tokio::time::timeout(settle, changes.changed()).await.is_ok_and(|changed| changed.is_ok()) {}
    };
    let _ = tokio::time::timeout(settle.saturating_mul(SETTLES_MAX), quiet).await;
}

/// Logs which of the host's own commands no longer fit.
fn warn_of(left_out: &BTreeSet<CommandKey>) {
    if !left_out.is_empty() {
        tracing::warn!(
            help = "let some cogs declare fewer, or switch the host's own off in `[commands]`",
            "the cogs leave no room for the host's own {}: Discord allows {} slash commands",
            joined(left_out),
            commands_max(SLASH)
        );
    }
}

impl Registered {
    /// Logs what was done, rejected and left alone; of the last, only commands that are not in `known`.
    fn log(&self, known: &mut BTreeSet<(Scope, CommandKey)>) {
        for plan in self.plans.iter().filter(|plan| !plan.is_empty()) {
            tracing::info!(
                created = joined(&plan.create),
                changed = joined(plan.change.iter().map(|(key, _)| key)),
                deleted = joined(plan.delete.iter().map(|(_, key)| key)),
                "registered the commands {}",
                plan.scope
            );
        }
        for refused in &self.refused {
            tracing::error!(
                help = "it is registered again when a cog changes, or with `gearshift commands sync`",
                "Discord refuses {refused}"
            );
        }
        let unknown: BTreeSet<(Scope, CommandKey)> = self
            .plans
            .iter()
            .flat_map(|plan| plan.unknown.iter().map(|key| (plan.scope.clone(), key.clone())))
            .collect();
        let new = joined(unknown.difference(known).map(|(_, key)| key));
        if !new.is_empty() {
            tracing::warn!(
                help = "if their cog was removed for good, `gearshift commands prune` deletes them",
                "Discord has commands that no cog here declares; they are kept: {new}"
            );
        }
        *known = unknown;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn changes_that_never_end_are_registered_all_the_same() {
        const SETTLE: Duration = Duration::from_secs(2);
        let (change, mut changes) = watch::channel(0);
        let since = Instant::now();
        settled(&mut changes, SETTLE).await;
        assert_eq!(since.elapsed(), SETTLE);

        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SETTLE / 2).await;
                change.send_modify(|number| *number += 1);
            }
        });
        let since = Instant::now();
        settled(&mut changes, SETTLE).await;
        assert_eq!(since.elapsed(), SETTLE * SETTLES_MAX);
    }
}
