//! One field of a form: a label above a text, a menu or files.
//! <https://discord.com/developers/docs/components/reference#label>

mod json;

use crate::{
    Argument,
    component_types::{MENTIONABLE_SELECT, ROLE_SELECT, USER_SELECT},
    manifest::{Choice, OptionType, characters, kind as option, same, within},
};

/// A field of a form.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    description: &'static str,
    kind: Kind,
    required: bool,
    min: Option<u32>,
    max: Option<u32>,
    placeholder: &'static str,
    default: &'static str,
}

/// What the user fills in.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// By Discord's text style.
    Text(u8),
    Choices(&'static [Choice]),
    /// Users, roles and so on, by Discord's component type.
    Select(u8),
    /// By Discord's channel types; empty for all channels.
    Channels(&'static [u8]),
    Files,
    Checkbox,
}

/// Discord's limits for the characters of a text, the values of a menu and the number of files.
const CHARACTERS_MAX: u32 = 4000;
const VALUES_MAX: u32 = 25;
const FILES_MAX: u32 = 10;

impl Field {
    /// A text of one line. The label has 1 to 45 characters.
    #[must_use]
    pub const fn short(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Text(1))
    }

    /// A text of several lines.
    #[must_use]
    pub const fn paragraph(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Text(2))
    }

    /// A menu of 1 to 25 choices.
    #[must_use]
    pub const fn choices(name: &'static str, label: &'static str, choices: &'static [Choice]) -> Self {
        assert!(!choices.is_empty() && choices.len() <= 25, "a menu has 1 to 25 choices");
        Self::new(name, label, Kind::Choices(choices))
    }

    /// A menu of users.
    #[must_use]
    pub const fn user(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Select(USER_SELECT))
    }

    /// A menu of roles.
    #[must_use]
    pub const fn role(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Select(ROLE_SELECT))
    }

    /// A menu of users and roles.
    #[must_use]
    pub const fn mentionable(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Select(MENTIONABLE_SELECT))
    }

    /// A menu of channels of these types, by Discord's numbers; of all channels if `types` is empty.
    #[must_use]
    pub const fn channel(name: &'static str, label: &'static str, types: &'static [u8]) -> Self {
        Self::new(name, label, Kind::Channels(types))
    }

    /// A file to upload.
    #[must_use]
    pub const fn file(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Files)
    }

    /// A checkbox.
    #[must_use]
    pub const fn checkbox(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Checkbox)
    }

    /// The field for a Rust type, as an option of a command would be: a menu for choices, users, roles and channels, a
    /// checkbox for `bool`, files, and otherwise a text of one line. It is required unless the type is an `Option`.
    #[must_use]
    pub const fn of<T: Argument>(name: &'static str, label: &'static str) -> Self {
        let OptionType { kind, required, choices, channel_types, lengths, .. } = T::OPTION;
        let kind = match kind {
            option::BOOLEAN => Kind::Checkbox,
            option::USER => Kind::Select(USER_SELECT),
            option::CHANNEL => Kind::Channels(channel_types),
            option::ROLE => Kind::Select(ROLE_SELECT),
            option::MENTIONABLE => Kind::Select(MENTIONABLE_SELECT),
            option::ATTACHMENT => Kind::Files,
            _ if !choices.is_empty() => Kind::Choices(choices),
            _ => Kind::Text(1),
        };
        let mut field = Self::new(name, label, kind);
        field.required = required;
        if let Kind::Text(_) = kind {
            field.min = wide(lengths.0);
            field.max = wide(lengths.1);
        }
        field
    }

    const fn new(name: &'static str, label: &'static str, kind: Kind) -> Self {
        assert!(within(name, 1, 100), "a field's name must have 1 to 100 characters");
        assert!(within(label, 1, 45), "a label must have 1 to 45 characters");
        let (description, placeholder, default) = ("", "", "");
        Self { name, label, description, kind, required: true, min: None, max: None, placeholder, default }
    }

    /// Makes it a text of several lines.
    #[must_use]
    pub const fn lines(mut self) -> Self {
        assert!(matches!(self.kind, Kind::Text(_)), "only a text field has several lines");
        self.kind = Kind::Text(2);
        self
    }

    /// Allows several values, or none: up to Discord's limit, unless [`at_most`](Self::at_most) sets another.
    #[must_use]
    pub const fn several(mut self) -> Self {
        self.required = false;
        self.max = match self.kind {
            Kind::Choices(choices) => Some(choices.len() as u32),
            Kind::Files => Some(FILES_MAX),
            Kind::Select(_) | Kind::Channels(_) => Some(VALUES_MAX),
            Kind::Text(_) | Kind::Checkbox => panic!("only menus and file fields have several values"),
        };
        self
    }

    /// Allows the field to be left empty.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Adds a line of text below the label, at most 100 characters.
    ///
    /// # Panics
    /// If the text is longer.
    #[must_use]
    pub const fn description(mut self, text: &'static str) -> Self {
        assert!(characters(text) <= 100, "the description of a field must have at most 100 characters");
        self.description = text;
        self
    }

    /// Sets the minimum number of characters of a text, of values of a menu, or of files.
    ///
    /// # Panics
    /// If it is more than Discord allows, or more than [`at_most`](Self::at_most), or if there is nothing to count.
    #[must_use]
    pub const fn at_least(mut self, count: u32) -> Self {
        self.min = Some(count);
        self.check_counts();
        self.required = self.required || count > 0 && !matches!(self.kind, Kind::Text(_));
        self
    }

    /// Sets the maximum number of characters of a text, of values of a menu, or of files. Discord's own limits are
    /// 4,000 characters, 25 values and 10 files. Without this, a menu takes one value, and a file field takes one file.
    ///
    /// # Panics
    /// If it is 0, more than Discord allows, or less than [`at_least`](Self::at_least), or if there is nothing to
    /// count.
    #[must_use]
    pub const fn at_most(mut self, count: u32) -> Self {
        self.max = Some(count);
        self.check_counts();
        self
    }

    const fn check_counts(&self) {
        let limit = match self.kind {
            Kind::Text(_) => CHARACTERS_MAX,
            Kind::Choices(choices) => choices.len() as u32,
            Kind::Select(_) | Kind::Channels(_) => VALUES_MAX,
            Kind::Files => FILES_MAX,
            Kind::Checkbox => panic!("a checkbox has nothing to count"),
        };
        let least = match self.min {
            Some(least) => least,
            None => 0,
        };
        assert!(least <= limit, "the minimum is above Discord's limit");
        if let Some(most) = self.max {
            assert!(1 <= most && most <= limit, "the maximum is 0 or above Discord's limit");
            assert!(least <= most, "the minimum is above the maximum");
            let is_text = matches!(self.kind, Kind::Text(_));
            let fits = !is_text || characters(self.default) <= most as usize;
            assert!(fits, "the default is longer than the maximum");
        }
    }

    /// Sets the greyed text that is shown while the field is empty; at most 100 characters.
    ///
    /// # Panics
    /// If the text is longer, or the field is neither a text nor a menu.
    #[must_use]
    pub const fn placeholder(mut self, text: &'static str) -> Self {
        assert!(
            !matches!(self.kind, Kind::Files | Kind::Checkbox),
            "only text fields and menus have a placeholder"
        );
        assert!(characters(text) <= 100, "a placeholder must have at most 100 characters");
        self.placeholder = text;
        self
    }

    /// Sets the initial value: for a text, at most 4,000 characters; for choices, the value of a choice; for a
    /// checkbox, `true` or `false`; for a menu of users, roles or channels, their ids or mentions, separated by spaces.
    ///
    /// # Panics
    /// If the text is longer, the value is not one of the menu's or the checkbox's, or the field is for files.
    #[must_use]
    pub const fn default(mut self, text: &'static str) -> Self {
        match self.kind {
            Kind::Text(_) => {
                let fits = characters(text) <= CHARACTERS_MAX as usize;
                assert!(fits, "the text of a form must have at most 4000 characters");
                self.default = text;
                self.check_counts();
            }
            Kind::Choices(choices) => assert!(has(choices, text), "the default is not a value of the menu"),
            Kind::Checkbox => {
                let fits = same(text, "true") || same(text, "false");
                assert!(fits, "the default of a checkbox must be `true` or `false`");
            }
            Kind::Files => panic!("files have no default"),
            Kind::Select(_) | Kind::Channels(_) => {}
        }
        self.default = text;
        self
    }
}

/// Whether one of the choices has this value.
const fn has(choices: &[Choice], value: &str) -> bool {
    let mut at = 0;
    while at < choices.len() {
        if same(choices[at].value.text(), value) {
            return true;
        }
        at += 1;
    }
    false
}

const fn wide(count: Option<u16>) -> Option<u32> {
    match count {
        Some(count) => Some(count as u32),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ChoiceValue;

    type Change = fn(Field) -> Field;

    #[test]
    fn fields_that_discord_would_refuse_do_not_compile() {
        let text = Field::short("f", "Field");
        let (tick, file, user) =
            (Field::checkbox("f", "Field"), Field::file("f", "Field"), Field::user("f", "Field"));
        const TWO: Choice = Choice { name: "Two", value: ChoiceValue::Number("2"), localized: &[] };
        const CHOICES: &[Choice] = &[Choice::text("Red", "r"), TWO];
        let menu = Field::choices("f", "Field", CHOICES);
        let long = |it: Field| it.default("é".repeat(4001).leak());
        let refused: [(&str, Change, Field); 20] = [
            ("ticks of a box", |it| it.at_least(1), tick),
            ("ticks of a box", |it| it.at_most(1), tick),
            ("what stands in a box", |it| it.placeholder("yes"), tick),
            ("what stands in a file", |it| it.placeholder("a.png"), file),
            ("lines of a user", |it| it.lines(), user),
            ("several boxes", |it| it.several(), tick),
            ("no characters", |it| it.at_most(0), text),
            ("too many characters", |it| it.at_most(4001), text),
            ("too many files", |it| it.at_least(11), file),
            ("too many users", |it| it.at_most(26), user),
            ("counts crossed", |it| it.at_most(2).at_least(3), text),
            ("counts crossed", |it| it.at_least(3).at_most(2), text),
            ("a file from the beginning", |it| it.default("a.png"), file),
            ("a box neither ticked nor not", |it| it.default("yes"), tick),
            ("a choice that is none", |it| it.default("Red"), menu),
            ("two choices", |it| it.default("r 2"), menu.several()),
            ("a text longer than it may be", |it| it.at_most(2).default("abc"), text),
            ("a text longer than it may be", |it| it.default("abc").at_most(2), text),
            ("a text that is too long", long, text),
            ("a text that is too long, in lines", long, Field::paragraph("f", "Field")),
        ];
        for (what, make, field) in refused {
            assert!(std::panic::catch_unwind(|| make(field)).is_err(), "{what}");
        }
        let _ = (menu.default("r"), menu.default("2"), tick.default("true"), tick.default("false"));
        let _ = (text.default("é".repeat(4000).leak()), user.default("<@5> 6"));
    }

    #[test]
    fn fields_that_discord_would_refuse_panic_when_built() {
        let long = || "é".repeat(46).leak() as &'static str;
        assert!(std::panic::catch_unwind(|| Field::short("name", long())).is_err());
        let text = || "é".repeat(101).leak() as &'static str;
        assert!(std::panic::catch_unwind(|| Field::short("name", "Label").placeholder(text())).is_err());
        assert!(std::panic::catch_unwind(|| Field::short("name", "Label").description(text())).is_err());
        assert!(std::panic::catch_unwind(|| Field::short(text(), "Label")).is_err());
        let fits = Field::short("é".repeat(100).leak(), "é".repeat(45).leak());
        assert_eq!(fits.json(None)["label"], "é".repeat(45));
    }
}
