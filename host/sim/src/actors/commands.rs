//! Members and slash commands: running them, typing into their options.
//! It does not wait for the answer; the handle does.

use serde_json::{Value, json};

use super::{ActError, InteractionHandle, Member, owned_options};
use crate::interactions::{Command, Invocation, Kind, fill_options, line_of_values};
use crate::snowflake::Snowflake;
use crate::world::bits;

/// For commands without options: `alice.slash("ping", NO_OPTIONS)`.
pub const NO_OPTIONS: [(&str, &str); 0] = [];

impl Member {
    /// Runs a slash command in the member's channel. `command` may go on with subcommands: `"role give"`. Values may be
    /// typed or texts as a member types them; they are checked against what the command declares.
    ///
    /// # Errors
    /// What a client would refuse: no such command or option, a value that does not fit, no permission.
    pub async fn slash<K: AsRef<str>, V: Into<Value>>(
        &self,
        command: &str,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Result<InteractionHandle, ActError> {
        self.run(command, owned_options(options), None)
    }

    /// Types into an option with autocomplete: the bot is asked for choices.
    ///
    /// # Errors
    /// As [`Member::slash`]; required options may still be missing.
    pub async fn autocomplete<K: AsRef<str>, V: Into<Value>>(
        &self,
        command: &str,
        options: impl IntoIterator<Item = (K, V)>,
        focused: &str,
    ) -> Result<InteractionHandle, ActError> {
        self.run(command, owned_options(options), Some(focused))
    }

    fn run(
        &self,
        command: &str,
        given: Vec<(String, Value)>,
        focused: Option<&str>,
    ) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let channel = self.place()?;
        self.allowed(&state, channel, bits::USE_APPLICATION_COMMANDS, "use commands")?;
        let mut words = command.trim_start_matches('/').split_whitespace();
        let name = words.next().unwrap_or_default();
        let path: Vec<&str> = words.collect();
        let home = state.world.channel(channel);
        let guild = home.and_then(|home| home.guild_id);
        let reaches = |command: &Command| {
            command.kind() == 1
                && home.is_some_and(|home| {
                    state.world.permissions_in(home, command.bot) & bits::VIEW_CHANNEL != 0
                })
        };
        let found = state.commands.available(guild).find(|one| one.name() == name && reaches(one));
        let Some(found) = found.cloned() else {
            let known = state.commands.available(guild).filter(|one| reaches(one)).map(Command::name);
            return Err(ActError::unknown("command", name, known));
        };
        let guild = guild.and_then(|guild| state.world.guild(guild));
        let filled = fill_options(&state.world, guild, &found, &path, &given, focused)?;
        let mut data = json!({ "id": found.id, "name": found.name(), "type": 1, "options": filled.options });
        if !filled.resolved.is_empty() {
            data["resolved"] = Value::Object(filled.resolved);
        }
        if let Some(guild) = found.guild {
            data["guild_id"] = json!(guild);
        }
        let full = [&[name][..], &path[..]].concat().join(" ");
        let line = format!("/{full}{}", line_of_values(&given));
        let kind = if focused.is_some() { Kind::Autocomplete } else { Kind::Command };
        let user = self.user.clone();
        let invocation =
            Invocation { bot: found.bot, kind, channel, user, name: full, line, data, source: None };
        Ok(self.begin(&mut state, invocation))
    }

    fn place(&self) -> Result<Snowflake, ActError> {
        self.here.ok_or_else(|| ActError::Nowhere { member: self.user.username.clone() })
    }
}
