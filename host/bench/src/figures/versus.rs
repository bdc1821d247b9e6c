//! Gearshift compared with the same bot on twilight and in static poise, each on a built-in Discord of its own. Under
//! load, all run at once and have work in turns of half a second, so that a machine that is slow now and then is slow
//! for all. Every ratio is of runs at the same time; unless stated otherwise, the figure is the median of the rounds.
//!
//! At a load that leaves the machine idle, p99 is taken over the whole run, and as the median of the p99 of every tenth
//! of a second: a virtual machine stalls for a millisecond now and then, in total for about a hundredth of the time.
//! The first figure includes these stalls, the second only shows the bots.

use std::{collections::HashMap, path::Path, time::Duration};

use gearshift_sim::Sim;

use super::start::first_reply;
use crate::{
    Result,
    bots::{Bot, Kind},
    figure::{Figure, Goal, Scale},
    libraries,
    process::Memory,
    rig::{self, AT_REST, Crowd},
    sample::Sample,
    traffic::{self, Ask, Length, Load, Steady},
};

/// Gearshift, and the bots it is compared with.
const KINDS: [Kind; 3] = [Kind::Gearshift, Kind::Twilight, Kind::Poise];
/// Unanswered questions at any time while a bot is kept busy.
const OUTSTANDING: u64 = 64;
/// Messages per second of the two paced loads.
const SLOW: u32 = 500;
const FAST: u32 = 2000;
/// Messages per tenth of a second of the faster load.
const TENTH: usize = FAST as usize / 10;
/// How long a bot is under load before it is another's turn.
const TURN: Duration = Duration::from_millis(500);

/// The kind of load for a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Task {
    /// This number of unanswered questions at any time.
    Closed(Ask, u64),
    /// This number of messages per second.
    Paced(u32),
}

const MESSAGES: Task = Task::Closed(Ask::Message, OUTSTANDING);
const INTERACTIONS: Task = Task::Closed(Ask::Interaction, OUTSTANDING);
const ALONE: Task = Task::Closed(Ask::Message, 1);

/// Every task, and its number of turns in a full and in a quick run.
const TURNS: [(Task, [usize; 2]); 5] = [
    (MESSAGES, [6, 2]),
    (INTERACTIONS, [6, 2]),
    (ALONE, [4, 2]),
    (Task::Paced(SLOW), [10, 2]),
    (Task::Paced(FAST), [20, 2]),
];

/// The results of the turns of one task.
#[derive(Debug, Default)]
struct Work {
    load: Load,
    cpu_seconds: f64,
}

impl Work {
    fn cpu_per_10k(&self) -> f64 {
        self.cpu_seconds / self.load.replies as f64 * 10_000.0
    }
}

/// The results of the run of one bot.
struct Run {
    works: HashMap<Task, Work>,
    idle: Memory,
    loaded: Memory,
}

impl Run {
    fn of(&self, task: Task) -> &Work {
        &self.works[&task]
    }
}

/// A figure in the comparison.
struct Row {
    what: &'static str,
    unit: &'static str,
    value: fn(&Run) -> f64,
    twilight: Goal,
    poise: Goal,
    /// Which of the rounds' ratios is the figure: 0.5 is the median, 0.75 one that three of four rounds keep to.
    share: f64,
}

const fn row(
    what: &'static str,
    unit: &'static str,
    value: fn(&Run) -> f64,
    twilight: Goal,
    poise: Goal,
) -> Row {
    Row { what, unit, value, twilight, poise, share: 0.5 }
}

const CPU: &str = "CPU-s per 10,000";

const ROWS: &[Row] = &[
    row(
        "throughput, 64 messages outstanding",
        "replies/s",
        |run| run.of(MESSAGES).load.rate(),
        Goal::AtLeast(1.0),
        Goal::AtLeast(1.8),
    ),
    row(
        "throughput, 64 interactions outstanding",
        "replies/s",
        |run| run.of(INTERACTIONS).load.rate(),
        Goal::AtLeast(1.0),
        Goal::AtLeast(1.8),
    ),
    row(
        "CPU per message, 64 outstanding",
        CPU,
        |run| run.of(MESSAGES).cpu_per_10k(),
        Goal::AtMost(1.0),
        Goal::AtMost(0.45),
    ),
    row(
        "CPU per message at 500/s",
        CPU,
        |run| run.of(Task::Paced(SLOW)).cpu_per_10k(),
        Goal::AtMost(1.0),
        Goal::AtMost(0.75),
    ),
    row(
        "CPU per message at 2,000/s",
        CPU,
        |run| run.of(Task::Paced(FAST)).cpu_per_10k(),
        Goal::AtMost(1.0),
        Goal::AtMost(0.75),
    ),
    row(
        "CPU per interaction, 64 outstanding",
        CPU,
        |run| run.of(INTERACTIONS).cpu_per_10k(),
        Goal::None,
        Goal::None,
    ),
    Row {
        share: 0.75,
        ..row(
            "p50 with one outstanding, three of four rounds",
            "ms",
            |run| run.of(ALONE).load.latency_ms.median(),
            Goal::AtMost(1.1),
            Goal::AtMost(1.0),
        )
    },
    Row {
        share: 0.75,
        ..row(
            "p99 at 2,000/s, three of four rounds",
            "ms",
            |run| run.of(Task::Paced(FAST)).load.latency_ms.percentile(0.99),
            Goal::AtMost(1.1),
            Goal::AtMost(1.0),
        )
    },
    row(
        "p99 of a tenth of a second at 2,000/s",
        "ms",
        |run| run.of(Task::Paced(FAST)).load.latency_ms.usual_percentile(TENTH, 0.99),
        Goal::None,
        Goal::AtMost(1.0),
    ),
    row(
        "p50 at 2,000/s",
        "ms",
        |run| run.of(Task::Paced(FAST)).load.latency_ms.median(),
        Goal::None,
        Goal::None,
    ),
    row("p50, 64 outstanding", "ms", |run| run.of(MESSAGES).load.latency_ms.median(), Goal::None, Goal::None),
    row(
        "p99, 64 outstanding",
        "ms",
        |run| run.of(MESSAGES).load.latency_ms.percentile(0.99),
        Goal::None,
        Goal::AtMost(1.0),
    ),
    row("idle memory (RSS)", "MiB", |run| run.idle.rss / 1024.0, Goal::AtMost(1.4), Goal::AtMost(1.05)),
    row("idle memory (PSS)", "MiB", |run| run.idle.pss / 1024.0, Goal::None, Goal::AtMost(1.0)),
    row(
        "memory at rest after the load (RSS)",
        "MiB",
        |run| run.loaded.rss / 1024.0,
        Goal::AtMost(1.4),
        Goal::AtMost(1.05),
    ),
];

/// Throughput, latency, CPU and memory.
pub(super) async fn load(scale: Scale) -> Result<Vec<Figure>> {
    let ping = libraries::examples(&["ping"])?;
    let cogs = [("ping", ping["ping"].as_path())];
    let mut rounds = Vec::new();
    for number in 0..scale.pick(9, 1) {
        rounds.push(round(number, scale, &cogs).await?);
    }
    let figure = |row: &Row, peer: usize, name: &str, goal: Goal| {
        let of = |bot: usize| rounds.iter().map(|runs| (row.value)(&runs[bot])).collect::<Sample>();
        let ratios: Sample =
            rounds.iter().map(|runs| (row.value)(&runs[0]) / (row.value)(&runs[peer])).collect();
        let note = format!(
            "{:.2} against {:.2} {}; rounds {:.2} to {:.2}",
            of(0).median(),
            of(peer).median(),
            row.unit,
            ratios.percentile(0.0),
            ratios.max()
        );
        Figure::new(format!("{} / {name}", row.what), goal, ratios.percentile(row.share), "×").note(note)
    };
    let both = |row| [figure(row, 1, "twilight", row.twilight), figure(row, 2, "poise", row.poise)];
    Ok(ROWS.iter().flat_map(both).collect())
}

/// One of the bots on a Discord of its own, and the results of its turns so far.
struct Side {
    kind: Kind,
    sim: Sim,
    crowd: Crowd,
    bot: Bot,
    works: HashMap<Task, Work>,
}

impl Side {
    async fn start(kind: Kind, cogs: &[(&str, &Path)]) -> Result<Side> {
        let (sim, crowd) = rig::discord().await?;
        let bot = Bot::start(kind, &sim, cogs, "")?;
        first_reply(kind, &sim, &crowd, &bot).await?;
        rig::registered(&sim, "ping").await?;
        Ok(Side { kind, sim, crowd, bot, works: HashMap::new() })
    }

    async fn turn(&mut self, task: Task) -> Result<()> {
        let process = self.bot.process();
        let cpu = process.cpu_seconds()?;
        let load = match task {
            Task::Closed(ask, outstanding) => {
                traffic::closed(&self.sim, &self.crowd, ask, outstanding, Length::Lasting(TURN)).await?
            }
            Task::Paced(rate) => {
                let line = |number| format!("!ping {number}");
                let steady = Steady::start(&self.sim, &self.crowd, rate, line);
                tokio::time::sleep(TURN).await;
                steady.stop().await?
            }
        };
        if load.lost > 0 {
            let (kind, words) = (self.kind, self.bot.last_words());
            return Err(
                format!("{kind:?} lost {} messages ({task:?}); its last words: {words}", load.lost).into()
            );
        }
        let work = self.works.entry(task).or_default();
        work.load.append(load);
        work.cpu_seconds += process.cpu_seconds()? - cpu;
        Ok(())
    }

    async fn end(self, idle: Memory) -> Result<Run> {
        let loaded = self.bot.process().memory()?;
        drop(self.bot);
        self.sim.close().await;
        Ok(Run { works: self.works, idle, loaded })
    }
}

/// A run of each kind.
async fn round(number: usize, scale: Scale, cogs: &[(&str, &Path)]) -> Result<Vec<Run>> {
    let mut sides = Vec::new();
    for kind in KINDS {
        sides.push(Side::start(kind, cogs).await?);
    }
    // The host gives back the memory of its start after a second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle: Vec<Memory> = sides.iter().map(|side| side.bot.process().memory()).collect::<Result<_>>()?;
    for side in &sides {
        for ask in [Ask::Message, Ask::Interaction] {
            traffic::closed(&side.sim, &side.crowd, ask, OUTSTANDING, Length::Lasting(TURN)).await?;
        }
    }
    for (task, [full, quick]) in TURNS {
        for turn in 0..scale.pick(full, quick) {
            // The bot that begins changes.
            for step in 0..KINDS.len() {
                sides[(number + turn + step) % KINDS.len()].turn(task).await?;
            }
        }
    }
    tokio::time::sleep(AT_REST).await;
    let mut runs = Vec::new();
    for (side, idle) in sides.into_iter().zip(idle) {
        runs.push(side.end(idle).await?);
    }
    Ok(runs)
}
