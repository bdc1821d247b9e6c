//! `gearshift lane`: shows the process of a cog, for attaching a debugger.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{
    exit::{Exit, Failure},
    running::RunningHost,
};
use crate::control::{Answer, Request};

/// Debug the process of a cog
#[derive(Debug, Args)]
#[command(
    long_about = "Debug the process of a cog. `gearshift cogs reload NAME --lane process` moves a cog from a thread of \
        the host to a process of its own, without losing an event.",
    after_long_help = "Examples:\n\
        \n    gearshift lane attach music\
        \n    gdb -p \"$(gearshift lane attach music --json | jq .id)\""
)]
pub(super) struct LaneCommand {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    host: RunningHost,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show a cog's process, and the commands that attach a debugger or profiler to it
    Attach {
        /// The cog's name
        name: String,
    },
}

impl LaneCommand {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let Verb::Attach { name } = self.verb;
        let mut answer = self.host.connect()?.call(&Request::Info { cog: name.clone() })?;
        let id = answer.data["process"]["id"].as_u64();
        if answer.ok && id.is_none() {
            let (why, help) = without_process(&name, &answer.data);
            answer = Answer::refused(why, Some(help));
        }
        let (process, Some(id)) = (&answer.data["process"], id) else {
            self.host.show(&answer)?;
            return Err(Failure::reported(Exit::Failed));
        };
        let mut out = io::stdout().lock();
        if self.host.json {
            writeln!(out, "{process}")?;
        } else {
            let generation = format!("{name}#{}", answer.data["generation"]);
            let memory = process["memory_bytes"].as_u64().unwrap_or_default() >> 20;
            writeln!(out, "{generation}: process {id}, {memory} MiB")?;
            writeln!(out, "gdb -p {id}\nlldb -p {id}\nperf record -g -p {id}\nstrace -f -p {id}")?;
            // The watchdog does not notice a debugger: <https://man7.org/linux/man-pages/man2/ptrace.2.html>
            writeln!(
                out,
                "A process that is stopped for longer than `[limits] stuck_after_ms` is abandoned."
            )?;
        }
        Ok(())
    }
}

/// Why a cog has no process, and how to give it one.
fn without_process(name: &str, cog: &Value) -> (String, String) {
    let is_one = cog["lane"] == "process";
    match cog["stage"].as_str().unwrap_or_default() {
        "away" if is_one => {
            let absence = cog["absence"].as_str().unwrap_or_default().replace('_', " ");
            let reason = cog["reason"].as_str().map_or_else(String::new, |reason| format!(": {reason}"));
            (
                format!("`{name}` has no process now: it is away ({absence}){reason}"),
                format!("`gearshift cogs load {name}` loads it"),
            )
        }
        stage if is_one => (
            format!("`{name}` has no process now: it is {stage}"),
            "ask again when it serves; `gearshift cogs list` shows that".to_owned(),
        ),
        _ => (
            format!("`{name}` has no process of its own"),
            format!("`gearshift cogs reload {name} --lane process` moves it to one, without losing an event"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cog_that_will_have_a_process_is_not_said_to_lack_one() {
        for (cog, why, help) in [
            (
                json!({ "lane": "thread", "stage": "serving" }),
                "`music` has no process of its own",
                "--lane process",
            ),
            (
                json!({ "lane": "process", "stage": "loading" }),
                "`music` has no process now: it is loading",
                "again",
            ),
            (
                json!({ "lane": "process", "stage": "away", "absence": "file_gone", "reason": null }),
                "`music` has no process now: it is away (file gone)",
                "cogs load music",
            ),
            (
                json!({ "lane": "process", "stage": "away", "absence": "parked", "reason": "it was given up 3 times" }),
                "`music` has no process now: it is away (parked): it was given up 3 times",
                "cogs load music",
            ),
        ] {
            let (text, helps) = without_process("music", &cog);
            assert!(text == why && helps.contains(help), "{text}; {helps}");
        }
    }
}
