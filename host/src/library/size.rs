//! Counts the text of a command, whose total Discord limits.
//! <https://discord.com/developers/docs/interactions/application-commands#registering-a-command>

use serde_json::Value;

/// Maximum number of characters in the names, descriptions and values of a command, including its options and choices.
pub(super) const COMMAND_CHARS_MAX: usize = 8000;

/// The characters of a command, an option or a choice in Discord's JSON, and of everything below it. Of translations,
/// the longest one counts.
pub(super) fn characters(of: &Value) -> usize {
    let longest = |field: &str| {
        let translated =
            of[format!("{field}_localizations")].as_object().into_iter().flat_map(|all| all.values());
        let texts = translated.chain([&of[field]]).filter_map(Value::as_str);
        texts.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let below = ["options", "choices"].iter().filter_map(|list| of[list].as_array()).flatten();
    ["name", "description", "value"].map(longest).iter().sum::<usize>() + below.map(characters).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_what_is_translated_the_longest_text_counts() {
        let choice =
            json!({ "name": "ab", "name_localizations": { "de": "a", "fr": "éèê" }, "value": "1234" });
        let number = json!({ "name": "a", "value": 1234 });
        let option = json!({ "name": "o", "description": "d", "choices": [choice, number] });
        let texts = json!({ "de": "lang", "fr": "" });
        let command = json!({ "name": "a", "description": "d", "description_localizations": texts, "options": [option] });
        assert_eq!(characters(&command), 1 + 4 + 2 + (3 + 4) + 1);
    }
}
