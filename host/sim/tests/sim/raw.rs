//! A bare websocket and HTTP client, for rules that no library breaks on purpose. There are no tests here.

use std::io::Read;
use std::time::Duration;

use flate2::read::ZlibDecoder;
use flate2::{Decompress, FlushDecompress};

use futures_util::{SinkExt, StreamExt};
use gearshift_sim::{Record, Sim, SimOptions};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use zstd::stream::raw::{InBuffer, Operation, OutBuffer};

/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// All intents that are not privileged, and MESSAGE_CONTENT.
pub const INTENTS: u64 = 1 << 0 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15;

/// The options of every simulator in these tests. `SIM_RECORD` names a file for its REST exchanges, which
/// `scripts/clients` compares with Discord's own specification.
pub fn options() -> SimOptions {
    let record = std::env::var_os("SIM_RECORD").map(|path| Record::append_to(path).unwrap());
    SimOptions { record, ..SimOptions::default() }
}

pub async fn sim() -> Sim {
    Sim::start(options()).await.unwrap()
}

/// A gateway connection.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    inflate: Inflate,
}

/// The compression of frames.
enum Inflate {
    /// None, or one zlib document per frame.
    Each,
    Zlib(Decompress),
    Zstd(zstd::stream::raw::Decoder<'static>),
}

/// A user's own client after READY, whose data is returned as well.
pub async fn client(sim: &Sim, name: &str) -> (Socket, Value) {
    let mut socket = Socket::open(sim).await;
    let token = sim.member(name).unwrap().token();
    socket.send(json!({ "op": 2, "d": { "token": token, "properties": {} } })).await;
    let ready = socket.event("READY").await;
    (socket, ready)
}

impl Inflate {
    fn read(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(4 << 20);
        match self {
            Self::Each => {
                ZlibDecoder::new(bytes).read_to_end(&mut text).unwrap();
            }
            Self::Zlib(inflate) => {
                inflate.decompress_vec(bytes, &mut text, FlushDecompress::Sync).unwrap();
            }
            Self::Zstd(decoder) => {
                let mut input = InBuffer::around(bytes);
                while input.pos() < bytes.len() {
                    let written = text.len();
                    decoder.run(&mut input, &mut OutBuffer::around_pos(&mut text, written)).unwrap();
                }
            }
        }
        text
    }
}

/// What a socket receives.
#[derive(Debug)]
pub enum Received {
    Payload(Value),
    Closed(Option<u16>),
}

impl Socket {
    /// A connection with this query, before HELLO.
    pub async fn raw(sim: &Sim, query: &str) -> Self {
        let (stream, _) = connect_async(format!("{}/?{query}", sim.gateway_url())).await.unwrap();
        let inflate = match query.split("compress=").nth(1) {
            Some("zlib-stream") => Inflate::Zlib(Decompress::new(true)),
            Some("zstd-stream") => Inflate::Zstd(zstd::stream::raw::Decoder::new().unwrap()),
            _ => Inflate::Each,
        };
        Self { stream, inflate }
    }

    pub async fn open(sim: &Sim) -> Self {
        let mut socket = Self::raw(sim, "v=10&encoding=json").await;
        assert_eq!(socket.payload().await["op"], 10);
        socket
    }

    /// An identified connection after READY, whose data is returned as well.
    pub async fn identified(sim: &Sim, intents: u64) -> (Self, Value) {
        let mut socket = Self::open(sim).await;
        socket.identify(sim.token(), intents).await;
        let ready = socket.event("READY").await;
        (socket, ready)
    }

    pub async fn identify(&mut self, token: &str, intents: u64) {
        self.send(json!({ "op": 2, "d": { "token": token, "intents": intents, "properties": {} } })).await;
    }

    pub async fn resume(&mut self, token: &str, session: &Value, seq: u64) {
        self.send(json!({ "op": 6, "d": { "token": token, "session_id": session, "seq": seq } })).await;
    }

    pub async fn send(&mut self, payload: Value) {
        self.send_text(&payload.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub async fn close_with(&mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        self.stream.close(Some(frame)).await.unwrap();
    }

    pub async fn receive(&mut self) -> Received {
        loop {
            match timeout(PATIENCE, self.stream.next()).await.expect("something within the bound") {
                Some(Ok(Message::Text(text))) => {
                    return Received::Payload(serde_json::from_str(&text).unwrap());
                }
                Some(Ok(Message::Binary(bytes))) => {
                    return Received::Payload(serde_json::from_slice(&self.inflate.read(&bytes)).unwrap());
                }
                Some(Ok(Message::Close(frame))) => {
                    return Received::Closed(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Received::Closed(None),
            }
        }
    }

    pub async fn payload(&mut self) -> Value {
        match self.receive().await {
            Received::Payload(payload) => payload,
            closed => panic!("expected a payload, heard {closed:?}"),
        }
    }

    /// The code with which the connection closes; other payloads are skipped.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            if let Received::Closed(code) = self.receive().await {
                return code;
            }
        }
    }

    /// The full payload of the next event of this name; others are skipped.
    pub async fn dispatch(&mut self, name: &str) -> Value {
        loop {
            let payload = self.payload().await;
            if payload["t"] == name {
                return payload;
            }
        }
    }

    /// The data of the next event of this name; others are skipped.
    pub async fn event(&mut self, name: &str) -> Value {
        self.dispatch(name).await["d"].take()
    }

    /// Names and numbers of everything that was under way: all that arrives until a heartbeat sent now is acknowledged.
    pub async fn settled(&mut self) -> Vec<Value> {
        self.send(json!({ "op": 1, "d": null })).await;
        let mut all = Vec::new();
        loop {
            let payload = self.payload().await;
            if payload["op"] == 11 {
                return all;
            }
            all.push(payload);
        }
    }
}

/// A REST call of the default bot.
pub async fn call(sim: &Sim, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    call_as(sim, &format!("Bot {}", sim.token()), method, path, body).await
}

/// A REST call of the account with this token.
pub async fn call_as(
    sim: &Sim,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let request = reqwest::Client::new()
        .request(method, format!("{}{path}", sim.api_url()))
        .header("Authorization", token);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

pub async fn post(sim: &Sim, path: &str, body: Value) -> (StatusCode, Value) {
    call(sim, Method::POST, path, Some(body)).await
}

pub async fn get(sim: &Sim, path: &str) -> (StatusCode, Value) {
    call(sim, Method::GET, path, None).await
}

/// The id of a channel of the default world.
pub fn channel_id(sim: &Sim, name: &str) -> String {
    sim.world(|world| world.channel_named(name, None).unwrap().id.to_string())
}

/// Registers commands for the default bot.
pub async fn register(sim: &Sim, commands: Value) -> Value {
    let (status, me) = get(sim, "/users/@me").await;
    assert_eq!(status, 200);
    let path = format!("/applications/{}/commands", me["id"].as_str().unwrap());
    let (status, answer) = call(sim, Method::PUT, &path, Some(commands)).await;
    assert_eq!(status, 200, "{answer}");
    answer
}
