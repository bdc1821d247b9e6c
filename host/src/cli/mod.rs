//! The command line: its subcommands and their help texts.
//! It only dispatches; each command has a module of its own.

mod check;
mod cogs;
mod commands;
mod dev;
mod doctor;
mod exit;
mod host_runner;
mod inspect;
mod install;
mod keys;
mod lane;
mod new;
mod pack;
mod packages;
mod play;
mod program;
mod progress;
mod push;
mod restart;
mod restarting;
mod run;
mod running;
mod signals;
mod sim;
mod smoke;
mod source;
mod state;
mod status;
mod supervisor;
mod upgrade;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

use self::exit::{Exit, Failure};
use crate::{
    lane::{PROCESS_COMMAND, run_process},
    log,
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "gearshift",
    version,
    about = "A Discord bot host that replaces its cogs while the bot stays connected",
    long_about = "A Discord bot host that replaces its cogs while the bot stays connected.\n\n\
        A cog is a library in a folder. Put one there and it is loaded; replace the file and the new version takes \
        over: no event is lost or handled twice, and the cog's state is carried over. `gearshift new` creates a cog, \
        and `gearshift dev` runs it on the built-in Discord, without a token.",
    after_long_help = exit::TABLE
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    Doctor(doctor::Doctor),
    Run(run::Run),
    Play(play::Play),
    Dev(dev::DevCommand),
    Cogs(cogs::CogsCommand),
    Lane(lane::LaneCommand),
    Status(status::StatusCommand),
    Commands(commands::CommandsCommand),
    Restart(restart::Restart),
    Upgrade(upgrade::Upgrade),
    State(state::StateCommand),
    Install(install::Install),
    Update(install::Update),
    Rollback(install::Rollback),
    Pin(install::Pin),
    Unpin(install::Unpin),
    Uninstall(install::Uninstall),
    List(install::List),
    Verify(install::Verify),
    Inspect(inspect::Inspect),
    Check(check::Check),
    Smoke(smoke::Smoke),
    Pack(pack::Pack),
    Push(push::Push),
    Pull(push::Pull),
    Keys(keys::KeysCommand),
    Sim(sim::SimCommand),
    #[command(name = "try-out")]
    TryOut(check::Trial),
}

/// Parses the command line and runs the command.
pub fn main() -> ExitCode {
    // Only the host starts this command: a small process matters more than help texts.
    if std::env::args_os().nth(1).is_some_and(|command| command == PROCESS_COMMAND) {
        return run_process();
    }
    signals::ignore_file_size_limit();
    std::panic::set_hook(Box::new(|panic| {
        log::write(&match Failure::of_panic(panic.payload()) {
            Some(failure) => format!("{failure}\n"),
            None => format!("error: the host failed: {panic}\n{REPORT}\n"),
        });
        // A second panic while unwinding would end the process before this is written.
        log::flush(LAST_LINES);
    }));
    let code = match Cli::try_parse() {
        Ok(cli) => std::panic::catch_unwind(|| execute(cli.command)).unwrap_or_else(|panic| {
            let exit = Failure::of_panic(&*panic).map_or(Exit::Internal, |failure| failure.exit());
            Failure::reported(exit).end()
        }),
        // clap reports `--help` and `--version` as errors too; the exit code of a usage error is 2.
        Err(said) => match said.print() {
            Ok(()) => ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(2)),
            Err(error) => Failure::from(error).end(),
        },
    };
    log::flush(LAST_LINES);
    code
}

/// How long to wait for the last log lines to be written, at exit or before another program takes over. A reader that
/// stalls for longer loses them.
const LAST_LINES: Duration = Duration::from_secs(3);

/// The help below the message of a panic.
const REPORT: &str = "help: this is a bug in the host; please report it with the lines above";

fn execute(command: Command) -> ExitCode {
    let done: Result<(), Failure> = match command {
        Command::New(new) => new.execute(),
        Command::Doctor(doctor) => doctor.execute(),
        Command::Run(run) => run.execute(),
        Command::Play(play) => play.execute(),
        Command::Dev(dev) => dev.execute(),
        Command::Cogs(cogs) => cogs.execute(),
        Command::Lane(lane) => lane.execute(),
        Command::Status(status) => status.execute(),
        Command::Commands(commands) => commands.execute(),
        Command::Restart(restart) => restart.execute(),
        Command::Upgrade(upgrade) => upgrade.execute(),
        Command::State(state) => state.execute(),
        Command::Install(install) => install.execute(),
        Command::Update(update) => update.execute(),
        Command::Rollback(rollback) => rollback.execute(),
        Command::Pin(pin) => pin.execute(),
        Command::Unpin(unpin) => unpin.execute(),
        Command::Uninstall(uninstall) => uninstall.execute(),
        Command::List(list) => list.execute(),
        Command::Verify(verify) => verify.execute(),
        Command::Inspect(inspect) => inspect.execute(),
        Command::Check(check) => check.execute(),
        Command::Smoke(smoke) => smoke.execute(),
        Command::Pack(pack) => pack.execute(),
        Command::Push(push) => push.execute(),
        Command::Pull(pull) => pull.execute(),
        Command::Keys(keys) => keys.execute(),
        Command::Sim(sim) => sim.execute(),
        Command::TryOut(trial) => trial.execute(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.end(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_help_names_a_default_twice() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                let said = help.matches("[default:").count()
                    + usize::from(!argument.get_default_values().is_empty());
                let is_shown = argument.get_action().takes_values() && !argument.is_hide_default_value_set();
                assert!(said <= 1 || !is_shown, "{} {}: {help}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
