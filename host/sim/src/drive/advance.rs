//! Advances time for the simulator and its bot together: from moment to moment, with a pause for the bot at each.

use std::time::{Duration, Instant};

use super::settle::settle;
use crate::state::Shared;

/// How long, in real time, the bot may work on what fell due at one moment before time goes on without it.
const PAUSE: Duration = Duration::from_secs(1);
/// How long, in real time, time advances from moment to moment; after that the rest passes at once.
const LONGEST: Duration = Duration::from_secs(30);

pub(crate) async fn advance(shared: &Shared, by: Duration) {
    let began = Instant::now();
    let mut left = by;
    if shared.clock.has_bot() {
        // Something that just happened may make the bot set a timer.
        let _ = settle(shared, PAUSE).await;
    }
    while let Some(step) = shared.clock.bot_due().filter(|step| *step <= left) {
        if began.elapsed() >= LONGEST {
            tracing::warn!(
                "the bot has too many timers: the last {} s of {} s passed at once",
                left.as_secs(),
                by.as_secs()
            );
            break;
        }
        shared.clock.advance(step);
        left -= step;
        // A bot that is still busy after that, perhaps because it waits for a later moment, must not stop time.
        let _ = settle(shared, PAUSE).await;
    }
    shared.clock.advance(left);
}
