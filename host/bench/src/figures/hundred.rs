//! A hundred cogs: how long they take to load, and the cost of those that do not listen.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    Result,
    bots::{Bot, Kind},
    figure::{Figure, Goal, Scale},
    libraries,
    rig::{self, Rig},
    sample::Sample,
    scratch,
    traffic::{self, Ask, Length},
};

const COGS: usize = 100;

/// Loading a hundred, and the cost of a message with one cog and with a hundred and one.
pub(super) async fn hundred(scale: Scale) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let made = scratch::many(COGS, folder.path())?;
    let cogs: Vec<(&str, &Path)> = made.iter().map(|(name, file)| (name.as_str(), file.as_path())).collect();
    let mut loads = Sample::default();
    for _ in 0..scale.pick(5, 1) {
        let rig = Rig::new(&[], "[cogs]\nwatch = false").await?;
        for (name, file) in &cogs {
            rig.home.put(name, file)?;
        }
        let start = Instant::now();
        let claimed = rig.host.cogs().claim_all().await;
        let reports = rig.host.cogs().deploy_all(claimed).await;
        loads.push(start.elapsed().as_secs_f64());
        for report in reports {
            report?;
        }
        if rig.ask("!ping-042 x").await? != "pong x" {
            return Err("one of the hundred does not answer".into());
        }
        rig.close().await;
    }
    let built = libraries::examples(&["ping"])?;
    let one = [("ping", built["ping"].as_path())];
    let all: Vec<_> = cogs.iter().chain(&one).copied().collect();
    let (mut ratios, mut alone, mut among) = (Sample::default(), Sample::default(), Sample::default());
    for _ in 0..scale.pick(4, 1) {
        let (few, many) = (cost(&one, scale).await?, cost(&all, scale).await?);
        ratios.push(many / few);
        alone.push(few);
        among.push(many);
    }
    Ok(vec![
        Figure::new(format!("{COGS} cogs loaded at start"), Goal::AtMost(1.0), loads.median(), "s"),
        Figure::new(
            format!("CPU per message, {} cogs / 1 cog, one listens", all.len()),
            Goal::AtMost(1.1),
            ratios.median(),
            "×",
        )
        .note(format!("{:.2} against {:.2} CPU-s per 10,000", among.median(), alone.median())),
    ])
}

/// CPU seconds per 10,000 messages.
async fn cost(cogs: &[(&str, &Path)], scale: Scale) -> Result<f64> {
    let (sim, crowd) = rig::discord().await?;
    let bot = Bot::start(Kind::Gearshift, &sim, cogs, "")?;
    if !sim.connected(1, rig::SOON).await {
        return Err(format!("the host did not connect; its last words: {}", bot.last_words()).into());
    }
    let (short, lasting) = scale.pick((1000, 4000), (300, 1000));
    let closed = |millis| {
        let length = Length::Lasting(Duration::from_millis(millis));
        traffic::closed(&sim, &crowd, Ask::Message, 64, length)
    };
    closed(short).await?;
    let cpu = bot.process().cpu_seconds()?;
    let load = closed(lasting).await?;
    let cpu = bot.process().cpu_seconds()? - cpu;
    drop(bot);
    sim.close().await;
    Ok(cpu / load.replies as f64 * 10_000.0)
}
