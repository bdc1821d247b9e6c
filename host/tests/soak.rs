//! More reloads than a process has pthread keys, in a process of their own, so that only the reloads can make it grow.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

#[path = "it/libraries.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use more of it")]
mod libraries;
#[path = "it/stage.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use more of it")]
mod stage;

use gearshift_host::cogs::Retirement;

use crate::stage::Setting;

/// Past the 1,024 pthread keys of a process.
const ROUNDS: usize = 1300;

#[tokio::test(flavor = "multi_thread")]
async fn many_reloads_leave_nothing_behind() {
    let mut setting = Setting::new().with("faulty").config("probation_faults = 0");
    // A Discord that forgets soon, as its memory is not measured.
    setting.discord.replay_limit = 50;
    setting.discord.transcript_limit = 50;
    setting.discord.history_per_channel = 50;
    let stage = setting.up().await;
    let mut before = None;
    for round in 0..ROUNDS {
        for order in ["tls", "leak-waker 5", "every 3600000"] {
            stage.ask(&format!("!faulty {order}")).await;
        }
        let report = stage.host.cogs().reload("faulty").await.unwrap();
        assert!(matches!(report.retirement, Some(Retirement::Unmapped { .. })), "round {round}: {report}");
        if round == 300 {
            // More calls at once than ever later, so that the pool has all its connections.
            stage.ask("!faulty flood 8 rest").await;
            before = Some(Footprint::now());
        }
    }
    let (before, after) = (before.unwrap(), Footprint::now());
    println!("{before:?} {after:?}");
    assert!(after.threads <= before.threads + 1 && after.fds <= before.fds + 1, "{before:?} {after:?}");
    assert!(after.maps <= before.maps + 16, "{before:?} {after:?}");
    assert!(after.rss_kib <= before.rss_kib + 2048, "{before:?} {after:?}");
    stage.down().await;
}

/// The resources of the process.
#[derive(Debug)]
struct Footprint {
    rss_kib: usize,
    maps: usize,
    fds: usize,
    threads: usize,
}

impl Footprint {
    fn now() -> Footprint {
        let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        Footprint {
            rss_kib: rss.trim().trim_end_matches(" kB").trim().parse().unwrap(),
            maps: std::fs::read_to_string("/proc/self/maps").unwrap().lines().count(),
            fds: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }
}
