//! Answers to interactions, request by request.

use futures_util::FutureExt as _;

use super::*;
use crate::{
    Long,
    handles::fake::{fake, host, interaction},
    interactions::COMMAND,
};

fn command(deferred: bool) -> Interaction {
    Interaction { command: "long".into(), command_kind: 1, deferred, ..interaction(COMMAND) }
}

#[test]
fn a_long_answer_continues_in_followups_that_are_ephemeral_too() {
    let lines = [
        "POST /interactions/1/token/callback",
        "POST /webhooks/2/token",
        // The host deferred publicly: the answer replaces "thinking …".
        "DELETE /webhooks/2/token/messages/@original",
        "POST /webhooks/2/token",
        "POST /webhooks/2/token",
    ];
    for deferred in [false, true] {
        let message = NewMessage::new("word ".repeat(600)).long(Long::Split).ephemeral();
        let answered = host().discord().respond(&command(deferred), message).now_or_never();
        answered.expect("the fake answers at once").expect("it is answered");
    }
    let asked = fake(|fake| fake.requests.drain(..).collect::<Vec<_>>());
    assert_eq!(asked.iter().map(|it| &*it.line).collect::<Vec<_>>(), lines);
    let flags = asked.iter().map(|it| (it.json["data"]["flags"].as_u64(), it.json["flags"].as_u64()));
    let [first, later, none] = [(Some(64), None), (None, Some(64)), (None, None)];
    assert_eq!(flags.collect::<Vec<_>>(), [first, later, none, later, later]);
}

#[test]
fn a_callback_notifies_nobody_by_default() {
    let everyone = serde_json::json!({ "parse": ["everyone"] });
    let nobody = serde_json::json!({ "parse": [] });
    let texts = [(CALLBACK_MESSAGE, None), (CALLBACK_UPDATE, None), (CALLBACK_MESSAGE, Some(&everyone))];
    for (kind, allowed) in texts {
        let mut data = serde_json::json!({ "content": "@everyone" });
        if let Some(allowed) = allowed {
            data["allowed_mentions"] = allowed.clone();
        }
        let sent = host().discord().callback(&command(false), kind, &data).now_or_never();
        sent.expect("at once").expect("it is answered");
        let asked = fake(|fake| fake.requests.pop()).expect("it was sent");
        assert_eq!(asked.json["data"]["allowed_mentions"], *allowed.unwrap_or(&nobody));
    }
}

#[test]
fn a_text_that_is_too_long_does_not_change_the_message() {
    let refused = host().discord().respond(&command(true), "x".repeat(2001)).now_or_never();
    assert!(refused.expect("at once").is_err());
    assert!(fake(|fake| fake.requests.is_empty()));
    let message = NewMessage::new("x".repeat(2001)).long(Long::Attach);
    let attached = host().discord().respond(&command(false), message).now_or_never();
    attached.expect("at once").expect("it is answered");
    assert_eq!(fake(|fake| fake.requests.pop().map(|asked| asked.files)), Some(1));
}
