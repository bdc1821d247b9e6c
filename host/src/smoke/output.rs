//! What the bot says, as a script writes it, one thing after the other. It judges nothing.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
    time::Duration,
};

use gearshift_sim::{Acknowledgement, Component, Entry, Message, Reader, Sim, Snowflake, What};

/// What the bot says from one point on.
pub(super) struct Output {
    reader: Reader,
    /// Answers that are "thinking …": when they are filled in, they are said for the first time.
    loading: BTreeSet<Snowflake>,
    /// Names of bots: a reaction carries no more.
    bots: BTreeSet<String>,
    /// What the bot said by other ways than the transcript, to be looked at first.
    aside: VecDeque<String>,
    /// Texts of messages, for when the bot deletes one.
    texts: BTreeMap<Snowflake, String>,
}

/// Texts that are remembered; the oldest go first.
const MAX_TEXTS: usize = 1000;

impl Output {
    /// From now on.
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

    /// Something that the bot said only to the one who asked.
    pub(super) fn add(&mut self, said: String) {
        self.aside.push_back(said);
    }

    /// The next thing that the bot says; none after `within`.
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

    /// What the bot has said already.
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
        if let What::Posted { message, .. } | What::Edited { message, .. } = &entry.what {
            self.texts.insert(message.id, message.content.clone());
            while self.texts.len() > MAX_TEXTS {
                self.texts.pop_first();
            }
        }
        match &entry.what {
            What::Posted { message, .. } if message.author.bot => {
                if message.is_loading() {
                    self.loading.insert(message.id);
                    return None;
                }
                Some(written(message, ""))
            }
            What::Edited { message, .. } if message.author.bot => {
                let was_loading = !message.is_loading() && self.loading.remove(&message.id);
                Some(written(message, if was_loading { "" } else { "(edited) " }))
            }
            What::Reacted { user, emoji, added: true, .. } if self.bots.contains(&**user) => {
                Some(format!("(reacts) {emoji}"))
            }
            What::Deleted { user, ids, .. } if self.bots.contains(&**user) => {
                let texts = ids.iter().map(|id| self.texts.get(id).cloned().unwrap_or_default());
                Some(format!("(deletes) {}", texts.collect::<Vec<_>>().join("\n")))
            }
            What::Acknowledged { line, how: Acknowledgement::Modal, .. } => Some(format!("(form) {line}")),
            What::Unanswered { line, .. } => Some(format!("(no answer) {line}")),
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
