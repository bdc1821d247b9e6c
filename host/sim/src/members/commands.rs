//! Members and commands: running them, typing into their options, and running them on a user or message.

use serde_json::Value;

use super::handle::InteractionHandle;
use super::{Member, owned_options};
use crate::commands::CommandKind;
use crate::ids::Snowflake;
use crate::rules::interactions::{self, TypedCommand};
use crate::rules::users;
use crate::world::{ActError, Bot};

/// For commands without options, as in `alice.slash("ping", NO_OPTIONS)`.
pub const NO_OPTIONS: [(&str, &str); 0] = [];

impl Member {
    /// Runs a slash command in the member's channel. `command` may include subcommands: `"role give"`. Values may be
    /// JSON values or texts as a member types them; they are checked against what the command declares. A file is given
    /// as a name and its content: `"notes.txt some text"`.
    ///
    /// # Errors
    /// Anything that a client would refuse: no such command or option, a value that does not fit, no permission.
    pub async fn slash<K: AsRef<str>, V: Into<Value>>(
        &self,
        command: &str,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Result<InteractionHandle, ActError> {
        self.type_command(command, &owned_options(options), None)
    }

    /// Types into an option with autocomplete, so that the bot is asked for choices.
    ///
    /// # Errors
    /// As [`Member::slash`]; required options may still be missing.
    pub async fn autocomplete<K: AsRef<str>, V: Into<Value>>(
        &self,
        command: &str,
        options: impl IntoIterator<Item = (K, V)>,
        focused: &str,
    ) -> Result<InteractionHandle, ActError> {
        self.type_command(command, &owned_options(options), Some(focused))
    }

    /// Runs a context menu command on a user.
    ///
    /// # Errors
    /// If there is no such command or user, or the command may not be run here.
    pub async fn run_on_user(&self, command: &str, user: &str) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let target = state.world.user_named(user).map(|user| user.id);
        let target = target.ok_or_else(|| ActError::unknown_member(user, &state.world))?;
        let invoker = self.invoker()?;
        let invocation = interactions::run_on(
            &state,
            invoker.clone(),
            interactions::command_named(&state, &invoker, command, CommandKind::User)?,
            target,
        )?;
        Ok(self.begin(&mut state, invocation))
    }

    /// Runs a context menu command on a message, in the message's channel.
    ///
    /// # Errors
    /// If there is no such command or message, or the command may not be run here.
    pub async fn run_on_message(
        &self,
        command: &str,
        message: Snowflake,
    ) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let invoker = self.invoker_in(self.place_of(&state, message)?);
        let invocation = interactions::run_on(
            &state,
            invoker.clone(),
            interactions::command_named(&state, &invoker, command, CommandKind::Message)?,
            message,
        )?;
        Ok(self.begin(&mut state, invocation))
    }

    /// Installs a bot's application for this member, who may then use its commands in all guilds and direct messages,
    /// if the commands allow user installs (`integration_types` 1) and the place (`contexts`). Does nothing if it is
    /// already installed.
    ///
    /// # Errors
    /// If there is no such bot.
    pub async fn install(&self, bot: &str) -> Result<(), ActError> {
        self.change_install(bot, true)
    }

    /// Uninstalls an application that this member installed.
    ///
    /// # Errors
    /// If there is no such bot.
    pub async fn uninstall(&self, bot: &str) -> Result<(), ActError> {
        self.change_install(bot, false)
    }

    fn change_install(&self, bot: &str, installed: bool) -> Result<(), ActError> {
        let mut state = self.shared.state();
        let found = state.world.bots.iter().find(|one| one.user.username == bot).map(Bot::id);
        let found = found.ok_or_else(|| ActError::unknown_bot(bot, &state.world))?;
        users::install(&mut state, found, self.user.id, installed);
        Ok(())
    }

    fn type_command(
        &self,
        command: &str,
        given: &[(String, Value)],
        focused: Option<&str>,
    ) -> Result<InteractionHandle, ActError> {
        let mut words = command.trim_start_matches('/').split_whitespace();
        let name = words.next().unwrap_or_default();
        let path: Vec<&str> = words.collect();
        let mut state = self.shared.state();
        let invoker = self.invoker()?;
        let found = interactions::command_named(&state, &invoker, name, CommandKind::ChatInput)?.clone();
        let files = self.store_typed_files(&mut state, interactions::typed_files(&found, &path, given));
        let typed = TypedCommand { path: &path, given, focused, files: &files };
        let invocation = interactions::run(&state, invoker.clone(), &found, &typed)?;
        Ok(self.begin(&mut state, invocation))
    }
}
