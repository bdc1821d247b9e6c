//! The commands that bots registered, global and per guild.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Exception;
use super::exceptions::Exceptions;
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
    /// What the bot sent, checked, with Discord's defaults filled in.
    pub(crate) body: Map<String, Value>,
}

impl Command {
    pub(crate) fn name(&self) -> &str {
        self.body.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// 1 slash, 2 on a user, 3 on a message.
    pub(crate) fn kind(&self) -> u64 {
        self.body.get("type").and_then(Value::as_u64).unwrap_or(1)
    }

    pub(crate) fn json(&self) -> Value {
        let mut body = self.body.clone();
        body.insert("id".to_owned(), json!(self.id));
        body.insert("application_id".to_owned(), json!(self.bot));
        body.insert("version".to_owned(), json!(self.version));
        if let Some(guild) = self.guild {
            body.insert("guild_id".to_owned(), json!(guild));
        }
        Value::Object(body)
    }
}

/// All registered commands.
#[derive(Default)]
pub(crate) struct Commands {
    all: Vec<Command>,
    pub(crate) exceptions: Exceptions,
    /// Exceptions that a world file makes for commands which are not registered yet.
    rules: Vec<CommandRule>,
}

impl Commands {
    /// None yet, with the world's rules for those to come.
    pub(crate) fn ruled(world: &World) -> Self {
        Self { rules: world.command_rules.clone(), ..Self::default() }
    }

    /// Those of one bot in one scope, in the order they were registered.
    pub(crate) fn of(&self, bot: Snowflake, guild: Option<Snowflake>) -> impl Iterator<Item = &Command> {
        self.all.iter().filter(move |command| command.bot == bot && command.guild == guild)
    }

    /// Those a member can run in a guild, or with none in a direct message; a guild's own come first.
    pub(crate) fn available(&self, guild: Option<Snowflake>) -> impl Iterator<Item = &Command> {
        let own = self.all.iter().filter(move |command| guild.is_some() && command.guild == guild);
        own.chain(self.all.iter().filter(|command| command.guild.is_none()))
    }

    /// Every command there is.
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

    /// Moderators may have said something else meanwhile: that stays.
    fn apply_rules(&mut self, command: &Command) {
        let Self { exceptions, rules, .. } = self;
        for rule in rules.iter().filter(|rule| rule.command == command.name()) {
            let concerned = command.guild.is_none_or(|guild| guild == rule.guild);
            if concerned && exceptions.of(rule.guild, command.id).is_none() {
                let list = rule.exceptions.iter().map(|(id, kind, permission)| Exception {
                    id: *id,
                    kind: *kind,
                    permission: *permission,
                });
                exceptions.set(rule.guild, command.id, list.collect());
            }
        }
    }

    fn forget_exceptions(&mut self) {
        let Self { all, exceptions, .. } = self;
        exceptions.keep_for(|id| all.iter().any(|command| command.id == id || command.bot == id));
    }
}
