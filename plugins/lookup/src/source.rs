//! The source of lookups: an address with a placeholder for the name. Nothing is sent here.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The placeholder for the name in an address.
const PLACE: &str = "{name}";

/// An `http://` or `https://` address with [`PLACE`] in its path or query.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source(String);

impl Source {
    /// Checks an address; the error describes what is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let Some(rest) = rest.filter(|rest| !rest.chars().any(char::is_whitespace)) else {
            return Err("The address must start with `https://` or `http://`.".to_owned());
        };
        // A name in place of the server would let every user choose the server.
        match rest.split_once('/') {
            Some((server, path)) if !server.is_empty() && !server.contains(PLACE) && path.contains(PLACE) => {
                Ok(Self(url.to_owned()))
            }
            _ => {
                Err(format!("The address needs {PLACE} after the server, as in https://example.org/{PLACE}."))
            }
        }
    }

    /// The address for a name.
    pub(crate) fn address(&self, name: &str) -> String {
        self.0.replace(PLACE, &percent_encoded(name))
    }

    /// The server, as shown to users.
    pub(crate) fn server(&self) -> &str {
        let rest = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        rest.split_once('/').map_or(rest, |(server, _)| server)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Encodes everything but RFC 3986's unreserved characters, so that a name never leaves its place in the address.
fn percent_encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len() * 3);
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_place() {
        let source = Source::parse("http://127.0.0.1:8080/v1/{name}?full=1").expect("it is valid");
        assert_eq!(source.address("a/../b é"), "http://127.0.0.1:8080/v1/a%2F..%2Fb%20%C3%A9?full=1");
        assert_eq!(source.server(), "127.0.0.1:8080");
    }

    #[test]
    fn an_address_that_cannot_work_is_refused() {
        for wrong in ["", "example.org/{name}", "ftp://example.org/{name}", "https://example.org/ {name}"] {
            assert!(Source::parse(wrong).expect_err("it is refused").contains("must start with"), "{wrong}");
        }
        for wrong in
            ["https://example.org", "https://example.org/x", "https:///{name}", "https://{name}/{name}"]
        {
            assert!(Source::parse(wrong).expect_err("it is refused").contains("after the server"), "{wrong}");
        }
    }
}
