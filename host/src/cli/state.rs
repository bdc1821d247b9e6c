//! `gearshift state`: the saved states of cogs. It asks the running host; if none is running, it opens the store's file
//! itself, under the lock that a host would hold.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, Subcommand};
use tokio::runtime::{Builder, Runtime};

use super::{
    exit::{Exit, Failure},
    running::RunningHost,
};
use crate::{
    clock::HostClock,
    config::Config,
    control::{Answer, Client, ExportedState, Request, StateRequest, answer_state},
    log,
    sessions::Store,
    text,
};

/// How long closing the store's file may take.
const CLOSE: Duration = Duration::from_secs(5);

/// List, export, import or drop the saved states of cogs
#[derive(Debug, Args)]
#[command(
    long_about = "List, export, import or drop the saved states of cogs, which the host saves when a cog is replaced \
        or unloaded, and at regular intervals. What cogs keep under keys in the store is not touched.\n\n\
        The command asks the running host over its control socket. If none is running, it opens the file of `[store] \
        path` itself and prints a note; meanwhile no host can start with that file.",
    after_long_help = "Examples:\n\
        \n    gearshift state list\
        \n    gearshift state export counter counter.json\
        \n    gearshift state export counter | jq -r .bytes | base64 -d\
        \n    gearshift cogs unload counter && gearshift state drop counter && gearshift cogs load counter\
        \n    gearshift state import counter counter.json\n\n\
        An exported state is one JSON object: the `version` that the cog gave it, its `bytes` in base64, the `cog`, when it \
        was saved (`saved_at_ms`), and `gearshift_state`, the version of this format.\n\n\
        A state can be changed only while its cog is not serving, because the cog would overwrite it. The exit code is \
        1 if there is no such state or the cog is serving, and 65 if a file holds no state."
)]
pub(super) struct StateCommand {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    host: RunningHost,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the saved states: cog, version, size, and when each was saved
    List,
    /// Write the saved state of a cog to a new file, or to stdout
    Export {
        /// Name of the cog
        #[arg(value_name = "COG")]
        cog: String,
        /// The file to write, which must not exist yet [default: - for stdout]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Replace the saved state of a cog with an exported one
    Import {
        /// Name of the cog that gets the state
        #[arg(value_name = "COG")]
        cog: String,
        /// The file that `export` wrote, or `-` for stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Delete the saved state of a cog, which then starts without one
    Drop {
        /// Name of the cog
        #[arg(value_name = "COG")]
        cog: String,
    },
}

impl StateCommand {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let (request, into) = match self.verb {
            Verb::List => (StateRequest::List, None),
            Verb::Export { cog, file } => {
                (StateRequest::Export { cog }, Some(file.filter(|file| !is_stream(file))))
            }
            Verb::Import { cog, file } => (StateRequest::Import { cog, state: read(&file)? }, None),
            Verb::Drop { cog } => (StateRequest::Drop { cog }, None),
        };
        if let Some(Some(file)) = &into
            && file.exists()
        {
            return Err(Failure::new(Exit::CannotCreate, format!("`{}` already exists", file.display()))
                .help("name another file: an existing one is not overwritten".to_owned()));
        }
        let is_import = matches!(request, StateRequest::Import { .. });
        let mut source = StateSource::find(&self.host, is_import)?;
        let answer = source.ask(request)?;
        match into {
            Some(file) if answer.ok => export(&answer, file.as_deref(), &self.host)?,
            _ => self.host.show(&answer)?,
        }
        if answer.ok { Ok(()) } else { Err(Failure::reported(Exit::Failed)) }
    }
}

/// Where the states are read and changed.
enum StateSource {
    Host(Client),
    /// The store's file: no host is running.
    File(Arc<Store>, Runtime),
}

impl StateSource {
    fn find(host: &RunningHost, is_import: bool) -> Result<StateSource, Failure> {
        let no_host = match host.connect() {
            Ok(client) => return Ok(StateSource::Host(client)),
            Err(failure) => failure,
        };
        let file = host.config_file();
        if host.socket.is_some() || !no_host.is(Exit::Unavailable) || !file.exists() {
            return Err(no_host);
        }
        let config = Config::load(file)?;
        let Some(store) = &config.store else {
            let text = format!("no state is saved: {} has no section `[store]`", file.display());
            return Err(Failure::new(Exit::Configuration, text).help("add `[store]`".to_owned()));
        };
        if !is_import && !store.path.exists() {
            let text = format!("no state is saved: there is no file `{}`", store.path.display());
            return Err(Failure::new(Exit::Failed, text)
                .help("`[store] path` names it; a host creates it when it starts".to_owned()));
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let opened = runtime.block_on(Store::open(&config, store, HostClock::default()))?;
        log::write(&format!("note: no host is running; using `{}` directly\n", store.path.display()));
        Ok(StateSource::File(opened, runtime))
    }

    fn ask(&mut self, request: StateRequest) -> Result<Answer, Failure> {
        match self {
            StateSource::Host(client) => Ok(client.call(&Request::State(request))?),
            StateSource::File(store, runtime) => Ok(runtime.block_on(async {
                let answer = answer_state(store, request, |_| None).await;
                store.close(CLOSE).await;
                answer
            })),
        }
    }
}

/// Writes the exported state to a file, or to stdout.
fn export(answer: &Answer, file: Option<&Path>, host: &RunningHost) -> Result<(), Failure> {
    // Keeps the order of the fields: the short ones come before the bytes.
    let state = serde_json::from_value::<ExportedState>(answer.data.clone()).map_err(io::Error::from)?;
    let text = serde_json::to_string(&state).map_err(io::Error::from)?;
    let Some(file) = file else { return Ok(writeln!(io::stdout(), "{text}")?) };
    write_new(file, &format!("{text}\n"))?;
    let text = format!("{}, to `{}`", answer.text, file.display());
    let data = serde_json::json!({ "cog": state.cog, "file": file.display().to_string() });
    Ok(host.show(&Answer { text, data, ..answer.clone() })?)
}

/// Whether `-` was given in place of a file.
fn is_stream(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn read(file: &Path) -> Result<ExportedState, Failure> {
    let wrong = |why: String| Failure::new(Exit::Data, format!("cannot import `{}`: {why}", file.display()));
    let text = match is_stream(file) {
        true => text::read_from(io::stdin()),
        false => text::read(file),
    };
    let text = text.map_err(|error| wrong(error.to_string()))?;
    ExportedState::parse(&text).map_err(|why| {
        wrong(format!("it is not an exported state: {why}")).help(
            "it must be as `gearshift state export` wrote it; `gearshift state --help` describes the format"
                .to_owned(),
        )
    })
}

/// Creates a file that only this user can read, as a state may hold what users wrote. It is written completely or not
/// at all.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut temporary| {
        temporary.as_file_mut().write_all(text.as_bytes())?;
        temporary.as_file().sync_all()?;
        temporary.persist_noclobber(file).map_err(|error| error.error)
    });
    match written {
        Ok(_) => Ok(()),
        Err(error) => {
            let failure = Failure::from(io::Error::from(error.kind()));
            Err(Failure::new(failure.exit(), format!("failed to write `{}`: {error}", file.display())))
        }
    }
}
