//! How long an author waits with `gearshift dev`: from saving to the first answer of the new code, or to the compiler's
//! error.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::{
    Result,
    bots::Bot,
    figure::{Figure, Goal, Scale},
    rig,
    sample::Sample,
    scratch,
};

/// The first build may include the SDK.
const FIRST: Duration = Duration::from_secs(300);
/// All others build only the cog.
const SOON: Duration = Duration::from_secs(60);

/// Edits of one line, errors, and many saves in a row.
pub(super) async fn developing(scale: Scale) -> Result<Vec<Figure>> {
    let package = scratch::editable()?;
    let mut words = package.change(0)?;
    let (sim, crowd) = rig::discord().await?;
    let bot = Bot::develop(&sim, &package.folder())?;
    let log = || fs::read_to_string(bot.home().log());
    let until = async |what: &str, count: usize| {
        let start = Instant::now();
        while log()?.matches(what).count() < count {
            if start.elapsed() > FIRST {
                return Err(format!("`{what}` was not said; the last words: {}", bot.last_words()).into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        crate::Result::Ok(())
    };
    let answered = async |words: &str| {
        let (answer, start) = (format!("{words} x"), Instant::now());
        while rig::ask(&sim, &crowd, "!ping x").await? != answer {
            if start.elapsed() > SOON {
                return Err(
                    format!("the new code does not answer; the last words: {}", bot.last_words()).into()
                );
            }
        }
        crate::Result::Ok(())
    };
    until("`ping-edited#1` was loaded", 1).await?;
    let (mut edits, mut rest, mut mistakes) = (Sample::default(), Sample::default(), Sample::default());
    for round in 1..=scale.pick(20, 4) {
        words = package.change(round)?;
        let saved = Instant::now();
        answered(&words).await?;
        let took = saved.elapsed().as_secs_f64();
        edits.push(took);
        rest.push((took - cargo_seconds(&log()?)?) * 1000.0);
    }
    for count in 1..=scale.pick(10, 2) {
        package.spoil()?;
        let saved = Instant::now();
        until("failed to build", count as usize).await?;
        mistakes.push(saved.elapsed().as_secs_f64());
        words = package.change(1000 + count)?;
        answered(&words).await?;
    }
    let (before, saves) = (bot.process().memory()?.rss, scale.pick(200, 50));
    let mut lost = 0;
    for save in 0..saves {
        words = package.change(2000 + save)?;
        lost += u32::from(!rig::ask(&sim, &crowd, "!ping x").await?.starts_with("pong "));
    }
    answered(&words).await?;
    let grown = bot.process().memory()?.rss - before;
    Ok(vec![
        Figure::new(
            "save → first reply by the new code, `gearshift dev`, median",
            Goal::AtMost(1.2),
            edits.median(),
            "s",
        ),
        Figure::new("of it without cargo, median", Goal::AtMost(60.0), rest.median(), "ms"),
        Figure::new(
            "save of a mistake → the compiler's word, median",
            Goal::AtMost(0.7),
            mistakes.median(),
            "s",
        ),
        Figure::new(format!("{saves} saves in a row: messages lost"), Goal::AtMost(0.0), f64::from(lost), "")
            .note(format!("memory {:+.2} MiB", grown / 1024.0)),
    ])
}

/// How long the last build took, according to the log.
fn cargo_seconds(log: &str) -> Result<f64> {
    let line =
        log.lines().rfind(|line| line.contains("built `ping-edited` in")).ok_or("nothing was built")?;
    let mut words = line.split(' ').rev();
    let (unit, number) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let number: f64 = number.parse()?;
    Ok(if unit == "ms" { number / 1000.0 } else { number })
}
