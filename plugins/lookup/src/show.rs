//! Shows any JSON as a few readable lines, without knowing its schema.

use serde_json::Value;

/// Maximum number of lines.
const LINES: usize = 8;
/// Maximum number of characters of a value; with [`LINES`] and short names, a message stays below Discord's 2000.
const VALUE: usize = 180;
/// Maximum number of characters of a field's name.
const NAME: usize = 40;

/// The simple fields of an object, or of the first object in a list.
pub(crate) fn readable(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let lines: Vec<String> =
                fields.iter().filter_map(|(name, value)| line(name, value)).take(LINES).collect();
            if lines.is_empty() { "There is nothing to show.".to_owned() } else { lines.join("\n") }
        }
        Value::Array(items) => items.first().map_or("Nothing was found.".to_owned(), readable),
        simple => text(simple).unwrap_or_else(|| "There is nothing to show.".to_owned()),
    }
}

fn line(name: &str, value: &Value) -> Option<String> {
    text(value).map(|text| format!("**{}**: {text}", cut(name, NAME)))
}

/// A simple value as text; `None` for objects, lists and null.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(cut(text.trim(), VALUE)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        _ => None,
    }
}

/// The text on one line, shortened to `most` characters.
fn cut(text: &str, most: usize) -> String {
    let line = text.replace(['\r', '\n'], " ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn simple_fields_are_shown_and_others_left_out() {
        let value =
            json!({"name": "tea", "hot": true, "cups": 2, "none": null, "deep": {"x": 1}, "blank": " "});
        assert_eq!(readable(&value), "**cups**: 2\n**hot**: yes\n**name**: tea");
        assert_eq!(readable(&json!([{"name": "first"}, {"name": "second"}])), "**name**: first");
        assert_eq!(readable(&json!([])), "Nothing was found.");
        assert_eq!(readable(&json!({"deep": {}})), "There is nothing to show.");
        assert_eq!(readable(&json!("just text")), "just text");
    }

    #[test]
    fn the_largest_answer_fits_into_a_message() {
        let fields = (0..100).map(|n| (format!("{n:02}{}", "é".repeat(500)), json!("é\n".repeat(5000))));
        let shown = readable(&Value::Object(fields.collect()));
        assert!(shown.chars().count() <= 2000, "{}", shown.chars().count());
        assert_eq!(shown.lines().count(), LINES);
    }
}
