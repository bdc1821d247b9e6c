//! Why a member could not act, in words for the one who made it act, with the nearest names.
//! It does not carry Discord's codes: a client refuses before anything is sent.

use crate::ids::Snowflake;
use crate::world::{ChannelKind, Guild, World};

/// An act that a Discord client would not have let happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// Nobody, no channel, command, option or control has that name.
    #[error("there is no {kind} `{name}`{hint}")]
    Unknown {
        /// What was looked for: `member`, `channel`, `command`.
        kind: String,
        /// The name given.
        name: String,
        /// ` (nearest: …)` or what there is; may be empty.
        hint: String,
    },
    /// The message does not exist, or this member does not see it.
    #[error("there is no message {message} that this member sees")]
    UnknownMessage {
        /// The id given.
        message: Snowflake,
    },
    /// Nothing in the channel fits.
    #[error("there is no {what} here")]
    NothingHere {
        /// What was looked for.
        what: &'static str,
    },
    /// The message is somebody else's.
    #[error("message {message} is not this member's own")]
    NotYours {
        /// The id given.
        message: Snowflake,
    },
    /// Permissions forbid it.
    #[error("{member} may not {verb} in #{channel}")]
    Forbidden {
        /// Who.
        member: String,
        /// What.
        verb: String,
        /// Where.
        channel: String,
    },
    /// A guild's rules forbid it.
    #[error("{member} may not {verb} in {guild}: {why}")]
    Barred {
        /// Who.
        member: String,
        /// What.
        verb: String,
        /// Where.
        guild: String,
        /// Why.
        why: &'static str,
    },
    /// A message needs text.
    #[error("a message needs some text")]
    Empty,
    /// A rule of auto moderation blocks it.
    #[error("the message is blocked by the rule `{rule}` of auto moderation")]
    Moderated {
        /// The rule's name.
        rule: String,
    },
    /// Discord's limit.
    #[error("the text has {characters} characters, {limit} are allowed")]
    TooLong {
        /// How many there are.
        characters: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Discord's limit, or none at all.
    #[error("a message takes 1 to {limit} files, not {count}")]
    Files {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A required option was left out.
    #[error("the option `{option}` is required")]
    MissingOption {
        /// Which.
        option: String,
    },
    /// A group of commands was used without one of them.
    #[error("`{line}` is followed by one of {known}")]
    MissingSubcommand {
        /// What was given: `/tag`.
        line: String,
        /// What it may be followed by.
        known: String,
    },
    /// A command was given words that no name says the option of.
    #[error("`{line}` {takes}")]
    UnnamedOption {
        /// The command: `/greet`.
        line: String,
        /// What it takes instead.
        takes: String,
    },
    /// An option's value does not fit what the command declared.
    #[error("the option `{option}` wants {wanted}, not `{got}`")]
    BadOption {
        /// Which.
        option: String,
        /// What fits.
        wanted: String,
        /// What was given.
        got: String,
    },
    /// The member is in no channel.
    #[error("{member} sees no channel")]
    Nowhere {
        /// Who.
        member: String,
    },
    /// A control that cannot be used: disabled, a link, or with values it does not offer.
    #[error("`{control}` cannot be used: {why}")]
    Unusable {
        /// The control's label or custom id.
        control: String,
        /// Why.
        why: String,
    },
    /// The interaction opened no form.
    #[error("this interaction opened no form to fill in")]
    NoForm,
    /// The bot did not answer in the time given.
    #[error("`{line}` was not answered within {} ms", within.as_millis())]
    Unanswered {
        /// What was invoked.
        line: String,
        /// The time given.
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

    /// `words` were given to a command that has no subcommands; `option` is the first that it declares.
    pub(crate) fn unnamed_option(line: String, words: &str, option: Option<&str>) -> Self {
        let takes = match option {
            Some(option) => format!("takes options by name: `{line} {option}:{words}`"),
            None => "takes no options".to_owned(),
        };
        Self::UnnamedOption { line, takes }
    }

    /// Names the nearest ones, or all if there are few.
    pub(crate) fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let shown = name.trim_start_matches(['#', '@', '/']);
        // An order of the prompt's.
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
            (None, 0) => "; there is none at all".to_owned(),
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
        // Two of three letters are not near.
        let zoe = ActError::unknown_member("zoe", &world).to_string();
        assert!(zoe.contains("there are alice, ") && !zoe.contains("did you mean"), "{zoe}");
    }
}
