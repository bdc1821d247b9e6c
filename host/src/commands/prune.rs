//! What Discord has and no cog declares: listed for whoever asks, and deleted when somebody wants it.

use serde::Serialize;

use super::{Present, SLASH, delete, present};
use crate::{
    cogs::Declared,
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
    /// Discord's id; none if it is not registered.
    pub id: Option<String>,
    /// The cog that declares it.
    pub cog: Option<String>,
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
        }
    }
}

/// The commands that Discord has, and after them those that are declared and not registered.
///
/// # Errors
/// Discord refused, or could not be asked.
pub async fn list(discord: &Discord, declared: &Declared) -> Result<Vec<Listed>, DiscordError> {
    let cog = |name: &str| declared.cogs.get(name).map(ToString::to_string);
    let mut listed: Vec<Listed> = present(discord)
        .await?
        .into_iter()
        .map(|Present { id, kind, name, .. }| {
            let cog = if kind == SLASH { cog(&name) } else { None };
            Listed { name, kind, id: Some(id), cog }
        })
        .collect();
    listed.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
    for name in declared.commands.keys() {
        if !listed.iter().any(|there| there.kind == SLASH && there.name == *name) {
            listed.push(Listed { name: name.clone(), kind: SLASH, id: None, cog: cog(name) });
        }
    }
    Ok(listed)
}

/// Deletes the commands of these names, or all if there are none, that no loaded cog declares. Those that went.
///
/// # Errors
/// Discord refused; or one of the names cannot be deleted, then nothing is.
pub async fn prune(
    discord: &Discord,
    declared: &Declared,
    names: &[String],
) -> Result<Vec<Listed>, PruneError> {
    let mut listed = list(discord, declared).await?;
    listed.retain(|command| command.id.is_some());
    for name in names {
        let mut of_name = listed.iter().filter(|command| command.name == *name).peekable();
        if of_name.peek().is_none() {
            return Err(PruneError::Unknown(name.clone()));
        }
        if let (Some(cog), true) = (declared.cogs.get(name), of_name.all(|command| command.cog.is_some())) {
            return Err(PruneError::Declared { name: name.clone(), cog: cog.to_string() });
        }
    }
    listed.retain(|command| command.cog.is_none() && (names.is_empty() || names.contains(&command.name)));
    for command in &listed {
        if let Some(id) = &command.id {
            delete(discord, id).await?;
        }
    }
    Ok(listed)
}
