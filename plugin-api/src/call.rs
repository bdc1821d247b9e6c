//! A command that somebody called, as prefix or slash command alike. It answers in the way that fits.

use std::cell::Cell;

use crate::{
    Host, NewMessage,
    abi::{HandleError, Interaction, Invocation, Message, Origin, User},
    handles::Original,
    manifest::Command,
};

/// One call of a command of the cog.
pub struct Call {
    host: Host,
    raw: Invocation,
    declared: Option<&'static Command>,
    answer: Cell<Answer>,
    /// Whether the first answer is ephemeral though it does not say so.
    is_first_ephemeral: Cell<bool>,
}

/// How far an interaction has been answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    None,
    Deferred { ephemeral: bool },
    Given,
}

impl Call {
    pub(crate) fn new(host: Host, raw: Invocation, declared: &'static [Command]) -> Self {
        let declared = declared.iter().find(|command| command.name == raw.command.as_str());
        let ephemeral = declared.is_some_and(|command| command.ephemeral);
        let deferred = matches!(&raw.origin, Origin::Slash(interaction) if interaction.deferred);
        // The host defers a command as it is declared.
        let answer = Cell::new(if deferred { Answer::Deferred { ephemeral } } else { Answer::None });
        Self { host, raw, declared, answer, is_first_ephemeral: Cell::new(false) }
    }

    /// The command's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.raw.command
    }

    /// What a person filled in for a declared option. In a prefix command each option takes a word and the last one the
    /// rest of the line.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        match &self.raw.origin {
            Origin::Slash(interaction) => interaction
                .options
                .iter()
                .find(|option| option.name == name)
                .map(|option| option.value.as_str()),
            Origin::Prefix(_) => {
                let options = self.declared?.options;
                let position = options.iter().position(|option| option.name == name)?;
                word(&self.raw.arguments, position, position + 1 == options.len())
            }
        }
    }

    /// Everything behind the name of a prefix command; empty for slash commands.
    #[must_use]
    pub fn rest(&self) -> &str {
        &self.raw.arguments
    }

    /// Who called.
    #[must_use]
    pub fn author(&self) -> &User {
        match &self.raw.origin {
            Origin::Prefix(message) => &message.author,
            Origin::Slash(interaction) => &interaction.user,
        }
    }

    /// Where. An interaction always has a channel where commands can be called.
    #[must_use]
    pub fn channel_id(&self) -> u64 {
        match &self.raw.origin {
            Origin::Prefix(message) => message.channel_id,
            Origin::Slash(interaction) => interaction.channel_id.unwrap_or(0),
        }
    }

    /// The guild, none in a direct message.
    #[must_use]
    pub fn guild_id(&self) -> Option<u64> {
        match &self.raw.origin {
            Origin::Prefix(message) => message.guild_id.into_option(),
            Origin::Slash(interaction) => interaction.guild_id.into_option(),
        }
    }

    /// The message of a prefix command.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        match &self.raw.origin {
            Origin::Prefix(message) => Some(message),
            Origin::Slash(_) => None,
        }
    }

    /// The interaction of a slash command.
    #[must_use]
    pub fn interaction(&self) -> Option<&Interaction> {
        match &self.raw.origin {
            Origin::Prefix(_) => None,
            Origin::Slash(interaction) => Some(interaction),
        }
    }

    /// Answers: a reply to the message, or the interaction's response; further answers are further messages.
    ///
    /// An [ephemeral](NewMessage::ephemeral) answer to an interaction is seen by the caller alone, also if it was deferred
    /// publicly before. Where the command is declared [ephemeral](Command::ephemeral), every answer to an interaction is.
    ///
    /// # Errors
    /// Discord's refusal, with its code; or no answer from Discord.
    pub async fn reply(&self, message: impl Into<NewMessage>) -> Result<(), HandleError> {
        let discord = self.host.discord();
        let to = match &self.raw.origin {
            Origin::Prefix(to) => return discord.reply(to, message).await.map(drop),
            Origin::Slash(to) => to,
        };
        let mut message = message.into();
        let is_first = self.answer.get() != Answer::Given;
        if self.is_declared_ephemeral() || is_first && self.is_first_ephemeral.get() {
            message = message.ephemeral();
        }
        match self.answer.get() {
            Answer::None => match discord.respond_first(to, &message).await {
                // Another answer of this call is there already.
                Err((Some(Original::Answer { .. }), _)) => {
                    discord.post_followup(to, &message).await.map(drop)
                }
                sent => sent.map_err(|(_, error)| error),
            },
            Answer::Deferred { ephemeral } => discord.respond_deferred(to, &message, ephemeral).await,
            Answer::Given => discord.post_followup(to, &message).await.map(drop),
        }?;
        // Only now: what failed left "thinking …", which the next answer fills in.
        self.answer.set(Answer::Given);
        Ok(())
    }

    /// Says that the answer takes longer than 3 s: "thinking …" for an interaction, "is typing …" for a message.
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub async fn defer(&self) -> Result<(), HandleError> {
        self.acknowledge(self.is_declared_ephemeral()).await
    }

    /// The same, seen by the caller alone, and so will be the first answer. Everybody sees "is typing …".
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub async fn defer_ephemeral(&self) -> Result<(), HandleError> {
        // Also if the host was faster, and public.
        self.is_first_ephemeral.set(true);
        self.acknowledge(true).await
    }

    async fn acknowledge(&self, ephemeral: bool) -> Result<(), HandleError> {
        let discord = self.host.discord();
        match &self.raw.origin {
            Origin::Prefix(to) => discord.typing(to.channel_id).await,
            Origin::Slash(to) if self.answer.get() == Answer::None => {
                let ephemeral = discord.acknowledge(to, ephemeral).await?;
                self.answer.set(Answer::Deferred { ephemeral });
                Ok(())
            }
            Origin::Slash(_) => Ok(()),
        }
    }

    fn is_declared_ephemeral(&self) -> bool {
        self.declared.is_some_and(|command| command.ephemeral)
    }
}

/// The word at `position`, or everything from there on.
fn word(line: &str, position: usize, rest: bool) -> Option<&str> {
    let mut line = line.trim();
    for _ in 0..position {
        line = line.split_once(char::is_whitespace).map_or("", |(_, rest)| rest).trim_start();
    }
    let found = if rest { line } else { line.split_whitespace().next().unwrap_or_default() };
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn options_of_a_prefix_command_are_words_and_the_last_takes_the_rest() {
        assert_eq!(word(" add  milk and eggs ", 0, false), Some("add"));
        assert_eq!(word("add  milk and eggs", 1, true), Some("milk and eggs"));
        assert_eq!(word("add", 1, true), None);
        assert_eq!(word("", 0, true), None);
    }
}
