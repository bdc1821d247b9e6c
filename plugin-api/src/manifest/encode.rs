//! Writes a declaration as JSON in constant evaluation. It knows nothing of files; `export!` places the bytes.

use super::{Command, Opt, RUSTC, TARGET};

/// Everything a cog's file says about it.
#[derive(Clone, Copy)]
pub struct Declaration {
    /// The cog's name.
    pub name: &'static str,
    /// The cog's own version.
    pub version: &'static str,
    /// ABI it is built against: [`ABI`](crate::abi::ABI), except in a cog that tests the host.
    pub abi: (u16, u16),
    /// `unwind` or `abort`, as the cog's crate was compiled.
    pub panic: &'static str,
    /// `debug` or `release`.
    pub profile: &'static str,
    /// Gateway events it hears.
    pub events: &'static [&'static str],
    /// Commands it answers.
    pub commands: &'static [Command],
}

/// How many bytes [`encode`] needs.
#[must_use]
pub const fn encoded_len(declaration: &Declaration) -> usize {
    let mut out = Writer { bytes: [0; 0], len: 0 };
    out.declaration(declaration);
    out.len
}

/// The declaration as JSON. `N` is [`encoded_len`].
#[must_use]
pub const fn encode<const N: usize>(declaration: &Declaration) -> [u8; N] {
    let mut out = Writer { bytes: [0; N], len: 0 };
    out.declaration(declaration);
    assert!(out.len == N, "N must be encoded_len()");
    out.bytes
}

/// Counts all bytes and keeps those that fit.
struct Writer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Writer<N> {
    const fn declaration(&mut self, it: &Declaration) {
        self.raw("{\"manifest\":1");
        self.field("name", it.name);
        self.field("version", it.version);
        self.raw(",\"abi\":[");
        self.number(it.abi.0 as u64);
        self.raw(",");
        self.number(it.abi.1 as u64);
        self.raw("]");
        self.field("target", TARGET);
        self.field("rustc", RUSTC);
        self.field("panic", it.panic);
        self.field("profile", it.profile);
        self.raw(",\"events\":[");
        let mut at = 0;
        while at < it.events.len() {
            self.comma(at);
            self.string(it.events[at]);
            at += 1;
        }
        self.raw("],\"commands\":[");
        let mut at = 0;
        while at < it.commands.len() {
            self.comma(at);
            self.command(&it.commands[at]);
            at += 1;
        }
        self.raw("]}");
    }

    const fn command(&mut self, it: &Command) {
        self.raw("{\"type\":1");
        self.field("name", it.name);
        self.field("description", it.description);
        // What is the default is left out: not every server that speaks Discord's API knows every field.
        if !it.options.is_empty() {
            self.raw(",\"options\":[");
            let mut at = 0;
            while at < it.options.len() {
                self.comma(at);
                self.option(&it.options[at]);
                at += 1;
            }
            self.raw("]");
        }
        self.raw(if it.ephemeral { ",\"ephemeral\":true}" } else { "}" });
    }

    const fn option(&mut self, it: &Opt) {
        self.raw("{\"type\":");
        self.number(it.kind as u64);
        self.field("name", it.name);
        self.field("description", it.description);
        self.raw(if it.required { ",\"required\":true" } else { "" });
        self.raw(if it.autocomplete { ",\"autocomplete\":true}" } else { "}" });
    }

    const fn comma(&mut self, at: usize) {
        if at > 0 {
            self.raw(",");
        }
    }

    const fn field(&mut self, name: &str, value: &str) {
        self.raw(",");
        self.string(name);
        self.raw(":");
        self.string(value);
    }

    const fn string(&mut self, text: &str) {
        self.byte(b'"');
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                byte @ (b'"' | b'\\') => {
                    self.byte(b'\\');
                    self.byte(byte);
                }
                byte if byte < 0x20 => {
                    self.raw("\\u00");
                    self.byte(b"0123456789abcdef"[(byte >> 4) as usize]);
                    self.byte(b"0123456789abcdef"[(byte & 15) as usize]);
                }
                byte => self.byte(byte),
            }
            at += 1;
        }
        self.byte(b'"');
    }

    const fn number(&mut self, value: u64) {
        if value >= 10 {
            self.number(value / 10);
        }
        self.byte(b'0' + (value % 10) as u8);
    }

    const fn raw(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            self.byte(bytes[at]);
            at += 1;
        }
    }

    const fn byte(&mut self, byte: u8) {
        if self.len < N {
            self.bytes[self.len] = byte;
        }
        self.len += 1;
    }
}
