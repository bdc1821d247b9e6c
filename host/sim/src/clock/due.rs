//! What falls due: everything that happens by itself when its time has come.

use crate::ids::Snowflake;

/// A timer says what it is for. What carries it out must look whether it still applies: timers are not taken back.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A thread in which nobody has written for its time is archived.
    ThreadIdle(Snowflake),
    /// The invite with this code expires.
    InviteExpires(String),
    PollEnds {
        channel: Snowflake,
        message: Snowflake,
    },
    /// The time in which a bot must acknowledge an interaction is over.
    InteractionTimesOut(Snowflake),
}

/// Carries out what falls due. It may lock the state and ask for further timers, but not move time.
pub(crate) trait OnDue: Send + Sync {
    fn fall_due(&self, due: Due);
}
