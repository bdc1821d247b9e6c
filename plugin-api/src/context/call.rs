//! A call of a command: which of the declared commands it is, and what was typed after its name.

use std::{cell::OnceCell, mem};

use crate::{
    Error, Result,
    abi::{Invocation, Origin},
    argument::{split_word, words},
    manifest::{Command, Opt},
};

/// A command that a user called.
pub(super) struct Call {
    pub(super) raw: Invocation,
    /// The declared commands, from the one at the top down to the one that was called.
    pub(super) declared: Vec<&'static Command>,
    /// Their names, separated by spaces: `tag add`.
    pub(super) path: String,
    /// The snowflake of the target that a menu was opened on; empty for other commands.
    pub(super) target: String,
    /// The offset at which the arguments begin in the line of a prefix command, in bytes.
    pub(super) arguments: usize,
    /// What was typed for each declared option that is not a file, in order.
    typed: OnceCell<Vec<String>>,
}

impl Call {
    /// Finds the declared command.
    pub(super) fn new(raw: Invocation, commands: &'static [Command]) -> (Self, Result) {
        let mut call = Self {
            raw,
            declared: Vec::new(),
            path: String::new(),
            target: String::new(),
            arguments: 0,
            typed: OnceCell::new(),
        };
        let found = match &call.raw.origin {
            Origin::Slash(interaction) => {
                let interaction = interaction.clone();
                let (kind, path) = (interaction.command_kind, &*interaction.command);
                // A menu's name may contain spaces.
                match kind {
                    1 => path.split(' ').for_each(|name| _ = call.enter(commands, name)),
                    _ => call.declared.extend(commands.iter().find(|it| it.kind == kind && it.name == path)),
                }
                call.target = interaction.target_id.map_or(String::new(), |id| id.to_string());
                path.clone_into(&mut call.path);
                Ok(())
            }
            Origin::Prefix(_) => call.find(commands),
        };
        (call, found)
    }

    /// Goes down by one name; returns whether there is such a command.
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

    /// Finds the command of a prefix call: its name and, in a group, the words that follow.
    fn find(&mut self, commands: &'static [Command]) -> Result {
        let (name, line) = (mem::take(&mut self.raw.command), mem::take(&mut self.raw.arguments));
        self.enter(commands, &name);
        let found = self.find_below(commands, &line);
        (self.raw.command, self.raw.arguments) = (name, line);
        found
    }

    fn find_below(&mut self, commands: &'static [Command], line: &str) -> Result {
        loop {
            let Some(group) = self.declared.last().copied().filter(|command| !command.subcommands.is_empty())
            else {
                return Ok(());
            };
            let rest = line[self.arguments..].trim_start();
            let (word, after) = split_word(rest);
            if !self.enter(commands, &word) {
                let names: Vec<&str> = group.subcommands.iter().map(|command| command.name).collect();
                let text = format!("`{}` needs a subcommand: {}", self.path, names.join(", "));
                return Err(Error::input(text));
            }
            self.arguments = line.len() - after.len();
        }
    }

    /// Everything after the name of a prefix command.
    pub(super) fn rest(&self) -> &str {
        self.raw.arguments[self.arguments..].trim()
    }

    /// The declared options.
    pub(super) fn options(&self) -> &'static [Opt] {
        self.declared.last().map_or(&[], |command| command.options)
    }

    /// The position of an option among those that take part of the line.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.options().iter().filter(|option| !option.is_file()).position(|option| option.name == name)
    }

    /// What was typed for an option of a prefix command.
    pub(super) fn typed(&self, name: &str) -> Option<&str> {
        let in_line = || self.options().iter().filter(|option| !option.is_file()).count();
        let typed = self.typed.get_or_init(|| words(self.rest(), in_line()));
        typed.get(self.position(name)?).map(String::as_str)
    }
}
