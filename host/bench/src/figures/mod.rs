//! The figures by name, in the order in which they are measured. Each module measures one promise.

mod announcing;
mod blocking;
mod developing;
mod full;
mod growth;
mod hundred;
mod kills;
mod newer;
mod processes;
mod reload;
mod reloads;
mod restart;
mod size;
mod soak;
mod start;
mod versus;

use std::time::Instant;

use crate::{
    Result,
    figure::{Report, Scale},
};

const NAMES: [&str; 22] = [
    "versus",
    "start",
    "start-cogs",
    "growth",
    "announcing",
    "lossless",
    "full",
    "trigger",
    "control",
    "saved",
    "restart",
    "developing",
    "reloads",
    "newer",
    "blocking",
    "hundred",
    "processes",
    "replacing",
    "crashes",
    "kills",
    "soak",
    "size",
];

/// The names of the measurements.
pub(crate) fn names() -> &'static [&'static str] {
    &NAMES
}

/// Runs the measurements with these names, or all of them.
///
/// `minutes`: how long `soak` runs, if given.
pub(crate) async fn measure(scale: Scale, minutes: Option<u64>, wanted: &[String]) -> Result<Report> {
    let mut report = Report::default();
    for name in NAMES {
        if !wanted.is_empty() && !wanted.iter().any(|one| one == name) {
            continue;
        }
        let start = Instant::now();
        let result = match name {
            "versus" => versus::load(scale).await,
            "start" => start::one(scale).await,
            "start-cogs" => start::five(scale).await,
            "growth" => growth::growth(scale).await,
            "announcing" => announcing::announcing(scale).await,
            "lossless" => reload::lossless(scale).await,
            "full" => full::full(scale).await,
            "trigger" => reload::trigger(scale).await,
            "control" => reload::control(scale).await,
            "saved" => reload::saved(scale).await,
            "restart" => restart::restart(scale).await,
            "developing" => developing::developing(scale).await,
            "reloads" => reloads::reloads(scale).await,
            "newer" => newer::newer(scale).await,
            "blocking" => blocking::blocking(scale).await,
            "hundred" => hundred::hundred(scale).await,
            "processes" => processes::processes(scale).await,
            "replacing" => processes::replacing(scale).await,
            "crashes" => processes::crashes(scale).await,
            "kills" => kills::kills(scale).await,
            "soak" => soak::soak(scale, minutes).await,
            "size" => size::size().await,
            other => unreachable!("`{other}` is in the list of names and nowhere else"),
        };
        report.add(name, result);
        eprintln!("{name} ({:.0} s)\n{}", start.elapsed().as_secs_f64(), report.lines_of(name));
    }
    Ok(report)
}
