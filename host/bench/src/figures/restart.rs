//! What a bot misses while its process is restarted or its program replaced, on a Discord with a round trip of 50 ms.

use std::time::Duration;

use crate::{
    Result,
    bots::{Bot, Kind},
    figure::{Figure, Goal, Scale},
    figures::start::first_reply,
    libraries,
    rig::{self, STORE},
    traffic::{Load, Steady},
};

const ROUND_TRIP: Duration = Duration::from_millis(50);
const RATE: u32 = 500;
/// How long messages are sent before and after.
const BESIDE: Duration = Duration::from_secs(2);

/// How the process is restarted.
#[derive(Clone, Copy)]
enum How {
    /// With SIGTERM, and started again once it has ended, as by a supervisor.
    Supervisor,
    /// `gearshift upgrade`.
    Upgrade,
}

/// By a supervisor and with `gearshift upgrade`, and the same bot in poise by a supervisor.
pub(super) async fn restart(scale: Scale) -> Result<Vec<Figure>> {
    let built = libraries::examples(&["ping"])?;
    let cogs = [("ping", built["ping"].as_path())];
    let mut figures = Vec::new();
    let rows = [
        ("restart by a supervisor", Kind::Gearshift, How::Supervisor, Goal::AtMost(0.0)),
        ("`gearshift upgrade`", Kind::Gearshift, How::Upgrade, Goal::AtMost(0.0)),
        ("poise, restart by a supervisor", Kind::Poise, How::Supervisor, Goal::None),
    ];
    for (what, kind, how, goal) in rows {
        let (mut lost, mut silence, mut said) = (0, Duration::ZERO, 0);
        for _ in 0..scale.pick(5, 1) {
            let load = run(kind, how, &cogs).await?;
            lost += load.lost + load.duplicated;
            said += load.replies + load.lost;
            silence = silence.max(load.silence);
        }
        let note = format!("of {said}, at {RATE}/s and 50 ms round trip");
        figures.push(Figure::new(format!("{what}: lost or doubled"), goal, lost as f64, "").note(note));
        let longest = silence.as_secs_f64() * 1000.0;
        figures.push(Figure::new(format!("{what}: longest silence"), Goal::None, longest, "ms"));
    }
    Ok(figures)
}

async fn run(kind: Kind, how: How, cogs: &[(&str, &std::path::Path)]) -> Result<Load> {
    let (sim, crowd) = rig::discord_away(ROUND_TRIP).await?;
    let bot = Bot::start(kind, &sim, cogs, STORE)?;
    first_reply(kind, &sim, &crowd, &bot).await?;
    rig::registered(&sim, "ping").await?;
    // Until all questions of the start are answered, as the answers would be counted.
    tokio::time::sleep(BESIDE).await;
    let steady = Steady::start(&sim, &crowd, RATE, |number| format!("!ping {number}"));
    tokio::time::sleep(BESIDE).await;
    let bot = match how {
        How::Supervisor => bot.again(&sim).await?,
        How::Upgrade => {
            bot.upgrade().await?;
            bot
        }
    };
    if !sim.connected(1, rig::SOON).await {
        return Err(format!("{kind:?} did not connect again; its last words: {}", bot.last_words()).into());
    }
    tokio::time::sleep(BESIDE).await;
    let load = steady.stop().await?;
    drop(bot);
    sim.close().await;
    Ok(load)
}
