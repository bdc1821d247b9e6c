//! Writes JSON in constant evaluation.

/// Counts all bytes, and keeps those that fit.
pub(super) struct Writer<const N: usize> {
    pub(super) bytes: [u8; N],
    pub(super) len: usize,
}

/// Writes a JSON list; a macro, because a constant function cannot take a closure.
macro_rules! list {
    ($out:ident, $items:expr, $item:ident => $write:expr) => {
        $out.raw("[");
        let mut at = 0;
        while at < $items.len() {
            if at > 0 {
                $out.raw(",");
            }
            let $item = &$items[at];
            $write;
            at += 1;
        }
        $out.raw("]");
    };
}
pub(super) use list;

impl<const N: usize> Writer<N> {
    pub(super) const NEW: Self = Self { bytes: [0; N], len: 0 };

    pub(super) const fn field(&mut self, name: &str, value: &str) {
        self.raw(",");
        self.key(name);
        self.string(value);
    }

    pub(super) const fn key(&mut self, name: &str) {
        self.string(name);
        self.raw(":");
    }

    pub(super) const fn string(&mut self, text: &str) {
        self.byte(b'"');
        self.escaped(text);
        self.byte(b'"');
    }

    pub(super) const fn escaped(&mut self, text: &str) {
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
    }

    /// A snowflake or a set of permissions, both of which Discord writes as text.
    pub(super) const fn id(&mut self, id: u64) {
        self.byte(b'"');
        self.number(id);
        self.byte(b'"');
    }

    pub(super) const fn bool(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    pub(super) const fn number(&mut self, value: u64) {
        if value >= 10 {
            self.number(value / 10);
        }
        self.byte(b'0' + (value % 10) as u8);
    }

    pub(super) const fn raw(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            self.byte(bytes[at]);
            at += 1;
        }
    }

    pub(super) const fn byte(&mut self, byte: u8) {
        if self.len < N {
            self.bytes[self.len] = byte;
        }
        self.len += 1;
    }
}
