//! Bodies as HTML forms send them: URL-encoded pairs, and texts with files.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

use crate::abi::File;

/// Texts and files of a `multipart/form-data` body. <https://datatracker.ietf.org/doc/html/rfc7578>
#[derive(Clone, Debug, Default)]
pub struct Form {
    parts: Vec<(String, Part)>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    File(File),
}

impl Form {
    /// A form without parts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parts.push((name.to_owned(), Part::Text(value.into())));
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, name: &str, file: File) -> Self {
        self.parts.push((name.to_owned(), Part::File(file)));
        self
    }

    /// The content type and the body.
    pub(super) fn encode(self) -> (String, Vec<u8>) {
        let boundary = boundary();
        let mut body = Vec::new();
        for (name, part) in self.parts {
            let mut head =
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(&name));
            let bytes = match &part {
                Part::Text(text) => text.as_bytes(),
                Part::File(file) => {
                    let content_type = match file.content_type.as_str() {
                        "" => "application/octet-stream",
                        named => named,
                    };
                    head += &format!(
                        "; filename=\"{}\"\r\nContent-Type: {}",
                        quoted(&file.name),
                        one_line(content_type)
                    );
                    file.bytes.as_slice()
                }
            };
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(b"\r\n\r\n");
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body)
    }
}

/// A boundary that is in none of the files: random, from the seed of the standard library's hash tables.
fn boundary() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("gearshift{:016x}{:016x}", random(), random())
}

/// Escapes a name as browsers do.
/// <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data>
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn one_line(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).collect()
}

/// <https://url.spec.whatwg.org/#application/x-www-form-urlencoded>
pub(super) fn urlencoded(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        encode(name, &mut text);
        text.push('=');
        encode(value, &mut text);
    }
    text
}

fn encode(part: &str, text: &mut String) {
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                text.push(char::from(byte))
            }
            b' ' => text.push('+'),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
}
