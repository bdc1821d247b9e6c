//! A call of a command: which of the declared ones it is, and what was typed behind it.

use crate::{
    Error, Result,
    abi::{Invocation, Origin},
    argument::{split_word, unquoted},
    manifest::Command,
};

/// A command, called by somebody.
pub(super) struct Call {
    pub(super) raw: Invocation,
    /// From the declared command at the top down to the one that was called.
    pub(super) declared: Vec<&'static Command>,
    /// Their names with spaces between: `tag add`.
    pub(super) path: String,
    /// The snowflake of what a menu was opened on; empty for other commands.
    pub(super) target: String,
    /// Where the arguments begin in the line of a prefix command, in bytes.
    pub(super) arguments: usize,
}

impl Call {
    /// Finds the declared command.
    pub(super) fn new(raw: Invocation, commands: &'static [Command]) -> (Self, Result) {
        let mut call =
            Self { raw, declared: Vec::new(), path: String::new(), target: String::new(), arguments: 0 };
        let found = match &call.raw.origin {
            Origin::Slash(interaction) => {
                let (kind, path) = (interaction.command_kind, interaction.command.to_string());
                let target = interaction.target_id.map_or(String::new(), |id| id.to_string());
                // A menu's name may hold spaces.
                match kind {
                    1 => path.split(' ').for_each(|name| _ = call.enter(commands, name)),
                    _ => call.declared.extend(commands.iter().find(|it| it.kind == kind && it.name == path)),
                }
                call.target = target;
                call.path = path;
                Ok(())
            }
            Origin::Prefix(_) => call.find(commands),
        };
        (call, found)
    }

    /// Goes down by one name; whether there is such a command.
    fn enter(&mut self, commands: &'static [Command], name: &str) -> bool {
        let below = self.declared.last().map_or(commands, |command| command.subcommands);
        let is_it = |command: &&Command| {
            command.kind == 1 && (command.name == name || command.aliases.contains(&name))
        };
        let Some(command) = below.iter().find(is_it) else { return false };
        if !self.path.is_empty() {
            self.path.push(' ');
        }
        self.path.push_str(command.name);
        self.declared.push(command);
        true
    }

    /// Finds the command of a prefix call: its name, and in a group the words that follow.
    fn find(&mut self, commands: &'static [Command]) -> Result {
        let (name, line) = (self.raw.command.to_string(), self.raw.arguments.to_string());
        self.enter(commands, &name);
        loop {
            let Some(group) = self.declared.last().copied().filter(|command| !command.subcommands.is_empty())
            else {
                return Ok(());
            };
            let rest = line[self.arguments..].trim_start();
            let (word, after) = split_word(rest);
            if !self.enter(commands, word) {
                let names: Vec<&str> = group.subcommands.iter().map(|command| command.name).collect();
                let text = format!("`{}` is followed by one of {}", self.path, names.join(", "));
                return Err(Error::input(text));
            }
            self.arguments = line.len() - after.len();
        }
    }
}

/// The word at `position`, or everything from there on.
pub(super) fn word(line: &str, position: usize, rest: bool) -> Option<&str> {
    let mut line = line.trim();
    for _ in 0..position {
        line = split_word(line).1.trim_start();
    }
    if line.is_empty() {
        return None;
    }
    Some(if rest { unquoted(line) } else { split_word(line).0 })
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn options_of_a_prefix_command_are_words_and_the_last_takes_the_rest() {
        assert_eq!(word(" add  milk and eggs ", 0, false), Some("add"));
        assert_eq!(word("add  milk and eggs", 1, true), Some("milk and eggs"));
        assert_eq!(word("\"two words\" x", 0, false), Some("two words"));
        assert_eq!(word("add", 1, true), None);
        assert_eq!(word("", 0, true), None);
    }
}
