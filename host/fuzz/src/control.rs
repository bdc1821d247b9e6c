//! Any bytes over the control socket of a host.

use std::{cell::RefCell, fs, path::PathBuf, sync::Arc, time::Duration};

use gearshift_host::{
    config::Config,
    control::{Answer, ExportedState, Request, Socket, StateRequest, answer, serve},
    host::Host,
    sessions::Sessions,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    runtime::Runtime,
    time::timeout,
};

/// Far more than a busy machine needs.
const SOON: Duration = Duration::from_secs(60);

/// Each line is answered with a line, until one is not a request; a refused request changes nothing.
pub(crate) fn requests(bytes: &[u8]) {
    thread_local!(static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) });
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(request) = serde_json::from_slice::<Request>(line) {
            let written = serde_json::to_vec(&request).expect("it was JSON");
            assert_eq!(serde_json::from_slice::<Request>(&written).expect("it was one"), request);
            assert!(!request.to_string().is_empty());
        }
        if let Ok(Ok(state)) = str::from_utf8(line).map(ExportedState::parse) {
            let written = serde_json::to_string(&state).expect("it was JSON");
            assert_eq!(ExportedState::parse(&written).expect("it was one"), state);
        }
    }
    STAGE.with_borrow_mut(|stage| {
        let stage = stage.get_or_insert_with(Stage::new);
        stage.runtime.block_on(stage.converse(bytes));
    });
}

/// A host with a store and without cogs.
struct Stage {
    runtime: Runtime,
    host: Host,
    socket: PathBuf,
    _folder: TempDir,
}

impl Stage {
    fn new() -> Stage {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("cogs")).expect("the folder is empty");
        let text = "[cogs]\nfolder = \"cogs\"\nwatch = false\n[store]\npath = \"store.db\"\n[commands]\nowner = false\nhelp = false\n";
        let config = Config::parse(text, &folder.path().join("gearshift.toml")).expect("a config");
        let socket = folder.path().join("control.sock");
        let host = runtime.block_on(async {
            let sessions = Sessions::open(&config).await.expect("there is only a file to open");
            let host = Host::load(Arc::new(config), Arc::new(sessions)).await.expect("a host");
            let (mut bound, cogs) = (Socket::bind(&socket).expect("a socket"), Arc::clone(host.cogs()));
            tokio::spawn(async move { serve(&mut bound, &cogs, None).await });
            host
        });
        Stage { runtime, host, socket, _folder: folder }
    }

    async fn states(&self) -> Answer {
        answer(self.host.cogs(), Request::State(StateRequest::List)).await
    }

    async fn converse(&self, bytes: &[u8]) {
        let before = self.states().await;
        let client = UnixStream::connect(&self.socket).await.expect("the host listens");
        let (mut read, mut write) = client.into_split();
        let send = async {
            // The host may close its end before it has read everything.
            let _ = write.write_all(bytes).await;
            let _ = write.shutdown().await;
        };
        let mut text = String::new();
        let receive = async { read.read_to_string(&mut text).await };
        let (_, received) =
            timeout(SOON, async { tokio::join!(send, receive) }).await.expect("the host answers");
        // The host closes the connection with unread input.
        assert!(received.is_ok_and(|_| text.is_empty() || text.ends_with('\n')) || text.is_empty());
        let answers: Vec<Answer> =
            text.lines().map(|line| serde_json::from_str(line).expect("an answer")).collect();
        assert!(answers.len() <= bytes.split(|byte| *byte == b'\n').count());
        assert!(answers.iter().all(|answer| !answer.text.is_empty()));
        let changes = |answer: &Answer| answer.ok && answer.data.is_object();
        if !answers.iter().any(changes) {
            let after = self.states().await;
            assert_eq!(after.data, before.data, "a refusal changed the states");
        }
    }
}
