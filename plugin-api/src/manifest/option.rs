//! Options of commands, as Discord defines them.
//! <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure>

use super::{
    command::Localized,
    limits::{check, check_localized, within},
};
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

/// An option of a command. In `!name a b c`, each option takes a word, and the last one, if it is text, the rest of the
/// line.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) shape: OptionType,
    pub(crate) autocomplete: bool,
    pub(crate) localized: &'static [Localized],
}

/// The values that an option takes.
#[derive(Clone, Copy, Debug)]
pub struct OptionType {
    pub(crate) kind: u8,
    pub(crate) required: bool,
    pub(crate) choices: &'static [Choice],
    pub(crate) channel_types: &'static [u8],
    /// Smallest and largest value, each as a JSON number; empty for none.
    pub(crate) values: (&'static str, &'static str),
    pub(crate) lengths: (Option<u16>, Option<u16>),
    pub(crate) goes_on: Option<GoesOn>,
}

/// Whether a word of a prefix command belongs to the unquoted value before it, or, after an empty value, begins one.
pub(crate) type GoesOn = fn(value: &str, word: &str) -> bool;

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
            goes_on: None,
        }
    }

    /// Makes the option optional.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Allows only these choices: 1 to 25.
    ///
    /// # Panics
    /// If there are more or none, or one is not of the option's type or breaks Discord's rules.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [Choice]) -> Self {
        assert!(!choices.is_empty(), "an option with an empty list of choices cannot be filled in");
        assert!(choices.len() <= 25, "Discord allows 25 choices per option; use autocomplete instead");
        let mut at = 0;
        while at < choices.len() {
            choices[at].check(self.kind);
            at += 1;
        }
        self.choices = choices;
        self
    }

    /// Allows only channels of these types, by Discord's numbers.
    ///
    /// # Panics
    /// If it is not a channel.
    #[must_use]
    pub const fn channel_types(mut self, types: &'static [u8]) -> Self {
        assert!(self.kind == kind::CHANNEL, "only a channel has channel types");
        self.channel_types = types;
        self
    }
}

/// A value that can be chosen, and the name it is shown with.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The name that is shown, 1 to 100 characters.
    pub name: &'static str,
    /// The value that is sent.
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

    /// Checks Discord's rules for a choice of an option of this type.
    /// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-choice-structure>
    const fn check(&self, kind: u8) {
        assert!(within(self.name, 1, 100), "the name of a choice must have 1 to 100 characters");
        match self.value {
            ChoiceValue::Text(text) => {
                assert!(kind == kind::STRING, "the choices of a number option must be numbers");
                assert!(within(text, 1, 100), "the value of a choice must have 1 to 100 characters");
            }
            ChoiceValue::Number(number) => {
                assert!(
                    matches!(kind, kind::INTEGER | kind::NUMBER),
                    "the choices of a text option must be text"
                );
                check_number(kind, number);
            }
        }
        let mut at = 0;
        while at < self.localized.len() {
            assert!(
                within(self.localized[at].name, 1, 100),
                "the name of a choice must have 1 to 100 characters"
            );
            at += 1;
        }
    }
}

/// The value of a [`Choice`].
#[derive(Clone, Copy, Debug)]
pub enum ChoiceValue {
    /// For an option of text, at most 100 characters.
    Text(&'static str),
    /// For an option of numbers, whole or not, as a JSON number.
    Number(&'static str),
}

impl ChoiceValue {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
        }
    }
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

    /// The option for a Rust type; required unless the type is an `Option` or a list.
    #[must_use]
    pub const fn of<T: Argument>(name: &'static str, description: &'static str) -> Self {
        Self::typed(T::OPTION, name, description)
    }

    /// Whether it is a file, which a prefix command does not take from the line.
    pub(crate) fn is_file(&self) -> bool {
        self.shape.kind == kind::ATTACHMENT
    }

    const fn typed(shape: OptionType, name: &'static str, description: &'static str) -> Self {
        check(name, description);
        Self { name, description, shape, autocomplete: false, localized: &[] }
    }

    /// Makes the option required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.shape.required = true;
        self
    }

    /// Suggests values while the user types: see [`Cog::autocomplete`](crate::Cog::autocomplete).
    ///
    /// # Panics
    /// If it is neither text nor a number, or has choices already.
    #[must_use]
    pub const fn autocomplete(mut self) -> Self {
        assert!(
            matches!(self.shape.kind, kind::STRING | kind::INTEGER | kind::NUMBER),
            "only text and numbers can have autocomplete"
        );
        assert!(self.shape.choices.is_empty(), "an option has choices or autocomplete, not both");
        self.autocomplete = true;
        self
    }

    /// Allows only these choices.
    ///
    /// # Panics
    /// If there are more than 25 or none, one is not of the option's type, or the option has autocomplete.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [Choice]) -> Self {
        assert!(!self.autocomplete, "an option has choices or autocomplete, not both");
        self.shape = self.shape.choices(choices);
        self
    }

    /// Allows only channels of these types, by Discord's numbers.
    ///
    /// # Panics
    /// If it is not a channel.
    #[must_use]
    pub const fn channel_types(mut self, types: &'static [u8]) -> Self {
        self.shape = self.shape.channel_types(types);
        self
    }

    /// Sets the smallest value: a JSON number as text, so that it is exact.
    ///
    /// # Panics
    /// If it is not a number, or not one of the option's type.
    #[must_use]
    pub const fn min(mut self, value: &'static str) -> Self {
        check_number(self.shape.kind, value);
        self.shape.values.0 = value;
        self
    }

    /// Sets the largest value: a JSON number as text, so that it is exact.
    ///
    /// # Panics
    /// If it is not a number, or not one of the option's type.
    #[must_use]
    pub const fn max(mut self, value: &'static str) -> Self {
        check_number(self.shape.kind, value);
        self.shape.values.1 = value;
        self
    }

    /// Sets the minimum number of characters (at most 6000).
    ///
    /// # Panics
    /// If the option is not text, or the number is out of Discord's bounds.
    #[must_use]
    pub const fn min_length(mut self, characters: u16) -> Self {
        self.shape.lengths.0 = Some(characters);
        self.check_lengths();
        self
    }

    /// Sets the maximum number of characters (1 to 6000).
    ///
    /// # Panics
    /// If the option is not text, or the number is out of Discord's bounds.
    #[must_use]
    pub const fn max_length(mut self, characters: u16) -> Self {
        self.shape.lengths.1 = Some(characters);
        self.check_lengths();
        self
    }

    const fn check_lengths(&self) {
        assert!(self.shape.kind == kind::STRING, "only text has a length; numbers have `min` and `max`");
        let least = match self.shape.lengths.0 {
            Some(least) => least,
            None => 0,
        };
        assert!(least <= 6000, "a minimum length must be from 0 to 6000");
        if let Some(most) = self.shape.lengths.1 {
            assert!(1 <= most && most <= 6000, "a maximum length must be from 1 to 6000");
            assert!(least <= most, "the minimum length is above the maximum");
        }
    }

    /// Sets names and descriptions in other languages.
    ///
    /// # Panics
    /// If one breaks Discord's rules.
    #[must_use]
    pub const fn localized(mut self, localized: &'static [Localized]) -> Self {
        check_localized(localized);
        self.localized = localized;
        self
    }
}

/// Checks that a JSON number, without an exponent, fits an option of this type.
const fn check_number(kind: u8, text: &str) {
    assert!(matches!(kind, kind::INTEGER | kind::NUMBER), "only a number has a minimum and a maximum");
    let (bytes, mut at, mut digits, mut points) = (text.as_bytes(), 0, 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'0'..=b'9' => digits += 1,
            b'.' if digits > 0 => points += 1,
            b'-' if at == 0 => {}
            _ => panic!("it is not a number such as `5` or `-0.5`"),
        }
        at += 1;
    }
    let ends_well = digits > 0 && bytes[at - 1] != b'.';
    assert!(ends_well && points <= 1, "it is not a number such as `5` or `-0.5`");
    assert!(kind == kind::NUMBER || points == 0, "an option of whole numbers takes only whole numbers");
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    type Change = fn(Opt) -> Opt;

    const TEXTS: &[Choice] = &[Choice::text("Red", "red")];
    const NUMBERS: &[Choice] = &[Choice { name: "One", value: ChoiceValue::Number("1"), localized: &[] }];
    const HALVES: &[Choice] = &[Choice { name: "Half", value: ChoiceValue::Number("0.5"), localized: &[] }];
    const NAMELESS: &[Choice] = &[Choice::text("", "red")];
    const EMPTY: &[Choice] = &[Choice::text("Red", "")];
    const GERMAN: &[Localized] = &[Localized { locale: "de", name: "Name", description: "" }];

    #[test]
    fn options_that_discord_would_refuse_do_not_compile() {
        let (text, whole) = (Opt::string("o", "d"), Opt::integer("o", "d"));
        let (number, user) = (Opt::number("o", "d"), Opt::user("o", "d"));
        let refused: [(&str, Change, Opt); 20] = [
            ("texts for numbers", |it| it.choices(TEXTS), whole),
            ("numbers for texts", |it| it.choices(NUMBERS), text),
            ("fractions for whole numbers", |it| it.choices(HALVES), whole),
            ("choices of users", |it| it.choices(TEXTS), user),
            ("no choice", |it| it.choices(&[]), text),
            ("a choice without a name", |it| it.choices(NAMELESS), text),
            ("a choice without a value", |it| it.choices(EMPTY), text),
            ("choices and completion", |it| it.autocomplete().choices(TEXTS), text),
            ("completion and choices", |it| it.choices(TEXTS).autocomplete(), text),
            ("types of users", |it| it.channel_types(&[0]), user),
            ("a smallest text", |it| it.min("1"), text),
            ("a largest user", |it| it.max("1"), user),
            ("a fraction of whole numbers", |it| it.min("0.5"), whole),
            ("no number", |it| it.max("-"), number),
            ("half a number", |it| it.max("1."), number),
            ("two points", |it| it.max("1.2.3"), number),
            ("the length of a number", |it| it.min_length(1), number),
            ("no characters", |it| it.max_length(0), text),
            ("too many characters", |it| it.max_length(6001), text),
            ("lengths crossed", |it| it.max_length(2).min_length(3), text),
        ];
        for (what, make, option) in refused {
            assert!(catch_unwind(|| make(option)).is_err(), "{what}");
        }
        assert!(catch_unwind(|| text.localized(GERMAN)).is_err(), "a capital letter in another language");
        let taken: [(Change, Opt); 5] = [
            (|it| it.choices(TEXTS), text),
            (|it| it.choices(NUMBERS).min("-5").max("5"), whole),
            (|it| it.choices(HALVES).min("-0.5"), number),
            (|it| it.channel_types(&[0]), Opt::channel("o", "d")),
            (|it| it.min_length(0).max_length(6000), text),
        ];
        for (make, option) in taken {
            make(option);
        }
    }
}
