//! The commands that bots registered, global and per guild.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::exceptions::Exceptions;
use super::{CommandBody, CommandKind};
use crate::ids::Snowflake;
use crate::world::{CommandRule, World};

/// A registered command.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Command {
    pub(crate) id: Snowflake,
    pub(crate) bot: Snowflake,
    pub(crate) guild: Option<Snowflake>,
    /// Changes with every edit.
    pub(crate) version: Snowflake,
    pub(crate) body: CommandBody,
}

impl Command {
    pub(crate) fn name(&self) -> &str {
        &self.body.labels.name
    }

    pub(crate) fn kind(&self) -> CommandKind {
        self.body.kind
    }

    pub(crate) fn json(&self) -> Value {
        let mut json = json!(self.body);
        json["id"] = json!(self.id);
        json["application_id"] = json!(self.bot);
        json["version"] = json!(self.version);
        if let Some(guild) = self.guild {
            json["guild_id"] = json!(guild);
        }
        json
    }
}

/// All registered commands.
#[derive(Default)]
pub(crate) struct Commands {
    all: Vec<Command>,
    pub(crate) exceptions: Exceptions,
    /// Exceptions from a world file for commands that are not registered yet.
    rules: Vec<CommandRule>,
}

impl Commands {
    /// No commands yet, but the world's rules for those to come.
    pub(crate) fn from_world(world: &World) -> Self {
        Self { rules: world.command_rules.clone(), ..Self::default() }
    }

    /// The commands of one bot in one scope, in the order of registration.
    pub(crate) fn of(&self, bot: Snowflake, guild: Option<Snowflake>) -> impl Iterator<Item = &Command> {
        self.all.iter().filter(move |command| command.bot == bot && command.guild == guild)
    }

    /// The commands that exist in a guild, or in direct messages if there is none; a guild's own come first.
    pub(crate) fn available(&self, guild: Option<Snowflake>) -> impl Iterator<Item = &Command> {
        let own = self.all.iter().filter(move |command| guild.is_some() && command.guild == guild);
        own.chain(self.all.iter().filter(|command| command.guild.is_none()))
    }

    /// All commands.
    pub(crate) fn all(&self) -> &[Command] {
        &self.all
    }

    pub(crate) fn add(&mut self, command: Command) {
        self.apply_rules(&command);
        self.all.push(command);
    }

    pub(crate) fn find_mut(&mut self, id: Snowflake) -> Option<&mut Command> {
        self.all.iter_mut().find(|command| command.id == id)
    }

    pub(crate) fn remove(&mut self, id: Snowflake) {
        self.all.retain(|command| command.id != id);
        self.forget_exceptions();
    }

    pub(crate) fn replace_all(&mut self, bot: Snowflake, guild: Option<Snowflake>, new: Vec<Command>) {
        self.all.retain(|command| command.bot != bot || command.guild != guild);
        for command in new {
            self.add(command);
        }
        self.forget_exceptions();
    }

    /// If moderators have already set other exceptions, those stay.
    fn apply_rules(&mut self, command: &Command) {
        let Self { exceptions, rules, .. } = self;
        for rule in rules.iter().filter(|rule| rule.command == command.name()) {
            let concerned = command.guild.is_none_or(|guild| guild == rule.guild);
            if concerned && exceptions.of(rule.guild, command.id).is_none() {
                exceptions.set(rule.guild, command.id, rule.exceptions.clone());
            }
        }
    }

    fn forget_exceptions(&mut self) {
        let Self { all, exceptions, .. } = self;
        exceptions.keep_for(|id| all.iter().any(|command| command.id == id || command.bot == id));
    }
}
