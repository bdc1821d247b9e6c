//! What must change in one of Discord's lists of commands. It decides, and sends nothing.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    compare::{Difference, differences},
    scope::{Scope, Wanted},
};
use crate::{
    cogs::Declared,
    library::{CommandKey, SLASH},
};

/// A command registered with Discord.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Present {
    pub(super) id: String,
    #[serde(rename = "type", default = "slash")]
    pub(super) kind: u8,
    pub(super) name: String,
    /// Every other field of its object.
    #[serde(flatten)]
    fields: Map<String, Value>,
}

fn slash() -> u8 {
    SLASH
}

impl Present {
    pub(super) fn key(&self) -> CommandKey {
        CommandKey { kind: self.kind, name: self.name.clone() }
    }
}

/// What must change in one list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Which list.
    #[serde(serialize_with = "guild")]
    pub(super) scope: Scope,
    /// Commands that are not registered yet.
    #[serde(serialize_with = "names")]
    pub(super) create: Vec<CommandKey>,
    /// Commands that are declared differently, with the differences.
    #[serde(serialize_with = "changes")]
    pub(super) change: Vec<(CommandKey, Vec<Difference>)>,
    /// Ids and names of commands that no cog declares any more.
    #[serde(serialize_with = "deletions")]
    pub(super) delete: Vec<(String, CommandKey)>,
    /// Commands that no cog of this process has ever declared: they stay.
    #[serde(serialize_with = "names")]
    pub(super) unknown: Vec<CommandKey>,
}

impl Plan {
    pub(super) fn new(
        scope: &Scope,
        present: &[Present],
        wanted: &Wanted<'_>,
        declared: &Declared,
        installs: &[u64],
    ) -> Plan {
        let mut plan = Plan {
            scope: scope.clone(),
            create: Vec::new(),
            change: Vec::new(),
            delete: Vec::new(),
            unknown: Vec::new(),
        };
        for (key, body) in wanted {
            match present.iter().find(|there| there.key() == **key) {
                None => plan.create.push((*key).clone()),
                Some(there) => {
                    let found = differences(key, &there.fields, body, scope.guild().is_some(), installs);
                    if !found.is_empty() {
                        plan.change.push(((*key).clone(), found));
                    }
                }
            }
        }
        for there in present {
            match there.key() {
                key if wanted.contains_key(&key) => {}
                key if declared.seen.contains(&key) => plan.delete.push((there.id.clone(), key)),
                key => plan.unknown.push(key),
            }
        }
        plan
    }

    /// Whether the list needs no change.
    pub fn is_empty(&self) -> bool {
        self.create.is_empty() && self.change.is_empty() && self.delete.is_empty()
    }
}

/// A line for each command, and for each field that differs; empty if there is nothing to do.
impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let place = &self.scope;
        for key in &self.create {
            // Writing to a string does not fail.
            let _ = writeln!(text, "create {key} {place}");
        }
        for (key, differences) in &self.change {
            let _ = writeln!(text, "change {key} {place}");
            for difference in differences {
                let _ = writeln!(text, "  {difference}");
            }
        }
        for (_, key) in &self.delete {
            let _ = writeln!(text, "delete {key} {place}");
        }
        out.write_str(text.trim_end())
    }
}

/// `/a, /b` for the log.
pub(super) fn joined<'k>(keys: impl IntoIterator<Item = &'k CommandKey>) -> String {
    keys.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
    kind: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<&'a [Difference]>,
}

impl<'a> Name<'a> {
    fn of(key: &'a CommandKey, differences: Option<&'a [Difference]>) -> Name<'a> {
        Name { name: &key.name, kind: key.kind, differences }
    }
}

fn guild<S: Serializer>(scope: &Scope, out: S) -> Result<S::Ok, S::Error> {
    scope.guild().serialize(out)
}

fn names<S: Serializer>(keys: &[CommandKey], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(keys.iter().map(|key| Name::of(key, None)))
}

fn changes<S: Serializer>(changes: &[(CommandKey, Vec<Difference>)], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(changes.iter().map(|(key, differences)| Name::of(key, Some(differences))))
}

fn deletions<S: Serializer>(keys: &[(String, CommandKey)], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(keys.iter().map(|(_, key)| Name::of(key, None)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cogs::DeclaredCommand;

    fn present(id: &str, kind: u8, name: &str) -> Present {
        let fields = json!({ "description": "does it", "version": "7", "nsfw": false, "options": [] });
        let fields = fields.as_object().expect("an object").clone();
        Present { id: id.to_owned(), kind, name: name.to_owned(), fields }
    }

    fn declared(commands: &[(&str, &[&str])], seen: &[&str]) -> Declared {
        let command = |(name, guilds): &(&str, &[&str])| {
            let discord = json!({ "type": SLASH, "name": name, "description": "does it", "contexts": [0] });
            let guilds = guilds.iter().map(|guild| (*guild).to_owned()).collect();
            (CommandKey::slash(name), DeclaredCommand { cog: Some("music".into()), discord, guilds })
        };
        let commands: std::collections::BTreeMap<_, _> = commands.iter().map(command).collect();
        let seen = seen.iter().map(|name| CommandKey::slash(name)).chain(commands.keys().cloned()).collect();
        Declared { commands, seen, ..Declared::default() }
    }

    fn plan(scope: &Scope, present: &[Present], declared: &Declared) -> Plan {
        Plan::new(scope, present, &scope.wanted(declared), declared, &[0])
    }

    #[test]
    fn what_no_cog_ever_declared_stays() {
        let there = [present("1", 1, "ban"), present("2", 1, "ping"), present("3", 2, "report")];
        let plan = plan(&Scope::Global, &there, &declared(&[], &[]));
        assert!(plan.is_empty());
        assert_eq!(joined(&plan.unknown), "`/ban`, `/ping`, `report` (user menu)");
    }

    #[test]
    fn what_a_cog_declares_no_more_goes_and_what_is_new_comes() {
        let there = [present("1", 1, "old"), present("2", 1, "ping"), present("3", 3, "old")];
        let mut declared = declared(&[("ping", &[]), ("pong", &[])], &["old"]);
        let plan = plan(&Scope::Global, &there, &declared);
        assert_eq!(
            plan.to_string(),
            "create `/pong` globally\nchange `/ping` globally\n  `/ping`: contexts: (none) → [0]\ndelete `/old` globally"
        );
        assert_eq!(
            joined(&plan.unknown),
            "`old` (message menu)",
            "a menu of the same name is another command"
        );
        declared.commands.clear();
        assert_eq!(super::tests::plan(&Scope::Global, &there, &declared).delete.len(), 2);
    }

    #[test]
    fn a_command_of_some_guilds_is_registered_there_and_nowhere_else() {
        let declared = declared(&[("ping", &["7"]), ("pong", &[])], &[]);
        let known = std::collections::BTreeSet::from(["8".to_owned()]);
        let guild = |id: &str| Scope::Guild(id.to_owned());
        assert_eq!(Scope::all(&declared, &known), [Scope::Global, guild("7"), guild("8")]);
        let there = [present("1", 1, "ping")];
        assert_eq!(
            plan(&Scope::Global, &there, &declared).to_string(),
            "create `/pong` globally\ndelete `/ping` globally"
        );
        assert!(plan(&guild("7"), &there, &declared).is_empty(), "contexts mean nothing in a guild");
        assert_eq!(plan(&guild("8"), &there, &declared).to_string(), "delete `/ping` in the guild 8");
    }

    #[test]
    fn a_guild_for_all_commands_takes_them_alone() {
        let declared = Declared { guild: Some(5), ..declared(&[("ping", &["7"]), ("pong", &[])], &[]) };
        let scopes = Scope::all(&declared, &std::collections::BTreeSet::from(["8".to_owned()]));
        assert_eq!(scopes, [Scope::Guild("5".to_owned())]);
        let plan = plan(&scopes[0], &[present("1", 1, "pong"), present("2", 1, "other")], &declared);
        assert_eq!(plan.to_string(), "create `/ping` in the guild 5");
        assert_eq!(plan.unknown.len(), 1);
    }
}
