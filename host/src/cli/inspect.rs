//! `gearshift inspect`: shows what libraries declare about themselves. It executes no code of theirs.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;

use super::exit::{Exit, Failure};
use crate::{error::chain, library::Inspection, log};

/// Show what libraries declare: name, version, ABI, events, commands; none of their code is run
#[derive(Debug, Args)]
#[command(
    long_about = "Show what libraries declare: name, version, ABI, compiler, events, commands, and whether this host \
        can serve them. None of their code is run, so a library of unknown origin can be inspected.",
    after_long_help = "Examples:\n\
        \n    gearshift inspect cogs/*.so\
        \n    gearshift inspect --json target/release/libping.so\n\n\
        The exit code is 1 if one of them is not a cog that this host can serve."
)]
pub(super) struct Inspect {
    /// Libraries
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Print JSON, one object per line
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let mut all_load = true;
        for file in &self.files {
            match Inspection::of(file) {
                Ok(inspection) => {
                    all_load &= inspection.loads();
                    match self.json {
                        true => {
                            writeln!(out, "{}", serde_json::to_string(&inspection).map_err(io::Error::from)?)?
                        }
                        false => write!(out, "{inspection}")?,
                    }
                }
                Err(refusal) => {
                    all_load = false;
                    let text = format!("cannot inspect `{}`: {}", file.display(), chain(&refusal));
                    let help = refusal.help();
                    match self.json {
                        true => writeln!(
                            out,
                            "{}",
                            serde_json::json!({ "file": file.display().to_string(), "error": text, "help": help })
                        )?,
                        false => log::write(&format!("{}\n", Failure::new(Exit::Failed, text).help(help))),
                    }
                }
            }
        }
        if all_load { Ok(()) } else { Err(Failure::reported(Exit::Failed)) }
    }
}
