//! What an interaction's `@original` is.

use std::borrow::Cow;

use serde::Deserialize;

use crate::message::{EPHEMERAL, LOADING};

/// What `@original` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Original {
    /// "thinking …", which waits for the answer.
    Thinking { ephemeral: bool },
    /// The message with the component, which was acknowledged silently or by an edit.
    Source,
    /// An answer.
    Answer { ephemeral: bool },
}

impl Original {
    /// Reads it from the message that is `@original` and the interaction that it belongs to.
    pub(super) fn read(message: &[u8], interaction: &str) -> Self {
        #[derive(Default, Deserialize)]
        struct Message<'a> {
            #[serde(borrow)]
            id: Cow<'a, str>,
            #[serde(default)]
            flags: u64,
        }
        #[derive(Deserialize)]
        struct Interaction<'a> {
            #[serde(borrow)]
            message: Option<Message<'a>>,
        }
        let original: Message<'_> = serde_json::from_slice(message).unwrap_or_default();
        let source = serde_json::from_str(interaction).ok().and_then(|it: Interaction<'_>| it.message);
        let ephemeral = original.flags & EPHEMERAL != 0;
        match original.flags & LOADING {
            0 if source.is_some_and(|source| source.id == original.id) => Self::Source,
            0 => Self::Answer { ephemeral },
            _ => Self::Thinking { ephemeral },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_is_identified_by_its_flags_and_the_components_message() {
        let component = r#"{"type":3,"message":{"id":"7","flags":0}}"#;
        let table = [
            (r#"{"id":"8","flags":128}"#, Original::Thinking { ephemeral: false }),
            (r#"{"id":"8","flags":192}"#, Original::Thinking { ephemeral: true }),
            (r#"{"id":"8","flags":64}"#, Original::Answer { ephemeral: true }),
            (r#"{"id":"8"}"#, Original::Answer { ephemeral: false }),
            (r#"{"id":"7","flags":0}"#, Original::Source),
        ];
        for (message, expected) in table {
            assert_eq!(Original::read(message.as_bytes(), component), expected, "{message}");
        }
        assert_eq!(Original::read(br#"{"id":"7"}"#, r#"{"type":2}"#), Original::Answer { ephemeral: false });
    }
}
