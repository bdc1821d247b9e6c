//! Thousands of reloads of a cog that does what keeps libraries mapped: nothing may grow, and all must be unmapped.

use std::time::Duration;

use gearshift_host::cogs::Retirement;

use crate::{
    Result,
    figure::{Figure, Goal, Scale},
    libraries,
    process::{Process, free_pthread_keys},
    rig::{Rig, STORE},
};

/// Reloads before the first measurement, which fill caches and pools.
const WARM_UP: usize = 100;

/// What must not grow.
struct Look {
    rss: f64,
    maps: usize,
    descriptors: usize,
    threads: usize,
    free_keys: usize,
}

impl Look {
    fn now() -> Result<Look> {
        let process = Process::this();
        Ok(Look {
            rss: process.memory()?.rss,
            maps: process.maps()?,
            descriptors: process.descriptors()?,
            threads: process.threads()?,
            free_keys: free_pthread_keys(),
        })
    }
}

/// Reloads `faulty` while it has a thread-local value with a destructor, has asked for the current thread, has a timer
/// that ticks, futures that are no longer awaited, and a handler at an `await` that is cancelled.
pub(super) async fn reloads(scale: Scale) -> Result<Vec<Figure>> {
    let built = libraries::examples(&["faulty"])?;
    // Handlers that never end are cancelled at once.
    let lines = format!("[limits]\ndrain_timeout_ms = 1\n[cogs]\nwatch = false\n{STORE}");
    let rig = Rig::new(&[("faulty", &built["faulty"])], &lines).await?;
    let reloads = scale.pick(5000, 300);
    let (mut unmapped, mut cancelled, mut first) = (0, 0, None);
    for round in 0..WARM_UP + reloads {
        if round == WARM_UP {
            settle(&rig).await;
            first = Some(Look::now()?);
            (unmapped, cancelled) = (0, 0);
        }
        for line in ["!faulty tls", "!faulty every 1", "!faulty leak-waker 3", "!faulty hang"] {
            rig.ask(line).await?;
        }
        let report = rig.host.cogs().reload("faulty").await?;
        cancelled += report.cancelled;
        unmapped += usize::from(matches!(report.retirement, Some(Retirement::Unmapped { .. })));
    }
    settle(&rig).await;
    let (first, last) = (first.ok_or("no reload was made")?, Look::now()?);
    let held = rig.host.cogs().status().held;
    rig.close().await;
    let grown = |what: &str, before: usize, after: usize| {
        Figure::new(
            format!("{reloads} reloads: {what}, growth"),
            Goal::AtMost(0.0),
            after as f64 - before as f64,
            "",
        )
        .note(format!("{before} → {after}"))
    };
    Ok(vec![
        Figure::new(
            format!("{reloads} reloads: not unmapped"),
            Goal::AtMost(0.0),
            (reloads - unmapped) as f64,
            "",
        )
        .note(format!(
            "{cancelled} handlers cancelled{}",
            held.first().map_or(String::new(), |it| format!("; {it:?}"))
        )),
        Figure::new(
            format!("{reloads} reloads: RSS, growth after the first {WARM_UP}"),
            Goal::AtMost(2.0),
            (last.rss - first.rss) / 1024.0,
            "MiB",
        )
        .note(format!("{:.1} → {:.1} MiB", first.rss / 1024.0, last.rss / 1024.0)),
        grown("maps", first.maps, last.maps),
        grown("descriptors", first.descriptors, last.descriptors),
        grown("threads", first.threads, last.threads),
        grown("pthread keys", last.free_keys, first.free_keys),
    ])
}

/// Lets remaining work finish, and the allocator give back memory.
async fn settle(rig: &Rig) {
    rig.host.cogs().status();
    tokio::time::sleep(Duration::from_secs(2)).await;
}
