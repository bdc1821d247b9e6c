//! What Discord has and no cog declares: listed on request, and deleted on request.

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

/// A command that Discord has, or that a cog declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its name, without the slash.
    pub name: String,
    /// Discord's type: 1 of slash commands, 2 and 3 of the context menus of users and messages.
    /// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-types>
    pub kind: u8,
    /// The guild that it is, or shall be, registered in; none if in all.
    pub guild: Option<String>,
    /// Discord's id; none if it is not registered.
    pub id: Option<String>,
    /// The cog that declares it; `(host)` if it is the host's own.
    pub cog: Option<String>,
}

impl Listed {
    /// What tells it from the others of its list.
    pub fn key(&self) -> CommandKey {
        CommandKey { kind: self.kind, name: self.name.clone() }
    }
}

/// Why commands were not deleted.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// Discord refused, or could not be asked.
    #[error(transparent)]
    Discord(#[from] DiscordError),
    /// Discord has no such command.
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
                "`gearshift cogs unload {cog}`; its commands go by themselves after `[limits] commands_keep_ms`"
            )),
            PruneError::Own(_) => Some("`[commands]` switches it off".to_owned()),
        }
    }
}

/// The commands that Discord has, list by list, and after them those that are declared and not registered.
///
/// # Errors
/// Discord refused, or could not be asked.
pub async fn list(cogs: &Cogs, discord: &Discord) -> Result<Vec<Listed>, DiscordError> {
    let declared = cogs.declared();
    let known = known_guilds(cogs.sessions(), discord).await;
    let mut scopes = Scope::all(&declared, &known);
    // Beside a guild for all commands there may be those from before.
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

/// The host itself is shown as `(host)`, which no cog can be called.
fn whose(declared: &Declared, key: &CommandKey) -> Option<String> {
    let command = declared.commands.get(key)?;
    Some(command.cog.as_deref().unwrap_or(HOST).to_owned())
}

/// Stands for the host where a cog's name is expected.
const HOST: &str = "(host)";

/// Deletes the commands of these names, or all if there are none, that no loaded cog declares. Those that went. A command
/// of a type that no cog can declare, such as that which opens an activity, has to be named.
///
/// # Errors
/// Discord refused; or one of the names cannot be deleted, then nothing is.
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
