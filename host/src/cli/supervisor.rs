//! Notifies the service manager, if there is one: that the host is ready, is alive, restarts or ends.
//! <https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>

use std::time::Duration;

use sd_notify::NotifyState;

/// The host is serving.
pub(super) fn ready() {
    say(&[NotifyState::Ready, NotifyState::Status("serving")]);
}

/// The host is reading its config again, and will report when it is ready.
pub(super) fn reloading() {
    let now = NotifyState::monotonic_usec_now();
    say(&[NotifyState::Reloading, NotifyState::Status("restarting")]
        .into_iter()
        .chain(now)
        .collect::<Vec<_>>());
}

/// The host is saving and closing, which takes no longer than `at_most`.
pub(super) fn stopping(at_most: Duration) {
    let micros = u32::try_from(at_most.as_micros()).unwrap_or(u32::MAX);
    say(&[
        NotifyState::Stopping,
        NotifyState::Status("closing"),
        // systemd's own limit could interrupt the saving of states.
        NotifyState::ExtendTimeoutUsec(micros),
    ]);
}

/// Reports that the host is alive, twice per `WatchdogSec=`, as long as the runtime runs tasks.
pub(super) async fn live() {
    let Some(allowed) = sd_notify::watchdog_enabled() else { return };
    let mut beat = tokio::time::interval(allowed / 2);
    loop {
        beat.tick().await;
        say(&[NotifyState::Watchdog]);
    }
}

/// Sends the notification; does nothing without a service manager.
fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("the service manager cannot be reached: {error}");
    }
}
