//! Settling: waiting until nothing is in progress, instead of sleeping. It cannot look into bots: it asks those that
//! have a probe, and watches the others.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::rules::interactions;
use crate::state::Shared;
use crate::transcript::Tail;

/// How often to check while something is in progress that writes no entry when it ends.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// With a probe: how long an event written to a socket may take until the bot has it and is no longer idle.
const ARRIVAL: Duration = Duration::from_millis(10);

/// What is in progress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// REST calls that are not answered yet.
    pub calls: usize,
    /// Events that are not yet written to their bots.
    pub events: u64,
    /// Interactions that wait for their bot: not acknowledged within their window, or "thinking …".
    pub interactions: usize,
    /// Whether the bot is busy, according to its probe.
    pub bot_busy: bool,
}

/// Something was still in progress when the time was up. `Debug` shows the transcript, so a test's `unwrap` does too.
#[derive(thiserror::Error)]
#[error("not settled within {} ms: {pending}\n{tail}", within.as_millis())]
pub struct SettleError {
    /// How long it was waited for.
    pub within: Duration,
    /// What was in progress at the end; nothing if there was just no quiet period that was long enough.
    pub pending: Pending,
    tail: Tail,
}

pub(crate) async fn settle(shared: &Shared, within: Duration) -> Result<(), SettleError> {
    let started = Instant::now();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut calm: Option<(u64, Instant)> = None;
    loop {
        let mark = shared.transcript.mark();
        let pending = pending(shared);
        let quiet = if shared.options.idle.is_some() { ARRIVAL } else { shared.options.quiet_period };
        calm = match calm {
            _ if pending != Pending::default() => None,
            Some((before, since)) if before == mark => Some((mark, since)),
            _ => Some((mark, Instant::now())),
        };
        if calm.is_some_and(|(_, since)| since.elapsed() >= quiet) {
            return Ok(());
        }
        if started.elapsed() >= within {
            return Err(SettleError { within, pending, tail: shared.transcript.tail() });
        }
        looks.tick().await;
    }
}

fn pending(shared: &Shared) -> Pending {
    let state = shared.state();
    let options = &shared.options;
    let is_thinking = |one: &crate::interactions::Interaction| {
        let answer = one.original.and_then(|id| interactions::answer_message(&state, one.channel, id));
        answer.is_some_and(|message| message.is_loading())
    };
    let (window, life) = (options.interaction_window, options.interaction_life);
    let bots = state.sessions.iter().filter(|session| session.is_bots());
    Pending {
        calls: Arc::strong_count(&shared.calls) - 1,
        events: bots.map(|session| session.unwritten()).sum(),
        interactions: state.interactions.count_pending(shared.clock.now(), window, life, is_thinking),
        bot_busy: options.idle.as_ref().is_some_and(|probe| !probe.is_idle()),
    }
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, events, interactions, bot_busy } = self;
        let mut parts = Vec::new();
        for (count, what) in [
            (*calls as u64, "unanswered REST calls"),
            (*events, "unwritten events"),
            (*interactions as u64, "interactions waiting for their bot"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        if *bot_busy {
            parts.push("the bot is busy".to_owned());
        }
        f.write_str(if parts.is_empty() { "it was never quiet for long enough" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

impl fmt::Debug for SettleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
