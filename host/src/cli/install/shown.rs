//! The result for each cog, one line each, as text or as JSON.

use std::io::{self, Write};

use semver::Version;
use serde_json::json;

use crate::{
    error::chain,
    install::{Change, InstallError, Plan, Planned},
    log,
    text::Lines,
};

/// What was done with a cog, or would be done.
pub(super) enum Performed {
    Changed(Change),
    Pinned(Change),
    Unpinned(Change),
    Planned(Planned),
}

/// How results are printed.
pub(super) struct Shown {
    pub(super) json: bool,
    /// Why a result could not be printed. What was asked for is carried out nevertheless.
    pub(super) unprinted: Option<io::Error>,
}

impl Shown {
    pub(super) fn nothing_installed(&self) -> io::Result<()> {
        match self.json {
            true => Ok(()),
            false => {
                writeln!(io::stdout(), "nothing is installed; `gearshift install REFERENCE` installs a cog")
            }
        }
    }

    pub(super) fn done(&mut self, name: &str, done: &Performed) {
        if let Err(error) = self.print(name, done) {
            self.unprinted.get_or_insert(error);
        }
    }

    fn print(&self, name: &str, done: &Performed) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            return writeln!(out, "{}", as_json(name, done));
        }
        writeln!(out, "{}", Lines(&text(name, done)))?;
        let notes = match done {
            Performed::Changed(change) | Performed::Pinned(change) | Performed::Unpinned(change) => {
                &change.notes
            }
            Performed::Planned(Planned::Change(plan)) => &plan.notes,
            Performed::Planned(Planned::Nothing { notes, .. }) => notes,
        };
        notes.iter().try_for_each(|note| writeln!(out, "  note: {}", Lines(note)))
    }

    /// `stays` is the version that is still installed.
    pub(super) fn failed(&self, name: &str, stays: Option<&Version>, error: &InstallError) -> io::Result<()> {
        let (text, help) = (chain(error), error.help());
        let now = match error {
            InstallError::Unsettled { to, .. } => to.as_ref(),
            _ => stays,
        };
        if self.json {
            let line = json!({ "cog": name, "outcome": "failed", "from": stays, "to": now, "error": text, "help": help });
            return writeln!(io::stdout(), "{line}");
        }
        let stays = match stays {
            Some(version) => format!("`{name}` stays {version}"),
            None => format!("`{name}` is not installed"),
        };
        let line = match error {
            // These errors already name the cog and what is installed of it.
            InstallError::NotInstalled { .. } | InstallError::Unsettled { .. } => {
                format!("error: {}\n", Lines(&text))
            }
            _ => format!("error: {stays}: {}\n", Lines(&text)),
        };
        log::write(&line);
        if let Some(help) = help {
            log::write(&format!("help: {}\n", Lines(&help)));
        }
        Ok(())
    }
}

fn text(name: &str, done: &Performed) -> String {
    match done {
        Performed::Changed(change) => {
            let report = change.report.as_ref().map(|report| format!(": {report}")).unwrap_or_default();
            match (&change.from, &change.to) {
                (None, Some(to)) => format!("{name}: installed {to}{report}"),
                (Some(from), Some(to)) if from == to => format!("{name}: reinstalled {to}{report}"),
                (Some(from), Some(to)) => format!("{name}: {from} → {to}{report}"),
                (from, None) => {
                    let from = from.as_ref().map(|from| format!(" {from}")).unwrap_or_default();
                    format!("{name}: uninstalled{from}{report}")
                }
            }
        }
        Performed::Pinned(change) => format!("{name}: pinned to {}", shown(change.to.as_ref())),
        Performed::Unpinned(change) => format!("{name}: {} is no longer pinned", shown(change.to.as_ref())),
        Performed::Planned(Planned::Change(plan)) => {
            let to = &plan.installed.now.version;
            let from = plan.from.as_ref().map(|from| format!("{from} → ")).unwrap_or_default();
            let asks: Vec<String> =
                plan.confirmations.iter().map(|ask| format!("; --yes is needed: {ask}")).collect();
            format!("{name}: {from}{to} from {}{}", plan.installed.now.source.place, asks.concat())
        }
        Performed::Planned(Planned::Nothing { installed, why, .. }) => {
            format!("{name}: {installed} stays: {why}")
        }
    }
}

fn shown(version: Option<&Version>) -> String {
    version.map_or_else(|| "nothing".to_owned(), Version::to_string)
}

fn as_json(name: &str, done: &Performed) -> serde_json::Value {
    let line = |outcome: &str, change: &Change| {
        json!({
            "cog": name,
            "outcome": outcome,
            "from": change.from,
            "to": change.to,
            "report": change.report,
            "notes": change.notes,
        })
    };
    match done {
        Performed::Changed(change) => line(outcome(change), change),
        Performed::Pinned(change) => line("pinned", change),
        Performed::Unpinned(change) => line("unpinned", change),
        Performed::Planned(Planned::Change(plan)) => {
            let Plan { from, installed, confirmations, notes, .. } = &**plan;
            let asks: Vec<String> = confirmations.iter().map(ToString::to_string).collect();
            json!({
                "cog": name,
                "outcome": "planned",
                "from": from,
                "to": installed.now.version,
                "asks": asks,
                "notes": notes,
            })
        }
        Performed::Planned(Planned::Nothing { installed, why, notes }) => {
            let notes: Vec<&String> = std::iter::once(why).chain(notes).collect();
            json!({ "cog": name, "outcome": "unchanged", "from": installed, "to": installed, "notes": notes })
        }
    }
}

fn outcome(change: &Change) -> &'static str {
    match (&change.from, &change.to) {
        (None, _) => "installed",
        (Some(_), None) => "uninstalled",
        (Some(from), Some(to)) if to < from => "rolled_back",
        (Some(from), Some(to)) if to == from => "installed",
        (Some(_), Some(_)) => "updated",
    }
}
