//! The names and descriptions of commands and options, with their translations.

use std::collections::BTreeMap;

use crate::commands::body::Labels;
use crate::form::Fields;
use crate::world::Translations;

/// <https://discord.com/developers/docs/reference#locales>
const LOCALES: [&str; 34] = [
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl",
    "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja",
    "zh-TW", "ko", "ar", "he",
];

fn no_locale() -> String {
    format!("Value must be one of {{{}}}.", LOCALES.map(|one| format!("'{one}'")).join(", "))
}

/// Reads a locale; the default is that of most guilds.
pub(crate) fn locale(of: &mut Fields, key: &str) -> String {
    let locale = of.text(key, usize::MAX).unwrap_or_else(|| "en-US".to_owned());
    if !LOCALES.contains(&&*locale) {
        of.fail(key, "BASE_TYPE_CHOICES", &no_locale());
    }
    locale
}

/// Reads the name and description with their translations; `strict` for slash commands and options.
pub(super) fn labels(of: &mut Fields, strict: bool) -> Labels {
    let (name, name_localizations) = name(of, strict);
    let description = of.required_text("description", 1..=100);
    let description_localizations = translations(of, "description_localizations", 100, |_| true);
    Labels { name, name_localizations, description, description_localizations }
}

/// Reads a name and its translations.
pub(super) fn name(of: &mut Fields, strict: bool) -> (String, Translations) {
    let name = of.required_text("name", 1..=32);
    if strict && !is_name(&name) {
        of.fail("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
    }
    (name, translations(of, "name_localizations", 32, |name| !strict || is_name(name)))
}

/// Reads translations of at most `most` characters each.
pub(crate) fn translations(
    of: &mut Fields,
    key: &str,
    most: usize,
    fits: impl Fn(&str) -> bool,
) -> Translations {
    let read = of.read_object(key, |given| {
        let mut translations = BTreeMap::new();
        for locale in given.keys() {
            if !LOCALES.contains(&locale.as_str()) {
                given.ignore(&[&locale]);
                given.fail(&locale, "BASE_TYPE_CHOICES", &no_locale());
            } else if let Some(text) = given.text_within(&locale, 1..=most) {
                if !fits(&text) {
                    given.fail(&locale, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
                }
                translations.insert(locale, text);
            }
        }
        translations
    });
    read.filter(|translations| !translations.is_empty())
}

/// `^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$`, in lower case where the script has one.
fn is_name(name: &str) -> bool {
    // These two scripts write vowels as marks, which are not letters.
    let allowed = |c: char| {
        c.is_alphanumeric() || "-_'".contains(c) || matches!(c, '\u{900}'..='\u{97F}' | '\u{E00}'..='\u{E7F}')
    };
    name.chars().all(allowed) && name.to_lowercase() == name
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{read, refused};
    use super::*;

    #[test]
    fn names_of_slash_commands_are_lower_case_words_of_any_script() {
        for good in ["ping", "add-role", "l'été", "日本", "привет", "नमस्ते", "สวัสดี", "a_1", "ß"]
        {
            assert!(is_name(good), "{good}");
        }
        for bad in ["Ping", "two words", "a.b", "Привет", "é!", "🦀", "a/b"] {
            assert!(!is_name(bad), "{bad}");
            refused(json!({ "name": bad, "description": "x" }), "/name", "APPLICATION_COMMAND_INVALID_NAME");
            assert!(read(json!({ "name": bad, "type": 2 })).is_ok(), "a context menu may be called {bad}");
        }
    }

    #[test]
    fn translations_are_checked_like_what_they_translate() {
        let with = |names: Value| json!({ "name": "x", "description": "x", "name_localizations": names });
        assert_eq!(
            read(with(json!({ "de": "hallo" }))).unwrap()["name_localizations"],
            json!({ "de": "hallo" })
        );
        refused(with(json!({ "xx": "hallo" })), "/name_localizations/xx", "BASE_TYPE_CHOICES");
        refused(
            with(json!({ "de": "Hallo Welt" })),
            "/name_localizations/de",
            "APPLICATION_COMMAND_INVALID_NAME",
        );
        refused(with(json!({ "de": "" })), "/name_localizations/de", "BASE_TYPE_BAD_LENGTH");
    }
}
