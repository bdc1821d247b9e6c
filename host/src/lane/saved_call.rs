//! Saves the calls that are queued for a cog when the host ends, so that the next host handles them.

use gearshift_cog::abi::{Event, Invocation, Origin};
use serde::{Deserialize, Serialize};

use super::{Call, Item};
use crate::event;

/// A call that was not started, in the form in which it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedCall {
    /// Discord's name of the event, and its JSON.
    event: String,
    json: String,
    /// The command and its arguments, if the event was a command call.
    command: Option<(String, String)>,
}

impl SavedCall {
    /// `None` for an interaction, whose user cannot wait that long, and for a run of a task, which will be due again.
    pub fn of(call: &Call) -> Option<SavedCall> {
        match call {
            Call::Event(Event::Interaction(_)) | Call::Task(_) => None,
            Call::Event(event) => Some(SavedCall {
                event: event.name().to_owned(),
                json: event.json().into_owned(),
                command: None,
            }),
            Call::Command(Invocation { command, arguments, origin: Origin::Prefix(message) }) => {
                Some(SavedCall {
                    event: "MESSAGE_CREATE".to_owned(),
                    json: message.json.to_string(),
                    command: Some((command.to_string(), arguments.to_string())),
                })
            }
            Call::Command(_) => None,
        }
    }

    /// The event's name and JSON.
    pub fn event(&self) -> (&str, &str) {
        (&self.event, &self.json)
    }

    /// The same call as an item. `None` if its message cannot be parsed.
    pub fn item(self) -> Option<Item> {
        let message = || event::message(&self.json).map(event::LazyMessage::message);
        if let Some((command, arguments)) = self.command {
            let origin = Origin::Prefix(message().ok()?);
            let (command, arguments) = (command.into(), arguments.into());
            return Some(Call::Command(Invocation { command, arguments, origin }).into());
        }
        let typed = match self.event.as_str() {
            "MESSAGE_CREATE" => message().ok().map(Event::MessageCreate),
            "MESSAGE_UPDATE" => message().ok().map(Event::MessageUpdate),
            "MESSAGE_DELETE" => event::deleted(&self.json).ok().map(Event::MessageDelete),
            _ => None,
        };
        Some(Item::event(typed.unwrap_or_else(|| event::raw(&self.event, &self.json))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str =
        r#"{"id":"1","channel_id":"2","content":"!ping hi","author":{"id":"3","username":"alice"}}"#;

    #[test]
    fn what_was_saved_is_the_same_call() {
        let message = event::message(MESSAGE).expect("a message").message();
        let deleted = event::deleted(r#"{"id":"1","channel_id":"2","guild_id":"3"}"#).expect("a deletion");
        let (command, arguments) = ("ping".into(), "hi".into());
        for call in [
            Call::Event(Event::MessageCreate(message.clone())),
            Call::Event(Event::MessageUpdate(message.clone())),
            Call::Event(Event::MessageDelete(deleted)),
            Call::Event(event::raw("TYPING_START", r#"{"user_id":"3"}"#)),
            Call::Event(event::raw("MESSAGE_CREATE", "[]")),
            Call::Command(Invocation { command, arguments, origin: Origin::Prefix(message) }),
        ] {
            let saved = SavedCall::of(&call).expect("it can wait");
            let text = serde_json::to_string(&saved).expect("it can be written");
            let again: SavedCall = serde_json::from_str(&text).expect("it can be read");
            let item = again.item().expect("it is what it was");
            assert_eq!(format!("{:?}", item.call), format!("{call:?}"));
        }
    }
}
