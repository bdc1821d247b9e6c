//! The host's side of the control socket: one task per connection, one request after another.
//! It has no state; every request is answered from the cogs.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixStream, unix::OwnedWriteHalf},
    sync::mpsc::{self, UnboundedReceiver},
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    clients::{Clients, Silence},
    commands, info, place,
    protocol::{Answer, REQUEST_MAX_BYTES, Request},
    socket::Socket,
    state::{InUse, StateRequest, answer_state},
    status, table,
};
use crate::{
    cogs::{self, CogError, Cogs, Report, Stage},
    error::chain,
};

/// A connection without requests for this long is closed.
const IDLE: Duration = Duration::from_secs(60);
/// A client that does not read its answer for this long is dropped.
const WRITE: Duration = Duration::from_secs(5);
/// How often to check that the socket is still where clients look for it.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// How the host should start again.
#[derive(Debug)]
pub enum RestartKind {
    /// With the current config.
    Restart,
    /// As another program: the current content of its own executable, or another file.
    Upgrade(Option<PathBuf>),
}

/// A client that requested this, and waits for the result. It outlives the host that it asked.
#[derive(Debug)]
pub struct WaitingClient(OwnedWriteHalf);

impl WaitingClient {
    /// Sends the last answer to it.
    pub async fn answer(&mut self, answer: &Answer) {
        write(&mut self.0, answer).await;
    }
}

/// Answers requests until it is dropped. Operations already begun for a client are finished all the same. A socket that
/// vanishes, for instance when a runtime directory is cleaned up, is bound again. Requests to restart or upgrade the
/// host are passed to `again`, if there is one.
pub async fn serve(
    socket: &mut Socket,
    cogs: &Arc<Cogs>,
    again: Option<mpsc::Sender<(RestartKind, WaitingClient)>>,
) {
    let mut clients = Clients::default();
    let mut look = interval(CHECK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut trouble = None;
    loop {
        let has_place = clients.has_place();
        let stream = tokio::select! {
            accepted = socket.listener.accept(), if has_place => accepted,
            () = clients.ended() => continue,
            _ = look.tick() => {
                ensure(socket, &mut trouble);
                continue;
            }
        };
        match stream {
            Ok((stream, _)) => {
                let (cogs, again) = (Arc::clone(cogs), again.clone());
                clients.add(|silence| async move { converse(stream, &silence, &cogs, again).await });
            }
            Err(error) => {
                tracing::warn!("failed to accept on the control socket: {error}");
                // Probably out of file descriptors: others must be closed before the next attempt can succeed.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Binds the socket again if it has vanished; `trouble` is the last logged reason why that failed.
fn ensure(socket: &mut Socket, trouble: &mut Option<String>) {
    match socket.ensure() {
        Ok(false) => {}
        Ok(true) => {
            *trouble = None;
            tracing::warn!(
                "the control socket `{}` had been removed; it was created again",
                socket.path().display()
            );
        }
        Err(error) => {
            let text = chain(&error);
            if trouble.as_ref() != Some(&text) {
                tracing::error!(help = error.help(), "the control socket had been removed: {text}");
                *trouble = Some(text);
            }
        }
    }
}

/// Ends when the client disconnects, is silent for too long, or sends something that is not a request.
async fn converse(
    stream: UnixStream,
    silence: &Silence,
    cogs: &Arc<Cogs>,
    again: Option<mpsc::Sender<(RestartKind, WaitingClient)>>,
) {
    let (read, mut client) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut line = Vec::new();
    // The longest request imports a state; base64 turns three bytes into four.
    let longest =
        REQUEST_MAX_BYTES.saturating_add(cogs.limits().state_max_bytes.div_ceil(3).saturating_mul(4));
    loop {
        line.clear();
        silence.begin();
        let mut bounded = (&mut read).take(longest as u64);
        match timeout(IDLE, bounded.read_until(b'\n', &mut line)).await {
            Ok(Ok(0)) | Ok(Err(_)) | Err(_) => return,
            Ok(Ok(_)) if !silence.end() => return,
            Ok(Ok(_)) => {}
        }
        // If a line has no end, the connection is closed: what follows could not be distinguished from a request.
        let is_whole = line.ends_with(b"\n");
        let request = is_whole.then(|| serde_json::from_slice(&line));
        let mut answers = match (request, &again) {
            (Some(Ok(Request::Restart)), Some(again)) => {
                // Only the code that ends the host receives it; if it is gone, the client sees the connection close.
                let _ = again.send((RestartKind::Restart, WaitingClient(client))).await;
                return;
            }
            (Some(Ok(Request::Upgrade { file })), Some(again)) => {
                let _ = again.send((RestartKind::Upgrade(file), WaitingClient(client))).await;
                return;
            }
            (Some(Ok(request)), _) => begin(cogs, request),
            (Some(Err(error)), _) => {
                let help = "client and host must be of the same version; `gearshift --version` shows it";
                refusal(format!("cannot read the request: {error}"), help)
            }
            (None, _) if line.len() < longest => {
                let help = "a request is one JSON object on a line of its own";
                refusal("the request ended before the end of its line".to_owned(), help)
            }
            (None, _) => {
                let help =
                    "the longest request imports a state, whose size `[limits] state_max_bytes` limits";
                refusal(format!("a request is a line of at most {longest} bytes"), help)
            }
        };
        while let Some(answer) = answers.recv().await {
            if !write(&mut client, &answer).await {
                return;
            }
        }
        if !is_whole {
            return;
        }
    }
}

/// Returns whether the client received it.
async fn write(client: &mut OwnedWriteHalf, answer: &Answer) -> bool {
    let Ok(mut text) = serde_json::to_vec(answer) else { return false };
    text.push(b'\n');
    matches!(timeout(WRITE, client.write_all(&text)).await, Ok(Ok(())))
}

/// Carries out a request from the socket or from the panel.
pub async fn answer(cogs: &Arc<Cogs>, request: Request) -> Answer {
    begin(cogs, request).recv().await.unwrap_or_else(|| failed("it did not answer"))
}

/// The answers to a request, each as soon as it is ready: a single one, or one for each of several cogs.
fn begin(cogs: &Arc<Cogs>, request: Request) -> UnboundedReceiver<Answer> {
    let (answers, asked) = mpsc::unbounded_channel();
    let (cogs, given) = (Arc::clone(cogs), answers.clone());
    // On a task of its own: an operation must not be dropped halfway when the client disconnects.
    let operation = tokio::spawn(async move {
        // The client may have disconnected.
        let give = |answer: Answer| drop(given.send(answer));
        give(match request {
            Request::List => {
                let status = cogs.status();
                Answer::done(table::of(&status), &status)
            }
            Request::Info { cog } => info::answer(&cogs, &cog),
            Request::Status => status::answer(&cogs),
            Request::Commands => commands::list(&cogs).await,
            Request::CommandsDiff => commands::diff(&cogs).await,
            Request::CommandsSync => commands::sync(&cogs).await,
            Request::Prune { names } => commands::prune(&cogs, &names).await,
            Request::Restart => only_of_run("restarted"),
            Request::Upgrade { .. } => only_of_run("upgraded"),
            Request::State(request) => state(&cogs, request).await,
            Request::Load { cog } => reported(cogs.load(&cog).await),
            Request::Unload { cog } => reported(cogs.unload(&cog).await),
            Request::Reload { cog, lane: None } => reported(cogs.reload(&cog).await),
            Request::Reload { cog, lane: Some(lane) } => reported(cogs.reload_on(&cog, lane).await),
            Request::ReloadAll { cogs: names, lane } => {
                return cogs.reload_all(&names, lane, |result| give(reported(result))).await;
            }
            Request::Place { journal } => place::answer(&cogs, journal).await,
        });
    });
    tokio::spawn(async move {
        if let Err(error) = operation.await {
            let _ = answers.send(failed(&error.to_string()));
        }
    });
    asked
}

fn failed(why: &str) -> Answer {
    Answer::refused(format!("the host failed: {why}"), None)
}

/// A refusal as the only answer.
fn refusal(text: String, help: &str) -> UnboundedReceiver<Answer> {
    let (answers, asked) = mpsc::unbounded_channel();
    let _ = answers.send(Answer::refused(text, Some(help.to_owned())));
    asked
}

fn only_of_run(done: &str) -> Answer {
    let help = "end it, and start it again";
    Answer::refused(format!("only the host of `gearshift run` can be {done}"), Some(help.to_owned()))
}

async fn state(cogs: &Cogs, request: StateRequest) -> Answer {
    let Some(store) = &cogs.sessions().store else {
        let help = "add `[store]` to the config, and start the host again";
        return Answer::refused(
            "this host saves no states: it has no store".to_owned(),
            Some(help.to_owned()),
        );
    };
    let in_use = |name: &str| {
        let cog = cogs.status().cogs.into_iter().find(|cog| cog.name == name)?;
        match (cog.stage, cog.generation) {
            (Stage::Away, _) if cog.is_unsaved => Some(InUse::Unsaved),
            (Stage::Away, _) => None,
            (_, Some(number)) => Some(InUse::Serves(number)),
            (_, None) => Some(InUse::Loads),
        }
    };
    let changes = matches!(request, StateRequest::Import { .. } | StateRequest::Drop { .. });
    let answer = answer_state(store, request, in_use).await;
    if changes && answer.ok {
        tracing::info!("{}", answer.text);
    }
    answer
}

fn reported(result: Result<Report, CogError>) -> Answer {
    match result {
        Ok(report) => {
            report.log();
            Answer::done(report.to_string(), &report)
        }
        Err(error) => {
            cogs::log_error(&error);
            Answer::refused(chain(&error), error.help())
        }
    }
}
