//! From the start of a bot's process to READY and to its first reply.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    Result,
    bots::{Bot, Kind},
    figure::{Figure, Goal, Scale},
    libraries,
    rig::{self, Crowd, SOON, STORE},
    sample::Sample,
};

/// The interval at which a starting bot is asked until it answers.
const PROBE: Duration = Duration::from_millis(5);

/// The results of the starts of one bot, one value per start.
#[derive(Default)]
struct Starts {
    ready_ms: Vec<f64>,
    reply_ms: Vec<f64>,
    /// CPU until the first reply.
    cpu_ms: Vec<f64>,
}

/// With one cog, compared with the same bot on twilight and in poise.
pub(super) async fn one(scale: Scale) -> Result<Vec<Figure>> {
    let built = libraries::examples(&["ping"])?;
    let cogs = [("ping", built["ping"].as_path())];
    let kinds = [Kind::Gearshift, Kind::Twilight, Kind::Poise];
    let [ours, twilight, poise] = starts(scale, kinds, &cogs, "").await?;
    let ready = |peer: &Starts, name, limit| {
        ratio(
            &format!("start → READY, one cog / {name}"),
            Goal::AtMost(limit),
            &ours.ready_ms,
            &peer.ready_ms,
        )
    };
    Ok(vec![ready(&twilight, "twilight", 2.0), ready(&poise, "poise", 1.5)])
}

/// With five cogs and a store, compared with poise with only `ping`.
pub(super) async fn five(scale: Scale) -> Result<Vec<Figure>> {
    let names = ["ping", "counter", "remind", "lookup", "pulse"];
    let built = libraries::examples(&names)?;
    let cogs: Vec<_> = names.iter().map(|name| (*name, built[*name].as_path())).collect();
    let [ours, poise] = starts(scale, [Kind::Gearshift, Kind::Poise], &cogs, STORE).await?;
    Ok(vec![
        ratio("start → READY, five cogs / poise", Goal::None, &ours.ready_ms, &poise.ready_ms),
        ratio("start → first reply, five cogs / poise", Goal::AtMost(1.5), &ours.reply_ms, &poise.reply_ms),
        ratio("CPU until the first reply, five cogs / poise", Goal::None, &ours.cpu_ms, &poise.cpu_ms),
    ])
}

/// The median of the ratios of single starts.
fn ratio(what: &str, goal: Goal, ours: &[f64], peers: &[f64]) -> Figure {
    let ratios: Sample = ours.iter().zip(peers).map(|(ours, peer)| ours / peer).collect();
    let median = |values: &[f64]| values.iter().copied().collect::<Sample>().median();
    let note = format!("{:.1} against {:.1} ms", median(ours), median(peers));
    Figure::new(what, goal, ratios.median(), "×").note(note)
}

/// Starts several kinds in turn.
async fn starts<const N: usize>(
    scale: Scale,
    kinds: [Kind; N],
    cogs: &[(&str, &Path)],
    lines: &str,
) -> Result<[Starts; N]> {
    let mut all = std::array::from_fn(|_| Starts::default());
    for _ in 0..scale.pick(15, 3) {
        for (kind, starts) in kinds.into_iter().zip(&mut all) {
            let (sim, crowd) = rig::discord().await?;
            // Started before, as a first start also creates the file of the store, which waits for the disk.
            let before = Bot::start(kind, &sim, cogs, lines)?;
            first_reply(kind, &sim, &crowd, &before).await?;
            let bot = before.again(&sim).await?;
            let (ready, reply) = first_reply(kind, &sim, &crowd, &bot).await?;
            starts.ready_ms.push(ready.as_secs_f64() * 1000.0);
            starts.reply_ms.push(reply.as_secs_f64() * 1000.0);
            starts.cpu_ms.push(bot.process().cpu_ms_of_threads()?);
            drop(bot);
            sim.close().await;
        }
    }
    Ok(all)
}

/// How long after its start the bot was connected, and how long until its first reply.
pub(super) async fn first_reply(
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
