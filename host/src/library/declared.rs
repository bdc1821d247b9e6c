//! Discord's rules for commands, applied to a cog's declarations before Discord is asked. It registers nothing.
//! See "Application Command Object" in Discord's documentation.

use std::{collections::HashSet, fmt, ops::RangeInclusive};

use gearshift_cog::manifest::CommandManifest;
use serde_json::Value;

use super::size::{COMMAND_CHARS_MAX, characters};

const OPTIONS_MAX: usize = 25;
/// Length of a name, in characters.
const NAME_CHARS: RangeInclusive<usize> = 1..=32;
/// Length of a description, in characters.
const DESCRIPTION_CHARS: RangeInclusive<usize> = 1..=100;
/// Discord's command type of slash commands.
pub const SLASH: u8 = 1;
/// Commands in the context menu of a user.
pub const USER_MENU: u8 = 2;
/// Commands in the context menu of a message.
pub const MESSAGE_MENU: u8 = 3;
/// Discord's option types: subcommand, subcommand group, string, integer, boolean, user, channel, role, mentionable,
/// number, attachment.
const OPTION_TYPES: RangeInclusive<u64> = 1..=11;
/// The types that contain options themselves.
const GROUPS: RangeInclusive<u64> = 1..=2;
/// The types that support autocompletion: string, integer, number.
const COMPLETED: [u64; 3] = [3, 4, 10];

/// Identifies a registered command of a bot: a slash command and a context menu command may have the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandKey {
    /// Discord's type.
    pub kind: u8,
    /// Its name; for a subcommand, the name of the top-level command.
    pub name: String,
}

impl CommandKey {
    /// The key of a declared command.
    #[must_use]
    pub fn of(command: &CommandManifest) -> CommandKey {
        CommandKey { kind: command.kind, name: command.name.clone() }
    }

    /// The key of a slash command.
    #[must_use]
    pub fn slash(name: &str) -> CommandKey {
        CommandKey { kind: SLASH, name: name.to_owned() }
    }
}

/// In the form in which a user sees it.
impl fmt::Display for CommandKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Anyone may have written the manifest.
        let name = self.name.escape_debug();
        match self.kind {
            SLASH => write!(out, "`/{name}`"),
            kind => write!(out, "`{name}` ({})", kind_name(kind)),
        }
    }
}

/// The name of a type of commands.
#[must_use]
pub fn kind_name(kind: u8) -> &'static str {
    match kind {
        SLASH => "slash",
        USER_MENU => "user menu",
        MESSAGE_MENU => "message menu",
        _ => "other",
    }
}

/// How many commands of a type an application may have globally, and the same number again in each guild.
/// <https://discord.com/developers/docs/interactions/application-commands#registering-a-command>
#[must_use]
pub fn commands_max(kind: u8) -> usize {
    match kind {
        SLASH => 100,
        _ => 15,
    }
}

/// Why Discord would refuse a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandProblem {
    /// It has too many commands.
    #[error("it has {count} {} commands, and Discord allows {}", kind_name(*kind), commands_max(*kind))]
    TooManyCommands {
        /// Discord's type of the commands.
        kind: u8,
        /// How many it has.
        count: usize,
    },
    /// It declares a command twice.
    #[error("it declares {0} twice")]
    Twice(CommandKey),
    /// Two of its commands have the same name or alias with the prefix.
    #[error("two of its prefix commands are called `{}`", .0.escape_debug())]
    PrefixTwice(String),
    /// An alias that cannot be typed.
    #[error("its command {command:?}: the alias {alias:?} is empty or has spaces")]
    Alias {
        /// The command's name.
        command: String,
        /// The alias.
        alias: String,
    },
    /// A problem with one command.
    #[error("its command {command:?}: {what}")]
    Command {
        /// The command's name.
        command: String,
        /// What is wrong with it.
        what: Wrong,
    },
    /// A problem with one option of a command.
    #[error("its command {command:?}, option {option:?}: {what}")]
    Option {
        /// The command's name.
        command: String,
        /// The option's name.
        option: String,
        /// What is wrong with it.
        what: Wrong,
    },
}

/// What is wrong with a command or an option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Length or characters of the name.
    #[error("a name has 1 to 32 lower-case letters, digits, `-` and `_`")]
    Name,
    /// Length of the name of a context menu command.
    #[error("a name in a menu has 1 to 32 characters")]
    MenuName,
    /// Length of the description.
    #[error("a description has 1 to 100 characters, not {0}")]
    Description(usize),
    /// A type that this host does not support.
    #[error("type {0} is not supported")]
    Kind(u64),
    /// Too many options.
    #[error("it has {0} options, and Discord allows {OPTIONS_MAX}")]
    TooManyOptions(usize),
    /// The command has too much text in total.
    #[error(
        "its names, descriptions and choices have {0} characters, and Discord allows {COMMAND_CHARS_MAX}"
    )]
    TooLong(usize),
    /// Two options have the same name.
    #[error("it is declared twice")]
    Twice,
    /// A required option follows an optional one.
    #[error("it is required but follows one that is not")]
    Order,
    /// Autocompletion for an option that is neither text nor number.
    #[error("only text and numbers can have autocomplete")]
    Completed,
}

impl CommandProblem {
    /// What the author can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::TooManyCommands { .. } => {
                "give some of them to another cog, or make them options of one command"
            }
            Self::Option { what: Wrong::Order, .. } => "declare the required options first",
            _ => "correct it in `COMMANDS` and build the cog again",
        }
    }
}

/// Everything that Discord would refuse.
#[must_use]
pub(super) fn problems(commands: &[CommandManifest]) -> Vec<CommandProblem> {
    let mut found = Vec::new();
    for kind in [SLASH, USER_MENU, MESSAGE_MENU] {
        let of_kind = |command: &&CommandManifest| command.kind == kind && command.discord.is_some();
        let count = commands.iter().filter(of_kind).count();
        if count > commands_max(kind) {
            found.push(CommandProblem::TooManyCommands { kind, count });
        }
    }
    let (mut names, mut prefixed) = (HashSet::new(), HashSet::new());
    for command in commands {
        if !names.insert((command.kind, &command.name)) {
            found.push(CommandProblem::Twice(CommandKey::of(command)));
        } else {
            let twice = prefix_names(command).filter(|name| !prefixed.insert(*name));
            found.extend(twice.map(|name| CommandProblem::PrefixTwice(name.to_owned())));
        }
        let unusable = |alias: &&String| alias.is_empty() || alias.contains(char::is_whitespace);
        found.extend(
            command
                .aliases
                .iter()
                .filter(unusable)
                .map(|alias| CommandProblem::Alias { command: command.name.clone(), alias: alias.clone() }),
        );
        let wrong = |what| CommandProblem::Command { command: command.name.clone(), what };
        match command.kind {
            SLASH if !is_name(&command.name) => found.push(wrong(Wrong::Name)),
            SLASH => {}
            USER_MENU | MESSAGE_MENU if NAME_CHARS.contains(&command.name.chars().count()) => {}
            USER_MENU | MESSAGE_MENU => found.push(wrong(Wrong::MenuName)),
            kind => found.push(wrong(Wrong::Kind(u64::from(kind)))),
        }
        if let (Some(discord), SLASH) = (&command.discord, command.kind) {
            found.extend(wrong_description(discord).map(wrong));
            wrong_options(&command.name, discord, &mut found);
            let length = characters(discord);
            found.extend((length > COMMAND_CHARS_MAX).then(|| wrong(Wrong::TooLong(length))));
        }
    }
    found
}

/// What calls a command after the prefix: its name and its aliases; nothing if it is not a prefix command.
pub fn prefix_names(command: &CommandManifest) -> impl Iterator<Item = &str> {
    let names = [&command.name].into_iter().chain(&command.aliases);
    names.filter(|_| command.prefix).map(String::as_str)
}

/// Finds what is wrong with the options of a command, a subcommand or a group. `path` is its name in messages.
fn wrong_options(path: &str, of: &Value, found: &mut Vec<CommandProblem>) {
    let options = of["options"].as_array().map_or(&[][..], Vec::as_slice);
    if options.len() > OPTIONS_MAX {
        let what = Wrong::TooManyOptions(options.len());
        found.push(CommandProblem::Command { command: path.to_owned(), what });
    }
    for (at, option) in options.iter().enumerate() {
        let name = option["name"].as_str().unwrap_or_default();
        let kind = option["type"].as_u64().unwrap_or_default();
        let is_required = |option: &Value| option["required"] == true;
        let before = &options[..at];
        let twice = before.iter().any(|other| other["name"] == name).then_some(Wrong::Twice);
        let is_late = is_required(option) && before.iter().any(|other| !is_required(other));
        let is_completed = option["autocomplete"] == true && !COMPLETED.contains(&kind);
        let wrong = (!is_name(name))
            .then_some(Wrong::Name)
            .into_iter()
            .chain(wrong_description(option))
            .chain((!OPTION_TYPES.contains(&kind)).then_some(Wrong::Kind(kind)))
            .chain(twice)
            .chain(is_late.then_some(Wrong::Order))
            .chain(is_completed.then_some(Wrong::Completed));
        found.extend(wrong.map(|what| CommandProblem::Option {
            command: path.to_owned(),
            option: name.to_owned(),
            what,
        }));
        if GROUPS.contains(&kind) {
            wrong_options(&format!("{path} {name}"), option, found);
        }
    }
}

fn wrong_description(of: &Value) -> Option<Wrong> {
    let length = of["description"].as_str().map_or(0, |text| text.chars().count());
    (!DESCRIPTION_CHARS.contains(&length)).then_some(Wrong::Description(length))
}

/// Discord's pattern for names: letters and digits of any script, no upper-case letters, and Devanagari and Thai signs.
fn is_name(name: &str) -> bool {
    let fits = |letter: char| {
        let signs = matches!(letter, '-' | '_' | '\'' | '\u{900}'..='\u{97f}' | '\u{e00}'..='\u{e7f}');
        signs || (letter.is_alphanumeric() && letter.to_lowercase().eq([letter]))
    };
    NAME_CHARS.contains(&name.chars().count()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn command(name: &str, options: Vec<Value>) -> CommandManifest {
        let discord = json!({ "type": 1, "name": name, "description": "d", "options": options });
        CommandManifest {
            kind: SLASH,
            name: name.to_owned(),
            discord: Some(discord),
            ..CommandManifest::default()
        }
    }

    fn menu(kind: u8, name: &str) -> CommandManifest {
        let discord = json!({ "type": kind, "name": name });
        CommandManifest { kind, name: name.to_owned(), discord: Some(discord), ..CommandManifest::default() }
    }

    fn prefixed(name: &str, aliases: &[&str]) -> CommandManifest {
        let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        CommandManifest { prefix: true, aliases, ..command(name, vec![]) }
    }

    fn option(kind: u8, name: &str, required: bool) -> Value {
        json!({ "type": kind, "name": name, "description": "d", "required": required })
    }

    fn with(mut option: Value, key: &str, value: Value) -> Value {
        option[key] = value;
        option
    }

    fn said(commands: &[CommandManifest]) -> String {
        problems(commands).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_discord_takes_is_taken() {
        let all = vec![option(3, "a", true), option(6, "b", true), option(3, "c", false)];
        let group = with(option(1, "add", false), "options", json!(all));
        let outer = with(option(2, "outer", false), "options", json!([group]));
        assert_eq!(
            said(&[command("ping", all), command("größe_2", vec![group, outer]), command("नमस्ते", vec![])]),
            ""
        );
        assert_eq!(
            said(&[command(&"é".repeat(32), vec![]), menu(2, "ping"), menu(2, "Say Hi!"), menu(3, "ping")]),
            ""
        );
        let hundred: Vec<_> = (0..100).map(|n| command(&format!("c{n}"), vec![])).collect();
        assert_eq!(said(&hundred), "");
    }

    #[test]
    fn what_discord_refuses_is_named() {
        for name in ["", "Ping", "two words", "dot.ted", &"x".repeat(33)] {
            assert!(said(&[command(name, vec![])]).contains("a name has 1 to 32"), "{name}");
        }
        let below =
            with(option(1, "add", false), "options", json!([option(3, "b", false), option(3, "c", true)]));
        let mut long = command("a", vec![]);
        long.discord = Some(json!({ "type": 1, "name": "a", "description": "x".repeat(101) }));
        let table = [
            (vec![command("a", vec![]), command("a", vec![])], "it declares `/a` twice"),
            (
                vec![prefixed("a", &["b"]), prefixed("c", &["d", "a", "d", ""])],
                "two of its prefix commands are called `a`; two of its prefix commands are called `d`; its \
                 command \"c\": the alias \"\" is empty or has spaces",
            ),
            (vec![menu(4, "a")], "its command \"a\": type 4 is not supported"),
            (vec![menu(2, "")], "its command \"\": a name in a menu has 1 to 32 characters"),
            (
                vec![command(
                    "a",
                    vec![with(option(3, "b", true), "choices", json!([{ "name": "x".repeat(8000) }]))],
                )],
                "its command \"a\": its names, descriptions and choices have 8004 characters, and Discord allows 8000",
            ),
            (vec![long], "its command \"a\": a description has 1 to 100 characters, not 101"),
            (
                vec![command("a", vec![below])],
                "its command \"a add\", option \"c\": it is required but follows one that is not",
            ),
            (
                vec![command("a", vec![option(3, "b", true), option(3, "b", true)])],
                "its command \"a\", option \"b\": it is declared twice",
            ),
            (
                vec![command("a", vec![option(12, "b", true)])],
                "its command \"a\", option \"b\": type 12 is not supported",
            ),
            (
                vec![command("a", vec![with(option(5, "b", true), "autocomplete", json!(true))])],
                "its command \"a\", option \"b\": only text and numbers can have autocomplete",
            ),
            (
                vec![command("a", (0..26).map(|n| option(3, &format!("o{n}"), true)).collect())],
                "its command \"a\": it has 26 options, and Discord allows 25",
            ),
        ];
        for (commands, expected) in table {
            assert_eq!(said(&commands), expected);
        }
        let many: Vec<_> = (0..101).map(|n| command(&format!("c{n}"), vec![])).collect();
        let menus: Vec<_> = (0..16).map(|n| menu(2, &format!("M{n}"))).collect();
        assert_eq!(said(&menus), "it has 16 user menu commands, and Discord allows 15");
        assert_eq!(said(&many), "it has 101 slash commands, and Discord allows 100");
    }
}
