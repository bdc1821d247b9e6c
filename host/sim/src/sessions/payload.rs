//! An event for sessions: serialised once, and shared by all that receive it.

use std::fmt::Write;

use serde::Serialize;

/// An event's JSON, complete but for the sequence number, which depends on the session and is inserted at the start.
#[derive(Debug)]
pub(crate) struct Payload {
    /// The event's name on the wire.
    pub(crate) name: &'static str,
    /// `,"op":0,"t":"NAME","d":{…}}`
    tail: Box<str>,
}

impl Payload {
    pub(crate) fn new(name: &'static str, data: &impl Serialize) -> Self {
        let mut tail = Vec::with_capacity(1024);
        tail.extend_from_slice(b",\"op\":0,\"t\":\"");
        tail.extend_from_slice(name.as_bytes());
        tail.extend_from_slice(b"\",\"d\":");
        serde_json::to_writer(&mut tail, data)
            .expect("the world's objects have string keys and go to memory");
        tail.push(b'}');
        let tail = String::from_utf8(tail).expect("serde_json writes UTF-8");
        Self { name, tail: tail.into_boxed_str() }
    }

    /// The frame for a session in which it has the number `seq`.
    pub(crate) fn frame(&self, seq: u64) -> String {
        let mut frame = String::with_capacity(self.tail.len() + 24);
        // Writing to a `String` cannot fail.
        let _ = write!(frame, "{{\"s\":{seq}{}", self.tail);
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_the_shared_json_with_the_sessions_number() {
        let payload = Payload::new("TYPING_START", &serde_json::json!({ "user_id": "7" }));
        let frame: serde_json::Value = serde_json::from_str(&payload.frame(1203)).unwrap();
        assert_eq!(
            frame,
            serde_json::json!({ "op": 0, "s": 1203, "t": "TYPING_START", "d": { "user_id": "7" } })
        );
    }
}
