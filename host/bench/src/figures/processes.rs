//! Lanes in processes of their own compared with lanes on threads of the host: their cost, and the cost of a crash.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use gearshift_host::{cogs::Retirement, lane::set_program};
use gearshift_sim::Sim;

use super::{reload::replaced, start::first_reply};
use crate::{
    Result,
    bots::{self, Bot, Kind},
    figure::{Figure, Goal, Scale},
    libraries,
    process::Process,
    rig::{self, Crowd, Rig, SOON, STORE},
    sample::Sample,
    scratch,
    traffic::{self, Ask, Length, Load, Steady},
};

const PROCESS: &str = "[cogs]\nwatch = false\nlane = \"process\"";
const THREAD: &str = "[cogs]\nwatch = false\nlane = \"thread\"";
/// How long a bot is under load before it is the other's turn.
const TURN: Duration = Duration::from_millis(500);
/// Longer than a lane's process waits before it gives back unused memory.
const QUIET: Duration = Duration::from_secs(12);
const OUTSTANDING: u64 = 64;
/// Messages per second while a cog crashes.
const RATE: u32 = 500;
const HUNDRED: usize = 100;

/// A bot on a Discord of its own, and its results.
struct Side {
    sim: Sim,
    crowd: Crowd,
    bot: Bot,
    busy: Load,
    alone: Load,
    cpu_seconds: f64,
}

impl Side {
    async fn start(cogs: &[(&str, &Path)], lines: &str) -> Result<Side> {
        let (sim, crowd) = rig::discord().await?;
        let bot = Bot::start(Kind::Gearshift, &sim, cogs, lines)?;
        first_reply(Kind::Gearshift, &sim, &crowd, &bot).await?;
        Ok(Side { sim, crowd, bot, busy: Load::default(), alone: Load::default(), cpu_seconds: 0.0 })
    }

    fn cpu_seconds(&self) -> Result<f64> {
        let own = self.bot.process();
        own.children()?.into_iter().chain([own]).map(Process::cpu_seconds).sum()
    }

    async fn turn(&mut self) -> Result<()> {
        let length = Length::Lasting(TURN);
        let cpu = self.cpu_seconds()?;
        self.busy.append(traffic::closed(&self.sim, &self.crowd, Ask::Message, OUTSTANDING, length).await?);
        self.cpu_seconds += self.cpu_seconds()? - cpu;
        self.alone.append(traffic::closed(&self.sim, &self.crowd, Ask::Message, 1, length).await?);
        Ok(())
    }

    fn cpu_per_10k(&self) -> f64 {
        self.cpu_seconds / self.busy.replies as f64 * 10_000.0
    }
}

/// Throughput, CPU, latency and memory of a process lane, measured in turns with a thread lane.
pub(super) async fn processes(scale: Scale) -> Result<Vec<Figure>> {
    let built = libraries::examples(&["ping"])?;
    let cogs = [("ping", built["ping"].as_path())];
    let (mut thread, mut process) = (Side::start(&cogs, THREAD).await?, Side::start(&cogs, PROCESS).await?);
    // Warm up both.
    thread.turn().await?;
    process.turn().await?;
    for side in [&mut thread, &mut process] {
        (side.busy, side.alone, side.cpu_seconds) = (Load::default(), Load::default(), 0.0);
    }
    for _ in 0..scale.pick(20, 4) {
        thread.turn().await?;
        process.turn().await?;
    }
    let memory = || -> Result<_> {
        process.bot.process().children()?.first().ok_or("the lane has no process")?.memory()
    };
    let loaded = memory()?;
    tokio::time::sleep(QUIET).await;
    let idle = memory()?;
    let (rates, cpu) =
        ([process.busy.rate(), thread.busy.rate()], [process.cpu_per_10k(), thread.cpu_per_10k()]);
    let p50 = [process.alone.latency_ms.median(), thread.alone.latency_ms.median()];
    for side in [thread, process] {
        drop(side.bot);
        side.sim.close().await;
    }
    let against = |[one, other]: [f64; 2], unit: &str| format!("{one:.2} against {other:.2} {unit}");
    Ok(vec![
        Figure::new(
            "throughput, 64 outstanding, process lane / thread lane",
            Goal::AtLeast(0.7),
            rates[0] / rates[1],
            "×",
        )
        .note(against(rates, "replies/s")),
        Figure::new(
            "CPU per message, 64 outstanding, process lane / thread lane",
            Goal::AtMost(1.5),
            cpu[0] / cpu[1],
            "×",
        )
        .note(against(cpu, "CPU-s per 10,000")),
        Figure::new(
            "p50 with one outstanding, process lane − thread lane",
            Goal::AtMost(60.0),
            (p50[0] - p50[1]) * 1000.0,
            "µs",
        )
        .note(against(p50, "ms")),
        Figure::new(
            "memory of the process of a lane (PSS), idle",
            Goal::AtMost(3.0),
            idle.pss / 1024.0,
            "MiB",
        )
        .note(format!(
            "{:.2} MiB under load; resident {:.2} and {:.2} MiB",
            loaded.pss / 1024.0,
            idle.rss / 1024.0,
            loaded.rss / 1024.0
        )),
    ])
}

/// How soon new code answers, and starting with a hundred cogs.
pub(super) async fn replacing(scale: Scale) -> Result<Vec<Figure>> {
    set_program(bots::beside("gearshift")?);
    let builds = scratch::pings()?;
    let rig = Rig::new(&[("ping", &builds[0])], PROCESS).await?;
    let (mut replied, mut killed) = (Sample::default(), 0);
    // More calls at once than ever later, so that the pool has all its connections.
    traffic::closed(&rig.sim, &rig.crowd, Ask::Message, OUTSTANDING, Length::Count(1000)).await?;
    let own = Process::this();
    let look = || -> Result<[usize; 3]> { Ok([own.descriptors()?, own.threads()?, own.children()?.len()]) };
    let (mut before, mut rss, rounds) = (look()?, own.memory()?.rss, scale.pick(5000, 100));
    for round in 1..=rounds {
        let (took, report) = replaced(&rig, &builds, round).await?;
        replied.push_ms(took);
        killed += u32::from(!matches!(report.retirement, Some(Retirement::Ended { killed: false })));
        if round == 50 {
            (before, rss) = (look()?, own.memory()?.rss);
        }
    }
    let (after, memory) = (look()?, own.memory()?.rss - rss);
    rig.close().await;
    let folder = tempfile::tempdir()?;
    let made = scratch::many(HUNDRED, folder.path())?;
    let rig = Rig::new(&[], PROCESS).await?;
    for (name, file) in &made {
        rig.home.put(name, file)?;
    }
    let start = Instant::now();
    let claimed = rig.host.cogs().claim_all().await;
    let reports = rig.host.cogs().deploy_all(claimed).await;
    let loaded = start.elapsed().as_secs_f64();
    reports.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
    rig.close().await;
    let growth = after.iter().zip(before).map(|(after, before)| after.saturating_sub(before)).sum::<usize>();
    Ok(vec![
        Figure::new(
            "process lane: reload → first reply by the new code, idle, median",
            Goal::AtMost(20.0),
            replied.median(),
            "ms",
        )
        .note(format!("p99 {:.2} ms, {killed} killed", replied.percentile(0.99))),
        Figure::new(
            format!("{rounds} replacements: descriptors, threads and processes, growth"),
            Goal::AtMost(0.0),
            growth as f64,
            "",
        )
        .note(format!("{before:?} → {after:?}")),
        Figure::new(
            format!("{rounds} replacements: memory, growth"),
            Goal::AtMost(4.0),
            memory / 1024.0,
            "MiB",
        ),
        Figure::new(format!("{HUNDRED} cogs in process lanes at start"), Goal::AtMost(2.0), loaded, "s"),
    ])
}

/// A cog crashes repeatedly while another one answers.
pub(super) async fn crashes(scale: Scale) -> Result<Vec<Figure>> {
    let built = libraries::examples(&["faulty", "ping"])?;
    let cogs = [("faulty", built["faulty"].as_path()), ("ping", built["ping"].as_path())];
    let lines = format!(
        "[limits]\nhangs_max = 1000000\n[cogs]\nwatch = false\n[cog.faulty]\nlane = \"process\"\nmemory_max = \"256 MiB\"\n{STORE}"
    );
    set_program(bots::beside("gearshift")?);
    let rig = Rig::new(&cogs, &lines).await?;
    let line = |number| format!("!ping {number}");
    // Looks at the status as often as it does while the cog crashes, which costs CPU.
    let quiet = Steady::start(&rig.sim, &rig.crowd, RATE, line);
    let looks = crashed(&rig, generation(&rig));
    let _ = tokio::time::timeout(Duration::from_secs(scale.pick(10, 3)), looks).await;
    let quiet = quiet.stop().await?;
    let busy = Steady::start(&rig.sim, &rig.crowd, RATE, line);
    let kinds = ["abort", "exit 3", "overflow", "memory"];
    let (crashes, mut served) = (scale.pick(1000, 40), Sample::default());
    for number in 0..crashes {
        let generation = generation(&rig);
        rig.crowd.say(0, &format!("!faulty crash {}", kinds[number % kinds.len()])).await?;
        let since = crashed(&rig, generation).await?;
        served.push_ms(since);
    }
    let busy = busy.stop().await?;
    rig.close().await;
    let wrong = busy.lost + busy.duplicated;
    let p99 = [busy.latency_ms.percentile(0.99), quiet.latency_ms.percentile(0.99)];
    Ok(vec![
        Figure::new(
            format!("{crashes} crashes at {RATE}/s: messages of another cog lost or doubled"),
            Goal::AtMost(0.0),
            wrong as f64,
            "",
        )
        .note(format!("of {}", busy.replies + busy.lost)),
        Figure::new("p99 of another cog meanwhile / before", Goal::None, p99[0] / p99[1], "×")
            .note(format!("{:.2} against {:.2} ms", p99[0], p99[1])),
        Figure::new("crash → the next generation serves, median", Goal::AtMost(30.0), served.median(), "ms")
            .note(format!("p99 {:.1} ms", served.percentile(0.99))),
    ])
}

/// The generation of the crashing cog that serves.
fn generation(rig: &Rig) -> Option<u64> {
    let status = rig.host.cogs().status();
    status.cogs.iter().find(|cog| cog.name == "faulty").and_then(|cog| cog.generation)
}

/// Waits for the generation after this one. Returns the time from when the previous one was gone until the new one
/// serves.
async fn crashed(rig: &Rig, before: Option<u64>) -> Result<Duration> {
    let (asked, mut gone) = (Instant::now(), None);
    while asked.elapsed() < SOON {
        match (generation(rig), gone) {
            (None, None) => gone = Some(Instant::now()),
            (now @ Some(_), gone) if now != before => return Ok(gone.unwrap_or(asked).elapsed()),
            _ => {}
        }
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    Err("no generation came after a crash".into())
}
