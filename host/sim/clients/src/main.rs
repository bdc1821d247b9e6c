//! Bots in third-party libraries, each on a built-in Discord of its own, driven by a user and judged. Nothing is
//! installed here: `scripts/clients` does that, and calls this.
//!
//! ```text
//! sim-clients [--write] NAME[=PROGRAM FILE]…     run these clients; without a program, the one built in here
//! sim-clients --bot NAME                         be such a client
//! ```
//! `--write` updates the table of routes, `host/sim/PARITY.md`; without it, the table must match the run.

mod bots;
mod parity;
mod process;
mod promises;

use std::error::Error;
use std::process::ExitCode;

use parity::Parity;
use process::Client;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--bot") {
        bots::run(arguments.get(1).map(String::as_str).unwrap_or_default()).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let write = arguments.first().is_some_and(|first| first == "--write");
    arguments.drain(..usize::from(write));
    let mut parity = Parity::default();
    let mut failed = 0;
    for argument in &arguments {
        let client = Client::named(argument)?;
        println!("\n== {}", client.name);
        let judged = promises::judge(&client).await?;
        failed += judged.broken;
        parity.add(&client.name, judged.routes);
    }
    println!();
    if failed > 0 {
        println!("{failed} promises broken");
        return Ok(ExitCode::FAILURE);
    }
    Ok(parity.compare(write)?)
}
