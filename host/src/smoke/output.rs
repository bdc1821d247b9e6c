//! The bot's output in the notation of scripts, item by item. It makes no judgement.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
    time::Duration,
};

use gearshift_sim::{Acknowledgement, Component, Entry, EntryKind, Message, Reader, Sim, Snowflake};

/// The bot's output from some point on.
pub(super) struct Output {
    reader: Reader,
    /// Answers that still show "thinking …": their first edit counts as a new message.
    loading: BTreeSet<Snowflake>,
    /// Names of the bots: a reaction contains only the name.
    bots: BTreeSet<String>,
    /// Output that is not in the transcript; it comes first.
    aside: VecDeque<String>,
    /// Texts of messages, for when the bot deletes them.
    texts: BTreeMap<Snowflake, String>,
}

/// How many texts are remembered; the oldest are dropped.
const MAX_TEXTS: usize = 1000;

impl Output {
    /// Starts now.
    pub(super) fn new(sim: &Sim) -> Output {
        let bots = sim.world(|world| world.bots().iter().map(|bot| bot.user.username.clone()).collect());
        Output {
            reader: sim.transcript().reader(),
            loading: BTreeSet::new(),
            bots,
            aside: VecDeque::new(),
            texts: BTreeMap::new(),
        }
    }

    /// Adds something that only the user who asked can see.
    pub(super) fn add(&mut self, said: String) {
        self.aside.push_back(said);
    }

    /// The next item of output; `None` after `within`.
    pub(super) async fn next(&mut self, within: Duration) -> Option<String> {
        if let Some(said) = self.aside.pop_front() {
            return Some(said);
        }
        let next = async {
            loop {
                let entry = self.reader.next().await;
                if let Some(said) = self.said(&entry) {
                    return said;
                }
            }
        };
        tokio::time::timeout(within, next).await.ok()
    }

    /// The next item, if there is one already.
    pub(super) fn already(&mut self) -> Option<String> {
        if let Some(said) = self.aside.pop_front() {
            return Some(said);
        }
        loop {
            let entry = self.reader.try_next()?;
            if let Some(said) = self.said(&entry) {
                return Some(said);
            }
        }
    }

    fn said(&mut self, entry: &Entry) -> Option<String> {
        if let EntryKind::Posted { message, .. } | EntryKind::Edited { message, .. } = &entry.kind {
            self.texts.insert(message.id, message.content.clone());
            while self.texts.len() > MAX_TEXTS {
                self.texts.pop_first();
            }
        }
        match &entry.kind {
            EntryKind::Posted { message, .. } if message.author.bot => {
                if message.is_loading() {
                    self.loading.insert(message.id);
                    return None;
                }
                Some(written(message, ""))
            }
            EntryKind::Edited { message, .. } if message.author.bot => {
                let was_loading = !message.is_loading() && self.loading.remove(&message.id);
                Some(written(message, if was_loading { "" } else { "(edited) " }))
            }
            EntryKind::Reacted { user, emoji, added: true, .. } if self.bots.contains(&**user) => {
                Some(format!("(reacts) {emoji}"))
            }
            EntryKind::Deleted { user, ids, .. } if self.bots.contains(&**user) => {
                let texts = ids.iter().map(|id| self.texts.get(id).cloned().unwrap_or_default());
                Some(format!("(deletes) {}", texts.collect::<Vec<_>>().join("\n")))
            }
            EntryKind::Acknowledged { line, how: Acknowledgement::Modal, .. } => {
                Some(format!("(form) {line}"))
            }
            EntryKind::Unanswered { line, .. } => Some(format!("(no answer) {line}")),
            _ => None,
        }
    }
}

fn written(message: &Message, mark: &str) -> String {
    let mut text = message.content.clone();
    // Writing to a string does not fail.
    for embed in &message.embeds {
        let parts: Vec<&str> =
            [&embed.title, &embed.description].into_iter().flatten().map(|it| &**it).collect();
        let _ = write!(text, " [embed {}]", parts.join(": "));
    }
    for file in &message.attachments {
        let _ = write!(text, " [file {}]", file.filename);
    }
    for component in message.components.iter().flat_map(Component::flatten) {
        let _ = match (component.control(), &component.content) {
            (Some((kind, name)), _) => write!(text, " [{kind} {name}]"),
            (None, Some(content)) => write!(text, " {content}"),
            (None, None) => Ok(()),
        };
    }
    let only_seen = if message.is_ephemeral() { "(ephemeral) " } else { "" };
    format!("{mark}{only_seen}{}", text.trim_start())
}
