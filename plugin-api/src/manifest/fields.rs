//! Further fields of Discord's command object, as a cog writes them: checked at compile time, since they are inserted
//! between those that the SDK writes.

use super::same;

/// Fields that the SDK writes from the declaration of the command.
const OWN: &[&str] = &[
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "contexts",
    "integration_types",
    "nsfw",
];

/// Checks that this is the content of a JSON object, without its braces and without a field of the SDK's.
pub(super) const fn check(json: &'static str) {
    let mut reader = Reader { json, at: 0 };
    reader.space();
    assert!(!reader.has(b'{'), "write the fields without the braces around them: `\"handler\":1`");
    reader.members(true);
    if reader.at < json.len() {
        unfit();
    }
}

const fn unfit() -> ! {
    panic!("these are not JSON object fields: write them as `\"handler\":1`, with commas between them")
}

struct Reader {
    json: &'static str,
    at: usize,
}

impl Reader {
    const fn has(&self, byte: u8) -> bool {
        self.at < self.json.len() && self.json.as_bytes()[self.at] == byte
    }

    /// Skips a byte and the white space after it; returns whether it was there.
    const fn skip(&mut self, byte: u8) -> bool {
        let is_there = self.has(byte);
        if is_there {
            self.at += 1;
            self.space();
        }
        is_there
    }

    const fn needs(&mut self, byte: u8) {
        if !self.skip(byte) {
            unfit();
        }
    }

    const fn space(&mut self) {
        while self.has(b' ') || self.has(b'\n') || self.has(b'\t') || self.has(b'\r') {
            self.at += 1;
        }
    }

    /// One member, and more after commas.
    const fn members(&mut self, is_top: bool) {
        loop {
            let name = self.string();
            let mut at = 0;
            while is_top && at < OWN.len() {
                assert!(
                    !same(OWN[at], name),
                    "the SDK writes this field: set it in the attribute or with a method"
                );
                at += 1;
            }
            self.needs(b':');
            self.value();
            if !self.skip(b',') {
                return;
            }
        }
    }

    const fn value(&mut self) {
        if self.has(b'"') {
            self.string();
        } else if self.skip(b'{') {
            if !self.skip(b'}') {
                self.members(false);
                self.needs(b'}');
            }
        } else if self.skip(b'[') {
            if !self.skip(b']') {
                self.value();
                while self.skip(b',') {
                    self.value();
                }
                self.needs(b']');
            }
        } else {
            self.word();
        }
    }

    /// The content of the string, as it is written.
    const fn string(&mut self) -> &'static str {
        if !self.has(b'"') {
            unfit();
        }
        self.at += 1;
        let (first, bytes) = (self.at, self.json.as_bytes());
        while !self.has(b'"') {
            if self.at >= bytes.len() || bytes[self.at] < 0x20 {
                unfit();
            }
            if self.has(b'\\') {
                self.at += 1;
                self.escape();
            } else {
                self.at += 1;
            }
        }
        let last = self.at;
        self.needs(b'"');
        self.json.split_at(last).0.split_at(first).1
    }

    /// What follows a backslash.
    const fn escape(&mut self) {
        let bytes = self.json.as_bytes();
        let digits = if self.has(b'u') { 4 } else { 0 };
        if self.at + digits >= bytes.len()
            || !matches!(bytes[self.at], b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u')
        {
            unfit();
        }
        let last = self.at + digits;
        while self.at < last {
            self.at += 1;
            if !bytes[self.at].is_ascii_hexdigit() {
                unfit();
            }
        }
        self.at += 1;
    }

    /// `true`, `false`, `null` or a number.
    const fn word(&mut self) {
        let (first, bytes) = (self.at, self.json.as_bytes());
        while self.at < bytes.len()
            && (bytes[self.at].is_ascii_alphanumeric() || matches!(bytes[self.at], b'-' | b'+' | b'.'))
        {
            self.at += 1;
        }
        let word = self.json.split_at(self.at).0.split_at(first).1;
        if !(same(word, "true") || same(word, "false") || same(word, "null") || is_number(word.as_bytes())) {
            unfit();
        }
        self.space();
    }
}

/// Whether this is a JSON number. <https://www.rfc-editor.org/rfc/rfc8259#section-6>
const fn is_number(text: &[u8]) -> bool {
    let start = if !text.is_empty() && text[0] == b'-' { 1 } else { 0 };
    let mut at = digits(text, start);
    if at == start || (text[start] == b'0' && at > start + 1) {
        return false;
    }
    if at < text.len() && text[at] == b'.' {
        let after = digits(text, at + 1);
        if after == at + 1 {
            return false;
        }
        at = after;
    }
    if at < text.len() && matches!(text[at], b'e' | b'E') {
        let sign = at + 1 < text.len() && matches!(text[at + 1], b'+' | b'-');
        let first = at + 1 + sign as usize;
        at = digits(text, first);
        if at == first {
            return false;
        }
    }
    at == text.len()
}

/// Where the digits from a position on end.
const fn digits(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at].is_ascii_digit() {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn the_fields_of_an_object_are_accepted_without_braces() {
        let table = [
            "\"handler\":1",
            " \"a\" : [ 1 , -0.5e+3 , true , null , { } , [ ] ] , \"b\" : { \"name\" : \"x\\\"\\u00e9\" } ",
            "\"default_member_permissions\":\"0\"",
            "\"é\":\"é\"",
        ];
        for json in table {
            let read = serde_json::from_str::<serde_json::Value>(&format!("{{{json}}}"));
            assert!(read.is_ok(), "{json}");
            check(json);
        }
        let broken = [
            "",
            " ",
            "not json",
            "{\"a\":1}",
            "\"a\"",
            "\"a\":",
            "\"a\":1,",
            "\"a\":1 2",
            "\"a\":01",
            "\"a\":.5",
            "\"a\":1.",
            "\"a\":-",
            "\"a\":1e",
            "\"a\":nul",
            "\"a\":[1,]",
            "\"a\":[1",
            "\"a\":{\"b\"}",
            "\"a\":\"",
            "\"a\":\"\\x\"",
            "\"a\":\"\\u12g4\"",
            "\"a\":\"\n\"",
            "\"a\":1}",
            "\"a\":\"\\",
            "\"a\":\"\\u12\"",
        ];
        for json in broken {
            assert!(catch_unwind(|| check(json)).is_err(), "{json}");
        }
        for name in OWN {
            let json: &'static str = format!("\"a\":1,\"{name}\":1").leak();
            assert!(catch_unwind(|| check(json)).is_err(), "{json}");
        }
    }
}
