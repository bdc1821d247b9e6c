//! What the cog declares, as the host's router goes by it: which events reach it, which command a line calls.

use serde_json::Value;

use super::{decode::number, discord::BOT};
use crate::{
    Cog,
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

    /// Whether an event wakes the cog.
    pub(super) fn wants(&self, name: &str, d: &Value) -> bool {
        let mut filters = self.filters.iter().filter(|filter| filter.event == name).peekable();
        self.events.contains(&name) && (filters.peek().is_none() || filters.any(|filter| passes(filter, d)))
    }

    /// Whether a component or form is the cog's.
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

fn passes(filter: &Filter, d: &Value) -> bool {
    let listed =
        |ids: &[u64], field: &str| ids.is_empty() || number(&d[field]).is_some_and(|id| ids.contains(&id));
    let users = [&d["author"], &d["user"], &d["member"]["user"]];
    let is_bot = !d["webhook_id"].is_null() || users.iter().any(|user| user["bot"] == Value::Bool(true));
    listed(filter.channels, "channel_id")
        && listed(filter.guilds, "guild_id")
        && !(filter.skip_bots && is_bot)
}
