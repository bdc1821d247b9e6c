//! Where commands are registered, and which of the declared commands belong there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Map, Value};

use super::compare::NOT_IN_GUILDS;
use crate::{
    cogs::{Declared, DeclaredCommand},
    library::CommandKey,
    sessions::Discord,
};

/// A list of commands that Discord keeps for an application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The list for all guilds and direct messages.
    Global,
    /// The list of a guild, by snowflake.
    Guild(String),
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Global => out.write_str("globally"),
            Scope::Guild(guild) => write!(out, "in the guild {guild}"),
        }
    }
}

impl Scope {
    /// All lists that may contain declared commands: only the guild's, if one guild is configured for all of them.
    /// `known` are guilds in which commands were registered before.
    pub(super) fn all(declared: &Declared, known: &BTreeSet<String>) -> Vec<Scope> {
        if let Some(guild) = declared.guild {
            return vec![Scope::Guild(guild.to_string())];
        }
        let guilds = declared.commands.values().flat_map(|command| &command.guilds);
        let guilds: BTreeSet<&String> = guilds.chain(known).collect();
        let guilds = guilds.into_iter().cloned().map(Scope::Guild);
        std::iter::once(Scope::Global).chain(guilds).collect()
    }

    /// Its guild; `None` for the global list.
    pub(super) fn guild(&self) -> Option<&str> {
        match self {
            Scope::Global => None,
            Scope::Guild(guild) => Some(guild),
        }
    }

    /// The API path of the list.
    pub(super) fn path(&self, discord: &Discord) -> String {
        let application = discord.account().application_id;
        match self {
            Scope::Global => format!("/applications/{application}/commands"),
            Scope::Guild(guild) => format!("/applications/{application}/guilds/{guild}/commands"),
        }
    }

    /// The declared commands that belong in this list, each as it is sent.
    pub(super) fn wanted<'d>(&self, declared: &'d Declared) -> Wanted<'d> {
        let is_here = |command: &DeclaredCommand| match (self, declared.guild) {
            (Scope::Global, None) => command.guilds.is_empty(),
            (Scope::Global, Some(_)) => false,
            (Scope::Guild(guild), None) => command.guilds.contains(guild),
            (Scope::Guild(guild), Some(only)) => *guild == only.to_string(),
        };
        let here = declared.commands.iter().filter(|(_, command)| is_here(command));
        here.map(|(key, command)| {
            let mut body = command.discord.as_object().cloned().unwrap_or_default();
            if self.guild().is_some() {
                body.retain(|field, _| !NOT_IN_GUILDS.contains(&field.as_str()));
            }
            (key, body)
        })
        .collect()
    }
}

/// The commands of one list, each as it is sent.
pub(super) type Wanted<'d> = BTreeMap<&'d CommandKey, Map<String, Value>>;
