//! SHA-256 digests as in OCI: they identify blobs, manifests and whole packages.

use std::{fmt, io, path::Path, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

use crate::file;

/// A digest, written as `sha256:` and 64 lowercase hexadecimal digits.
/// <https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests>
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// The text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digest: `sha256:` and 64 of `0`-`9` and `a`-`f`")]
pub struct NotADigest(String);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    /// The digest of a file's content, read once.
    ///
    /// # Errors
    /// It cannot be read, or is not a regular file.
    pub fn of_file(path: &Path) -> io::Result<Digest> {
        let mut digesting = Digesting::new(io::sink());
        io::copy(&mut file::open(path)?, &mut digesting)?;
        Ok(digesting.digest())
    }

    /// The hexadecimal digits alone: the name of a blob's file.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Digest, NotADigest> {
        let wrong = || NotADigest(text.to_owned());
        let hex = text.strip_prefix("sha256:").ok_or_else(wrong)?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != 64 || !hex.bytes().all(is_digit) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Digest(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Counts and hashes what is written through it.
pub(super) struct Digesting<W> {
    inner: W,
    hasher: Sha256,
    length: u64,
}

impl<W: io::Write> Digesting<W> {
    pub(super) fn new(inner: W) -> Self {
        Digesting { inner, hasher: Sha256::new(), length: 0 }
    }

    /// Number of bytes so far.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The digest of everything written.
    pub(super) fn digest(self) -> Digest {
        Digest(self.hasher.finalize().into())
    }
}

impl<W: io::Write> io::Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written_and_in_no_other_form() {
        let digest = Digest::of(b"");
        // https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
        let upper = text.to_uppercase();
        for wrong in ["", "sha256:", &text[7..], &text[..70], &upper, "sha256:é"] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }
}
