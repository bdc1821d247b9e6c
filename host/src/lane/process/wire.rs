//! The messages between the host and a cog's process. Both run this program, so the encoding may change with it.

use std::{borrow::Cow, path::PathBuf};

use gearshift_cog::abi::Level;
use serde::{Deserialize, Serialize};

use super::{
    super::{Call, Ended, State},
    bounds::Bounds,
};
use crate::{
    config::Sandbox,
    fault::Fault,
    handles::{Notification, Request},
};

/// Must be the same on both sides.
pub(super) const VERSION: u32 = 2;

/// What the process needs to start.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) version: u32,
    pub(super) cog: String,
    pub(super) number: u64,
    /// The private copy of its library.
    pub(super) file: PathBuf,
    pub(super) settings: String,
    pub(super) bot_id: u64,
    /// The most detailed log level.
    pub(super) log_level: Option<Level>,
    pub(super) events: Vec<String>,
    pub(super) commands: Vec<String>,
    pub(super) handlers_in_flight: usize,
    pub(super) calls_in_flight: usize,
    /// Limit of private memory in bytes; `None`: unlimited.
    pub(super) memory_max: Option<u64>,
    pub(super) bounds: Bounds,
    pub(super) sandbox: Sandbox,
    /// The folder for core dumps.
    pub(super) dumps: Option<PathBuf>,
}

/// Messages from the host.
#[derive(Serialize, Deserialize)]
pub(super) enum ToCog<'a> {
    Start(Start),
    Order(u64, Order),
    /// Nothing waits for the answer to that order any more.
    Abandon(u64),
    Serve,
    End,
    Item {
        number: u64,
        call: Cow<'a, Call>,
        /// Whether the host is asked before it starts.
        is_followed: bool,
    },
    /// A followed item may start, with this call.
    Begin {
        number: u64,
        call: Call,
    },
    /// The answer to a request; its own encoding follows.
    Answer(u64),
}

/// Orders that are answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    Setup,
    Restore(State),
    Save,
    Teardown,
    /// Answered by [`Answer::Paused`], and by [`Answer::Drained`] under the next order number.
    Pause,
    Cancel,
}

/// The answer to an order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Done(Result<(), Fault>),
    Saved(Result<Option<State>, Fault>),
    Paused,
    Drained,
    Cancelled(usize),
}

/// Messages from the cog's process.
#[derive(Serialize, Deserialize)]
pub(super) enum ToHost<'a> {
    /// Its library is open and its instance is created, or why not.
    Opened(Result<(), String>),
    Answer(u64, Answer),
    /// A followed item is to start.
    Begins(u64),
    /// Many of the queued items have started.
    Room,
    /// A handler has ended; `None`: the cog's code does not know the call.
    Ended(u64, Option<Ended>),
    Fault {
        what: Cow<'a, str>,
        fault: Fault,
    },
    Request(u64, Request),
    Cancel(u64),
    Notification(Notification),
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::fault::FaultKind;

    /// What a side would send, encoded.
    fn encoded(frame: &impl Serialize) -> Vec<u8> {
        postcard::to_allocvec(frame).expect("it has an encoding")
    }

    fn samples() -> Vec<Vec<u8>> {
        vec![
            encoded(&ToHost::Opened(Err("no".to_owned()))),
            encoded(&ToHost::Answer(3, Answer::Saved(Ok(None)))),
            encoded(&ToHost::Ended(5, None)),
            encoded(&ToHost::Cancel(u64::MAX)),
            encoded(&ToCog::Order(7, Order::Restore(State { version: 1, bytes: vec![9; 40] }))),
            encoded(&ToCog::Answer(1)),
            encoded(&ToCog::Abandon(2)),
        ]
    }

    fn read(bytes: &[u8]) {
        // It need not be a frame: parsing it must neither panic nor allocate more memory than there are bytes.
        let _ = postcard::from_bytes::<ToHost<'_>>(bytes);
        let _ = postcard::take_from_bytes::<ToCog<'_>>(bytes);
    }

    #[test]
    fn words_that_no_library_would_send_are_cut() {
        let long = "x".repeat(1 << 20);
        let fault = Fault { kind: FaultKind::Panic, text: long.clone(), place: Some(long) };
        let frame = encoded(&ToHost::Answer(1, Answer::Done(Err(fault))));
        let read = postcard::from_bytes(&frame).expect("a frame");
        let ToHost::Answer(1, Answer::Done(Err(fault))) = read else { panic!("it is another") };
        assert!(fault.to_string().len() < 10_000 && fault.text.ends_with('…'), "{}", fault.to_string().len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_bytes_are_a_frame_or_an_error_to_either_side(kind in 0_u8..12, rest in vec(0_u8.., 0..200)) {
            read(&[&[kind][..], &rest].concat());
            read(&rest);
        }

        #[test]
        fn a_frame_that_was_cut_off_or_changed_is_a_frame_or_an_error(
            sample in 0_usize..7,
            cut in 0_usize..60,
            at in 0_usize..60,
            byte in 0_u8..,
        ) {
            let mut frame = samples().swap_remove(sample);
            if let Some(place) = frame.get_mut(at) {
                *place = byte;
            }
            frame.truncate(frame.len().saturating_sub(cut).max(1));
            read(&frame);
        }
    }
}
