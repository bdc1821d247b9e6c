//! A cog that posts an announcement in a thousand channels, on a Discord that is far away and has rate limits.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use gearshift_sim::RestFault;

use crate::{
    Result,
    bots::{Bot, Kind},
    figure::{Figure, Goal, Scale},
    rig::{self, SOON},
    scratch,
};

/// From a request to its answer.
const LATENCY: Duration = Duration::from_millis(100);
/// Discord lets a bot make 50 requests a second: <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
const A_SECOND: usize = 50;
/// The maximum total time, as a multiple of the minimum.
const PATIENCE: u32 = 3;

/// How many announcements arrive, and how many requests Discord refuses.
pub(super) async fn announcing(scale: Scale) -> Result<Vec<Figure>> {
    let channels = scale.pick(1000, 100);
    let announcer = scratch::announcer()?;
    let (sim, crowd) = rig::discord_with_limits(channels).await?;
    sim.faults().rest("*", "*", u64::MAX, RestFault::Delay(LATENCY));
    let bot = Bot::start(Kind::Gearshift, &sim, &[("announcer", &announcer)], "")?;
    if !sim.connected(1, SOON).await {
        return Err(format!("the host did not connect; its last words: {}", bot.last_words()).into());
    }
    let refused = sim.invalid_requests();
    let mut reader = sim.transcript().reader();
    crowd.say(0, "!announce").await?;
    let (start, least) = (Instant::now(), Duration::from_secs((channels / A_SECOND) as u64));
    let (deadline, mut reached) = (start + SOON + least * PATIENCE, HashSet::new());
    while reached.len() < channels {
        let announced = |entry: &gearshift_sim::Entry| {
            entry.posted().filter(|posted| &*posted.content == scratch::NEWS).map(|posted| posted.channel_id)
        };
        let Some(channel) = reader.until(deadline, announced).await else { break };
        reached.insert(channel);
    }
    let (took, refused) = (start.elapsed(), sim.invalid_requests() - refused);
    let words = bot.last_words();
    drop(bot);
    sim.close().await;
    let missing = channels - reached.len();
    let note = match missing {
        0 => format!("all after {:.1} s", took.as_secs_f64()),
        _ => format!("its last words: {words}"),
    };
    let what = format!("announcements in {channels} channels, {} ms latency", LATENCY.as_millis());
    Ok(vec![
        Figure::new(format!("{what}: missing"), Goal::AtMost(0.0), missing as f64, "").note(note),
        Figure::new(format!("{what}: requests refused"), Goal::AtMost(99.0), f64::from(refused), ""),
    ])
}
