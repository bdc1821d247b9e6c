//! Replacing a cog whose queue is full of work: it must not wait until all of that is done.

use std::time::{Duration, Instant};

use gearshift_host::config::Limits;

use crate::{
    Result,
    figure::{Figure, Goal, Scale},
    libraries,
    rig::Rig,
    sample::Sample,
};

/// How long each handler blocks the cog's thread, in milliseconds.
const HANDLER_MS: u64 = 20;
/// What a replacement may take in addition to the time that handlers have to finish.
const BESIDE: Duration = Duration::from_secs(1);

/// After this time, all messages are in the queue, and only a few of them are done.
const ARRIVAL: Duration = Duration::from_secs(2);

/// From the order until the new generation serves.
pub(super) async fn full(scale: Scale) -> Result<Vec<Figure>> {
    let built = libraries::examples(&["faulty"])?;
    let limits = Limits::default();
    let goal = limits.drain_timeout + BESIDE;
    let (mut took, mut refused) = (Sample::default(), None);
    for _ in 0..scale.pick(3, 1) {
        let rig = Rig::new(&[("faulty", &built["faulty"])], "[cogs]\nwatch = false").await?;
        for number in 0..limits.lane_queue as u64 {
            rig.crowd.say(number, &format!("!faulty block {HANDLER_MS}")).await?;
        }
        tokio::time::sleep(ARRIVAL).await;
        let start = Instant::now();
        match rig.host.cogs().reload("faulty").await {
            Ok(_) => took.push(start.elapsed().as_secs_f64()),
            Err(error) => {
                took.push(f64::INFINITY);
                refused = Some(error.to_string());
            }
        }
        rig.close().await;
    }
    let what = format!(
        "replacement of a cog with {} items of {HANDLER_MS} ms in its queue, longest",
        limits.lane_queue
    );
    Ok(vec![
        Figure::new(what, Goal::AtMost(goal.as_secs_f64()), took.max(), "s")
            .note(refused.unwrap_or_default()),
    ])
}
