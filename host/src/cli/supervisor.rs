//! What the service manager learns, where there is one: that the host is ready, that it still lives, that it restarts or
//! ends. <https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>

use std::time::Duration;

use sd_notify::NotifyState;

/// The host serves.
pub(super) fn ready() {
    say(&[NotifyState::Ready, NotifyState::Status("serving")]);
}

/// It reads its config again, and will say when it is ready.
pub(super) fn reloading() {
    let now = NotifyState::monotonic_usec_now();
    say(&[NotifyState::Reloading, NotifyState::Status("restarting")]
        .into_iter()
        .chain(now)
        .collect::<Vec<_>>());
}

/// It saves and closes; that may take so long.
pub(super) fn stopping(at_most: Duration) {
    let micros = u32::try_from(at_most.as_micros()).unwrap_or(u32::MAX);
    say(&[
        NotifyState::Stopping,
        NotifyState::Status("closing"),
        // systemd's own limit would cut the saving of states off.
        NotifyState::ExtendTimeoutUsec(micros),
    ]);
}

/// Says that it lives, twice in the time that `WatchdogSec=` allows, as long as the runtime runs tasks.
pub(super) async fn live() {
    let Some(allowed) = sd_notify::watchdog_enabled() else { return };
    let mut beat = tokio::time::interval(allowed / 2);
    loop {
        beat.tick().await;
        say(&[NotifyState::Watchdog]);
    }
}

/// Without a service manager this does nothing.
fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("the service manager cannot be reached: {error}");
    }
}
