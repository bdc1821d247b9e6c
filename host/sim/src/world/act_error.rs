//! Why a member could not act: a message for the test or user who acts as the member, with the nearest names. It has
//! none of Discord's error codes, because a client refuses the act before anything is sent.

use crate::ids::Snowflake;
use crate::world::{ChannelKind, Guild, World};

/// An act that a Discord client would not have allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// There is no member, channel, command, option or control of that name.
    #[error("there is no {kind} `{name}`{hint}")]
    Unknown {
        /// What was looked for: `member`, `channel`, `command`.
        kind: String,
        /// The name that was given.
        name: String,
        /// `; did you mean …?`, or what there is; may be empty.
        hint: String,
    },
    /// The message does not exist, or this member does not see it.
    #[error("there is no message {message} visible to this member")]
    UnknownMessage {
        /// The id that was given.
        message: Snowflake,
    },
    /// No message in the channel fits.
    #[error("there is no {what} here")]
    NoMatchingMessage {
        /// What was looked for.
        what: &'static str,
    },
    /// The message was written by another user.
    #[error("message {message} is not this member's own")]
    NotOwnMessage {
        /// The id that was given.
        message: Snowflake,
    },
    /// The member lacks the permission.
    #[error("{member} may not {verb} in #{channel}")]
    Forbidden {
        /// The member.
        member: String,
        /// What they may not do.
        verb: String,
        /// The channel.
        channel: String,
    },
    /// The guild's rules forbid it.
    #[error("{member} may not {verb} in {guild}: {why}")]
    ForbiddenInGuild {
        /// The member.
        member: String,
        /// What they may not do.
        verb: String,
        /// The guild.
        guild: String,
        /// The reason.
        why: &'static str,
    },
    /// A message needs text.
    #[error("a message needs some text")]
    Empty,
    /// A rule of auto moderation blocks the message.
    #[error("the message is blocked by the AutoMod rule `{rule}`")]
    Moderated {
        /// The rule's name.
        rule: String,
    },
    /// The text exceeds Discord's limit.
    #[error("the text has {characters} characters; the limit is {limit}")]
    TooLong {
        /// How many characters it has.
        characters: usize,
        /// How many characters it may have.
        limit: usize,
    },
    /// There are no files, or more than Discord's limit.
    #[error("a message can have 1 to {limit} files, not {count}")]
    Files {
        /// How many files there are.
        count: usize,
        /// How many files there may be.
        limit: usize,
    },
    /// A required option was left out.
    #[error("the option `{option}` is required")]
    MissingOption {
        /// The option.
        option: String,
    },
    /// A group of commands was used without a subcommand.
    #[error("`{line}` needs a subcommand, one of {known}")]
    MissingSubcommand {
        /// What was typed: `/tag`.
        line: String,
        /// The possible subcommands.
        known: String,
    },
    /// A command was given words without the name of an option.
    #[error("`{line}` {takes}")]
    UnnamedOption {
        /// The command: `/greet`.
        line: String,
        /// What it takes.
        takes: String,
    },
    /// An option's value does not fit what the command declared.
    #[error("the option `{option}` must be {wanted}, not `{got}`")]
    BadOption {
        /// The option.
        option: String,
        /// What would fit.
        wanted: String,
        /// The value that was given.
        got: String,
    },
    /// The member sees no channel.
    #[error("{member} cannot see any channel")]
    NoVisibleChannel {
        /// The member.
        member: String,
    },
    /// A control that cannot be used: it is disabled, it is a link, or it does not offer these values.
    #[error("`{control}` cannot be used: {why}")]
    Unusable {
        /// The control's label or custom id.
        control: String,
        /// The reason.
        why: String,
    },
    /// The interaction opened no form.
    #[error("this interaction did not open a form")]
    NoForm,
    /// The bot did not respond in time.
    #[error("`{line}` was not answered within {} ms", within.as_millis())]
    Unanswered {
        /// What was invoked.
        line: String,
        /// How long it was waited for.
        within: std::time::Duration,
    },
}

impl ActError {
    pub(crate) fn unknown_member(name: &str, world: &World) -> Self {
        let people = world.users.values().filter(|user| !user.bot).map(|user| user.username.as_str());
        Self::unknown("member", name, people)
    }

    pub(crate) fn unknown_bot(name: &str, world: &World) -> Self {
        Self::unknown("bot", name, world.bots.iter().map(|bot| bot.user.username.as_str()))
    }

    pub(crate) fn unknown_channel(name: &str, world: &World) -> Self {
        let channels = world.channels.values().filter(|channel| channel.kind != ChannelKind::Category);
        Self::unknown("channel", name, channels.map(|channel| &*channel.name))
    }

    pub(crate) fn unknown_guild(name: &str, world: &World) -> Self {
        Self::unknown("guild", name, world.guilds().map(|guild| &*guild.name))
    }

    pub(crate) fn unknown_role(name: &str, guild: &Guild) -> Self {
        Self::unknown("role", name, guild.roles.iter().map(|role| &*role.name))
    }

    pub(crate) fn unknown_option<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        Self::unknown("option", name, known)
    }

    pub(crate) fn unknown_subcommand<'a>(
        command: &str,
        name: &str,
        known: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self::unknown(&format!("subcommand of /{command}"), name, known)
    }

    pub(crate) fn missing_subcommand<'a>(line: String, known: impl Iterator<Item = &'a str>) -> Self {
        Self::MissingSubcommand { line, known: known.collect::<Vec<_>>().join(", ") }
    }

    /// `words` were given to a command without subcommands; `option` is the first option that it declares.
    pub(crate) fn unnamed_option(line: String, words: &str, option: Option<&str>) -> Self {
        let takes = match option {
            Some(option) => format!("takes options by name: `{line} {option}:{words}`"),
            None => "takes no options".to_owned(),
        };
        Self::UnnamedOption { line, takes }
    }

    /// Suggests the nearest name, or lists all names if they are few.
    pub(crate) fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let shown = name.trim_start_matches(['#', '@', '/']);
        // A command of the prompt has this prefix.
        let bare = shown.trim_start_matches(':');
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        known.dedup();
        let mut near: Vec<(usize, &str)> = known
            .iter()
            .map(|one| (strsim::damerau_levenshtein(&bare.to_lowercase(), &one.to_lowercase()), *one))
            .filter(|(distance, one)| *distance <= (one.chars().count() / 3).max(1))
            .collect();
        near.sort_unstable();
        let hint = match (near.first(), known.len()) {
            (Some((_, nearest)), _) => format!("; did you mean `{nearest}`?"),
            (None, 0) => "; there are none".to_owned(),
            (None, 1..=12) => format!("; there are {}", known.join(", ")),
            (None, _) => String::new(),
        };
        Self::Unknown { kind: kind.to_owned(), name: shown.to_owned(), hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered() {
        let world = World::default();
        assert_eq!(
            ActError::unknown_member("alcie", &world).to_string(),
            "there is no member `alcie`; did you mean `alice`?"
        );
        assert!(ActError::unknown_channel("#zzzzzz", &world).to_string().contains("there are dev, general"));
        // A name of three letters with two of them wrong is not near.
        let zoe = ActError::unknown_member("zoe", &world).to_string();
        assert!(zoe.contains("there are alice, ") && !zoe.contains("did you mean"), "{zoe}");
    }
}
