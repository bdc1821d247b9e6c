//! How large a cog is, and how long its author waits for it.

use std::{fs, process::Command, time::Instant};

use crate::{
    Result,
    figure::{Figure, Goal},
    libraries,
    sample::Sample,
    scratch,
};

/// The size of release `ping`, and the time of an incremental build in both profiles.
pub(super) async fn size() -> Result<Vec<Figure>> {
    let built = libraries::examples(&["ping"])?;
    let bytes = fs::metadata(&built["ping"])?.len();
    Ok(vec![
        Figure::new("release `ping`, stripped", Goal::AtMost(600.0), bytes as f64 / 1024.0, "KiB"),
        Figure::new("incremental rebuild of `ping`, debug", Goal::AtMost(1.0), rebuild(&[])?, "s"),
        Figure::new(
            "incremental rebuild of `ping`, release",
            Goal::AtMost(1.0),
            rebuild(&["--release"])?,
            "s",
        ),
    ])
}

/// The median time of a build after a change in the cog's source.
fn rebuild(profile: &[&str]) -> Result<f64> {
    let package = scratch::editable()?;
    let mut times = Sample::default();
    for round in 0..5 {
        package.change(round)?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--quiet"]).args(profile).arg("--manifest-path").arg(package.manifest());
        cargo.arg("--target-dir").arg(libraries::target()?);
        let start = Instant::now();
        if !cargo.status()?.success() {
            return Err("cargo could not build the changed cog".into());
        }
        // The first build may include the cog's dependencies.
        if round > 0 {
            times.push(start.elapsed().as_secs_f64());
        }
    }
    Ok(times.median())
}
