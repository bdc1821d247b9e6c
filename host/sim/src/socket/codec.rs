//! How payloads become websocket frames: plain text, or compressed in one of Discord's three ways.

use axum::extract::ws::Message as Frame;
use flate2::{Compress, Compression, FlushCompress};
use zstd::stream::raw::{Encoder, InBuffer, Operation, OutBuffer};

/// The smallest payload that is compressed, in bytes: Discord documents payload compression "for some events".
const COMPRESS_FROM_BYTES: usize = 2048;

/// The encoding of one connection.
pub(crate) enum Codec {
    Plain,
    /// IDENTIFY with `compress: true`: each binary frame is a zlib document.
    Payload,
    /// `compress=zlib-stream`: binary frames are parts of one zlib stream, each one flushed.
    ZlibStream(Box<Compress>),
    /// `compress=zstd-stream`: the same with a single zstd frame that never ends.
    ZstdStream(Encoder<'static>),
}

/// Lower than zstd's default of 3, because payloads are small and frequent.
const ZSTD_LEVEL: i32 = 1;

impl Codec {
    /// The codec for `compress` in the URL; an unknown value means no compression.
    pub(crate) fn asked(compress: Option<&str>) -> Self {
        match compress {
            Some("zlib-stream") => Self::ZlibStream(Box::new(Compress::new(Compression::fast(), true))),
            Some("zstd-stream") => {
                Self::ZstdStream(Encoder::new(ZSTD_LEVEL).expect("the level exists and memory is there"))
            }
            _ => Self::Plain,
        }
    }

    pub(crate) fn frame(&mut self, payload: String) -> Frame {
        match self {
            Self::Payload if payload.len() >= COMPRESS_FROM_BYTES => {
                let mut compress = Compress::new(Compression::fast(), true);
                Frame::Binary(deflate(&mut compress, payload.as_bytes(), FlushCompress::Finish).into())
            }
            Self::Plain | Self::Payload => Frame::Text(payload.into()),
            Self::ZlibStream(compress) => {
                Frame::Binary(deflate(compress, payload.as_bytes(), FlushCompress::Sync).into())
            }
            Self::ZstdStream(encoder) => Frame::Binary(zstd_piece(encoder, payload.as_bytes()).into()),
        }
    }
}

fn deflate(compress: &mut Compress, payload: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() / 2 + 64);
    let start = compress.total_in();
    loop {
        let taken = (compress.total_in() - start) as usize;
        compress
            .compress_vec(&payload[taken..], &mut out, flush)
            .expect("memory to memory, the stream is never used after its end");
        let all_taken = (compress.total_in() - start) as usize == payload.len();
        // If there is room left, the compressor holds nothing back.
        if all_taken && out.len() < out.capacity() {
            return out;
        }
        out.reserve(out.capacity().max(64));
    }
}

/// A payload with everything that the encoder held back, so that the client can read it at once.
fn zstd_piece(encoder: &mut Encoder<'static>, payload: &[u8]) -> Vec<u8> {
    const NEVER_FAILS: &str = "memory to memory, with a valid context";
    let mut piece = Vec::with_capacity(payload.len() / 2 + 64);
    let mut input = InBuffer::around(payload);
    loop {
        let written = piece.len();
        let mut output = OutBuffer::around_pos(&mut piece, written);
        if input.pos() < payload.len() {
            encoder.run(&mut input, &mut output).expect(NEVER_FAILS);
        }
        let held_back = encoder.flush(&mut output).expect(NEVER_FAILS);
        if held_back == 0 && input.pos() == payload.len() {
            return piece;
        }
        piece.reserve(held_back.max(64));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;
    use flate2::{Decompress, FlushDecompress};

    use super::*;

    fn bytes(frame: Frame) -> Vec<u8> {
        match frame {
            Frame::Binary(bytes) => bytes.to_vec(),
            other => panic!("not binary: {other:?}"),
        }
    }

    #[test]
    fn a_compressed_payload_is_one_zlib_document() {
        for length in [COMPRESS_FROM_BYTES, 5_000, 300_000] {
            let text: String = (0..length).map(|n| char::from(b'a' + (n * n % 23) as u8)).collect();
            let mut back = String::new();
            let document = bytes(Codec::Payload.frame(text.clone()));
            ZlibDecoder::new(&document[..]).read_to_string(&mut back).unwrap();
            assert_eq!(back, text);
        }
    }

    #[test]
    fn a_small_payload_stays_text() {
        assert!(matches!(Codec::Payload.frame("{}".to_owned()), Frame::Text(_)));
    }

    #[test]
    fn every_piece_of_a_stream_can_be_read_when_it_arrives() {
        let mut codec = Codec::asked(Some("zlib-stream"));
        let mut inflate = Decompress::new(true);
        for text in ["{\"op\":10}", "{\"op\":11}", &"x".repeat(70_000)] {
            let piece = bytes(codec.frame(text.to_owned()));
            assert_eq!(piece[piece.len() - 4..], [0, 0, 0xff, 0xff]);
            let mut back = Vec::with_capacity(80_000);
            inflate.decompress_vec(&piece, &mut back, FlushDecompress::Sync).unwrap();
            assert_eq!(back, text.as_bytes());
        }
    }

    #[test]
    fn every_piece_of_a_zstd_stream_can_be_read_when_it_arrives() {
        let mut codec = Codec::asked(Some("zstd-stream"));
        let mut decoder = zstd::stream::raw::Decoder::new().unwrap();
        let noise: String =
            (0..300_000_u32).map(|n| char::from(b'a' + (n.wrapping_mul(n) % 23) as u8)).collect();
        for text in ["{\"op\":10}", "{\"op\":11}", &"x".repeat(70_000), &noise, "{}"] {
            let piece = bytes(codec.frame(text.to_owned()));
            let mut back = Vec::with_capacity(400_000);
            let mut input = InBuffer::around(&piece);
            while input.pos() < piece.len() {
                let written = back.len();
                decoder.run(&mut input, &mut OutBuffer::around_pos(&mut back, written)).unwrap();
            }
            assert_eq!(back, text.as_bytes());
        }
    }
}
