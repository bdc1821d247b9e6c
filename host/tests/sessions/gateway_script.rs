//! A gateway that follows a script, and a host that connects to it.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gearshift_host::config;
use gearshift_host::gateway::{Dispatch, Gateway, ResumeData, Timing};
use gearshift_host::sessions::{self, Sessions};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::stand_in::*;

/// The server's side: accepts connections and sends what it is given.
pub(crate) struct Script {
    pub(crate) listener: TcpListener,
}

pub(crate) struct Line {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) user_agent: Option<String>,
}

pub(crate) struct Host {
    pub(crate) gateway: Gateway,
    pub(crate) received: mpsc::UnboundedReceiver<Dispatch>,
    _sessions: Sessions,
    pub(crate) rest: Server,
}

pub(crate) fn timing() -> Timing {
    Timing {
        hello: Duration::from_secs(1),
        ready: SOON,
        reconnect_first: Duration::from_millis(5),
        invalid_session: (Duration::ZERO, Duration::from_millis(5)),
        identify_every: Duration::from_millis(5),
        goodbye: Duration::from_millis(100),
        ..Timing::default()
    }
}

/// The settings of the host and of `GET /gateway/bot` for a test.
pub(crate) struct Setting {
    pub(crate) scheme: &'static str,
    pub(crate) timing: Timing,
    pub(crate) shards: u16,
    /// Further keys of `[discord]`.
    pub(crate) change: fn(&mut config::Discord),
    /// Called before the gateway is opened.
    pub(crate) before: fn(&sessions::Discord),
    /// Sessions that an earlier gateway left to be resumed.
    pub(crate) kept: Option<ResumeData>,
    /// Whether events are received.
    pub(crate) listens: bool,
    /// `session_start_limit` in the answer to this request, counted from 0.
    pub(crate) limit: fn(usize) -> Value,
}

impl Default for Setting {
    fn default() -> Setting {
        let limit = |_| json!({"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1});
        Setting {
            scheme: "ws",
            timing: timing(),
            shards: 1,
            change: |_| {},
            before: |_| {},
            kept: None,
            listens: true,
            limit,
        }
    }
}

pub(crate) async fn start(setting: Setting) -> (Script, Host) {
    let script = Script { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() };
    let host = start_on(&script, setting).await;
    (script, host)
}

/// A host on an existing script.
pub(crate) async fn start_on(script: &Script, setting: Setting) -> Host {
    let listener = &script.listener;
    let url = format!("{}://127.0.0.1:{}", setting.scheme, listener.local_addr().unwrap().port());
    let limit = setting.limit;
    let rest = discord(move |_, asked| {
        let answer = json!({"url": url, "shards": 1, "session_start_limit": limit(asked)});
        reply(200, &[], &answer.to_string())
    })
    .await;
    let mut config = discord_config(&rest.url());
    let discord = config.discord.as_mut().unwrap();
    discord.shards = setting.shards;
    (setting.change)(discord);
    let sessions = soon(Sessions::open(&config)).await.unwrap();
    (setting.before)(sessions.discord.as_ref().unwrap());
    let (sink, received) = mpsc::unbounded_channel();
    let gateway = Gateway::open_with(
        sessions.discord.as_ref().unwrap(),
        &sessions.net,
        config.discord.as_ref().unwrap(),
        setting.kept.as_ref(),
        move |event| {
            // At the end of a test, the receiver has been dropped.
            let _ = sink.send(event);
        },
        setting.timing,
    )
    .unwrap();
    if setting.listens {
        gateway.listen();
    }
    Host { gateway, received, _sessions: sessions, rest }
}

pub(crate) async fn plain() -> (Script, Host) {
    start(Setting::default()).await
}

impl Script {
    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.listener.local_addr().unwrap())
    }

    pub(crate) async fn accept(&self) -> Line {
        let (stream, _) = soon(self.listener.accept()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut user_agent = None;
        #[expect(clippy::result_large_err, reason = "the library's own signature")]
        let look = |request: &Request, response: Response| {
            user_agent = request.headers().get("user-agent").map(|it| it.to_str().unwrap().to_owned());
            Ok(response)
        };
        let socket = soon(tokio_tungstenite::accept_hdr_async(stream, look)).await.unwrap();
        Line { socket, user_agent }
    }

    /// Accepts a connection, sends HELLO and receives IDENTIFY or RESUME.
    pub(crate) async fn accept_and_greet(&self) -> (Line, Value) {
        let mut line = self.accept().await;
        line.say(json!({"op": 10, "d": {"heartbeat_interval": 60_000}})).await;
        let greeting = line.receive().await;
        (line, greeting)
    }

    /// The same up to READY, with this server as the address for resuming.
    pub(crate) async fn accept_until_ready(&self) -> Line {
        let (mut line, identify) = self.accept_and_greet().await;
        assert_eq!(identify["op"], 2);
        line.ready(&self.url(), json!(1)).await;
        line
    }
}

impl Line {
    pub(crate) async fn say(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            match soon(self.socket.next()).await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                other => assert!(other.is_ping(), "a frame was expected, not {other:?}"),
            }
        }
    }

    /// The code with which the host closes the connection.
    pub(crate) async fn receive_close(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = soon(self.socket.next()).await.unwrap().unwrap() {
                return frame.unwrap().code.into();
            }
        }
    }

    pub(crate) async fn ready(&mut self, resume_at: &str, s: Value) {
        let d = json!({"session_id": "one", "resume_gateway_url": resume_at});
        self.say(json!({"op": 0, "s": s, "t": "READY", "d": d})).await;
    }

    pub(crate) async fn event(&mut self, seq: u64, name: &str) {
        self.say(json!({"op": 0, "s": seq, "t": name, "d": {"n": seq}})).await;
    }
}

/// The numbers and names of the next events.
pub(crate) async fn received(host: &mut Host, count: usize) -> Vec<(Option<u64>, String)> {
    let mut events = Vec::new();
    while events.len() < count {
        let event = soon(host.received.recv()).await.unwrap();
        events.push((event.seq, event.name().to_owned()));
    }
    events
}

pub(crate) fn numbered(events: &[(u64, &str)]) -> Vec<(Option<u64>, String)> {
    events.iter().map(|(seq, name)| (Some(*seq), (*name).to_owned())).collect()
}

/// What the hosts of all tests have logged since the first call.
pub(crate) fn logged() -> String {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = LOG.get_or_init(|| {
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || Lines(Arc::clone(&lines)));
        tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
        log
    });
    String::from_utf8(log.lock().unwrap().clone()).unwrap()
}
