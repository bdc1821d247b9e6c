//! Registered commands, for `gearshift commands`: which cog declares them, how they differ from their declarations,
//! their registration, and the deletion of those that no cog declares.

use std::fmt::Write as _;

use super::{protocol::Answer, table::aligned};
use crate::{
    cogs::Cogs,
    commands::{self, Listed, Plan, Registered},
    duration::Shown,
    error::chain,
    library::kind_name,
    sessions::Discord,
};

pub(super) async fn list(cogs: &Cogs) -> Answer {
    let discord = match discord(cogs) {
        Ok(discord) => discord,
        Err(refused) => return refused,
    };
    match commands::list(cogs, discord).await {
        Ok(listed) => Answer::done(table(&listed), &listed),
        Err(error) => Answer::refused(format!("cannot list the commands: {}", chain(&error)), None),
    }
}

pub(super) async fn diff(cogs: &Cogs) -> Answer {
    let discord = match discord(cogs) {
        Ok(discord) => discord,
        Err(refused) => return refused,
    };
    match commands::diff(cogs, discord).await {
        Ok(plans) => Answer::done(shown(&plans, "every command is registered as it is declared"), &plans),
        Err(error) => Answer::refused(format!("cannot compare the commands: {}", chain(&error)), None),
    }
}

pub(super) async fn sync(cogs: &Cogs) -> Answer {
    let discord = match discord(cogs) {
        Ok(discord) => discord,
        Err(refused) => return refused,
    };
    let Registered { plans, refused, postponed } = match commands::register(cogs, discord).await {
        Ok(registered) => registered,
        Err(error) => {
            return Answer::refused(format!("failed to register the commands: {}", chain(&error)), None);
        }
    };
    if !refused.is_empty() {
        let help = "correct it in the cog, and build it again; the other commands are registered";
        return Answer::refused(format!("Discord refuses {}", refused.join("\n")), Some(help.to_owned()));
    }
    if let Some(wait) = postponed {
        let text = format!(
            "Discord allows no more new commands today; the host creates the rest in {}",
            Shown(wait)
        );
        let help = "`gearshift commands diff` shows what is missing";
        return Answer::refused(text, Some(help.to_owned()));
    }
    Answer::done(shown(&plans, "every command is registered as it is declared; nothing to do"), &plans)
}

fn shown(plans: &[Plan], nothing: &str) -> String {
    let texts: Vec<String> = plans.iter().filter(|plan| !plan.is_empty()).map(ToString::to_string).collect();
    if texts.is_empty() { nothing.to_owned() } else { texts.join("\n") }
}

/// A file that is not loaded may declare any command, so each command must then be named.
pub(super) async fn prune(cogs: &Cogs, names: &[String]) -> Answer {
    let discord = match discord(cogs) {
        Ok(discord) => discord,
        Err(refused) => return refused,
    };
    if let (true, Some(refused)) = (names.is_empty(), cogs.status().refused.first()) {
        let file = refused.file.display();
        let text = format!(
            "cannot tell which commands no cog declares: `{file}` is not loaded and may declare some"
        );
        let help = "fix or remove the file (`gearshift cogs list` says what is wrong with it), or name the \
                    commands: `gearshift commands prune NAME…`";
        return Answer::refused(text, Some(help.to_owned()));
    }
    match commands::prune(cogs, discord, names).await {
        Ok(pruned) => {
            let text = match pruned.is_empty() {
                true => "every registered command is declared by a cog; nothing to delete".to_owned(),
                false => format!("deleted {}", joined(&pruned)),
            };
            if !pruned.is_empty() {
                tracing::info!("commands that no cog declares: {text}");
            }
            Answer::done(text, &pruned)
        }
        Err(error) => Answer::refused(chain(&error), error.help()),
    }
}

fn discord(cogs: &Cogs) -> Result<&Discord, Answer> {
    cogs.sessions().discord.as_deref().ok_or_else(|| {
        let help = "add `[discord]` to its config";
        Answer::refused("this host does not connect to Discord".to_owned(), Some(help.to_owned()))
    })
}

fn table(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "this bot has no registered commands".to_owned();
    }
    let mut rows = vec![["COMMAND", "TYPE", "GUILD", "COG", "REGISTERED"].map(str::to_owned)];
    rows.extend(listed.iter().map(|command| {
        let guild = command.guild.clone().unwrap_or_else(|| "all".to_owned());
        let cog = command.cog.clone().unwrap_or_else(|| "-".to_owned());
        let registered = if command.id.is_some() { "yes" } else { "not yet" };
        [command.name.clone(), kind_name(command.kind).to_owned(), guild, cog, registered.to_owned()]
    }));
    let mut text = aligned(&rows);
    let unknown: Vec<Listed> = listed.iter().filter(|command| command.cog.is_none()).cloned().collect();
    if !unknown.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "no cog here declares {}; `gearshift commands prune` deletes what no cog declares",
            joined(&unknown)
        );
    }
    text.truncate(text.trim_end().len());
    text
}

fn joined(commands: &[Listed]) -> String {
    let shown = |command: &Listed| match &command.guild {
        Some(guild) => format!("{} in the guild {guild}", command.key()),
        None => command.key().to_string(),
    };
    commands.iter().map(shown).collect::<Vec<_>>().join(", ")
}
