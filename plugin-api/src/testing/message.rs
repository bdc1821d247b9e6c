//! A message from a test's point of view.

use std::rc::Rc;

use serde_json::Value;

use super::{discord::Posted, stage::Stage, transcript::quoted};

/// A message. Its methods return the current state, including later edits.
#[derive(Clone)]
pub struct Message {
    pub(super) stage: Rc<Stage>,
    id: u64,
}

impl Message {
    pub(super) fn new(stage: &Rc<Stage>, id: u64) -> Self {
        Self { stage: Rc::clone(stage), id }
    }

    /// All matching messages that are not deleted, in order.
    pub(super) fn all(stage: &Rc<Stage>, fits: impl Fn(&Posted) -> bool) -> Vec<Self> {
        let discord = stage.world.discord.borrow();
        let fitting = discord.messages.iter().filter(|(_, posted)| !posted.is_deleted && fits(posted));
        fitting.map(|(id, _)| Self::new(stage, *id)).collect()
    }

    fn look<T>(&self, look: impl FnOnce(&Posted) -> T) -> T {
        look(&self.stage.world.discord.borrow().messages[&self.id])
    }

    /// The message's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The id of the channel that it is in.
    #[must_use]
    pub fn channel_id(&self) -> u64 {
        self.look(|posted| posted.channel)
    }

    /// The message's text.
    #[must_use]
    pub fn content(&self) -> String {
        self.look(|posted| posted.json["content"].as_str().unwrap_or_default().to_owned())
    }

    /// The message in Discord's JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        self.look(|posted| posted.json.clone())
    }

    /// The message's embeds, in Discord's JSON.
    #[must_use]
    pub fn embeds(&self) -> Vec<Value> {
        self.json()["embeds"].as_array().cloned().unwrap_or_default()
    }

    /// Whether only one user sees it.
    #[must_use]
    pub fn is_ephemeral(&self) -> bool {
        self.look(|posted| posted.only_for.is_some())
    }

    /// Whether it was deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.look(|posted| posted.is_deleted)
    }

    /// The ids of the users that it notifies.
    #[must_use]
    pub fn notifies(&self) -> Vec<u64> {
        let json = self.json();
        let users = json["mentions"].as_array().into_iter().flatten();
        users.filter_map(|user| super::decode::number(&user["id"])).collect()
    }

    /// The names of its files.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let json = self.json();
        let files = json["attachments"].as_array().into_iter().flatten();
        files.filter_map(|file| file["filename"].as_str().map(str::to_owned)).collect()
    }

    /// Its reactions, with the number of users for each.
    #[must_use]
    pub fn reactions(&self) -> Vec<(String, u64)> {
        let json = self.json();
        let reactions = json["reactions"].as_array().into_iter().flatten();
        let shown = |it: &Value| {
            let name = it["emoji"]["name"].as_str().unwrap_or_default().to_owned();
            (name, it["count"].as_u64().unwrap_or(0))
        };
        reactions.map(shown).collect()
    }

    /// Its buttons and selects with a `custom_id`, in Discord's JSON, including nested ones.
    #[must_use]
    pub fn components(&self) -> Vec<Value> {
        let mut found = Vec::new();
        collect(&self.json()["components"], &mut found);
        found
    }

    /// Fails the test if its text differs.
    ///
    /// # Panics
    /// If the texts differ; prints both and the transcript.
    #[track_caller]
    pub fn assert_content(&self, expected: &str) {
        let content = self.content();
        if content != expected {
            let (content, expected) = (quoted(&content), quoted(expected));
            self.stage.fail(&format!("the message says {content}, not {expected}"));
        }
    }
}

/// Everything in `parts` that has a `custom_id`, depth first.
pub(super) fn collect(parts: &Value, found: &mut Vec<Value>) {
    for part in parts.as_array().into_iter().flatten() {
        if part["custom_id"].is_string() {
            found.push(part.clone());
        }
        collect(&part["components"], found);
        for single in ["component", "accessory"] {
            if part[single].is_object() {
                collect(&Value::Array(vec![part[single].clone()]), found);
            }
        }
    }
}
