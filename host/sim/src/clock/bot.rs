//! The clock of a bot in this process, which goes along with the simulator's.

use std::fmt;
use std::time::Duration;

/// The clock by which a bot in this process plans and waits. The simulator moves it together with its own, so that what a
/// bot does in an hour can be seen at once.
pub trait BotClock: fmt::Debug + Send + Sync {
    /// How long until the first moment for which the bot waits; `None` if it waits for none.
    fn next_due(&self) -> Option<Duration>;
    /// Goes forward, running or not; tasks that wait for a moment on the way wake up.
    fn advance(&self, by: Duration);
    /// Stands still.
    fn freeze(&self);
    /// Runs on from where it stands.
    fn resume(&self);
}
