//! `kill -9` of the host at random moments under load, repeatedly: stored data must survive, no process may be left,
//! and each reminder must come exactly once.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use gearshift_sim::Sim;

use super::{soak::Reminders, start::first_reply};
use crate::{
    Result,
    bots::{Bot, Kind},
    figure::{Figure, Goal, Scale},
    libraries,
    process::Process,
    rig::{self, Crowd, SOON, STORE},
    traffic::Steady,
};

const RATE: u32 = 500;
/// How old the state may be that the next host finds.
const SAVE_EVERY: Duration = Duration::from_millis(200);
/// How long the machine may stall.
const STALL: Duration = Duration::from_millis(300);

/// Both kinds of lane.
pub(super) async fn kills(scale: Scale) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for lane in ["thread", "process"] {
        figures.extend(on(lane, scale.pick(100, 4)).await?);
    }
    Ok(figures)
}

async fn on(lane: &str, times: u64) -> Result<Vec<Figure>> {
    let built = libraries::examples(&["counter", "ping", "remind"])?;
    let cogs: Vec<_> = built.iter().map(|(name, file)| (&**name, &**file)).collect();
    let (sim, crowd) = rig::discord_that_remembers().await?;
    let lines = format!(
        "[limits]\nstate_save_every_ms = {}\n[cogs]\nlane = \"{lane}\"\n{STORE}",
        SAVE_EVERY.as_millis()
    );
    let mut bot = Bot::start(Kind::Gearshift, &sim, &cogs, &lines)?;
    first_reply(Kind::Gearshift, &sim, &crowd, &bot).await?;
    rig::registered(&sim, "remind").await?;
    let reminded = Reminders::listen(&sim);
    let alice = sim.member("alice")?.at("room-1")?;
    let (mut stale, mut left) = (0, 0);
    for number in 0..times {
        alice.slash("remind", [("when", "2s"), ("what", &format!("soak {number}"))]).await?;
        let load = Steady::start(&sim, &crowd, RATE, |number| format!("!ping {number}"));
        let (mut counts, lasts) = (Vec::new(), Duration::from_millis(fastrand::u64(700..1500)));
        let start = Instant::now();
        while start.elapsed() < lasts {
            counts.push((count(&sim, &crowd).await?, Instant::now()));
        }
        let safe_until = Instant::now() - SAVE_EVERY - STALL;
        let (next, processes) = bot.killed(&sim)?;
        bot = next;
        if processes.is_empty() && lane == "process" {
            return Err("the lanes had no processes".into());
        }
        left += processes.into_iter().filter(|process| remains(*process)).count();
        first_reply(Kind::Gearshift, &sim, &crowd, &bot).await?;
        let stored = count(&sim, &crowd).await? - 1;
        let safe = counts.iter().filter(|(_, at)| *at < safe_until).map(|(count, _)| *count).max();
        stale += u64::from(safe.is_some_and(|safe| stored < safe));
        // Most are answered by the next host; whether all are is measured in `restart`.
        load.stop().await?;
    }
    // Reminders that are due must come by then.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let reminded: HashMap<String, u64> = reminded.end().await?;
    drop(bot);
    sim.close().await;
    let wrong =
        reminded.values().filter(|came| **came != 1).count() as u64 + times.abs_diff(reminded.len() as u64);
    let none = |what: &str, value: u64| {
        Figure::new(format!("{times} × kill -9, {lane} lanes: {what}"), Goal::AtMost(0.0), value as f64, "")
    };
    let mut figures = vec![
        none("counts that were older than promised", stale),
        none("reminders that did not come once", wrong),
    ];
    if lane == "process" {
        figures.push(none("processes left", left as u64));
    }
    Ok(figures)
}

/// A user's count after one more call.
async fn count(sim: &Sim, crowd: &Crowd) -> Result<u64> {
    let reply = rig::ask(sim, crowd, "!count").await?;
    let count = reply.split(' ').next().and_then(|count| count.parse().ok());
    count.ok_or_else(|| format!("`!count` was answered `{reply}`").into())
}

/// Whether a process still exists after the time that it has to end.
fn remains(process: Process) -> bool {
    let start = Instant::now();
    while process.is_alive() {
        if start.elapsed() > SOON {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}
