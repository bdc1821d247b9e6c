//! Gearshift against the same bot in static poise, on the same built-in Discord. Under load both run at once and have
//! work in turns of half a second: a machine that is slow now and then is slow for both. Every ratio is of one pair of
//! runs; the median of the pairs is the figure.
//!
//! At a load that leaves the machine idle, p99 is taken of the whole run, and of every tenth of a second, of which the
//! middle one counts: a virtual machine stands still for a millisecond now and then, in all for about a hundredth of the
//! time. The first tells of these moments too, the second of the bots.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use gearshift_sim::Sim;

use crate::{
    Result,
    bots::{Bot, Kind},
    figure::{Figure, Goal, Scale},
    libraries,
    process::Memory,
    rig::{self, Crowd, SOON, STORE},
    sample::Sample,
    traffic::{self, Load},
};

/// Messages that wait for their reply at any time.
const OUTSTANDING: u64 = 64;
/// Messages a second of the paced load.
const RATE: u32 = 2000;
/// Messages in a tenth of a second of it.
const TENTH: usize = RATE as usize / 10;
/// How long a bot has work before it is the other's turn.
const TURN: Duration = Duration::from_millis(500);
/// How often the bot is asked at the start until it answers.
const PROBE: Duration = Duration::from_millis(5);

/// What the runs of one bot brought.
struct Run {
    rate: f64,
    cpu_per_10k: f64,
    busy: Sample,
    paced: Sample,
    idle: Memory,
    loaded: Memory,
}

/// Throughput, latency, CPU and memory.
pub(super) async fn load(scale: Scale) -> Result<Vec<Figure>> {
    let ping = libraries::examples(&["ping"])?;
    let cogs = [("ping", ping["ping"].as_path())];
    let mut pairs = Vec::new();
    for round in 0..scale.pick(9, 1) {
        pairs.push(pair(round, scale, &cogs).await?);
    }
    let ratio = |what: &str, goal, value: fn(&Run) -> f64, unit: &str| {
        let ratios: Sample = pairs.iter().map(|[ours, poise]| value(ours) / value(poise)).collect();
        let ours: Sample = pairs.iter().map(|[ours, _]| value(ours)).collect();
        let poise: Sample = pairs.iter().map(|[_, poise]| value(poise)).collect();
        let note = format!("{:.2} against {:.2} {unit}", ours.median(), poise.median());
        Figure::new(format!("{what}, gearshift / poise"), goal, ratios.median(), "×").note(note)
    };
    Ok(vec![
        ratio("throughput, 64 outstanding", Goal::AtLeast(1.0), |run| run.rate, "replies/s"),
        ratio("CPU per message", Goal::AtMost(1.0), |run| run.cpu_per_10k, "CPU-s per 10,000"),
        ratio("p50, 64 outstanding", Goal::None, |run| run.busy.median(), "ms"),
        ratio("p99, 64 outstanding", Goal::AtMost(1.0), |run| run.busy.percentile(0.99), "ms"),
        ratio("p50 at 2,000/s", Goal::None, |run| run.paced.median(), "ms"),
        ratio("p99 at 2,000/s", Goal::AtMost(1.0), |run| run.paced.percentile(0.99), "ms"),
        ratio(
            "p99 of a tenth of a second at 2,000/s",
            Goal::AtMost(1.0),
            |run| run.paced.usual_percentile(TENTH, 0.99),
            "ms",
        ),
        ratio("idle memory (RSS)", Goal::AtMost(1.0), |run| run.idle.rss / 1024.0, "MiB"),
        ratio("idle memory (PSS)", Goal::AtMost(1.0), |run| run.idle.pss / 1024.0, "MiB"),
        ratio("memory after the load (RSS)", Goal::None, |run| run.loaded.rss / 1024.0, "MiB"),
    ])
}

/// One of the two bots on a Discord of its own, and what its turns have brought.
struct Side {
    sim: Sim,
    crowd: Crowd,
    bot: Bot,
    busy: Load,
    busy_cpu: f64,
    paced: Load,
}

impl Side {
    async fn start(kind: Kind, cogs: &[(&str, &Path)]) -> Result<Side> {
        let (sim, crowd) = rig::discord().await?;
        let bot = Bot::start(kind, &sim, cogs, "")?;
        first_reply(kind, &sim, &crowd, &bot).await?;
        Ok(Side { sim, crowd, bot, busy: Load::default(), busy_cpu: 0.0, paced: Load::default() })
    }

    async fn busy_turn(&mut self) -> Result<()> {
        let process = self.bot.process();
        let cpu = process.cpu_seconds()?;
        self.busy.append(traffic::closed(&self.sim, &self.crowd, OUTSTANDING, TURN).await?);
        self.busy_cpu += process.cpu_seconds()? - cpu;
        Ok(())
    }

    async fn paced_turn(&mut self) -> Result<()> {
        let line = |number| format!("!ping {number}");
        let steady = traffic::Steady::start(&self.sim, &self.crowd, RATE, line);
        tokio::time::sleep(TURN).await;
        let load = steady.stop().await?;
        if load.lost > 0 {
            return Err(format!("{} messages were lost at {RATE}/s", load.lost).into());
        }
        self.paced.append(load);
        Ok(())
    }

    async fn end(self, idle: Memory) -> Result<Run> {
        let loaded = self.bot.process().memory()?;
        drop(self.bot);
        self.sim.close().await;
        Ok(Run {
            rate: self.busy.rate(),
            cpu_per_10k: self.busy_cpu / self.busy.replies as f64 * 10_000.0,
            busy: self.busy.latency_ms,
            paced: self.paced.latency_ms,
            idle,
            loaded,
        })
    }
}

/// Gearshift's run, and poise's.
async fn pair(round: usize, scale: Scale, cogs: &[(&str, &Path)]) -> Result<[Run; 2]> {
    let mut sides = [Side::start(Kind::Gearshift, cogs).await?, Side::start(Kind::Poise, cogs).await?];
    tokio::time::sleep(scale.pick(Duration::from_secs(2), Duration::from_millis(500))).await;
    let idle = [sides[0].bot.process().memory()?, sides[1].bot.process().memory()?];
    for side in &sides {
        traffic::closed(&side.sim, &side.crowd, OUTSTANDING, TURN).await?;
    }
    // Who begins changes.
    let order = |turn: usize| [(round + turn) % 2, (round + turn + 1) % 2];
    for turn in 0..scale.pick(6, 2) {
        for at in order(turn) {
            sides[at].busy_turn().await?;
        }
    }
    for turn in 0..scale.pick(20, 2) {
        for at in order(turn) {
            sides[at].paced_turn().await?;
        }
    }
    let ([ours, poise], [our_idle, poise_idle]) = (sides, idle);
    Ok([ours.end(our_idle).await?, poise.end(poise_idle).await?])
}

/// From the process's start to the connection and to the first reply; Gearshift with five cogs.
pub(super) async fn start(scale: Scale) -> Result<Vec<Figure>> {
    let names = ["ping", "counter", "reminder", "lookup", "pulse"];
    let built = libraries::examples(&names)?;
    let cogs: Vec<_> = names.iter().map(|name| (*name, built[*name].as_path())).collect();
    let (mut connected, mut replied) = (Sample::default(), Sample::default());
    let (mut ours, mut poise, mut cpu) = (Sample::default(), Sample::default(), Sample::default());
    for _ in 0..scale.pick(15, 3) {
        let mut times = Vec::new();
        for kind in [Kind::Gearshift, Kind::Poise] {
            let (sim, crowd) = rig::discord().await?;
            // Started before: a first start also makes the file of the store, which waits for the disk.
            let before = Bot::start(kind, &sim, &cogs, STORE)?;
            first_reply(kind, &sim, &crowd, &before).await?;
            let bot = before.again(&sim).await?;
            let (connected, replied) = first_reply(kind, &sim, &crowd, &bot).await?;
            times.push((connected, replied, bot.process().cpu_ms_of_threads()?));
            drop(bot);
            sim.close().await;
        }
        let [(our_connected, our_reply, our_cpu), (poise_connected, poise_reply, poise_cpu)] = times[..]
        else {
            unreachable!("two kinds were run")
        };
        connected.push(our_connected.as_secs_f64() / poise_connected.as_secs_f64());
        replied.push(our_reply.as_secs_f64() / poise_reply.as_secs_f64());
        cpu.push(our_cpu / poise_cpu);
        ours.push_ms(our_reply);
        poise.push_ms(poise_reply);
    }
    let note = format!("{:.1} against {:.1} ms", ours.median(), poise.median());
    Ok(vec![
        Figure::new("start → connected, five cogs, gearshift / poise", Goal::None, connected.median(), "×"),
        Figure::new(
            "start → first reply, five cogs, gearshift / poise",
            Goal::AtMost(1.5),
            replied.median(),
            "×",
        )
        .note(note),
        Figure::new("CPU until the first reply, five cogs, gearshift / poise", Goal::None, cpu.median(), "×"),
    ])
}

/// How long after its start the bot was connected, and how long after it gave its first reply.
async fn first_reply(
    kind: Kind,
    sim: &gearshift_sim::Sim,
    crowd: &Crowd,
    bot: &Bot,
) -> Result<(Duration, Duration)> {
    let silent = |what: &str| format!("{kind:?} {what}; its last words: {}", bot.last_words());
    if !sim.connected(1, SOON).await {
        return Err(silent("did not connect").into());
    }
    let connected = bot.started.elapsed();
    let mut reader = sim.transcript().reader();
    let deadline = Instant::now() + SOON;
    for number in 0.. {
        crowd.say(number, &format!("!ping start {number}")).await?;
        let is_reply = |entry: &gearshift_sim::Entry| {
            entry.posted().filter(|it| it.author.bot && it.reply_to.is_some()).map(|_| ())
        };
        if reader.until(Instant::now() + PROBE, is_reply).await.is_some() {
            break;
        }
        if Instant::now() > deadline {
            return Err(silent("does not reply").into());
        }
    }
    Ok((connected, bot.started.elapsed()))
}
