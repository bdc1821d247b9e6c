//! Discord's rules for commands, applied to what a cog declares, before Discord is asked. It registers nothing.
//! See "Application Command Object" in Discord's documentation.

use std::{collections::HashSet, ops::RangeInclusive};

use gearshift_cog::manifest::{CommandManifest, OptionManifest};

/// Commands that an application may have for all guilds together.
const COMMANDS_MAX: usize = 100;
const OPTIONS_MAX: usize = 25;
/// Characters of a name.
const NAME_CHARS: RangeInclusive<usize> = 1..=32;
/// Characters of a description.
const DESCRIPTION_CHARS: RangeInclusive<usize> = 1..=100;
/// Discord's type of a slash command.
const SLASH: u8 = 1;
/// Discord's types of options that hold a value: text, whole number, yes or no, user, channel, role, mentionable, number, file.
const VALUES: RangeInclusive<u8> = 3..=11;
/// Those that can be completed while the person types: text, whole number, number.
const COMPLETED: [u8; 3] = [3, 4, 10];

/// Why Discord would refuse a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandProblem {
    /// Too many.
    #[error("it has {0} commands, and Discord allows {COMMANDS_MAX}")]
    TooManyCommands(usize),
    /// Declared twice.
    #[error("it declares the command `{0}` twice")]
    Twice(String),
    /// Something about one command.
    #[error("its command {command:?}: {what}")]
    Command {
        /// The command's name.
        command: String,
        /// What is wrong with it.
        what: Wrong,
    },
    /// Something about one option of a command.
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
    /// Length of the description.
    #[error("a description has 1 to 100 characters, not {0}")]
    Description(usize),
    /// A type that this host does not serve.
    #[error("type {0} is not served")]
    Kind(u8),
    /// Too many options.
    #[error("it has {0} options, and Discord allows {OPTIONS_MAX}")]
    TooManyOptions(usize),
    /// Two options of one name.
    #[error("it is declared twice")]
    Twice,
    /// A required option behind one that is not.
    #[error("it is required and stands behind one that is not")]
    Order,
    /// Completed, though it is neither text nor number.
    #[error("only text and numbers can be completed")]
    Completed,
}

impl CommandProblem {
    /// What the reader can do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::TooManyCommands(_) => {
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
    if commands.len() > COMMANDS_MAX {
        found.push(CommandProblem::TooManyCommands(commands.len()));
    }
    let mut names = HashSet::new();
    for command in commands {
        if !names.insert(&command.name) {
            found.push(CommandProblem::Twice(command.name.clone()));
        }
        let wrong = wrong_command(command);
        found.extend(wrong.map(|what| CommandProblem::Command { command: command.name.clone(), what }));
        for (at, option) in command.options.iter().enumerate() {
            let wrong = wrong_option(option, &command.options[..at]);
            found.extend(wrong.map(|what| CommandProblem::Option {
                command: command.name.clone(),
                option: option.name.clone(),
                what,
            }));
        }
    }
    found
}

fn wrong_command(command: &CommandManifest) -> impl Iterator<Item = Wrong> {
    let options = command.options.len();
    let kind = (command.kind != SLASH).then_some(Wrong::Kind(command.kind));
    let many = (options > OPTIONS_MAX).then_some(Wrong::TooManyOptions(options));
    wrong_texts(&command.name, &command.description).chain(kind).chain(many)
}

fn wrong_option(option: &OptionManifest, before: &[OptionManifest]) -> impl Iterator<Item = Wrong> {
    let kind = (!VALUES.contains(&option.kind)).then_some(Wrong::Kind(option.kind));
    let twice = before.iter().any(|other| other.name == option.name).then_some(Wrong::Twice);
    let order = (option.required && before.iter().any(|other| !other.required)).then_some(Wrong::Order);
    let completed = (option.autocomplete && !COMPLETED.contains(&option.kind)).then_some(Wrong::Completed);
    wrong_texts(&option.name, &option.description).chain(kind).chain(twice).chain(order).chain(completed)
}

fn wrong_texts(name: &str, description: &str) -> impl Iterator<Item = Wrong> + use<> {
    let length = description.chars().count();
    let description = (!DESCRIPTION_CHARS.contains(&length)).then_some(Wrong::Description(length));
    (!is_name(name)).then_some(Wrong::Name).into_iter().chain(description)
}

/// Discord's pattern for names: letters and digits of any script, none of them upper-case, and Devanagari and Thai signs.
fn is_name(name: &str) -> bool {
    let fits = |letter: char| {
        let signs = matches!(letter, '-' | '_' | '\'' | '\u{900}'..='\u{97f}' | '\u{e00}'..='\u{e7f}');
        signs || (letter.is_alphanumeric() && letter.to_lowercase().eq([letter]))
    };
    NAME_CHARS.contains(&name.chars().count()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str, options: Vec<OptionManifest>) -> CommandManifest {
        CommandManifest {
            kind: SLASH,
            name: name.to_owned(),
            description: "d".to_owned(),
            options,
            ephemeral: false,
        }
    }

    fn option(name: &str, required: bool) -> OptionManifest {
        let (name, description) = (name.to_owned(), "d".to_owned());
        OptionManifest { kind: 3, name, description, required, autocomplete: false }
    }

    fn said(commands: &[CommandManifest]) -> String {
        problems(commands).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_discord_takes_is_taken() {
        let all = vec![option("a", true), option("b", true), option("c", false)];
        assert_eq!(said(&[command("ping", all), command("größe_2", vec![]), command("नमस्ते", vec![])]), "");
        assert_eq!(said(&[command(&"é".repeat(32), vec![])]), "");
        let hundred: Vec<_> = (0..100).map(|n| command(&format!("c{n}"), vec![])).collect();
        assert_eq!(said(&hundred), "");
    }

    #[test]
    fn what_discord_refuses_is_named() {
        for name in ["", "Ping", "two words", "dot.ted", &"x".repeat(33)] {
            assert!(said(&[command(name, vec![])]).contains("a name has 1 to 32"), "{name}");
        }
        let table = [
            (vec![command("a", vec![]), command("a", vec![])], "it declares the command `a` twice"),
            (
                vec![CommandManifest { kind: 2, ..command("a", vec![]) }],
                "its command \"a\": type 2 is not served",
            ),
            (
                vec![CommandManifest { description: "x".repeat(101), ..command("a", vec![]) }],
                "its command \"a\": a description has 1 to 100 characters, not 101",
            ),
            (
                vec![command("a", vec![option("b", false), option("c", true)])],
                "its command \"a\", option \"c\": it is required and stands behind one that is not",
            ),
            (
                vec![command("a", vec![option("b", true), option("b", true)])],
                "its command \"a\", option \"b\": it is declared twice",
            ),
            (
                vec![command("a", vec![OptionManifest { kind: 1, ..option("b", true) }])],
                "its command \"a\", option \"b\": type 1 is not served",
            ),
            (
                vec![command("a", vec![OptionManifest { kind: 5, autocomplete: true, ..option("b", true) }])],
                "its command \"a\", option \"b\": only text and numbers can be completed",
            ),
            (
                vec![command("a", (0..26).map(|n| option(&format!("o{n}"), true)).collect())],
                "its command \"a\": it has 26 options, and Discord allows 25",
            ),
        ];
        for (commands, expected) in table {
            assert_eq!(said(&commands), expected);
        }
        let many: Vec<_> = (0..101).map(|n| command(&format!("c{n}"), vec![])).collect();
        assert_eq!(said(&many), "it has 101 commands, and Discord allows 100");
    }
}
