//! Options of commands, as Discord knows them.
//! <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure>

use super::command::{Localized, check};
use crate::Argument;

/// Discord's types of options, by number.
pub(crate) mod kind {
    pub(crate) const STRING: u8 = 3;
    pub(crate) const INTEGER: u8 = 4;
    pub(crate) const BOOLEAN: u8 = 5;
    pub(crate) const USER: u8 = 6;
    pub(crate) const CHANNEL: u8 = 7;
    pub(crate) const ROLE: u8 = 8;
    pub(crate) const MENTIONABLE: u8 = 9;
    pub(crate) const NUMBER: u8 = 10;
    pub(crate) const ATTACHMENT: u8 = 11;
}

/// An option of a command. In `!name a b c`, each option takes a word and the last one, if it is text, the rest of the line.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) shape: OptionType,
    pub(crate) autocomplete: bool,
    pub(crate) localized: &'static [Localized],
}

/// What can be filled in for an option.
#[derive(Clone, Copy, Debug)]
pub struct OptionType {
    pub(crate) kind: u8,
    pub(crate) required: bool,
    pub(crate) choices: &'static [Choice],
    pub(crate) channel_types: &'static [u8],
    /// Smallest and largest value, each as Discord's JSON number; empty for none.
    pub(crate) values: (&'static str, &'static str),
    pub(crate) lengths: (Option<u16>, Option<u16>),
}

impl OptionType {
    /// A required option of one of Discord's types, by number.
    #[must_use]
    pub const fn new(kind: u8) -> Self {
        Self {
            kind,
            required: true,
            choices: &[],
            channel_types: &[],
            values: ("", ""),
            lengths: (None, None),
        }
    }

    /// The same, which can be left out.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// The same, with these choices only: at most 25.
    ///
    /// # Panics
    /// When there are more.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [Choice]) -> Self {
        assert!(choices.len() <= 25, "Discord allows 25 choices of an option; complete it instead");
        self.choices = choices;
        self
    }

    /// The same, for channels of these types only, by Discord's numbers.
    #[must_use]
    pub const fn channel_types(mut self, types: &'static [u8]) -> Self {
        self.channel_types = types;
        self
    }
}

/// A value that can be chosen, and how it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// What is shown, 1 to 100 characters.
    pub name: &'static str,
    /// What is sent.
    pub value: ChoiceValue,
    /// Names in other languages.
    pub localized: &'static [Localized],
}

impl Choice {
    /// A text, at most 100 characters, shown as `name`.
    #[must_use]
    pub const fn text(name: &'static str, value: &'static str) -> Self {
        Self { name, value: ChoiceValue::Text(value), localized: &[] }
    }
}

/// The value of a [`Choice`].
#[derive(Clone, Copy, Debug)]
pub enum ChoiceValue {
    /// Of an option of text, at most 100 characters.
    Text(&'static str),
    /// Of an option of numbers, whole or not, as a JSON number.
    Number(&'static str),
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)+) => {
        $($(#[$doc])*
        #[must_use]
        pub const fn $name(name: &'static str, description: &'static str) -> Self {
            Self::typed(OptionType::new(kind::$kind).optional(), name, description)
        })+
    };
}

impl Opt {
    kinds! {
        /// Text.
        string = STRING;
        /// A whole number.
        integer = INTEGER;
        /// Yes or no.
        boolean = BOOLEAN;
        /// A user.
        user = USER;
        /// A channel.
        channel = CHANNEL;
        /// A role.
        role = ROLE;
        /// A user or a role.
        mentionable = MENTIONABLE;
        /// A number.
        number = NUMBER;
        /// A file.
        attachment = ATTACHMENT;
    }

    /// The option that a Rust type is read from; required unless the type is an `Option` or a list.
    #[must_use]
    pub const fn of<T: Argument>(name: &'static str, description: &'static str) -> Self {
        Self::typed(T::OPTION, name, description)
    }

    /// Whether it is a file, which in a prefix command comes beside the line.
    pub(crate) fn is_file(&self) -> bool {
        self.shape.kind == kind::ATTACHMENT
    }

    const fn typed(shape: OptionType, name: &'static str, description: &'static str) -> Self {
        check(name, description);
        Self { name, description, shape, autocomplete: false, localized: &[] }
    }

    /// The same option, required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.shape.required = true;
        self
    }

    /// The same option, completed while the user types: see [`Cog::autocomplete`](crate::Cog::autocomplete).
    ///
    /// # Panics
    /// When it is neither text nor a number, or has choices already.
    #[must_use]
    pub const fn autocomplete(mut self) -> Self {
        assert!(matches!(self.shape.kind, 3 | 4 | 10), "only text and numbers can be completed");
        assert!(self.shape.choices.is_empty(), "an option has choices or is completed, not both");
        self.autocomplete = true;
        self
    }

    /// The same option, with these choices only.
    ///
    /// # Panics
    /// When there are more than 25.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [Choice]) -> Self {
        self.shape = self.shape.choices(choices);
        self
    }

    /// The same option, for channels of these types only, by Discord's numbers.
    #[must_use]
    pub const fn channel_types(mut self, types: &'static [u8]) -> Self {
        self.shape.channel_types = types;
        self
    }

    /// The same option, with a smallest value: a JSON number as text, so that it is exact.
    ///
    /// # Panics
    /// When it is not a number.
    #[must_use]
    pub const fn min(mut self, value: &'static str) -> Self {
        check_number(value);
        self.shape.values.0 = value;
        self
    }

    /// The same option, with a largest value: a JSON number as text, so that it is exact.
    ///
    /// # Panics
    /// When it is not a number.
    #[must_use]
    pub const fn max(mut self, value: &'static str) -> Self {
        check_number(value);
        self.shape.values.1 = value;
        self
    }

    /// The same option, with at least so many characters (at most 6000).
    #[must_use]
    pub const fn min_length(mut self, characters: u16) -> Self {
        self.shape.lengths.0 = Some(characters);
        self
    }

    /// The same option, with at most so many characters (1 to 6000).
    #[must_use]
    pub const fn max_length(mut self, characters: u16) -> Self {
        self.shape.lengths.1 = Some(characters);
        self
    }

    /// Names and descriptions in other languages.
    #[must_use]
    pub const fn localized(mut self, localized: &'static [Localized]) -> Self {
        self.localized = localized;
        self
    }
}

const fn check_number(text: &str) {
    let (bytes, mut at) = (text.as_bytes(), 0);
    assert!(!bytes.is_empty(), "a bound is a number");
    while at < bytes.len() {
        let sign = bytes[at] == b'-' && at == 0;
        let fits = bytes[at].is_ascii_digit() || sign || (bytes[at] == b'.' && at > 0);
        assert!(fits, "a bound is a number");
        at += 1;
    }
}
