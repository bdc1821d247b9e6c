//! Replacing a cog under load and idle: nothing may be lost, and how soon the new code answers.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use gearshift_host::{
    cogs::{Report, Retirement},
    control::{Client, Request},
};
use gearshift_sim::Sim;

use crate::{
    Result,
    bots::{self, Bot, Kind},
    figure::{Figure, Goal, Scale},
    libraries,
    rig::{self, Crowd, Rig, SOON, STORE},
    sample::Sample,
    scratch,
    traffic::Steady,
};

/// Messages per second while the cog is replaced.
const RATE: u32 = 500;
/// The time between two reloads under load.
const BETWEEN: Duration = Duration::from_millis(50);

/// Reloads under load, with setups of several lengths. Every message is answered with the number of commands that the
/// cog has begun over all its generations, so the n-th message must get n.
pub(super) async fn lossless(scale: Scale) -> Result<Vec<Figure>> {
    let built = libraries::examples(&["faulty"])?;
    let library = built["faulty"].as_path();
    let mut figures = Vec::new();
    for (setup_ms, reloads) in
        [(0_u64, scale.pick(100, 10)), (20, scale.pick(100, 10)), (1000, scale.pick(100, 2))]
    {
        let (wrong, note) = under_load(library, setup_ms, reloads).await?;
        let what =
            format!("lost + duplicated + out of order, {reloads} reloads at {RATE}/s, setup {setup_ms} ms");
        figures.push(Figure::new(what, Goal::AtMost(0.0), wrong as f64, "").note(note));
    }
    Ok(figures)
}

async fn under_load(library: &Path, setup_ms: u64, reloads: u32) -> Result<(u64, String)> {
    let rig = Rig::new(&[("faulty", library)], &format!("[cogs]\nwatch = false\n{STORE}")).await?;
    // The order itself is the first command that is counted.
    rig.ask(&format!("!faulty slow-setup {setup_ms}")).await?;
    let (mut pauses, mut held, mut cancelled) = (Sample::default(), 0, 0);
    let steady = Steady::start(&rig.sim, &rig.crowd, RATE, |_| "!faulty count".to_owned());
    for _ in 0..reloads {
        tokio::time::sleep(BETWEEN).await;
        let report = rig.host.cogs().reload("faulty").await?;
        pauses.push_ms(report.pause.unwrap_or_default());
        held += u32::from(matches!(report.retirement, Some(Retirement::Held { .. })));
        cancelled += report.cancelled;
    }
    let load = steady.stop().await?;
    rig.close().await;
    let expected = |number: usize| format!("{} commands", number + 2);
    let disordered = load.texts.iter().enumerate().filter(|(number, text)| {
        text.as_ref().is_some_and(|text| !text.starts_with(&format!("{},", expected(*number))))
    });
    let disordered = disordered.count() as u64;
    let note = format!(
        "{} messages: {} lost, {} duplicated, {disordered} out of order; pause p99 {:.2} ms, {cancelled} cancelled, {held} held",
        load.replies + load.lost,
        load.lost,
        load.duplicated,
        pauses.percentile(0.99),
    );
    Ok((load.lost + load.duplicated + disordered, note))
}

/// From the trigger to the first reply of the new code, and the pause, with no other load.
pub(super) async fn trigger(scale: Scale) -> Result<Vec<Figure>> {
    let builds = scratch::pings()?;
    let rig = Rig::new(&[("ping", &builds[0])], "[cogs]\nwatch = false").await?;
    let (mut replied, mut pauses) = (Sample::default(), Sample::default());
    let mut phases: BTreeMap<&str, Sample> = BTreeMap::new();
    for round in 1..=scale.pick(200, 20) {
        let (took, report) = replaced(&rig, &builds, round).await?;
        replied.push_ms(took);
        pauses.push_ms(report.pause.unwrap_or_default());
        for phase in &report.phases {
            phases.entry(phase.name.name()).or_default().push_ms(phase.took);
        }
    }
    let phases: Vec<_> = phases.iter().map(|(name, times)| format!("{name} {:.2}", times.median())).collect();
    let (status, held) = (rig.host.cogs().status(), rig.host.cogs().status().held.len());
    rig.close().await;
    let note = format!(
        "p99 {:.2} ms, {} unmapped, {held} held; median phases in ms: {}",
        replied.percentile(0.99),
        status.unmapped,
        phases.join(", ")
    );
    Ok(vec![
        Figure::new(
            "reload → first reply by the new code, idle, median",
            Goal::AtMost(2.0),
            replied.median(),
            "ms",
        )
        .note(note),
        Figure::new(
            "pause with nothing else in flight, p99",
            Goal::AtMost(2.0),
            pauses.percentile(0.99),
            "ms",
        )
        .note(format!("median {:.3} ms", pauses.median())),
    ])
}

/// Replaces `ping` with the build of a round. Returns how soon it answers, and the report.
pub(super) async fn replaced(rig: &Rig, builds: &[PathBuf; 2], round: usize) -> Result<(Duration, Report)> {
    let build = round % builds.len();
    rig.home.put("ping", &builds[build])?;
    let start = Instant::now();
    let cogs = Arc::clone(rig.host.cogs());
    let reload = tokio::spawn(async move { cogs.reload("ping").await });
    let took = until_new(&rig.sim, &rig.crowd, build, start).await?;
    Ok((took, reload.await??))
}

/// From an order over the control socket to the first reply of the new code: sent over a connection, and by the command
/// `gearshift cogs reload` in a process of its own. The host is a process of its own as well.
pub(super) async fn control(scale: Scale) -> Result<Vec<Figure>> {
    let builds = scratch::pings()?;
    let (sim, crowd) = rig::discord().await?;
    let bot = Bot::start(Kind::Gearshift, &sim, &[("ping", &builds[0])], "[cogs]\nwatch = false")?;
    if !sim.connected(1, SOON).await {
        return Err(format!("the host did not connect; its last words: {}", bot.last_words()).into());
    }
    let socket = bot.home().socket();
    let (mut asked, mut commanded) = (Sample::default(), Sample::default());
    for round in 1..=scale.pick(200, 20) {
        let build = round % builds.len();
        bot.home().put("ping", &builds[build])?;
        let mut client = Client::connect(&socket)?;
        let by_command = round % 4 < 2;
        let config = bot.home().config();
        let start = Instant::now();
        let order = tokio::task::spawn_blocking(move || -> Result<bool> {
            if by_command {
                let mut command = Command::new(bots::beside("gearshift")?);
                command.args(["cogs", "reload", "ping", "--config"]).arg(config).stdout(Stdio::null());
                return Ok(command.status()?.success());
            }
            Ok(client.call(&Request::Reload { cog: "ping".to_owned(), lane: None })?.ok)
        });
        let took = until_new(&sim, &crowd, build, start).await?;
        if by_command {
            commanded.push_ms(took)
        } else {
            asked.push_ms(took)
        }
        if !order.await?? {
            return Err(format!("the reload was refused; the host's last words: {}", bot.last_words()).into());
        }
    }
    drop(bot);
    sim.close().await;
    let what = |how| format!("{how} → first reply by the new code, idle, median");
    Ok(vec![
        Figure::new(what("order on the control socket"), Goal::AtMost(2.0), asked.median(), "ms")
            .note(format!("p99 {:.2} ms", asked.percentile(0.99))),
        Figure::new(what("start of `gearshift cogs reload`"), Goal::None, commanded.median(), "ms").note(
            format!(
                "p99 {:.2} ms, its own start and reading of the configuration included",
                commanded.percentile(0.99)
            ),
        ),
    ])
}

/// From closing a new library on disk to the first reply of the new code.
pub(super) async fn saved(scale: Scale) -> Result<Vec<Figure>> {
    let builds = scratch::pings()?;
    let rig = Rig::new(&[("ping", &builds[0])], "").await?;
    let (mut renamed, mut written) = (Sample::default(), Sample::default());
    for round in 1..=scale.pick(200, 20) {
        let build = round % builds.len();
        // Half of them are renamed into place as by a careful deployer, half are copied over the old file.
        let sample = if round % 4 < 2 {
            rig.home.put("ping", &builds[build])?;
            &mut renamed
        } else {
            std::fs::copy(&builds[build], rig.home.cogs().join("libping.so"))?;
            &mut written
        };
        sample.push_ms(until_new(&rig.sim, &rig.crowd, build, Instant::now()).await?);
    }
    rig.close().await;
    let mut figures = Vec::new();
    for (how, sample) in [("renamed into place", renamed), ("written in place", written)] {
        let what = |part| format!("library {how} → first reply by the new code, {part}");
        figures.push(Figure::new(what("median"), Goal::AtMost(50.0), sample.median(), "ms"));
        figures.push(Figure::new(what("p99"), Goal::AtMost(100.0), sample.percentile(0.99), "ms"));
    }
    Ok(figures)
}

/// Asks, one message at a time, until the given build answers. Returns how long after `start` that was.
async fn until_new(sim: &Sim, crowd: &Crowd, build: usize, start: Instant) -> Result<Duration> {
    while start.elapsed() < SOON {
        if rig::ask(sim, crowd, "!ping x").await? == format!("{} x", scratch::WORDS[build]) {
            return Ok(start.elapsed());
        }
    }
    Err("the new code does not answer".into())
}
