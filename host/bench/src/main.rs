//! Measures the figures that the host promises and prints them as a table, with ratios from a single run. It is not a
//! test and has no influence on the host: a missed goal is shown, and is reflected in the exit status.

mod bots;
mod figure;
mod figures;
mod libraries;
mod process;
mod rig;
mod sample;
mod scratch;
mod traffic;

use std::{path::PathBuf, process::ExitCode};

use figure::{Report, Scale};

/// Any error that stops a measurement; the text is for people.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
usage: gearshift-bench [--quick] [--minutes N] [--json FILE] [NAME…]

  --quick       short runs: to see whether it works, not to judge
  --minutes N   how long `soak` lasts; 10, or 1 with --quick
  --json FILE   writes the figures as JSON as well

exit status: 0 all goals met, 1 a goal missed, 2 a measurement could not be made";

struct Order {
    scale: Scale,
    minutes: Option<u64>,
    json: Option<PathBuf>,
    names: Vec<String>,
}

fn main() -> ExitCode {
    let order = match order(std::env::args().skip(1)) {
        Ok(Some(order)) => order,
        Ok(None) => {
            println!("{USAGE}\n\nnames: {}", figures::names().join(" "));
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("{why}\n\n{USAGE}\n\nnames: {}", figures::names().join(" "));
            return ExitCode::from(2);
        }
    };
    match run(&order) {
        Ok(report) if report.failures() > 0 => ExitCode::from(2),
        Ok(report) if report.missed() > 0 => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// What the command line asks for; `None` if it asks for help.
fn order(arguments: impl Iterator<Item = String>) -> std::result::Result<Option<Order>, String> {
    let mut order = Order { scale: Scale::Full, minutes: None, json: None, names: Vec::new() };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--quick" => order.scale = Scale::Quick,
            "--minutes" => {
                let minutes = arguments.next().and_then(|number| number.parse().ok());
                order.minutes = Some(minutes.filter(|it| *it > 0).ok_or("`--minutes` needs a number")?);
            }
            "--json" => {
                let file = arguments.next().ok_or("`--json` needs a file")?;
                order.json = Some(PathBuf::from(file));
            }
            name if figures::names().contains(&name) => order.names.push(argument),
            other => return Err(format!("there is no figure `{other}`")),
        }
    }
    Ok(Some(order))
}

fn run(order: &Order) -> Result<Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(figures::measure(order.scale, order.minutes, &order.names))?;
    println!("{report}");
    if let Some(file) = &order.json {
        let text = serde_json::to_string_pretty(&report.json())?;
        std::fs::write(file, text).map_err(|error| format!("cannot write `{}`: {error}", file.display()))?;
    }
    Ok(report)
}
