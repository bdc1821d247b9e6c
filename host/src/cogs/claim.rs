//! What a cog owns exclusively while it is loaded: its commands by type and name, and the
//! words that call them after the prefix.
//! It knows no other cogs; the registry compares.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use gearshift_cog::{
    abi::{Invocation, Origin},
    manifest::Manifest,
};

use crate::library::{CommandKey, commands_max, kind_name, prefix_names};

/// Something that only one cog can own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// A command that is registered with Discord.
    Command(CommandKey),
    /// A name or an alias of a command that is called with the prefix.
    Prefix(String),
}

impl fmt::Display for Claim {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Claim::Command(key) => write!(out, "command {key}"),
            Claim::Prefix(name) => write!(out, "prefix command `{name}`"),
        }
    }
}

impl Claim {
    /// The claim that a call was routed by.
    pub(super) fn of(call: &Invocation) -> Claim {
        match &call.origin {
            Origin::Prefix(_) => Claim::Prefix(call.command.to_string()),
            Origin::Slash(interaction) => {
                let (kind, name) = (interaction.command_kind, call.command.to_string());
                Claim::Command(CommandKey { kind, name })
            }
        }
    }
}

/// A set of commands that share one of Discord's limits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LimitScope {
    /// Discord's type of the commands.
    pub kind: u8,
    /// The guild that they are registered in; `None` for global commands.
    pub guild: Option<String>,
}

/// As `slash commands` or `user menu commands of the guild 42`.
impl fmt::Display for LimitScope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} commands", kind_name(self.kind))?;
        match &self.guild {
            Some(guild) => write!(out, " of the guild {guild}"),
            None => Ok(()),
        }
    }
}

impl LimitScope {
    /// How many commands an application may have here.
    pub fn limit(&self) -> usize {
        commands_max(self.kind)
    }
}

/// Everything that one cog claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) names: BTreeSet<Claim>,
    /// Its registered commands, by the limit that they count against.
    scopes: BTreeMap<LimitScope, BTreeSet<String>>,
}

impl Claims {
    pub(super) fn of(manifest: &Manifest) -> Claims {
        let mut claims = Claims::default();
        claims.add(manifest);
        claims
    }

    pub(super) fn add(&mut self, manifest: &Manifest) {
        for command in &manifest.commands {
            self.names.extend(prefix_names(command).map(|name| Claim::Prefix(name.to_owned())));
            if command.discord.is_none() {
                continue;
            }
            self.names.insert(Claim::Command(CommandKey::of(command)));
            let everywhere = command.guilds.is_empty().then_some(None);
            for guild in command.guilds.iter().cloned().map(Some).chain(everywhere) {
                let scope = LimitScope { kind: command.kind, guild };
                self.scopes.entry(scope).or_default().insert(command.name.clone());
            }
        }
    }

    /// The first claim that both have.
    pub(super) fn shared(&self, other: &Claims) -> Option<&Claim> {
        self.names.iter().find(|claim| other.names.contains(claim))
    }

    /// How many of its commands count against a limit.
    pub(super) fn count(&self, scope: &LimitScope) -> usize {
        self.scopes.get(scope).map_or(0, BTreeSet::len)
    }

    /// The first limit that would be exceeded together with the other cogs, and how many commands those have there.
    pub(super) fn exceeded<'a>(
        &self,
        others: impl Iterator<Item = &'a Claims> + Clone,
    ) -> Option<(&LimitScope, usize)> {
        let taken = |scope: &LimitScope| others.clone().map(|other| other.count(scope)).sum::<usize>();
        let mut scopes = self.scopes.iter().map(|(scope, names)| (scope, names.len(), taken(scope)));
        scopes.find(|(scope, own, taken)| own + taken > scope.limit()).map(|(scope, _, taken)| (scope, taken))
    }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::manifest::CommandManifest;
    use serde_json::json;

    use super::*;
    use crate::library::{SLASH, USER_MENU};

    fn command(kind: u8, name: &str) -> CommandManifest {
        CommandManifest {
            kind,
            name: name.to_owned(),
            prefix: kind == SLASH,
            discord: Some(json!({})),
            ..CommandManifest::default()
        }
    }

    fn claims(commands: Vec<CommandManifest>) -> Claims {
        Claims::of(&Manifest { commands, ..Manifest::default() })
    }

    #[test]
    fn a_slash_command_and_menus_of_one_name_are_three() {
        let all = [1, 2, 3].map(|kind| claims(vec![command(kind, "greet")]));
        for (at, one) in all.iter().enumerate() {
            for (other_at, other) in all.iter().enumerate() {
                assert_eq!(one.shared(other).is_some(), at == other_at);
            }
        }
        assert_eq!(all[1].shared(&all[1]).expect("its own").to_string(), "command `greet` (user menu)");
    }

    #[test]
    fn an_alias_is_owned_like_a_command_and_a_slash_only_command_owns_no_prefix() {
        let alias = CommandManifest { aliases: vec!["g".to_owned()], ..command(SLASH, "greet") };
        let slash_only = CommandManifest { prefix: false, ..command(SLASH, "g") };
        let prefix_only = CommandManifest { discord: None, ..command(SLASH, "g") };
        let greet = claims(vec![alias]);
        assert_eq!(greet.shared(&claims(vec![slash_only.clone()])), None);
        let taken = greet.shared(&claims(vec![prefix_only.clone()])).expect("the alias");
        assert_eq!(taken.to_string(), "prefix command `g`");
        assert_eq!(claims(vec![slash_only]).shared(&claims(vec![prefix_only])), None);
    }

    #[test]
    fn each_type_and_each_guild_has_room_of_its_own() {
        let guild = |mut command: CommandManifest| {
            command.guilds = vec!["7".to_owned()];
            command
        };
        let slash: Vec<_> = (0..98).map(|n| command(SLASH, &format!("c{n}"))).collect();
        let others = [claims(slash)];
        let three = |of: &dyn Fn(u8, &str) -> CommandManifest, kind| {
            claims(vec![of(kind, "a"), of(kind, "b"), of(kind, "c")])
        };
        let (scope, taken) = (three(&command, SLASH), 98);
        let exceeded = scope.exceeded(others.iter()).expect("101 of 100");
        assert_eq!((exceeded.0.to_string(), exceeded.1), ("slash commands".to_owned(), taken));
        assert_eq!(three(&command, USER_MENU).exceeded(others.iter()), None);
        assert_eq!(three(&|kind, name| guild(command(kind, name)), SLASH).exceeded(others.iter()), None);
    }
}
