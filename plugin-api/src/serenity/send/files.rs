//! The parts of a message builder that are not in its JSON, and not accessible in any other way without serenity's HTTP
//! client: the bytes of its files, and whether reactions were asked for. Both are in the builder's `Debug` text, which
//! is parsed while it is written; only the bytes are kept. That takes tens of nanoseconds a byte;
//! [`NewMessage::attach`](crate::NewMessage::attach) takes a file directly.

use std::fmt;

/// What was found.
#[derive(Default)]
pub(super) struct Hidden {
    /// The bytes of each file, in the order in which the JSON lists them.
    pub(super) files: Vec<Vec<u8>>,
    /// Whether reactions are to be added once it is sent.
    pub(super) reactions: bool,
    at: At,
    /// The last name, and the name of the field whose value comes next.
    name: Vec<u8>,
    field: Vec<u8>,
}

/// The position in the text.
#[derive(Default)]
enum At {
    #[default]
    Outside,
    /// In quotation marks, where anything may follow; after a backslash or not.
    Quoted { escaped: bool },
    /// In the bytes of a file; the digits so far of the current byte.
    Bytes(Option<u8>),
    /// At the first of the reactions, if there is one.
    Reactions,
}

impl Hidden {
    pub(super) fn read(&mut self, builder: &impl fmt::Debug) {
        // This could only fail if a `Debug` implementation fails; missing files are then noticed by their number.
        _ = fmt::write(self, format_args!("{builder:?}"));
    }

    fn step(&mut self, byte: u8) -> At {
        match (&self.at, byte) {
            (At::Quoted { escaped: true }, _) => At::Quoted { escaped: false },
            (At::Quoted { .. }, b'\\') => At::Quoted { escaped: true },
            (At::Quoted { .. }, b'"') => At::Outside,
            (At::Quoted { .. }, _) => At::Quoted { escaped: false },
            (At::Bytes(digits), b'0'..=b'9') => {
                At::Bytes(Some(digits.unwrap_or(0).wrapping_mul(10).wrapping_add(byte - b'0')))
            }
            (At::Bytes(digits), _) => {
                if let (Some(byte), Some(file)) = (*digits, self.files.last_mut()) {
                    file.push(byte);
                }
                if byte == b']' { At::Outside } else { At::Bytes(None) }
            }
            (At::Reactions, _) => {
                self.reactions |= byte != b']';
                At::Outside
            }
            (At::Outside, _) => self.outside(byte),
        }
    }

    fn outside(&mut self, byte: u8) -> At {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => self.name.push(byte),
            b':' => self.field = std::mem::take(&mut self.name),
            b' ' => self.name.clear(),
            b'"' => return At::Quoted { escaped: false },
            _ => {
                self.name.clear();
                match (byte, &*std::mem::take(&mut self.field)) {
                    (b'[', b"data") => {
                        self.files.push(Vec::new());
                        return At::Bytes(None);
                    }
                    (b'[', b"reactions") => return At::Reactions,
                    _ => {}
                }
            }
        }
        At::Outside
    }
}

impl fmt::Write for Hidden {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.at = self.step(byte);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ::serenity::builder::{CreateAttachment, CreateEmbed, CreateMessage, EditAttachments, EditMessage};

    use super::*;

    fn hidden(builder: &impl fmt::Debug) -> Hidden {
        let mut hidden = Hidden::default();
        hidden.read(builder);
        hidden
    }

    #[test]
    fn files_are_found_exactly_whatever_the_texts_contain() {
        let all: Vec<u8> = (0..=255).collect();
        let message = CreateMessage::new()
            .content("data: [1, 2] \" \\ reactions: [")
            .embed(CreateEmbed::new().title("CreateAttachment { data: [3] }\u{1f600}'"))
            .add_file(CreateAttachment::bytes(all.clone(), "\"], data: [9").description("data: [4]"))
            .add_file(CreateAttachment::bytes([], "empty"))
            .add_file(CreateAttachment::bytes([7], "é"));
        let found = hidden(&message);
        assert_eq!(found.files, [all, vec![], vec![7]]);
        assert!(!found.reactions);
        let edit = EditMessage::new()
            .attachments(EditAttachments::new().keep(5.into()).add(CreateAttachment::bytes([1, 2], "a")));
        assert_eq!(hidden(&edit).files, [[1, 2]]);
    }

    #[test]
    fn reactions_are_detected() {
        assert!(hidden(&CreateMessage::new().reactions(['👍'])).reactions);
        assert!(!hidden(&CreateMessage::new().content("reactions: ['a']")).reactions);
    }
}
