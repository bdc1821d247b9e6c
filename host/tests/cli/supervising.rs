//! The host's notifications to a service manager, and the unit file that is shipped for systemd.

use std::{collections::VecDeque, fs, os::unix::net::UnixDatagram, process::Command, time::Instant};

use crate::{
    program::{Live, PATIENCE, Place, gearshift, run as once, skipped, workspace},
    running::discord,
};

/// The socket of a service manager.
struct Manager(UnixDatagram, VecDeque<String>);

impl Manager {
    /// Waits for a line.
    fn expect(&mut self, line: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            while let Some(next) = self.1.pop_front() {
                if next == line || line.ends_with('=') && next.starts_with(line) {
                    return;
                }
            }
            self.0.set_read_timeout(Some(until.saturating_duration_since(Instant::now()))).unwrap();
            let mut bytes = [0; 4096];
            let length = self.0.recv(&mut bytes).unwrap_or_else(|error| panic!("no `{line}`: {error}"));
            self.1.extend(String::from_utf8_lossy(&bytes[..length]).lines().map(str::to_owned));
        }
    }
}

#[test]
fn the_service_manager_learns_that_the_host_is_ready_lives_restarts_and_ends() {
    let place = Place::with(&["ping"]);
    let (_runtime, sim) = discord(&place, "");
    let path = place.path().join("notify");
    let mut manager = Manager(UnixDatagram::bind(&path).unwrap(), VecDeque::new());
    let mut command = gearshift(&place);
    command.arg("run").env("DISCORD_TOKEN", sim.token()).env("NOTIFY_SOCKET", &path);
    let live = Live::spawn(command.env("WATCHDOG_USEC", "200000"));
    manager.expect("READY=1");
    manager.expect("WATCHDOG=1");
    manager.expect("WATCHDOG=1");
    let restarted = once(&place, &["restart"]);
    assert_eq!(restarted.code, 0, "{}", restarted.err);
    manager.expect("RELOADING=1");
    manager.expect("MONOTONIC_USEC=");
    manager.expect("READY=1");
    manager.expect("WATCHDOG=1");
    let upgraded = once(&place, &["upgrade"]);
    assert_eq!(upgraded.code, 0, "{}", upgraded.err);
    manager.expect("RELOADING=1");
    manager.expect("MONOTONIC_USEC=");
    manager.expect("READY=1");
    manager.expect("WATCHDOG=1");
    live.signal(15);
    manager.expect("STOPPING=1");
    manager.expect("EXTEND_TIMEOUT_USEC=");
    assert_eq!(live.end().0, 0);
}

#[test]
fn the_unit_of_the_service_is_one_that_systemd_takes() {
    let unit = fs::read_to_string(workspace().join("host/packaging/gearshift.service")).unwrap();
    let place = Place::with(&[]);
    // systemd checks whether the programs exist.
    place.file("gearshift.service", &unit.replace("/usr/local/bin/gearshift", "/bin/true"));
    let checked =
        Command::new("systemd-analyze").arg("verify").arg(place.path().join("gearshift.service")).output();
    match checked {
        Err(error) => skipped(&format!("systemd-analyze cannot be run here: {error}")),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && !said.contains("gearshift.service:"), "{said}");
        }
    }
}
