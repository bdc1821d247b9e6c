//! Percent-encoding in paths, queries and the audit log's header.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

pub(crate) fn query_value<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query_pairs(query).find(|(name, _)| *name == key).map(|(_, value)| value)
}

pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter_map(|pair| pair.split_once('='))
}

/// Letters, digits and these are not escaped, <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Malformed escapes are left as they are.
pub(crate) fn percent_decode(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8().unwrap_or(Cow::Borrowed(segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_in_a_path_is_decoded_and_a_broken_escape_is_left_alone() {
        assert_eq!(percent_decode("%F0%9F%91%8D"), "👍");
        assert_eq!(percent_decode("50%"), "50%");
        assert_eq!(percent_decode("name%3A12"), "name:12");
    }
}
