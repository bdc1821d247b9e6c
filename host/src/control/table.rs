//! The status of the cogs as a text table. It receives everything it shows.

use std::fmt::Write as _;

use crate::{
    cogs::{self, CogStatus, HostStatus, Stage},
    duration::ShownSecs,
    text::{OneLine, counted},
};

/// The table, followed by notes about individual cogs.
pub(super) fn of(status: &HostStatus) -> String {
    let mut rows = vec![
        ["COG", "VERSION", "STAGE", "LANE", "UP", "HANDLED", "WAITING", "TASKS", "FAULTS", "COMMANDS"]
            .map(str::to_owned),
    ];
    rows.extend(status.cogs.iter().map(row));
    let mut text = if status.cogs.is_empty() { "no cog is loaded\n".to_owned() } else { aligned(&rows) };
    // A reason that is given for a file is not repeated for its cog.
    let is_of_file = |why: &String| status.refused.iter().any(|refused| refused.reason == *why);
    for cog in &status.cogs {
        if let Some(reason) = cog.reason.as_ref().filter(|why| !is_of_file(why)) {
            let _ = writeln!(text, "{} is away: {}", cog.name, OneLine(reason));
        } else if let (Some(fault), Some(secs)) = (&cog.last_fault, cog.last_fault_secs)
            && !is_of_file(fault)
            && cog.reason.is_none()
        {
            let (age, fault) = (ShownSecs(secs), OneLine(fault));
            let _ = writeln!(text, "{}: last fault {age} ago: {fault}", cog.name);
        }
        if !cog.outdated.is_empty() {
            let _ = writeln!(text, "{} serves {}", cog.name, cogs::with_old_settings(&cog.outdated));
        }
        for missing in &cog.missing_intents {
            let _ = writeln!(text, "{}: {missing}", cog.name);
        }
        if cog.dropped > 0 {
            let events = counted(cog.dropped, "event");
            let _ = writeln!(text, "{}: {events} found its queue full", cog.name);
        }
    }
    for refused in &status.refused {
        let (file, reason) = (refused.file.display().to_string(), OneLine(&refused.reason));
        let _ = match refused.reason.contains(&file) {
            true => writeln!(text, "{reason}"),
            false => writeln!(text, "`{}` is not loaded: {reason}", OneLine(&file)),
        };
    }
    for held in &status.held {
        let _ = writeln!(text, "{} is held: {}", held.generation, OneLine(&held.reason));
    }
    text.truncate(text.trim_end().len());
    text
}

fn row(cog: &CogStatus) -> [String; 10] {
    let tasks = match cog.spawned {
        0 => cog.tasks.to_string(),
        spawned => format!("{} + {spawned} spawned", cog.tasks),
    };
    let stage = match (cog.stage, cog.activity) {
        (Stage::Away, _) => "away".to_owned(),
        (Stage::Loading, _) => "loading".to_owned(),
        (Stage::Leaving, _) => "leaving".to_owned(),
        (Stage::Serving, "idle") => "serving".to_owned(),
        (Stage::Serving, activity) => format!("serving ({activity})"),
    };
    [
        cog.generation.map_or_else(|| cog.name.clone(), |number| format!("{}#{number}", cog.name)),
        cog.version.clone().unwrap_or_else(|| "-".to_owned()),
        stage,
        match &cog.process {
            Some(process) => {
                let sandbox = if cog.sandbox { "sandbox, " } else { "" };
                format!("{sandbox}process {}, {} MiB", process.id, process.memory_bytes >> 20)
            }
            None => cog.lane.to_string(),
        },
        cog.uptime_secs.map_or_else(|| "-".to_owned(), |seconds| ShownSecs(seconds).to_string()),
        cog.handled.to_string(),
        cog.queued.to_string(),
        tasks,
        cog.totals.all_faults().to_string(),
        cog.commands.join(", "),
    ]
}

/// Formats rows as lines, with each column as wide as its widest cell. A cell may be a text of a library, which nobody
/// has checked.
pub fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let shown = |row: &[String; N]| row.each_ref().map(|cell| OneLine(cell).to_string());
    let rows: Vec<[String; N]> = rows.iter().map(shown).collect();
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [["A", "BB"], ["longer", "x"]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows), "A       BB\nlonger  x\n");
        let rows = [["a\nb", "c"], ["d", "\u{1b}[2J"]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows), "a\\nb  c\nd     \\u{1b}[2J\n");
    }
}
