//! One cog as text, with its scheduled tasks. It receives everything it shows.

use std::fmt::Write as _;

use super::{protocol::Answer, table};
use crate::{cogs::Cogs, duration::ShownSecs, schedule::TaskStatus, text::OneLine};

/// The status of the cog `name`.
pub(super) fn answer(cogs: &Cogs, name: &str) -> Answer {
    let mut status = cogs.status();
    let known: Vec<String> = status.cogs.iter().map(|cog| cog.name.clone()).collect();
    status.cogs.retain(|cog| cog.name == name);
    status.refused.clear();
    status.held.clear();
    let Some(cog) = status.cogs.first() else {
        let help = format!("known cogs: {}", known.join(", "));
        return Answer::refused(
            format!("no cog `{name}` is known"),
            Some(help).filter(|_| !known.is_empty()),
        );
    };
    let mut text = table::of(&status);
    let _ = write!(text, "\nfile: {}", OneLine(&cog.file.display().to_string()));
    if !cog.events.is_empty() {
        let _ = write!(text, "\nevents: {}", cog.events.join(", "));
    }
    if !cog.planned.is_empty() {
        let heading = ["TASK", "WHEN", "NEXT", "LAST", "LEFT OUT"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(heading).chain(cog.planned.iter().map(row)).collect();
        let _ = write!(text, "\n\n{}", table::aligned(&rows).trim_end());
        if cog.tasks > cog.planned.len() {
            let _ = write!(text, "\nand {} more", cog.tasks - cog.planned.len());
        }
    }
    Answer::done(text, cog)
}

fn row(task: &TaskStatus) -> [String; 5] {
    let next = match task.is_running {
        true => "running".to_owned(),
        false => format!("in {}", ShownSecs(task.due_in_secs)),
    };
    [
        task.name.clone(),
        task.when.clone(),
        next,
        task.last.unwrap_or("-").to_owned(),
        task.left_out.to_string(),
    ]
}
