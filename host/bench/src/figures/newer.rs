//! Cogs built against a newer minor version of the ABI, loaded and closed before others: this crashed hosts that cache
//! layouts.

use crate::{
    Result,
    figure::{Figure, Goal, Scale},
    libraries,
    rig::Rig,
    scratch,
};

/// Loads and unloads the newer cog, then a current one, repeatedly. The figure is that this returns.
pub(super) async fn newer(scale: Scale) -> Result<Vec<Figure>> {
    let newer = scratch::newer()?;
    let built = libraries::examples(&["ping"])?;
    let rig = Rig::new(&[("ping-newer", &newer), ("ping", &built["ping"])], "[cogs]\nwatch = false").await?;
    if !rig.ask("!ping-newer x").await?.starts_with("pong x") {
        return Err("the cog of the newer ABI does not answer".into());
    }
    let (rounds, cogs) = (scale.pick(1000, 50), rig.host.cogs());
    for name in ["ping", "ping-newer"] {
        cogs.unload(name).await?;
    }
    let mut wrong = 0;
    for _ in 0..rounds {
        for name in ["ping-newer", "ping"] {
            cogs.load(name).await?;
            wrong += u32::from(rig.ask(&format!("!{name} x")).await? != "pong x");
            cogs.unload(name).await?;
        }
    }
    let status = cogs.status();
    rig.close().await;
    let what =
        format!("crashes or wrong answers, {rounds} × newer minor loaded and closed, then another cog");
    let note = format!("{} unmapped, {} held", status.unmapped, status.held.len());
    Ok(vec![Figure::new(what, Goal::AtMost(0.0), f64::from(wrong), "").note(note)])
}
