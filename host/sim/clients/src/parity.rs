//! The table of routes: which exist, and which clients were seen to use them. No client is run here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use gearshift_sim::routes;

/// The columns, regardless of which clients ran.
const CLIENTS: [&str; 4] = ["discord.py", "discord.js", "serenity", "twilight"];

type Used = BTreeSet<(&'static str, &'static str)>;

/// What each client used.
#[derive(Default)]
pub(crate) struct Parity {
    used: BTreeMap<String, Used>,
}

impl Parity {
    pub(crate) fn add(&mut self, client: &str, routes: Used) {
        self.used.insert(client.to_owned(), routes);
    }

    /// Rewrites the table, or reports where the one in the repository differs from this run. Clients that did not run
    /// keep their entries.
    pub(crate) fn compare(mut self, write: bool) -> io::Result<ExitCode> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../PARITY.md");
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        for client in CLIENTS {
            if !self.used.contains_key(client) {
                self.used.insert(client.to_owned(), read(&old, client));
            }
        }
        let new = self.table();
        if new == old {
            println!("host/sim/PARITY.md is up to date");
            return Ok(ExitCode::SUCCESS);
        }
        if write {
            std::fs::write(&path, new)?;
            println!("host/sim/PARITY.md is written");
            return Ok(ExitCode::SUCCESS);
        }
        println!("host/sim/PARITY.md is out of date; `scripts/clients --write` updates it:");
        let (before, after): (BTreeSet<&str>, BTreeSet<&str>) =
            (old.lines().collect(), new.lines().collect());
        before.difference(&after).for_each(|line| println!("- {line}"));
        after.difference(&before).for_each(|line| println!("+ {line}"));
        Ok(ExitCode::FAILURE)
    }

    fn table(&self) -> String {
        let mut all: Vec<_> = routes().collect();
        all.sort_by_key(|(method, shape)| (*shape, *method));
        let mut text = String::from(
            "# Routes of the built-in Discord\n\n\
             Written by `scripts/clients --write`. An `x` marks a route that the library used while it kept all promises:\n\
             connect, resume, messages, files, commands, choices, components, forms. Routes without a mark are tested by\n\
             `host/sim/tests/sim`.\n\n",
        );
        let used = self.used.values().flatten().collect::<BTreeSet<_>>().len();
        let _ = writeln!(text, "{} routes, {used} of them used by a library here.\n", all.len());
        let _ = writeln!(text, "| method | route | {} |", CLIENTS.join(" | "));
        let _ = writeln!(text, "|---|---|{}", "---|".repeat(CLIENTS.len()));
        for route in all {
            let marks = CLIENTS.map(|client| if self.used[client].contains(&route) { "x" } else { "" });
            let _ = writeln!(text, "| {} | `{}` | {} |", route.0, route.1, marks.join(" | "));
        }
        text
    }
}

/// The routes of a client in an older table.
fn read(table: &str, client: &str) -> Used {
    let column = CLIENTS.iter().position(|one| *one == client).unwrap_or_default() + 3;
    let rows = table.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let marked: BTreeSet<(String, String)> = rows
        .filter(|cells| cells.get(column) == Some(&"x"))
        .map(|cells| (cells[1].to_owned(), cells[2].trim_matches('`').to_owned()))
        .collect();
    routes().filter(|(method, shape)| marked.contains(&((*method).to_owned(), (*shape).to_owned()))).collect()
}
