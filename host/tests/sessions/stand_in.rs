//! Servers for a session to talk to: HTTP with prepared answers, a name server, a small Discord. They check nothing;
//! they record requests, which the tests inspect.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use gearshift_host::config::{Config, Secret};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;

/// The deadline for everything that a test waits for.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Waits for a future, with a deadline.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future).await.expect("it did not happen in time")
}

/// A config from its text.
pub(crate) fn config(text: &str) -> Config {
    Config::parse(text, Path::new("gearshift.toml")).unwrap_or_else(|error| panic!("{error}"))
}

/// A request that was received.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) peer: SocketAddr,
}

impl Seen {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What a stand-in does with a request.
pub(crate) enum Reply {
    Now(Response),
    /// Leaves the client waiting.
    Never,
}

pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Reply::Now(response.body(Body::from(body.to_owned())).unwrap())
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: watch::Sender<Vec<Seen>>,
}

impl Server {
    /// Answers with `answer`, which gets the request and its number, counted from 0.
    pub(crate) async fn start(answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Server {
        Server::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), answer)
    }

    pub(crate) fn on(
        listener: TcpListener,
        answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
    ) -> Server {
        let address = listener.local_addr().unwrap();
        let seen = watch::Sender::new(Vec::new());
        let noted = seen.clone();
        let answer = Arc::new(answer);
        let router = axum::Router::new().fallback(
            move |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request| {
                let (noted, answer) = (noted.clone(), Arc::clone(&answer));
                async move {
                    let (parts, body) = request.into_parts();
                    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
                    let target = parts.uri.path_and_query().unwrap().to_string();
                    let method = parts.method.to_string();
                    let request = Seen { method, target, headers: parts.headers, body, peer };
                    let mut number = 0;
                    noted.send_modify(|noted| {
                        number = noted.len();
                        noted.push(request.clone());
                    });
                    match answer(&request, number) {
                        Reply::Now(response) => response,
                        Reply::Never => std::future::pending().await,
                    }
                }
            },
        );
        tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await.unwrap();
        });
        Server { address, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }
    /// Waits until the received requests are as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&[Seen]) -> bool) {
        soon(self.seen.subscribe().wait_for(|seen| wanted(seen))).await.unwrap();
    }
}

/// The basic endpoints of a small Discord; other paths go to `answer`, with a count of their own.
pub(crate) async fn discord(answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(small_discord(answer)).await
}

pub(crate) fn small_discord(
    answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
) -> impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static {
    let others = Mutex::new(0);
    move |request, _| match request.target.as_str() {
        "/api/v10/users/@me" => reply(200, &[], r#"{"id":"7","username":"gear"}"#),
        "/api/v10/oauth2/applications/@me" => reply(
            200,
            &[],
            r#"{"id":"8","name":"Gear","owner":{"id":"9","username":"op"},"flags":0,"team":null}"#,
        ),
        _ => {
            let number = {
                let mut others = others.lock().unwrap();
                *others += 1;
                *others - 1
            };
            answer(request, number)
        }
    }
}

/// What this thread logs while this exists. Each test runs on one thread.
pub(crate) struct Logged {
    text: watch::Sender<String>,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Logged {
    pub(crate) fn begin() -> Logged {
        let text = watch::Sender::new(String::new());
        let writer = LogWriter(text.clone());
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        Logged { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// Lines that contain `part`.
    pub(crate) fn lines(&self, part: &str) -> usize {
        self.text.borrow().lines().filter(|line| line.contains(part)).count()
    }

    pub(crate) async fn wait_for(&self, part: &str) {
        soon(self.text.subscribe().wait_for(|text| text.contains(part))).await.unwrap();
    }
}

#[derive(Clone)]
struct LogWriter(watch::Sender<String>);

impl io::Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send_modify(|text| text.push_str(&String::from_utf8_lossy(bytes)));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A config for a Discord at `url`.
pub(crate) fn discord_config(url: &str) -> Config {
    let mut config = config(&format!("[cogs]\n[discord]\napi_url = \"{url}\"\n"));
    config.discord.as_mut().unwrap().token = Some(Secret::new("t0ken.of.a.test", "the test").unwrap());
    config
}

/// A name server on the loopback interface. Unknown names do not exist.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    names: Arc<Mutex<HashMap<String, Vec<IpAddr>>>>,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

pub(crate) const TYPE_A: u16 = 1;
pub(crate) const TYPE_AAAA: u16 = 28;

impl NameServer {
    pub(crate) async fn start() -> NameServer {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let names: Arc<Mutex<HashMap<String, Vec<IpAddr>>>> = Arc::default();
        let asked: Arc<Mutex<Vec<(String, u16)>>> = Arc::default();
        let server = NameServer { address, names: Arc::clone(&names), asked: Arc::clone(&asked) };
        tokio::spawn(async move {
            let mut query = [0; 512];
            loop {
                let (length, peer) = socket.recv_from(&mut query).await.unwrap();
                let (name, kind, end) = question(&query[..length]);
                asked.lock().unwrap().push((name.clone(), kind));
                let found = names.lock().unwrap().get(&name).cloned();
                let answer = answer(&query[..end], kind, found.as_deref());
                socket.send_to(&answer, peer).await.unwrap();
            }
        });
        server
    }

    pub(crate) fn set(&self, name: &str, addresses: &[IpAddr]) {
        self.names.lock().unwrap().insert(name.to_owned(), addresses.to_vec());
    }
    /// The names and record types that were requested.
    pub(crate) fn asked(&self) -> Vec<(String, u16)> {
        self.asked.lock().unwrap().clone()
    }
}

/// The name and type of a query, and where its question ends.
fn question(query: &[u8]) -> (String, u16, usize) {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..at + 1 + length]).into_owned());
        at += length + 1;
    }
    (labels.join(".").to_lowercase(), u16::from_be_bytes([query[at + 1], query[at + 2]]), at + 5)
}

/// An answer to a query, with records that expire at once.
fn answer(query: &[u8], kind: u16, found: Option<&[IpAddr]>) -> Vec<u8> {
    let fitting: Vec<&IpAddr> = found
        .unwrap_or_default()
        .iter()
        .filter(|address| kind == if address.is_ipv4() { TYPE_A } else { TYPE_AAAA })
        .collect();
    let mut answer = query.to_vec();
    answer[2] = 0x84;
    answer[3] = if found.is_some() { 0 } else { 3 };
    answer[6..8].copy_from_slice(&(fitting.len() as u16).to_be_bytes());
    answer[8..12].fill(0);
    for address in fitting {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 0]);
        answer.extend((bytes.len() as u16).to_be_bytes());
        answer.extend(bytes);
    }
    answer
}
