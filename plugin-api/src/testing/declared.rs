//! What the cog declares, evaluated as by the host's router: which events reach it, which command a message calls.

use super::discord::BOT;
use crate::{
    Cog,
    abi::Event,
    manifest::{Command, Filter, fits, waiting_cog},
};

/// The declarations of a cog.
#[derive(Clone, Copy)]
pub(super) struct Declared {
    pub(super) events: &'static [&'static str],
    filters: &'static [Filter],
    pub(super) commands: &'static [Command],
    components: &'static [&'static str],
}

impl Declared {
    pub(super) fn of<C: Cog>() -> Self {
        Self { events: C::EVENTS, filters: C::FILTERS, commands: C::COMMANDS, components: C::COMPONENTS }
    }

    /// Whether the cog gets an event.
    pub(super) fn wants(&self, event: &Event) -> bool {
        let name = event.name();
        let mut filters = self.filters.iter().filter(|filter| filter.event == name).peekable();
        self.events.contains(&name)
            && (filters.peek().is_none() || filters.any(|filter| filter.passes(event)))
    }

    /// Whether a component or form belongs to the cog.
    pub(super) fn answers(&self, custom_id: &str) -> bool {
        waiting_cog(custom_id).is_some() || self.components.iter().any(|pattern| fits(pattern, custom_id))
    }

    /// The name and the arguments of the prefix command that a message calls.
    pub(super) fn called<'m>(&self, prefix: &str, content: &'m str) -> Option<(&'m str, &'m str)> {
        let mention = content.trim_start().strip_prefix("<@").and_then(|rest| {
            let (id, rest) = rest.strip_prefix('!').unwrap_or(rest).split_once('>')?;
            (id.parse() == Ok(BOT)).then(|| rest.trim_start())
        });
        let line = match mention {
            Some(rest) => rest.strip_prefix(prefix).unwrap_or(rest),
            None => content.strip_prefix(prefix)?,
        };
        let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let is_it = |command: &&Command| command.name == name || command.aliases.contains(&name);
        self.commands.iter().find(|command| command.prefix && is_it(command))?;
        Some((name, arguments.trim()))
    }

    /// The command of a path such as `tag add`, from the top down.
    pub(super) fn path(&self, path: &str, kind: u8) -> Option<Vec<&'static Command>> {
        let is_menu = |command: &&Command| command.kind == kind && command.name == path;
        if kind != 1 {
            return self.commands.iter().find(is_menu).map(|command| vec![command]);
        }
        let (mut below, mut found) = (self.commands, Vec::new());
        for name in path.split(' ') {
            let command =
                below.iter().find(|command| command.kind == 1 && command.slash && command.name == name)?;
            below = command.subcommands;
            found.push(command);
        }
        // A group itself cannot be called.
        below.is_empty().then_some(found)
    }

    /// The paths of all commands of a kind.
    pub(super) fn paths(&self, kind: u8) -> Vec<String> {
        fn add(commands: &[Command], above: &str, paths: &mut Vec<String>) {
            for command in commands {
                let path = format!("{above}{}", command.name);
                match command.subcommands.is_empty() {
                    true => paths.push(path),
                    false => add(command.subcommands, &format!("{path} "), paths),
                }
            }
        }
        let mut paths = Vec::new();
        let of_kind = self.commands.iter().filter(|command| command.kind == kind && command.slash);
        of_kind.for_each(|command| add(std::slice::from_ref(command), "", &mut paths));
        paths
    }
}
