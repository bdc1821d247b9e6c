//! A host that has served many interactions: it must use no more memory than before.

use crate::{
    Result,
    bots::{Bot, Kind},
    figure::{Figure, Goal, Scale},
    libraries,
    rig::{self, AT_REST, SOON},
    traffic::{self, Ask, Length},
};

/// Interactions before the first measurement, which fill pools and caches.
const WARM_UP: u64 = 1000;
const OUTSTANDING: u64 = 64;

/// The host's memory before and after.
pub(super) async fn growth(scale: Scale) -> Result<Vec<Figure>> {
    let built = libraries::examples(&["ping"])?;
    let (sim, crowd) = rig::discord().await?;
    let bot = Bot::start(Kind::Gearshift, &sim, &[("ping", built["ping"].as_path())], "")?;
    if !sim.connected(1, SOON).await {
        return Err(format!("the host did not connect; its last words: {}", bot.last_words()).into());
    }
    rig::registered(&sim, "ping").await?;
    let interactions = scale.pick(100_000, 5000);
    let closed = |count| traffic::closed(&sim, &crowd, Ask::Interaction, OUTSTANDING, Length::Count(count));
    closed(WARM_UP).await?;
    tokio::time::sleep(AT_REST).await;
    let before = bot.process().memory()?.rss / 1024.0;
    let load = closed(interactions).await?;
    let busy = bot.process().memory()?.rss / 1024.0;
    tokio::time::sleep(AT_REST).await;
    let after = bot.process().memory()?.rss / 1024.0;
    drop(bot);
    sim.close().await;
    let what = format!("memory after {interactions} interactions (RSS), growth");
    let note = format!(
        "{before:.1} → {busy:.1}, {after:.1} MiB after {} s; {} replies",
        AT_REST.as_secs(),
        load.replies
    );
    Ok(vec![Figure::new(what, Goal::AtMost(10.0), after - before, "MiB").note(note)])
}
