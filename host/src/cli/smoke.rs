//! `gearshift smoke`: runs smoke scripts, each against a host of its own on the built-in Discord with an empty store.
//! The module `crate::smoke` defines their language.

use std::{
    io::{Write, stdout},
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use tokio::runtime::Runtime;

use super::{
    exit::{Exit, Failure},
    host_runner::{self, HostRunner},
    play::{self, Work},
    source::Source,
};
use crate::{
    config::{Config, Store},
    duration::Shown,
    log,
    smoke::{self, Played, Player, Script},
    text::{self, Lines, OneLine},
};

/// Run smoke scripts on the built-in Discord, and compare the bot's answers
#[derive(Debug, Args)]
#[command(
    long_about = "Run smoke scripts, which are readable transcripts, on the built-in Discord, and compare the bot's \
        answers.\n\n\
        Each script gets a host of its own with the cogs of the config and an empty store; it stops at the first \
        difference and shows it with its line. It needs neither a token nor a network.",
    after_long_help = "A script:\n\
        \n    # Who says what, and what the bot answers.\
        \n    needs ping counter         these cogs must be serving\
        \n    in #dev                    the channel for the lines below\
        \n    within 2s                  how long an answer may take below (5s by default)\
        \n\
        \n    alice> !ping hi            alice says something\
        \n    bot< pong hi               the next thing that the bot says\
        \n    alice> /ping text:hi       anything that can be typed in `gearshift play`\
        \n    bot< pong hi\
        \n    bot< (nothing)             the bot says nothing for as long as an answer may take\
        \n\
        \n    alice> !count\
        \n    bot< {own} for you, *      * matches any text; {own} matches a word, the same one in all places\
        \n    reload counter             also `load` and `unload`\
        \n    restart                    restarts the host; the store and the built-in Discord stay\
        \n    alice> :press Yes          also :select, :submit, :choices, :use, :reply, :edit, :delete, :react, :unreact,\
        \n                               :attach, :join, :leave, :give, :take, as at the prompt\
        \n    :time advance 15m          also :time freeze and :time resume\
        \n    :faults POST /channels/*/messages 500 2\
        \n    settle                     waits until nothing is under way\n\n\
        (The remarks on the right are not part of the language; a line that begins with # is a comment.)\n\n\
        Whatever the bot does besides sending plain text is marked in front of the text: (ephemeral), (edited), \
        (deletes) text, (reacts) 👍, (choices) a, b, (form) what opened it, (no answer) /command; or after it: [embed \
        title: description], [file name], [button label], [select placeholder]. A line break in a text is \\n; \\*, \
        \\{ and \\\\ are literal.\n\n\
        Examples:\n\
        \n    gearshift smoke --config plugins/smoke.toml plugins/*/smoke.txt\n\n\
        `plugins/poll/smoke.txt` is a commented script that shows most of this.\n\n\
        The exit code is 1 if a script fails, and 65 if one cannot be parsed."
)]
pub(super) struct Smoke {
    /// Smoke scripts
    #[arg(required = true, value_name = "SCRIPT")]
    scripts: Vec<PathBuf>,

    #[command(flatten)]
    source: Source,
}

impl Smoke {
    pub(super) fn execute(self) -> Result<(), Failure> {
        // All are read before the first one runs: a mistake in the last one is reported at once.
        let scripts: Vec<(&Path, Script)> =
            self.scripts.iter().map(|file| read(file)).collect::<Result<_, Failure>>()?;
        let mut config = self.source.read()?;
        // The output shows what the bot does; the log is only for problems.
        config.log.filter = "warn".to_owned();
        log::init(&config.log, self.source.log.as_deref(), None)?;
        let mut failed = 0;
        for (file, script) in &scripts {
            let since = Instant::now();
            match one(script, config.clone())? {
                Ok(()) => {
                    let (steps, took) = (script.steps(), Shown(since.elapsed()));
                    writeln!(stdout(), "ok      {} ({steps} steps, {took})", shown(file))?;
                }
                Err(failure) => {
                    failed += 1;
                    let (line, failure) = (failure.line, failure.to_string());
                    writeln!(stdout(), "FAILED  {}:{line}\n{}", shown(file), Lines(&failure))?;
                }
            }
        }
        match failed {
            0 => Ok(()),
            failed => {
                let of = scripts.len();
                Err(Failure::new(Exit::Failed, format!("{failed} of {of} scripts failed")))
            }
        }
    }
}

fn shown(file: &Path) -> String {
    OneLine(&file.display().to_string()).to_string()
}

fn read(file: &Path) -> Result<(&Path, Script), Failure> {
    let text = text::read(file).map_err(|error| {
        Failure::new(Exit::Data, format!("cannot read the script `{}`: {error}", file.display()))
    })?;
    let script = Script::parse(&text).map_err(|problems| {
        let problems: Vec<String> = problems
            .iter()
            .map(|problem| format!("{}:{}: {}", file.display(), problem.line, problem.what))
            .collect();
        Failure::new(Exit::Data, problems.join("\n"))
            .help("`gearshift smoke --help` shows the language".to_owned())
    })?;
    Ok((file, script))
}

/// Runs one script with a host of its own, and starts a new host at each `restart`.
fn one(script: &Script, mut config: Config) -> Result<Result<(), smoke::Failure>, Failure> {
    let folder = tempfile::tempdir()?;
    config.store = Some(Store { path: folder.path().join("store.db"), ..Store::default() });
    config.control.socket = Some(folder.path().join("control.sock"));
    // On a runtime of its own, as it outlives the hosts.
    let discord = Runtime::new()?;
    let work = Work::default();
    let sim = discord.block_on(play::start(&mut config, &work))?;
    let mut player = Player::new(script, &sim);
    let verdict = loop {
        let mut verdict = None;
        let claim = host_runner::check(&config)?;
        HostRunner::start(&config.runtime)?.run_host(
            claim,
            config.clone(),
            work.clock(),
            None,
            async |host| {
                play::arrived(&sim, host, &work).await?;
                verdict = Some(player.play(host.cogs()).await);
                Ok(())
            },
        )?;
        match verdict {
            Some(Ok(Played::Restart)) => {}
            Some(Ok(Played::All)) => break Ok(()),
            Some(Err(failure)) => break Err(failure),
            // A signal ended it.
            None => return Err(Failure::new(Exit::Failed, "ended before the script was played")),
        }
    };
    discord.block_on(sim.close());
    Ok(verdict)
}
