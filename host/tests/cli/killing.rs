//! A command, or the host that it asks, is killed after each change on the disk: then one version or the other is
//! installed completely, and the lock says which.

use std::{
    process::Child,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::ModifyKind};

use crate::{
    installing::{holds, listed, ok, place},
    program::{Live, PATIENCE, Place, gearshift},
};

const VERSIONS: [&str; 2] = ["1.0.0", "1.1.0"];

/// Names that are created or removed in the folders of a change.
struct Names {
    events: Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl Names {
    fn of(place: &Place) -> Names {
        let (send, events) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let is_name = |kind: &EventKind| {
                matches!(
                    kind,
                    EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
                )
            };
            if event.is_ok_and(|event| is_name(&event.kind)) {
                let _ = send.send(());
            }
        })
        .unwrap();
        for folder in ["", "cogs", ".gearshift"] {
            watcher.watch(&place.path().join(folder), RecursiveMode::NonRecursive).unwrap();
        }
        Names { events, _watcher: watcher }
    }

    /// Waits until this many names were created or removed; returns false if `child` ends before.
    fn wait(&self, many: usize, child: &mut Child) -> bool {
        let mut seen = 0;
        while seen < many {
            match self.events.recv_timeout(Duration::from_millis(20)) {
                Ok(()) => seen += 1,
                Err(_) if child.try_wait().unwrap().is_some() => return false,
                Err(_) => {}
            }
        }
        true
    }
}

/// The command that changes to the other version.
fn other(installed: &str) -> &'static [&'static str] {
    if installed == VERSIONS[0] { &["install", "./packages/ping"] } else { &["rollback", "ping"] }
}

/// The version in the lock, which everything else agrees with once a command has settled what was left.
fn installed(place: &Place) -> &'static str {
    ok(place, &["update", "--dry-run"]);
    let verified = ok(place, &["verify"]);
    assert!(!verified.out.contains("put there by hand"), "{}", verified.out);
    let version = listed(place, "ping")["version"].as_str().unwrap().to_owned();
    let version = VERSIONS.into_iter().find(|it| *it == version).expect("one of them is installed");
    assert!(holds(place, version), "the lock says {version}");
    let left: Vec<String> = ["", "cogs", ".gearshift"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(place.path().join(folder)).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".gearshift-") || name.starts_with("journal-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    version
}

#[test]
fn a_killed_command_leaves_either_the_old_or_the_new_version() {
    let place = place(&VERSIONS);
    ok(&place, &["install", "./packages/ping@<1.1"]);
    ok(&place, &["install", "./packages/ping"]);
    let mut seen = Vec::new();
    for many in 1.. {
        let names = Names::of(&place);
        let mut child = gearshift(&place).args(other(installed(&place))).spawn().unwrap();
        let killed = names.wait(many, &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        seen.push(installed(&place));
        if !killed {
            break;
        }
    }
    assert!(seen.len() > 6 && VERSIONS.iter().all(|version| seen.contains(version)), "{seen:?}");
}

#[test]
fn a_command_that_is_killed_while_the_host_makes_its_change_is_settled_when_it_is_made() {
    let place = place(&VERSIONS);
    ok(&place, &["install", "./packages/ping@<1.1"]);
    ok(&place, &["install", "./packages/ping"]);
    let mut live = Live::start(&place, &["play"]);
    live.expect("ready; the control socket is");
    for many in 1.. {
        let names = Names::of(&place);
        let mut child = gearshift(&place).args(other(installed(&place))).spawn().unwrap();
        let killed = names.wait(many, &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        // This also asks the host.
        installed(&place);
        if !killed {
            break;
        }
    }
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_host_that_is_killed_while_it_makes_a_change_starts_with_what_is_installed() {
    let place = place(&VERSIONS);
    ok(&place, &["install", "./packages/ping@<1.1"]);
    ok(&place, &["install", "./packages/ping"]);
    for many in 3..9 {
        let mut live = Live::start(&place, &["play"]);
        live.expect("ready; the control socket is");
        let was = installed(&place);
        let names = Names::of(&place);
        let mut child = gearshift(&place).args(other(was)).spawn().unwrap();
        names.wait(many, &mut child);
        live.signal(9);
        assert_eq!(live.end().0, -9);
        // It settles its change by itself, or has made it already.
        let until = std::time::Instant::now() + PATIENCE;
        while child.try_wait().unwrap().is_none() {
            assert!(std::time::Instant::now() < until, "the command waits for a host that is gone");
            let _ = names.events.recv_timeout(Duration::from_millis(20));
        }
        installed(&place);
    }
}
