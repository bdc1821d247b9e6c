//! What falls due: everything that happens by itself at its time.

use crate::ids::Snowflake;

/// The purpose of a timer. Timers are not cancelled, so the code that carries one out must check whether it still
/// applies.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A thread without activity for its auto-archive duration is archived.
    ThreadIdle(Snowflake),
    /// The invite with this code expires.
    InviteExpires(String),
    PollEnds {
        channel: Snowflake,
        message: Snowflake,
    },
    /// The window in which a bot must acknowledge an interaction is over.
    InteractionTimesOut(Snowflake),
}

/// Carries out what falls due. It may lock the state and set further timers, but must not move time.
pub(crate) trait OnDue: Send + Sync {
    fn fall_due(&self, due: Due);
}
