//! Reading text: files with or without a byte order mark, always UTF-8; texts of any length and with any characters.

mod escape;

use std::{
    fmt::Display,
    io::{self, Read},
    path::Path,
};

use serde::Serializer;

use crate::file;

pub use self::escape::{Lines, OneLine};

/// Longer texts of a cog are truncated in lists. In bytes.
const SHORT_MAX: usize = 4 << 10;

/// A larger file is not a text file. In bytes.
const FILE_MAX: u64 = 64 << 20;

/// Reads a text file; a leading byte order mark is dropped.
///
/// # Errors
/// As for [`read_bytes`]; or it is not UTF-8: the error says if it is UTF-16, or which line has the invalid bytes.
pub fn read(file: &Path) -> io::Result<String> {
    decode(read_bytes(file)?)
}

/// Reads a file without blocking: a pipe may have no writer, and a device no end.
///
/// # Errors
/// It cannot be read, is not a regular file, or is too large for a text.
pub fn read_bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file::open(file)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > FILE_MAX {
        true => {
            let why = format!("it is larger than {} MiB", FILE_MAX >> 20);
            Err(io::Error::new(io::ErrorKind::InvalidInput, why))
        }
        false => Ok(bytes),
    }
}

/// Reads text to the end of a source.
///
/// # Errors
/// As [`read`].
pub fn read_from(mut source: impl io::Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes)?;
    decode(bytes)
}

/// Truncates a text to `most` bytes, and marks it if it was longer.
pub fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
}

/// A cog's text, truncated to what lists show.
pub fn shortened(mut words: String) -> String {
    cut(&mut words, SHORT_MAX);
    words
}

/// A number of things, as a sentence has it: `1 cog`, `2 cogs`.
pub fn counted<N: From<u8> + PartialEq + Display>(number: N, thing: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Serialises a path as it is displayed: a path may hold bytes that are no text, and JSON may not.
///
/// # Errors
/// The serialiser's.
pub fn path_as_text<S: Serializer>(path: &Path, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&path.display())
}

fn decode(bytes: Vec<u8>) -> io::Result<String> {
    // https://www.unicode.org/faq/utf_bom.html#bom4; without a mark, every other byte of English text is zero.
    let is_utf16 = matches!(bytes.get(..2), Some([0xff, 0xfe] | [0xfe, 0xff] | [0, 1..=255] | [1..=255, 0]));
    if is_utf16 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is UTF-16; save it as UTF-8"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            let why = format!("line {line} holds bytes that are not UTF-8; save it as UTF-8");
            Err(io::Error::new(io::ErrorKind::InvalidData, why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_dropped_and_other_encodings_are_named() {
        assert_eq!(decode(b"\xef\xbb\xbf[cogs]".to_vec()).unwrap(), "[cogs]");
        assert_eq!(decode("ä\n".into()).unwrap(), "ä\n");
        assert_eq!(decode(Vec::new()).unwrap(), "");
        let why = |bytes: &[u8]| decode(bytes.to_vec()).unwrap_err().to_string();
        for utf16 in [&b"\xff\xfe[\0c\0"[..], b"\xfe\xff\0[\0c", b"[\0c\0", b"\0[\0c"] {
            assert_eq!(why(utf16), "it is UTF-16; save it as UTF-8");
        }
        assert_eq!(why(b"a\n\nb\xe4c"), "line 3 holds bytes that are not UTF-8; save it as UTF-8");
    }

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        for file in [&pipe, Path::new("/dev/zero")] {
            let why = read(file).unwrap_err().to_string();
            assert_eq!(why, "it is a pipe, a socket or a device, not a regular file");
        }
        assert_eq!(read(folder.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        let endless = folder.path().join("endless");
        std::fs::File::create(&endless).unwrap().set_len(FILE_MAX + 1).unwrap();
        assert_eq!(read(&endless).unwrap_err().to_string(), "it is larger than 64 MiB");
    }
}
