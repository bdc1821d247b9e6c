//! `gearshift smoke`: plays scripts, each against a host of its own on the built-in Discord with an empty store.
//! What scripts mean is the room `smoke`'s matter.

use std::{
    io::{Write, stdout},
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use tokio::runtime::Runtime;

use super::{
    exit::{Exit, Failure},
    life::{self, Life},
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

/// Play readable transcripts against the host on the built-in Discord, and compare what the bot answers
#[derive(Debug, Args)]
#[command(
    long_about = "Play readable transcripts against the host on the built-in Discord, and compare what the bot answers.\n\n\
        Each script gets a host of its own with the cogs of the config and an empty store; it stops at the first \
        difference, which is shown with its line. No token is needed, and no network.",
    after_long_help = "A script:\n\
        \n    # Who says what, and what the bot answers.\
        \n    needs ping counter         these cogs must be serving\
        \n    in #dev                    where members speak from now on\
        \n    within 2s                  how long an answer may take from now on (5s at first)\
        \n\
        \n    alice> !ping hi            alice says something\
        \n    bot< pong hi               and this is the next thing that the bot says\
        \n    alice> /ping text:hi       what can stand here is what can be typed in `gearshift play`\
        \n    bot< pong hi\
        \n    bot< (nothing)             the bot says nothing more for as long as an answer may take\
        \n\
        \n    alice> !count\
        \n    bot< {own} for you, *      * is any text; {own} is a word, the same wherever it stands again\
        \n    reload counter             `load` and `unload` as well\
        \n    restart                    the host ends and another one starts; its store and Discord stay\
        \n    alice> :press Yes          also :select, :submit, :choices, :use, :reply, :edit, :delete, :react, :unreact,\
        \n                               :attach, :join, :leave, :give, :take, as at the prompt\
        \n    :time advance 15m          also :time freeze and :time resume\
        \n    :faults POST /channels/*/messages 500 2\
        \n    settle                     wait until nothing is under way\n\n\
        (The remarks on the right are not part of the language; a line that begins with # is a remark.)\n\n\
        What a bot can do beside saying a plain text stands in front of it: (ephemeral), (edited), (deletes) text, \
        (reacts) 👍, (choices) a, b, (form) what opened it, (no answer) /command; or behind it: \
        [embed title: description], [file name], [button label], [select placeholder]. A new line in a text is \\n; \\*, \\{ and \\\\ stand for themselves.\n\n\
        Examples:\n\
        \n    gearshift smoke --config plugins/smoke.toml plugins/*/smoke.txt\n\n\
        `plugins/poll/smoke.txt` is a commented one that shows most of it.\n\n\
        The exit code is 1 if a script fails, 65 if one cannot be understood."
)]
pub(super) struct Smoke {
    /// Scripts
    #[arg(required = true, value_name = "SCRIPT")]
    scripts: Vec<PathBuf>,

    #[command(flatten)]
    source: Source,
}

impl Smoke {
    pub(super) fn execute(self) -> Result<(), Failure> {
        // All are read before the first is played: a mistake in the last is reported at once.
        let scripts: Vec<(&Path, Script)> =
            self.scripts.iter().map(|file| read(file)).collect::<Result<_, Failure>>()?;
        let mut config = self.source.read()?;
        // What the bot does is shown; the log is for what goes wrong.
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

/// Plays one script with a host of its own, and another one after each `restart`.
fn one(script: &Script, mut config: Config) -> Result<Result<(), smoke::Failure>, Failure> {
    let folder = tempfile::tempdir()?;
    config.store = Some(Store { path: folder.path().join("store.db"), ..Store::default() });
    config.control.socket = Some(folder.path().join("control.sock"));
    // On a runtime of its own: it outlives the hosts.
    let discord = Runtime::new()?;
    let work = Work::default();
    let sim = discord.block_on(play::start(&mut config, &work))?;
    let mut player = Player::new(script, &sim);
    let verdict = loop {
        let mut verdict = None;
        let claim = life::look(&config)?;
        Life::begin(&config.runtime)?.live(claim, config.clone(), work.clock(), None, async |host| {
            play::arrived(&sim, host, &work).await?;
            verdict = Some(player.play(host.cogs()).await);
            Ok(())
        })?;
        match verdict {
            Some(Ok(Played::Restart)) => {}
            Some(Ok(Played::All)) => break Ok(()),
            Some(Err(failure)) => break Err(failure),
            // A signal has ended it.
            None => return Err(Failure::new(Exit::Failed, "ended before the script was played")),
        }
    };
    discord.block_on(sim.close());
    Ok(verdict)
}
