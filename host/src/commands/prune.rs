//! Registered commands that no cog declares: listed and deleted on request.

use serde::Serialize;

use super::{
    register::{delete, known_guilds, present},
    scope::Scope,
};
use crate::{
    cogs::{Cogs, Declared},
    library::{CommandKey, MESSAGE_MENU},
    sessions::{Discord, discord::DiscordError},
};

/// A command that is registered, or that a cog declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its name, without the slash.
    pub name: String,
    /// Discord's type: 1 for slash commands, 2 and 3 for the context menus of users and messages.
    /// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-types>
    pub kind: u8,
    /// The guild that it is, or should be, registered in; `None` for a global command.
    pub guild: Option<String>,
    /// Discord's id; `None` if it is not registered.
    pub id: Option<String>,
    /// The cog that declares it; `(host)` for the host's own.
    pub cog: Option<String>,
}

impl Listed {
    /// Its name and type, which identify it within its list.
    pub fn key(&self) -> CommandKey {
        CommandKey { kind: self.kind, name: self.name.clone() }
    }
}

/// Why commands were not deleted.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// Discord refused, or could not be reached.
    #[error(transparent)]
    Discord(#[from] DiscordError),
    /// No such command is registered.
    #[error("Discord has no command `{0}`")]
    Unknown(String),
    /// A cog declares it.
    #[error("cannot delete the command `{name}`: `{cog}` declares it")]
    Declared {
        /// The command.
        name: String,
        /// The cog.
        cog: String,
    },
    /// It is the host's own.
    #[error("cannot delete the command `{0}`: it is the host's own")]
    Own(String),
}

impl PruneError {
    /// What the reader can do.
    pub fn help(&self) -> Option<String> {
        match self {
            PruneError::Discord(_) => None,
            PruneError::Unknown(_) => Some("`gearshift commands list` shows those it has".to_owned()),
            PruneError::Declared { cog, .. } => Some(format!(
                "`gearshift cogs unload {cog}`; its commands are deleted by themselves after `[limits] \
                 commands_keep_ms`"
            )),
            PruneError::Own(_) => Some("`[commands]` switches it off".to_owned()),
        }
    }
}

/// The registered commands, list by list, followed by those that are declared but not registered.
///
/// # Errors
/// Discord refused, or could not be reached.
pub async fn list(cogs: &Cogs, discord: &Discord) -> Result<Vec<Listed>, DiscordError> {
    let declared = cogs.declared();
    let known = known_guilds(cogs.sessions(), discord).await;
    let mut scopes = Scope::all(&declared, &known);
    // If a guild is configured for all commands, there may still be global ones from before.
    if declared.guild.is_some() {
        scopes.insert(0, Scope::Global);
    }
    let (mut listed, mut missing) = (Vec::new(), Vec::new());
    for scope in scopes {
        let present = present(discord, &scope).await?;
        let (guild, wanted) = (scope.guild().map(str::to_owned), scope.wanted(&declared));
        let entry = |key: &CommandKey, id| Listed {
            name: key.name.clone(),
            kind: key.kind,
            guild: guild.clone(),
            id,
            cog: whose(&declared, key),
        };
        let lacks = |key: &CommandKey| present.iter().all(|there| there.key() != *key);
        missing.extend(wanted.keys().filter(|key| lacks(key)).map(|key| entry(key, None)));
        listed.extend(present.iter().map(|there| entry(&there.key(), Some(there.id.clone()))));
    }
    listed.sort_by(|one, other| {
        (&one.guild, one.kind, &one.name).cmp(&(&other.guild, other.kind, &other.name))
    });
    listed.extend(missing);
    Ok(listed)
}

/// The host itself is shown as `(host)`, a name that no cog can have.
fn whose(declared: &Declared, key: &CommandKey) -> Option<String> {
    let command = declared.commands.get(key)?;
    Some(command.cog.as_deref().unwrap_or(HOST).to_owned())
}

/// Stands for the host in place of a cog's name.
const HOST: &str = "(host)";

/// Deletes the registered commands with these names, or all if no names are given, except those that a loaded cog
/// declares. Returns the deleted commands. A command of a type that no cog can declare, such as an activity's entry
/// point, must be named.
///
/// # Errors
/// Discord refused; or one of the names cannot be deleted, in which case nothing is.
pub async fn prune(cogs: &Cogs, discord: &Discord, names: &[String]) -> Result<Vec<Listed>, PruneError> {
    let mut listed = list(cogs, discord).await?;
    listed.retain(|command| command.id.is_some());
    for name in names {
        let mut of_name = listed.iter().filter(|command| command.name == *name).peekable();
        let Some(first) = of_name.peek().map(|command| command.cog.clone()) else {
            return Err(PruneError::Unknown(name.clone()));
        };
        if let (Some(cog), true) = (first, of_name.all(|command| command.cog.is_some())) {
            return Err(match cog == HOST {
                true => PruneError::Own(name.clone()),
                false => PruneError::Declared { name: name.clone(), cog },
            });
        }
    }
    listed.retain(|command| {
        let is_wanted = match names.is_empty() {
            true => command.kind <= MESSAGE_MENU,
            false => names.contains(&command.name),
        };
        command.cog.is_none() && is_wanted
    });
    for command in &listed {
        let scope = command.guild.clone().map_or(Scope::Global, Scope::Guild);
        if let Some(id) = &command.id {
            delete(discord, &scope, id).await?;
        }
    }
    Ok(listed)
}
