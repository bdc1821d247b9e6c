//! What the host itself answers when a cog cannot: that a command's cog is away or busy, "thinking …" in time, and
//! that a handler failed. Only the user sees these texts. They are sent in the background; the router does not
//! wait for them.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use abi_stable::std_types::RArc;
use gearshift_cog::{
    abi::Interaction,
    discord_codes,
    interactions::{CALLBACK_DEFERRED_UPDATE, COMMAND, COMPONENT, MODAL},
};
use serde_json::{Value, json};
use tokio::{runtime, sync::mpsc, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    defer::{Completion, Pending},
    table::{Away, Table},
};
use crate::{
    library::SLASH,
    sessions::{
        Discord, Method,
        discord::{DiscordError, InteractionAnswer, Request, Watched},
    },
};

/// Discord's callback types: a message, and "thinking …".
const MESSAGE: u8 = 4;
const DEFERRED: u8 = 5;
/// How long Discord waits for a callback.
const LIMIT: Duration = Duration::from_secs(3);
/// How long after an interaction arrived a cog may still answer it once its handler is done. Without an answer:
/// just before Discord shows that the application did not respond. After "thinking …": just before the token
/// expires, which is after 15 minutes.
const ANSWER_BY: Duration = Duration::from_millis(2_300);
const FOLLOW_BY: Duration = Duration::from_secs(14 * 60);
/// Discord's error codes for an interaction that already has a response, and for a message that does not exist.
const ANSWERED: u64 = discord_codes::ALREADY_ACKNOWLEDGED as u64;
const UNKNOWN_MESSAGE: u64 = discord_codes::UNKNOWN_MESSAGE as u64;
/// Discord's message flags: "only you can see this", and "thinking …".
const EPHEMERAL: u64 = 1 << 6;
const LOADING: u64 = 1 << 7;

/// When an interaction arrived, and the interaction itself until it has been handled.
pub(super) type Arrival = (Instant, Weak<Pending>);

/// Sends the host's own answers.
#[derive(Debug)]
pub struct Notices {
    /// Without it nothing can be answered, and no interaction arrives.
    pub discord: Option<Arc<Discord>>,
    /// The runtime that sends.
    pub runtime: runtime::Handle,
    /// Answers that are being sent: closing the host waits for them.
    pub work: TaskTracker,
    /// How long an interaction may wait in a queue before the host acknowledges it.
    pub defer_after: Duration,
    /// How long a deferred interaction may stay unanswered after its handlers have ended, if the host deferred it and
    /// no handler did.
    pub answer_timeout: Duration,
    /// The message for the user when a handler failed; empty: no message.
    pub failure_text: Arc<str>,
    /// Interactions whose handlers are done without an answer.
    pub unanswered: Unanswered,
}

/// Users who wait for an answer that may still arrive, until no cog is left to give one.
#[derive(Debug, Default)]
pub struct Unanswered {
    waits: TaskTracker,
    closing: CancellationToken,
}

impl Unanswered {
    /// No cog answers any more: users who still wait get a message that there was no answer. Returns when all are sent.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        self.waits.close();
        self.waits.wait().await;
    }
}

impl Notices {
    /// A command that no loaded cog declares. `away`: a cog declares it, but is not loaded.
    pub(super) fn unanswered(&self, to: &Interaction, away: Option<Away>) {
        self.say(to, &unanswered(to, away));
    }

    /// Like [`unanswered`](Self::unanswered), for an interaction that has left all
    /// queues and may have been deferred there.
    fn decline(&self, pending: &Pending, away: Option<Away>) {
        let Some(discord) = self.discord.clone() else { return };
        let (to, defer) = (pending.interaction.clone(), Arc::clone(&pending.defer));
        let text = unanswered(&to, away);
        self.send(async move {
            let sent = match defer.is_deferred().await {
                // A deferred update: there is no "thinking …" message to delete.
                true if to.is_on_message() => follow_up(&discord, &to, &text).await,
                true => replace_thinking(&discord, &to, &text).await,
                false => callback(&discord, &to, MESSAGE, &private(&text)).await,
            };
            warn_failed(&to, sent);
        });
    }

    /// A cog is done with an interaction; does what remains if that was the last one. `table` says which cogs are
    /// away by now.
    pub(super) fn complete(&self, completion: Completion, pending: Arc<Pending>, table: &Table) {
        match completion {
            Completion::ToOthers => {}
            Completion::Unhandled => self.decline(&pending, table.away(&pending.interaction)),
            Completion::Done => self.ended(pending),
            Completion::Failed => self.failed(&pending),
        }
    }

    /// A handler failed, and no other is running any more. Unless the interaction has an answer, the user gets a
    /// message that it failed.
    fn failed(&self, pending: &Pending) {
        let Some(discord) = self.discord.clone() else { return };
        let (to, defer) = (pending.interaction.clone(), Arc::clone(&pending.defer));
        let is_answered =
            pending.watched.as_ref().is_some_and(|watched| watched.answer() == InteractionAnswer::Given);
        if is_answered || self.failure_text.is_empty() || !matches!(to.kind, COMMAND | COMPONENT | MODAL) {
            return;
        }
        let text = Arc::clone(&self.failure_text);
        self.send(async move {
            let is_deferred = defer.is_deferred().await;
            warn_failed(&to, instead_of_nothing(&discord, &to, is_deferred, &text).await.map(drop));
        });
    }

    /// An interaction that goes to cogs.
    pub(super) fn pending(
        &self,
        interaction: RArc<Interaction>,
        is_ephemeral: bool,
        owners: Vec<Arc<str>>,
    ) -> Arc<Pending> {
        let watched = self.discord.as_ref().map(|discord| discord.answers().watch(&interaction.token));
        let (defer, received_at) = (Arc::default(), Instant::now());
        Arc::new(Pending { interaction, is_ephemeral, defer, received_at, owners, watched })
    }

    /// All cogs that got it are done. If none has answered, this is logged, and the user gets a message. An answer that
    /// a handler has left to other code, such as a task, may take as long as Discord waits. If only the host has
    /// deferred it, no cog has promised an answer, and the user does not wait that long.
    fn ended(&self, pending: Arc<Pending>) {
        let answer = move |pending: &Pending| {
            pending.watched.as_ref().map_or(InteractionAnswer::Given, Watched::answer)
        };
        if answer(&pending) == InteractionAnswer::Given {
            return;
        }
        let Some(discord) = self.discord.clone() else { return };
        let closing = self.unanswered.closing.clone();
        let answer_by = Instant::now() + self.answer_timeout;
        let wait = async move {
            let Pending { interaction: to, defer, received_at, owners, .. } = &*pending;
            let wait_until = async |moment| {
                tokio::select! {
                    () = tokio::time::sleep_until(moment) => {}
                    () = closing.cancelled() => {}
                }
            };
            wait_until(*received_at + ANSWER_BY).await;
            let is_deferred = defer.is_deferred().await;
            let follow_by = *received_at + FOLLOW_BY;
            if is_deferred && answer(&pending) == InteractionAnswer::None {
                wait_until(answer_by.min(follow_by)).await;
            }
            if answer(&pending) == InteractionAnswer::Thinking {
                wait_until(follow_by).await;
            }
            if answer(&pending) == InteractionAnswer::Given {
                return;
            }
            let text = match &**owners {
                [] => unanswered(to, None),
                _ => format!("{} gave no answer.", subject(to)),
            };
            match instead_of_nothing(&discord, to, is_deferred, &text).await {
                Ok(true) => {
                    let cog = owners.join(", ");
                    let what = match to.kind {
                        COMMAND => subject(to),
                        _ => format!("`{}`", to.custom_id),
                    };
                    tracing::warn!(cog, "{what} was not answered by any handler");
                }
                Ok(false) => {}
                Err(error) => warn_failed(to, Err(error)),
            }
        };
        self.unanswered.waits.spawn_on(wait, &self.runtime);
    }

    /// The queue of the interaction's cog is full.
    pub(super) fn busy(&self, to: &Interaction) {
        self.say(to, &format!("{} is too busy at the moment. Try again later.", subject(to)));
    }

    /// Acknowledges interactions that wait too long, in a queue or for the answer of the cog that owns them. They
    /// arrive here in the order in which they are due; the weak reference does not keep interactions that were handled
    /// in the meantime.
    pub(super) async fn defer_when_due(self: Arc<Self>, mut due: mpsc::UnboundedReceiver<Arrival>) {
        while let Some((received_at, pending)) = due.recv().await {
            if pending.strong_count() == 0 {
                continue;
            }
            tokio::time::sleep_until(received_at + self.defer_after).await;
            let (Some(pending), Some(discord)) = (pending.upgrade(), self.discord.clone()) else { continue };
            let left = LIMIT.saturating_sub(self.defer_after);
            self.runtime.spawn(async move {
                let Pending { interaction, is_ephemeral, defer, owners, watched, .. } = &*pending;
                if watched.as_ref().is_some_and(Watched::has_called_back) {
                    return;
                }
                if let Ok(true) = tokio::time::timeout(left, defer.begin(!owners.is_empty())).await {
                    defer.finish(acknowledge(&discord, interaction, *is_ephemeral).await);
                }
            });
        }
    }

    fn say(&self, to: &Interaction, text: &str) {
        let Some(discord) = self.discord.clone() else { return };
        let (to, data) = (to.clone(), private(text));
        self.send(async move { warn_failed(&to, callback(&discord, &to, MESSAGE, &data).await) });
    }

    fn send(&self, answer: impl Future<Output = ()> + Send + 'static) {
        self.work.spawn_on(answer, &self.runtime);
    }
}

/// Defers an interaction; returns whether it is to be treated as deferred. The connection may break after Discord took
/// the callback, so if the outcome is unknown, it is sent once more. If it is still unknown, a command is treated as
/// deferred: nothing else can have answered it, and the cog's answer works in either case.
async fn acknowledge(discord: &Discord, to: &Interaction, ephemeral: bool) -> bool {
    let kind = if to.is_on_message() { CALLBACK_DEFERRED_UPDATE } else { DEFERRED };
    let data = if ephemeral && kind == DEFERRED { json!({ "flags": EPHEMERAL }) } else { json!({}) };
    let mut sent = callback(discord, to, kind, &data).await;
    let is_unknown = sent.as_ref().is_err_and(may_have_been_taken);
    if is_unknown {
        sent = callback(discord, to, kind, &data).await;
    }
    match &sent {
        Ok(()) => true,
        // For a component: another cog that got it was in time.
        Err(error) if error.code() == Some(ANSWERED) => is_unknown || to.kind == COMMAND,
        Err(error) => {
            let (command, id) = used(to);
            tracing::warn!(command, id, "failed to defer an interaction: {error}");
            to.kind == COMMAND && may_have_been_taken(error)
        }
    }
}

fn may_have_been_taken(error: &DiscordError) -> bool {
    let lost = matches!(error, DiscordError::Timeout { .. } | DiscordError::Broken { .. });
    lost || error.status().is_some_and(|status| status >= 500)
}

/// Answers an interaction that has no answer yet; returns whether it had none. `is_deferred`: the host has deferred it.
async fn instead_of_nothing(
    discord: &Discord,
    to: &Interaction,
    is_deferred: bool,
    text: &str,
) -> Result<bool, DiscordError> {
    if !is_deferred {
        match callback(discord, to, MESSAGE, &private(text)).await {
            Err(error) if error.code() == Some(ANSWERED) => {}
            sent => return sent.map(|()| true),
        }
    }
    // It was deferred by the host or by the cog, or answered.
    match is_thinking(discord, to).await {
        Ok(true) => replace_thinking(discord, to, text).await.map(|()| true),
        // A silent defer by the host (an update) shows nothing to the user.
        Ok(false) if is_deferred && to.is_on_message() => follow_up(discord, to, text).await.map(|()| true),
        Ok(false) => Ok(false),
        // A modal was opened: that is an answer, but not a message.
        Err(error) if error.status() == Some(404) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether `@original` is a "thinking …" that still has no answer.
async fn is_thinking(discord: &Discord, to: &Interaction) -> Result<bool, DiscordError> {
    #[derive(serde::Deserialize)]
    struct Original {
        #[serde(default)]
        flags: u64,
    }
    let answer = discord.request(Request::new(Method::Get, original(to))).await?;
    let original = serde_json::from_slice(&answer.body).unwrap_or(Original { flags: 0 });
    Ok(original.flags & LOADING != 0)
}

/// While "thinking …" is shown, an edit or the first followup is visible to whom the defer was, so it is deleted first.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#create-followup-message>
async fn replace_thinking(discord: &Discord, to: &Interaction, text: &str) -> Result<(), DiscordError> {
    match discord.request(Request::new(Method::Delete, original(to))).await {
        Err(error) if error.code() != Some(UNKNOWN_MESSAGE) => Err(error),
        _ => follow_up(discord, to, text).await,
    }
}

async fn follow_up(discord: &Discord, to: &Interaction, text: &str) -> Result<(), DiscordError> {
    let path = format!("/webhooks/{}/{}", to.application_id, to.token);
    discord.request(Request::new(Method::Post, path).json(private(text).to_string())).await.map(drop)
}

fn original(to: &Interaction) -> String {
    format!("/webhooks/{}/{}/messages/@original", to.application_id, to.token)
}

/// A message that only the user sees.
fn private(text: &str) -> Value {
    json!({ "content": text, "flags": EPHEMERAL })
}

fn warn_failed(to: &Interaction, sent: Result<(), DiscordError>) {
    if let Err(error) = sent {
        let (command, id) = used(to);
        tracing::warn!(command, id, "failed to answer an interaction: {error}");
    }
}

/// The command that was called, or the `custom_id` of the component or modal.
fn used(to: &Interaction) -> (Option<&str>, Option<&str>) {
    let [command, id] = [&to.command, &to.custom_id].map(|it| Some(it.as_str()).filter(|it| !it.is_empty()));
    (command, id)
}

fn unanswered(to: &Interaction, away: Option<Away>) -> String {
    match (away, to.kind) {
        (Some(Away::ComesBack), _) => {
            format!("{} is being updated. Try again in a moment.", subject(to))
        }
        (Some(Away::Stays), _) | (None, COMMAND) => {
            format!("{} is not available at the moment.", subject(to))
        }
        (None, _) => format!("{} is no longer in use.", subject(to)),
    }
}

/// What the user called, pressed or submitted, in the user's terms.
fn subject(to: &Interaction) -> String {
    match (to.kind, to.command_kind) {
        (COMMAND, SLASH) => format!("`/{}`", to.command),
        (COMMAND, _) => format!("`{}`", to.command),
        (MODAL, _) => "This form".to_owned(),
        // Only a select menu has values.
        _ if to.values.is_empty() => "This button".to_owned(),
        _ => "This menu".to_owned(),
    }
}

async fn callback(discord: &Discord, to: &Interaction, kind: u8, data: &Value) -> Result<(), DiscordError> {
    let path = format!("/interactions/{}/{}/callback", to.id, to.token);
    let body = json!({ "type": kind, "data": data }).to_string();
    discord.request(Request::new(Method::Post, path).json(body)).await.map(drop)
}
