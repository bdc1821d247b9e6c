//! Interactions: how they may be answered, and until when.
//! <https://discord.com/developers/docs/interactions/receiving-and-responding>

use serde_json::{Value, json};

use super::{BOT, Discord, Refused, form, messages::New};
use crate::{
    abi::File,
    interactions::{
        AUTOCOMPLETE, CALLBACK_CHOICES, CALLBACK_DEFERRED, CALLBACK_DEFERRED_UPDATE, CALLBACK_MESSAGE,
        CALLBACK_MODAL, CALLBACK_UPDATE, COMPONENT, MODAL,
    },
    message::{EPHEMERAL, LOADING},
    testing::world::World,
};

/// How long the initial response may take, and all followups, in milliseconds.
pub(in crate::testing) const FIRST_ANSWER_MS: u64 = 3_000;
const TOKEN_MS: u64 = 15 * 60 * 1000;

/// An interaction, and how it was answered.
pub(in crate::testing) struct Open {
    pub(in crate::testing) id: u64,
    pub(in crate::testing) token: String,
    pub(in crate::testing) kind: u8,
    pub(in crate::testing) user: u64,
    pub(in crate::testing) channel: u64,
    pub(in crate::testing) began_ms: u64,
    /// The message that a component is on, or that a form was opened from.
    pub(in crate::testing) source: Option<u64>,
    /// For a form: the metadata of the interaction that opened it, as messages include it.
    pub(in crate::testing) opened_by: Option<Value>,
    /// Whether the host knows that it belongs to the cog.
    pub(in crate::testing) is_owned: bool,
    /// Whether the host acknowledges it as ephemeral.
    pub(in crate::testing) is_ephemeral: bool,
    pub(in crate::testing) state: State,
    /// Whether the host alone has acknowledged it, and the cog has not deferred it since.
    pub(in crate::testing) is_deferred_by_host: bool,
    /// The message behind `@original`.
    pub(in crate::testing) original: Option<u64>,
    /// The messages of the answer, in order: those posted, and the source message if it was edited.
    pub(in crate::testing) shown: Vec<u64>,
    /// Suggestions or a form, as the cog sent them.
    pub(in crate::testing) data: Option<Value>,
    /// Whether the transcript has a line that the user was left without an answer.
    pub(in crate::testing) is_reported: bool,
}

/// The progress of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::testing) enum State {
    /// No response yet.
    Waiting,
    /// Deferred: the user sees "thinking …".
    Thinking,
    /// Acknowledged silently: the message of the component may still be edited.
    Acknowledged,
    /// Answered with what is in `shown` or `data`.
    Answered,
}

impl Open {
    /// The metadata of the interaction, as messages that answer it include it.
    /// <https://discord.com/developers/docs/resources/message#message-interaction-metadata-object>
    pub(in crate::testing) fn metadata(&self, discord: &Discord) -> Value {
        let mut metadata = json!({
            "id": self.id.to_string(), "type": self.kind, "user": discord.user_json(self.user),
            "authorizing_integration_owners": { "0": super::GUILD.to_string() },
        });
        if let Some(message) = self.source.filter(|_| self.kind == COMPONENT) {
            metadata["interacted_message_id"] = json!(message.to_string());
        }
        if let Some(before) = &self.opened_by {
            metadata["triggering_interaction_metadata"] = before.clone();
        }
        metadata
    }
}

impl Discord {
    fn open(&self, token: &str) -> Option<usize> {
        self.interactions.iter().position(|open| open.token == token)
    }

    /// The initial response.
    pub(in crate::testing) fn callback(
        &mut self,
        world: &World,
        id: &str,
        token: &str,
        body: &Value,
        files: &[File],
    ) -> Result<Option<u64>, Refused> {
        let at = self.open(token).filter(|at| self.interactions[*at].id.to_string() == id);
        let Some(at) = at else { return Err(Refused::UNKNOWN_INTERACTION.into()) };
        let open = &mut self.interactions[at];
        if open.state != State::Waiting {
            // A cog that defers what the host has deferred promises an answer.
            open.is_deferred_by_host &= !(open.state == State::Thinking && body["type"] == CALLBACK_DEFERRED);
            return Err(Refused::ACKNOWLEDGED.into());
        }
        if world.clock.unix_ms() > open.began_ms + FIRST_ANSWER_MS {
            return Err(Refused::UNKNOWN_INTERACTION.into());
        }
        let (kind, source, has_source) = (open.kind, open.source, open.source.is_some());
        let data = &body["data"];
        let callback = body["type"].as_u64().and_then(|kind| u8::try_from(kind).ok()).unwrap_or(0);
        let fits = match callback {
            CALLBACK_MESSAGE | CALLBACK_DEFERRED => kind != AUTOCOMPLETE,
            CALLBACK_DEFERRED_UPDATE | CALLBACK_UPDATE => matches!(kind, COMPONENT | MODAL) && has_source,
            CALLBACK_CHOICES => kind == AUTOCOMPLETE,
            CALLBACK_MODAL => !matches!(kind, AUTOCOMPLETE | MODAL),
            _ => false,
        };
        if !fits {
            let what = format!(
                "an interaction of type {kind} cannot be answered with a callback of type {callback}"
            );
            return Err(Refused::form("type", "BASE_TYPE_CHOICES", &what));
        }
        match callback {
            CALLBACK_MESSAGE => {
                form::message(data, files.len())?;
                let id = self.answer(world, at, data, files)?;
                let open = &mut self.interactions[at];
                (open.state, open.original) = (State::Answered, Some(id));
            }
            CALLBACK_DEFERRED => {
                let id = self.answer(world, at, &json!({ "flags": data["flags"] }), &[])?;
                if let Some(posted) = self.messages.get_mut(&id) {
                    let flags = posted.json["flags"].as_u64().unwrap_or(0);
                    posted.json["flags"] = json!(flags | LOADING);
                }
                let open = &mut self.interactions[at];
                open.shown.clear();
                (open.state, open.original) = (State::Thinking, Some(id));
            }
            CALLBACK_DEFERRED_UPDATE => {
                let open = &mut self.interactions[at];
                (open.state, open.original) = (State::Acknowledged, source);
            }
            CALLBACK_UPDATE => {
                let source = source.unwrap_or_default();
                self.edit(world, source, data, files)?;
                let open = &mut self.interactions[at];
                (open.state, open.original) = (State::Answered, Some(source));
                open.shown.push(source);
            }
            _ => {
                if callback == CALLBACK_CHOICES { form::choices(data) } else { form::modal(data) }?;
                let open = &mut self.interactions[at];
                (open.state, open.data) = (State::Answered, Some(data.clone()));
            }
        }
        Ok(self.interactions[at].original)
    }

    /// Posts a message for an interaction.
    fn answer(&mut self, world: &World, at: usize, data: &Value, files: &[File]) -> Result<u64, Refused> {
        let open = &self.interactions[at];
        let is_ephemeral = data["flags"].as_u64().unwrap_or(0) & EPHEMERAL != 0;
        let new = New {
            channel: open.channel,
            author: BOT,
            body: data,
            files,
            only_for: is_ephemeral.then_some(open.user),
            interaction: Some(open.metadata(self)),
        };
        let id = self.post(world, &new)?;
        self.interactions[at].shown.push(id);
        Ok(id)
    }

    /// The interaction of a token, if followups to it are still allowed.
    fn acknowledged(&self, world: &World, token: &str) -> Result<usize, Refused> {
        let at = self.open(token).ok_or(Refused::UNKNOWN_WEBHOOK)?;
        let open = &self.interactions[at];
        if world.clock.unix_ms() > open.began_ms + TOKEN_MS {
            return Err(Refused::EXPIRED.into());
        }
        if open.state == State::Waiting { Err(Refused::UNKNOWN_WEBHOOK.into()) } else { Ok(at) }
    }

    /// A followup. The first one after "thinking …" replaces it.
    pub(super) fn follow_up(
        &mut self,
        world: &World,
        token: &str,
        body: &Value,
        files: &[File],
    ) -> Result<Value, Refused> {
        let at = self.acknowledged(world, token)?;
        form::message(body, files.len())?;
        if self.interactions[at].state == State::Thinking {
            return self.patch_answer(world, token, "@original", body, files);
        }
        let id = self.answer(world, at, body, files)?;
        Ok(self.messages[&id].json.clone())
    }

    pub(super) fn patch_answer(
        &mut self,
        world: &World,
        token: &str,
        message: &str,
        body: &Value,
        files: &[File],
    ) -> Result<Value, Refused> {
        let (at, id) = self.answer_of(world, token, message)?;
        let is_original = self.interactions[at].original == Some(id);
        self.edit(world, id, body, files)?;
        let open = &mut self.interactions[at];
        if !open.shown.contains(&id) {
            open.shown.push(id);
        }
        if is_original {
            open.state = State::Answered;
        }
        let Some(posted) = self.messages.get_mut(&id) else { return Err(Refused::UNKNOWN_MESSAGE.into()) };
        let flags = posted.json["flags"].as_u64().unwrap_or(0);
        posted.json["flags"] = json!(flags & !LOADING);
        Ok(posted.json.clone())
    }

    pub(super) fn read_answer(&self, world: &World, token: &str, message: &str) -> Result<Value, Refused> {
        let (_, id) = self.answer_of(world, token, message)?;
        Ok(self.messages[&id].json.clone())
    }

    pub(super) fn delete_answer(&mut self, world: &World, token: &str, message: &str) -> Result<(), Refused> {
        let (at, id) = self.answer_of(world, token, message)?;
        self.delete(world, id)?;
        let open = &mut self.interactions[at];
        open.shown.retain(|shown| *shown != id);
        if open.original == Some(id) {
            open.state = State::Answered;
        }
        Ok(())
    }

    /// A message of the answer: `@original`, or one by its id.
    fn answer_of(&self, world: &World, token: &str, message: &str) -> Result<(usize, u64), Refused> {
        let at = self.acknowledged(world, token)?;
        let open = &self.interactions[at];
        let id = match message {
            "@original" => open.original,
            id => id.parse().ok().filter(|id| open.shown.contains(id)),
        };
        let is_there = |id: &u64| self.messages.get(id).is_some_and(|posted| !posted.is_deleted);
        id.filter(is_there).map(|id| (at, id)).ok_or_else(|| Refused::UNKNOWN_MESSAGE.into())
    }
}
