//! What a file is: its type from its name, and the size of a picture from its first bytes.

/// Discord goes by the file name, whatever type the uploader declares.
/// <https://discord.com/developers/docs/resources/message#attachment-object>
const TYPES: [(&str, &str); 17] = [
    ("csv", "text/csv; charset=utf-8"),
    ("gif", "image/gif"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json; charset=utf-8"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ogg", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
    ("wav", "audio/x-wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("zip", "application/zip"),
];

/// The type of a file with this name, if it is a common one.
pub(super) fn type_of(filename: &str) -> Option<&'static str> {
    let (_, ending) = filename.rsplit_once('.')?;
    TYPES.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind)
}

/// Width and height in pixels; `None` for anything but PNG, GIF and JPEG.
pub(super) fn pixels(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize, length: usize| {
        let read = |number, byte: &u8| number << 8 | u32::from(*byte);
        bytes.get(at..at + length).map(|bytes| bytes.iter().fold(0, read))
    };
    match bytes {
        // https://www.w3.org/TR/png-3/#11IHDR
        [0x89, b'P', b'N', b'G', ..] => Some((number(16, 4)?, number(20, 4)?)),
        // https://www.w3.org/Graphics/GIF/spec-gif89a.txt, 18: the only one that is little-endian.
        [b'G', b'I', b'F', ..] => Some((number(6, 2)?.swap_bytes() >> 16, number(8, 2)?.swap_bytes() >> 16)),
        // https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.2: segments up to the frame header.
        [0xFF, 0xD8, ..] => {
            let mut at = 2;
            loop {
                match (number(at, 1)?, number(at + 1, 1)?) {
                    (0xFF, 0xC4 | 0xC8 | 0xCC) => {}
                    (0xFF, 0xC0..=0xCF) => return Some((number(at + 7, 2)?, number(at + 5, 2)?)),
                    (0xFF, _) => {}
                    _ => return None,
                }
                at += 2 + number(at + 2, 2)? as usize;
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_file_has_its_type_by_its_name() {
        assert_eq!(type_of("map.PNG"), Some("image/png"));
        assert_eq!(type_of("a.b.txt"), Some("text/plain; charset=utf-8"));
        assert_eq!((type_of("png"), type_of("a.bin")), (None, None));
    }

    #[test]
    fn the_size_of_an_image_is_read() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0";
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc4\0\x02\xff\xc0\0\x11\x08\x01\xe0\x02\x80";
        let gif = b"GIF89a\x80\x02\xe0\x01";
        for bytes in [&png[..], jpeg, gif] {
            assert_eq!(pixels(bytes), Some((640, 480)));
            assert!((0..bytes.len()).all(|most| pixels(&bytes[..most]).is_none()), "cut off");
        }
        assert_eq!(pixels(b"\xff\xd8no picture"), None);
        assert_eq!(pixels(b"text"), None);
    }
}
