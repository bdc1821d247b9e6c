//! A cog that blocks its thread: the heartbeat and the other cogs must not be affected.

use std::time::Duration;

use crate::{
    Result,
    bots::{Bot, Kind},
    figure::{Figure, Goal, Scale},
    libraries,
    rig::{self, Crowd},
    sample::Sample,
    traffic::{Load, Steady},
};

/// Messages per second to the cog that does not block.
const RATE: u32 = 500;
/// The interval in HELLO. A heartbeat that is late by half of it ends the session.
const BEAT: Duration = Duration::from_millis(200);

/// One cog blocks while another one answers.
pub(super) async fn blocking(scale: Scale) -> Result<Vec<Figure>> {
    let built = libraries::examples(&["ping", "faulty"])?;
    let cogs = [("ping", built["ping"].as_path()), ("faulty", built["faulty"].as_path())];
    let (sim, crowd) = rig::discord_beating(BEAT).await?;
    let bot = Bot::start(Kind::Gearshift, &sim, &cogs, "")?;
    if !sim.connected(1, rig::SOON).await {
        return Err(format!("the host did not connect; its last words: {}", bot.last_words()).into());
    }
    let lasting = scale.pick(Duration::from_secs(10), Duration::from_secs(2));
    let mark = sim.transcript().mark();
    steady(&sim, &crowd, Duration::from_secs(1)).await?;
    let before = steady(&sim, &crowd, lasting).await?;
    let block = lasting + Duration::from_secs(2);
    crowd.say(0, &format!("!faulty block {}", block.as_millis())).await?;
    let during = steady(&sim, &crowd, lasting).await?;
    let after = steady(&sim, &crowd, lasting).await?;
    let mut reader = sim.transcript().reader_from(mark);
    let mut ended = Vec::new();
    while let Some(entry) = reader.try_next() {
        if let gearshift_sim::EntryKind::Gateway { event, .. } = &entry.kind {
            ended.push(event.clone());
        }
    }
    let quiet: Sample = [p99(&before), p99(&after)].into_iter().collect();
    let (quiet, busy) = (quiet.max(), p99(&during));
    let lost = before.lost + during.lost + after.lost;
    drop(bot);
    sim.close().await;
    let seconds = block.as_secs();
    Ok(vec![
        Figure::new(
            format!("gateway sessions disturbed while a cog blocks for {seconds} s"),
            Goal::AtMost(0.0),
            ended.len() as f64,
            "",
        )
        .note(format!(
            "a beat every {} ms, at most {} ms late; {ended:?}",
            BEAT.as_millis(),
            BEAT.as_millis() / 2
        )),
        Figure::new("p99 of another cog meanwhile / before and after", Goal::AtMost(1.5), busy / quiet, "×")
            .note(format!("{busy:.2} against {quiet:.2} ms, {lost} lost")),
    ])
}

fn p99(load: &Load) -> f64 {
    load.latency_ms.percentile(0.99)
}

async fn steady(sim: &gearshift_sim::Sim, crowd: &Crowd, lasting: Duration) -> Result<Load> {
    let steady = Steady::start(sim, crowd, RATE, |number| format!("!ping {number}"));
    tokio::time::sleep(lasting).await;
    steady.stop().await
}
