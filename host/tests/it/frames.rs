//! The process of a cog may send anything over its socket: the host understands it, or ends that process.

use proptest::{
    collection::vec,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use crate::{
    sandbox::intruder,
    stage::{SOON, Stage, look_until},
};

/// Has the intruder send these bytes to the host. Returns whether that ended its process; if so, the next one answers.
async fn send(stage: &Stage, bytes: &[u8]) -> bool {
    let before = stage.status("intruder").generation;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    stage.alice.say("general", &format!("!intruder frame {hex}")).await.unwrap();
    // A question that is on its way when the process ends is lost with it.
    for _ in 0..3 {
        let said = stage.alice.say("general", "!intruder hello").await.unwrap();
        let generation = stage.status("intruder").generation;
        let is_new = || {
            let status = stage.status("intruder");
            (status.generation > generation).then_some(())
        };
        tokio::select! {
            reply = stage.sim.reply_to(said, SOON) => {
                assert_eq!(reply.expect("an answer").content, "done: hello");
                return stage.status("intruder").generation > before;
            }
            () = look_until(is_new) => {}
        }
    }
    panic!("its processes end by themselves: {:?}", stage.status("intruder").last_fault);
}

/// A frame as the process sends it, with its length first.
fn framed(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap();
    [&length.to_ne_bytes()[..], frame].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_does_not_understand_ends_the_process_that_sent_it_and_is_named() {
    let stage = intruder("").await;
    let in_file = 1_u32 << 31;
    for (bytes, why) in [
        (u32::MAX.to_ne_bytes().to_vec(), "a frame of 2147483647 bytes, "),
        ((in_file - 1).to_ne_bytes().to_vec(), "a frame of 2147483647 bytes, "),
        // Larger than any request may be; it is refused before any of it arrives.
        ((60_u32 << 20).to_ne_bytes().to_vec(), "a frame of 62914560 bytes, 27262976 are allowed"),
        ((in_file | 60 << 20).to_ne_bytes().to_vec(), "a frame of 62914560 bytes, 27262976 are allowed"),
        ((in_file | 5).to_ne_bytes().to_vec(), "a frame's file is missing"),
        (framed(&[]), ""),
        (framed(&[0xff; 20]), ""),
        // The end and the beginning of an item that it was never given.
        (framed(&[4, 0xe7, 0x07, 0]), "item 999 was not given to it"),
        (framed(&[2, 0xe7, 0x07]), "item 999 was not given to it"),
        // Two requests with the same number: both sleep.
        (
            [framed(&[6, 5, 11, 1]), framed(&[6, 5, 11, 1])].concat(),
            "request 5 was sent again before it was answered",
        ),
        // A truncated request, and an invalid text.
        (framed(&[6, 1]), ""),
        (framed(&[0, 1, 2, 0xff, 0xff]), ""),
        // The following frames are taken for the rest of this one.
        (5_u32.to_ne_bytes().to_vec(), ""),
    ] {
        let before = stage.status("intruder").generation;
        send(&stage, &bytes).await;
        // The next generation may answer a moment before its status is updated.
        stage.until_status("intruder", |status| status.generation > before).await;
        let fault = stage.status("intruder").last_fault.unwrap();
        let said = "its process was ended because it sent what the host does not understand: ";
        assert!(fault.starts_with(said) && fault.contains(why), "{bytes:?}: {fault}");
        assert_eq!(stage.ask("!ping").await, "pong");
    }
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_frames_delays_neither_other_cogs_nor_control_requests() {
    let stage = intruder("").await;
    // An answer that nothing waits for; a message that there is room; a fault with a text of one letter.
    for frame in [&[7, 5][..], &[3], &[5, 1, b'x', 0, 1, b'x', 0]] {
        let hex: String = framed(frame).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(stage.ask(&format!("!intruder flood {hex}")).await, "done: a flood");
        for _ in 0..10 {
            assert_eq!(stage.ask("!ping").await, "pong", "{frame:?}");
        }
        stage.host.cogs().unload("intruder").await.expect("it is looked at");
        stage.host.cogs().load("intruder").await.expect("nothing holds it up");
    }
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_process_sends_the_host_and_the_other_cogs_go_on() {
    let stage = intruder("").await;
    let mut runner = TestRunner::deterministic();
    // The first byte is the kind of frame; most values are valid.
    let frames = (0_u8..12, vec(0_u8.., 0..40)).prop_map(|(kind, rest)| [&[kind][..], &rest].concat());
    let mut ended = 0;
    for _ in 0..60 {
        let frame = frames.new_tree(&mut runner).unwrap().current();
        ended += usize::from(send(&stage, &framed(&frame)).await);
        assert_eq!(stage.ask("!ping").await, "pong", "after {frame:?}");
    }
    assert!(ended > 0);
    assert_eq!(stage.status("ping").generation, Some(1));
    stage.down().await;
}
