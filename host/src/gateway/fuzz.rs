//! Fuzzes arbitrary text as a frame of the gateway.

use super::event::{Dispatch, Frame, range_of};

/// Reading a frame gives an event, another frame or an error; an event located by its brackets is the same one that a
/// JSON parser finds.
pub fn frame(bytes: &[u8]) {
    // The websocket library passes on nothing else as a text frame.
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(Frame::Dispatch { seq, name, data }) = Frame::read(text) else { return };
    let dispatch = Dispatch::read(3, text.into()).expect("it is one");
    assert_eq!((dispatch.seq, dispatch.name(), dispatch.data()), (seq, name, data));
    // The consumers parse `d`. The rest must be JSON with the values that were found.
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
