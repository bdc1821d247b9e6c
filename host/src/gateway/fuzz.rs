//! Any text as a frame of the gateway.

use super::event::{Dispatch, Frame, range_of};

/// A frame is an event, something else or an error; and an event that was found by its brackets is the one that a JSON
/// parser finds.
pub fn frame(bytes: &[u8]) {
    // The websocket library passes on nothing else as a text frame.
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(Frame::Dispatch { seq, name, data }) = Frame::read(text) else { return };
    let dispatch = Dispatch::read(3, text.into()).expect("it is one");
    assert_eq!((dispatch.seq, dispatch.name(), dispatch.data()), (seq, name, data));
    // What is in `d` is read by who wants it. The rest is JSON, and what it says is what was found.
    let at = range_of(data, text);
    let bare = format!("{}{{}}{}", &text[..at.start], &text[at.end..]);
    if !data.is_empty() && data.starts_with('{') {
        let bare = Frame::read_as_json(&bare).expect("it is JSON");
        assert_eq!(bare, Frame::Dispatch { seq, name, data: "{}" });
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        assert_eq!(Frame::read_as_json(text), Ok(Frame::Dispatch { seq, name, data }));
    }
}
