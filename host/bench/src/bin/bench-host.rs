//! The host alone in a process: what `gearshift run` does, with the same arguments.
//! It measures nothing.

use std::{env, fs, path::PathBuf, process::ExitCode, sync::Arc};

use gearshift_host::{config::Config, host::Host, sessions::Sessions};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let file = env::args_os().nth(3).map(PathBuf::from).ok_or("usage: bench-host run --config FILE")?;
    let config = Arc::new(Config::parse(&fs::read_to_string(&file)?, &file)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let sessions = Arc::new(runtime.block_on(Sessions::open(&config))?);
    let host = runtime.block_on(Host::load(config, sessions))?;
    Ok(runtime.block_on(host.run())?)
}
