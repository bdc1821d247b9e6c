//! Incoming frames: the envelope of a gateway frame, and the event as it is passed on, its text unchanged.
//! Only the envelope is decoded.

use std::ops::Range;

use memchr::memchr2;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// One dispatch of Discord. Cloning shares the text.
#[derive(Debug, Clone)]
pub struct Dispatch {
    /// The shard that received it.
    pub shard: u16,
    /// Its sequence number in the shard's session; `None` if the server sent none.
    pub seq: Option<u64>,
    text: Utf8Bytes,
    name: Range<usize>,
    data: Range<usize>,
}

impl Dispatch {
    /// Its name, such as `MESSAGE_CREATE`.
    pub fn name(&self) -> &str {
        &self.text.as_str()[self.name.clone()]
    }

    /// The event's JSON, the `d` of the frame.
    pub fn data(&self) -> &str {
        &self.text.as_str()[self.data.clone()]
    }

    /// The whole frame.
    pub fn text(&self) -> &Utf8Bytes {
        &self.text
    }

    /// The position of [`data`](Dispatch::data) in the frame, in bytes.
    pub fn data_range(&self) -> Range<usize> {
        self.data.clone()
    }

    /// The event of a dispatch frame read from `text`.
    pub(super) fn new(
        shard: u16,
        seq: Option<u64>,
        name: Range<usize>,
        data: Range<usize>,
        text: Utf8Bytes,
    ) -> Dispatch {
        Dispatch { shard, seq, text, name, data }
    }

    /// Reads a frame that no shard has received, for tests of code that handles events.
    ///
    /// # Errors
    /// The text is not a dispatch frame.
    pub fn read(shard: u16, text: Utf8Bytes) -> Result<Dispatch, BadFrame> {
        match Frame::read(text.as_str())? {
            Frame::Dispatch { seq, name, data } => {
                let (name, data) = (range_of(name, &text), range_of(data, &text));
                Ok(Dispatch::new(shard, seq, name, data, text))
            }
            _ => Err(BadFrame("it is not a dispatch")),
        }
    }
}

/// A frame that the gateway never sends. The message says what is missing, never what the frame contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of the gateway cannot be understood: {0}")]
pub struct BadFrame(&'static str);

/// A frame that borrows its text.
#[derive(Debug, PartialEq)]
pub(super) enum Frame<'t> {
    Dispatch {
        /// Discord numbers every dispatch, but a missing number is no reason to lose the event.
        seq: Option<u64>,
        name: &'t str,
        data: &'t str,
    },
    HeartbeatRequest,
    Reconnect,
    InvalidSession {
        resumable: bool,
    },
    Hello {
        interval_ms: u64,
    },
    HeartbeatAck,
    /// An opcode that a later version of Discord may send; it is ignored.
    Unknown {
        op: u64,
    },
    /// JSON, but not the envelope that Discord documents. After a reconnect the server would probably send the same
    /// again, so it is ignored. <https://discord.com/developers/docs/events/gateway-events#payload-structure>
    Malformed(&'static str),
}

#[derive(Deserialize)]
struct Envelope<'t> {
    op: u64,
    s: Option<u64>,
    #[serde(borrow)]
    t: Option<&'t str>,
    #[serde(borrow)]
    d: Option<&'t RawValue>,
}

/// The same with fields of any type: parsed only if the strict envelope does not match.
#[derive(Deserialize)]
struct LooseEnvelope<'t> {
    #[serde(borrow)]
    op: Option<&'t RawValue>,
    #[serde(borrow)]
    s: Option<&'t RawValue>,
    #[serde(borrow)]
    t: Option<&'t RawValue>,
    #[serde(borrow)]
    d: Option<&'t RawValue>,
}

#[derive(Deserialize)]
struct Hello {
    /// Milliseconds. JSON may write a number with a decimal point.
    heartbeat_interval: f64,
}

/// What a RESUME needs, from READY.
#[derive(Debug, Deserialize)]
pub(super) struct Ready {
    pub(super) session_id: String,
    /// Servers may omit it or send another type; the session is then resumed at the usual address.
    #[serde(default, deserialize_with = "string_or_none")]
    pub(super) resume_gateway_url: Option<String>,
}

fn string_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(from).map(|value| value.as_str().map(str::to_owned))
}

impl<'t> Frame<'t> {
    pub(super) fn read(text: &'t str) -> Result<Frame<'t>, BadFrame> {
        match Frame::read_compact(text) {
            Some(dispatch) => Ok(dispatch),
            None => Frame::read_as_json(text),
        }
    }

    /// Parses a frame in any JSON notation.
    pub(super) fn read_as_json(text: &'t str) -> Result<Frame<'t>, BadFrame> {
        let envelope = match serde_json::from_str::<Envelope<'t>>(text) {
            Ok(envelope) => envelope,
            Err(_) => match Envelope::read_loosely(text)? {
                Ok(envelope) => envelope,
                Err(why) => return Ok(Frame::Malformed(why)),
            },
        };
        let data = envelope.d.map_or("", RawValue::get);
        Ok(match envelope.op {
            0 => match envelope.t {
                Some(name) => Frame::Dispatch { seq: envelope.s, name, data },
                None => Frame::Malformed("a dispatch without a name (`t`)"),
            },
            1 => Frame::HeartbeatRequest,
            7 => Frame::Reconnect,
            9 => Frame::InvalidSession { resumable: data == "true" },
            10 => match serde_json::from_str(data) {
                // The cast saturates if the number is too large.
                Ok(Hello { heartbeat_interval: ms }) if ms >= 1.0 => Frame::Hello { interval_ms: ms as u64 },
                _ => Frame::Malformed("HELLO whose `heartbeat_interval` is not a time in milliseconds"),
            },
            11 => Frame::HeartbeatAck,
            op => Frame::Unknown { op },
        })
    }
}

impl<'t> Frame<'t> {
    /// A dispatch as servers write it: without spaces, with `d` an object and the last key. Nearly every frame looks
    /// like that, and its consumers parse all of `d` later, so here only its end is located. `None` if it is another
    /// frame, or written differently.
    fn read_compact(text: &'t str) -> Option<Frame<'t>> {
        let (mut op, mut seq, mut name) = (None, None, None);
        let mut rest = text.strip_prefix('{')?;
        loop {
            let (key, value) = rest.strip_prefix('"')?.split_once('"')?;
            let value = value.strip_prefix(':')?;
            if key == "d" {
                let (data, end) = value.split_at_checked(object_length(value)?)?;
                let is_dispatch = op == Some("0") && end == "}";
                return is_dispatch.then_some(Frame::Dispatch { seq: seq?, name: name?, data });
            }
            let (value, next) = value.split_once(',')?;
            match key {
                "op" if op.is_none() => op = Some(value),
                "s" if seq.is_none() => seq = Some(number(value)?),
                "t" if name.is_none() => name = Some(plain_string(value)?),
                _ => return None,
            }
            rest = next;
        }
    }
}

/// A number; `Some(None)` for `null`.
fn number(json: &str) -> Option<Option<u64>> {
    match json {
        "null" => Some(None),
        // JSON does not allow leading zeros.
        _ if json.len() > 1 && json.starts_with('0') => None,
        _ if json.bytes().all(|byte| byte.is_ascii_digit()) => json.parse().ok().map(Some),
        _ => None,
    }
}

/// The content of a string without escapes.
fn plain_string(json: &str) -> Option<&str> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(inner)
}

/// The position of the quote that ends a string; the string begins before `at`.
fn end_of_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => return Some(at),
            _ => at += 2,
        }
    }
}

/// Length in bytes of the object at the beginning of a text. Only brackets and strings are examined.
fn object_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'{') {
        return None;
    }
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => at = end_of_string(bytes, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

impl<'t> Envelope<'t> {
    /// Reads a text that does not match the envelope exactly. The inner error says why it is unusable, the outer one
    /// that it is not even JSON.
    fn read_loosely(text: &'t str) -> Result<Result<Envelope<'t>, &'static str>, BadFrame> {
        let Ok(loose) = serde_json::from_str::<LooseEnvelope<'t>>(text) else {
            return match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => Ok(Err("JSON that is not an object with each key once")),
                Err(_) => Err(BadFrame("it is not JSON")),
            };
        };
        let number = |raw: &'t RawValue| serde_json::from_str::<u64>(raw.get()).ok();
        let Some(op) = loose.op.and_then(number) else { return Ok(Err("a frame without an opcode (`op`)")) };
        let name = |raw: &'t RawValue| serde_json::from_str::<&str>(raw.get()).ok();
        Ok(Ok(Envelope { op, s: loose.s.and_then(number), t: loose.t.and_then(name), d: loose.d }))
    }
}

/// The position of `part`, a slice of `text`, in bytes; `0..0` if it is empty.
pub(super) fn range_of(part: &str, text: &str) -> Range<usize> {
    if part.is_empty() {
        return 0..0;
    }
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_its_frame_and_two_ranges() {
        let text = r#"{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{"content":"h\u00e4","n":[1, 2]}}"#;
        let event = Dispatch::read(3, text.into()).unwrap();
        assert_eq!((event.shard, event.seq, event.name()), (3, Some(42), "MESSAGE_CREATE"));
        assert_eq!(event.data(), r#"{"content":"h\u00e4","n":[1, 2]}"#);
        assert_eq!(&event.text().as_str()[event.data_range()], event.data());
    }

    #[test]
    fn a_dispatch_is_the_same_however_it_is_written() {
        let data = r#"{"a":"}\\\"]","b":[{"c":"ä"},[]],"d":{},"e":"\\\\"}"#;
        let wanted = Frame::Dispatch { seq: Some(42), name: "MESSAGE_CREATE", data };
        let (t, s, op, d) = (r#""t":"MESSAGE_CREATE""#, r#""s":42"#, r#""op":0"#, format!("\"d\":{data}"));
        let cases = [
            (true, format!("{{{t},{s},{op},{d}}}")),
            (true, format!("{{{op},{s},{t},{d}}}")),
            (false, format!("{{{d},{op},{s},{t}}}")),
            (false, format!("{{{t},{s},{op},{d},\"x\":{{}}}}")),
            (false, format!("{{\"x\":1,{t},{s},{op},{d}}}")),
            (false, format!("{{{t},{s},{op}, {d} }}")),
        ];
        for (is_compact, text) in cases {
            assert_eq!(Frame::read_compact(&text).is_some(), is_compact, "{text}");
            assert_eq!(Frame::read(&text).unwrap(), wanted, "{text}");
        }
        for text in [
            format!("{{{t},{s},{op},{s},{d}}}"),
            format!("{{{t},\"s\":042,{op},{d}}}"),
            format!("{{{t},{s},{op},{d}"),
            format!("{{{t},{s},{op},{d}}}}}"),
            format!("{{{t},{s},{op},\"d\":{{\"a\":\"}}}}"),
            format!("{{{t},{s},{op},\"d\":{{\"a\":\"\\"),
        ] {
            assert_eq!(Frame::read_compact(&text), None, "{text}");
        }
    }

    #[test]
    fn every_op_is_distinguished() {
        let cases = [
            (r#"{"op":1,"d":null}"#, Frame::HeartbeatRequest),
            (r#"{"op":7,"d":null,"s":null,"t":null}"#, Frame::Reconnect),
            (r#"{"op":9,"d":false}"#, Frame::InvalidSession { resumable: false }),
            (r#"{"op":9,"d":true}"#, Frame::InvalidSession { resumable: true }),
            (
                r#"{"op":10,"d":{"heartbeat_interval":41250,"_trace":[]}}"#,
                Frame::Hello { interval_ms: 41250 },
            ),
            (r#"{"op":10,"d":{"heartbeat_interval":41250.5}}"#, Frame::Hello { interval_ms: 41250 }),
            (r#"{"op":10,"d":{"heartbeat_interval":1e30}}"#, Frame::Hello { interval_ms: u64::MAX }),
            (r#"{"op":11}"#, Frame::HeartbeatAck),
            (r#"{"op":77,"d":{}}"#, Frame::Unknown { op: 77 }),
        ];
        for (text, frame) in cases {
            assert_eq!(Frame::read(text).unwrap(), frame, "{text}");
        }
    }

    #[test]
    fn an_odd_envelope_is_no_broken_connection() {
        for s in ["null", "-1", "1.5", "\"7\"", "[]", "18446744073709551616"] {
            let text = format!(r#"{{"op":0,"s":{s},"t":"X","d":{{"n":1}}}}"#);
            let dispatch = Frame::Dispatch { seq: None, name: "X", data: r#"{"n":1}"# };
            assert_eq!(Frame::read(&text).unwrap(), dispatch, "{text}");
        }
        assert_eq!(
            Frame::read(r#"{"op":0,"t":"X"}"#).unwrap(),
            Frame::Dispatch { seq: None, name: "X", data: "" }
        );
        let malformed = [
            r#"{"op":0,"s":1}"#,
            r#"{"op":0,"s":1,"t":5,"d":{}}"#,
            r#"{"op":"0","s":1,"t":"X"}"#,
            r#"{"op":-1}"#,
            r#"{"s":1,"t":"X"}"#,
            r#"{"op":10,"d":{}}"#,
            r#"{"op":10,"d":{"heartbeat_interval":0}}"#,
            r#"{"op":10,"d":{"heartbeat_interval":-5}}"#,
            r#"{"op":10,"d":{"heartbeat_interval":"41250"}}"#,
            r#"{"op":10,"d":{"heartbeat_interval":1e999}}"#,
            r#"{"op":0,"op":0}"#,
            "{}",
            "[]",
            "null",
            "5",
        ];
        for text in malformed {
            assert!(matches!(Frame::read(text), Ok(Frame::Malformed(_))), "{text}");
        }
    }

    #[test]
    fn an_odd_address_does_not_lose_the_session_that_it_is_of() {
        for (url, read) in [("\"wss://x\"", Some("wss://x")), ("5", None), ("{}", None)] {
            let ready = format!(r#"{{"session_id":"one","resume_gateway_url":{url}}}"#);
            let ready: Ready = serde_json::from_str(&ready).unwrap();
            assert_eq!(ready.resume_gateway_url.as_deref(), read);
        }
    }

    #[test]
    fn a_frame_that_is_not_json_is_an_error_that_quotes_nothing() {
        for text in ["", "secret", r#"{"op":0,"#, r#"{"op":0,"t":"secret}"#] {
            let error = Frame::read(text).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
