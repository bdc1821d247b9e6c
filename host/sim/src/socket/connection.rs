//! One websocket: HELLO, what the client sends, what its session receives, and how it ends. It does not outlive its
//! socket; its session may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use futures_util::SinkExt;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{Instant, sleep_until, timeout};

use super::close;
use super::codec::Codec;
use super::operations::Pace;
use crate::accounts::{self, Account};
use crate::faults::Switch;
use crate::ids::Snowflake;
use crate::rules::presence;
use crate::sessions::{Outbox, Outgoing, Payload, Resumption};
use crate::state::Shared;

/// The most events written before a flush; large enough that a burst needs few system calls.
const BATCH_EVENTS: usize = 256;
/// A client that reads nothing for this long is disconnected.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// The client must identify again.
pub(super) const INVALID_SESSION: &str = r#"{"op":9,"d":false,"s":null,"t":null}"#;

/// The parameters in the client's URL.
pub(super) struct Transport {
    pub(super) version: Option<u8>,
    pub(super) json: bool,
    /// The value of `compress`.
    pub(super) compress: Option<String>,
}

/// Why a connection ends.
pub(super) enum ConnectionEnd {
    /// Close it with a code.
    Close { code: u16, reason: &'static str },
    /// Cut it without a close frame.
    Drop,
    /// The client is gone; `goodbye` if it closed with 1000 or 1001, which ends the session.
    Gone { goodbye: bool },
}

pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    socket: WebSocket,
    pub(super) codec: Codec,
    /// Distinguishes connections that had the same session.
    pub(super) number: u64,
    /// What the session sends. The session has the only sender: when another connection takes over the session, or this
    /// one is too slow, the sender is dropped and this connection ends.
    inbox: Option<Receiver<Outgoing>>,
    /// The sequence number of the last event written.
    written: Arc<AtomicU64>,
    /// The session and its account, once identified.
    pub(super) session: Option<(Arc<str>, Snowflake)>,
    last_beat: Instant,
    pub(super) pace: Pace,
}

pub(super) async fn serve(socket: WebSocket, shared: Arc<Shared>, transport: Transport) {
    let mut connection = Connection {
        number: shared.connections.fetch_add(1, Ordering::Relaxed),
        codec: Codec::asked(transport.compress.as_deref()),
        socket,
        inbox: None,
        written: Arc::default(),
        session: None,
        last_beat: Instant::now(),
        pace: Pace::new(shared.options.heartbeat_interval),
        shared,
    };
    let owner = connection.shared.clone();
    let _open = owner.open_sockets.subscribe();
    let end = tokio::select! {
        end = connection.run(&transport) => end,
        () = owner.closed() => ConnectionEnd::Close { code: 1001, reason: "the simulator is closing" },
    };
    connection.finish(end).await;
}

/// <https://discord.com/developers/docs/events/gateway-events#resume>
#[derive(Deserialize)]
pub(super) struct Resume {
    token: String,
    session_id: String,
    seq: u64,
}

impl Connection {
    async fn run(&mut self, transport: &Transport) -> ConnectionEnd {
        if !transport.json {
            // The same code as for an unsupported version, so that clients which check the code do not retry.
            return ConnectionEnd::Close {
                code: close::INVALID_VERSION,
                reason: "Only encoding=json is supported",
            };
        }
        if transport.version.is_some_and(|version| !(9..=10).contains(&version)) {
            return ConnectionEnd::Close { code: close::INVALID_VERSION, reason: "Invalid API version" };
        }
        let interval = self.shared.options.heartbeat_interval;
        let hello = json!({ "op": 10, "s": null, "t": null,
            "d": { "heartbeat_interval": interval.as_millis() as u64, "_trace": ["[\"gearshift-sim\"]"] } });
        if let Err(end) = self.send_now(hello.to_string()).await {
            return end;
        }
        // Discord accepts late heartbeats; half an interval is enough on a busy machine.
        let patience = interval + interval / 2;
        let mut batch = Vec::with_capacity(BATCH_EVENTS);
        loop {
            let Self { socket, inbox, last_beat, .. } = self;
            let step = tokio::select! {
                frame = socket.recv() => match frame {
                    Some(Ok(frame)) => self.receive(frame).await,
                    Some(Err(_)) | None => Err(ConnectionEnd::Gone { goodbye: false }),
                },
                count = next_batch(inbox, &mut batch) => match count {
                    0 => Err(ConnectionEnd::Drop),
                    _ => self.write(&mut batch).await,
                },
                () = sleep_until(*last_beat + patience) => {
                    Err(ConnectionEnd::Close { code: close::SESSION_TIMED_OUT, reason: "Session timed out" })
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Writes a batch and flushes once.
    async fn write(&mut self, batch: &mut Vec<Outgoing>) -> Result<(), ConnectionEnd> {
        let mut last = None;
        for outgoing in batch.drain(..) {
            let payload = match outgoing {
                Outgoing::Dispatch { seq, payload } => {
                    last = Some(seq);
                    payload.frame(seq)
                }
                Outgoing::Op(text) => text,
                Outgoing::Invalidate { resumable } => {
                    self.lose_session(!resumable);
                    format!(r#"{{"op":9,"d":{resumable},"s":null,"t":null}}"#)
                }
                Outgoing::Close { code, reason } => return Err(ConnectionEnd::Close { code, reason }),
                Outgoing::Drop => return Err(ConnectionEnd::Drop),
            };
            let frame = self.codec.frame(payload);
            self.feed(frame).await?;
        }
        self.flush().await?;
        if let Some(last) = last {
            self.written.store(last, Ordering::Release);
        }
        Ok(())
    }

    async fn feed(&mut self, frame: Frame) -> Result<(), ConnectionEnd> {
        match timeout(WRITE_LIMIT, self.socket.feed(frame)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(ConnectionEnd::Gone { goodbye: false }),
        }
    }

    async fn flush(&mut self) -> Result<(), ConnectionEnd> {
        match timeout(WRITE_LIMIT, self.socket.flush()).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(ConnectionEnd::Gone { goodbye: false }),
        }
    }

    pub(super) async fn send_now(&mut self, payload: String) -> Result<(), ConnectionEnd> {
        let frame = self.codec.frame(payload);
        self.feed(frame).await?;
        self.flush().await
    }

    pub(super) async fn beat(&mut self) -> Result<(), ConnectionEnd> {
        self.last_beat = Instant::now();
        if self.shared.faults.is_on(Switch::Heartbeats) {
            return Ok(());
        }
        self.send_now(r#"{"op":11,"d":null,"s":null,"t":null}"#.to_owned()).await
    }

    pub(super) async fn resume(&mut self, resume: Resume) -> Result<(), ConnectionEnd> {
        if self.session.is_some() {
            return Err(already_authenticated());
        }
        let Resume { token, session_id: id, seq } = resume;
        let user = self.account_of(&token)?.id();
        let outbox = self.open_inbox();
        let outcome = self.shared.state().sessions.resume(&id, user, seq, self.number, outbox);
        let missed = match outcome {
            Resumption::Missed(missed) => missed,
            Resumption::InvalidSeq => {
                return Err(ConnectionEnd::Close { code: close::INVALID_SEQ, reason: "Invalid seq" });
            }
            Resumption::Unknown | Resumption::TooOld => {
                self.inbox = None;
                self.note(&id, "cannot be resumed".to_owned());
                return self.send_now(INVALID_SESSION.to_owned()).await;
            }
        };
        let id: Arc<str> = id.into();
        self.session = Some((id.clone(), user));
        self.note(&id, format!("resumed from {seq}, {} events replayed", missed.len()));
        for (seq, payload) in missed {
            let frame = self.codec.frame(payload.frame(seq));
            self.feed(frame).await?;
        }
        let resumed = Payload::new("RESUMED", &json!({ "_trace": ["[\"gearshift-sim\"]"] }));
        self.shared.state().sessions.push_to(&id, resumed);
        Ok(())
    }

    /// The account of a token; bots may omit `Bot ` here.
    pub(super) fn account_of(&self, token: &str) -> Result<Account, ConnectionEnd> {
        let state = self.shared.state();
        let bot = accounts::bot(token.strip_prefix("Bot ").unwrap_or(token), &state.world);
        bot.or_else(|| self.shared.user_tokens.person(token, &state.world)).ok_or_else(authentication_failed)
    }

    /// Opens a new channel for the session that this connection is about to have.
    pub(super) fn open_inbox(&mut self) -> Outbox {
        let (queue, inbox) = mpsc::channel(self.shared.options.outbox_limit.max(1));
        self.inbox = Some(inbox);
        self.written = Arc::default();
        Outbox { queue, written: self.written.clone() }
    }

    fn lose_session(&mut self, ended: bool) {
        self.inbox = None;
        if let Some((id, user)) = self.session.take() {
            let mut state = self.shared.state();
            state.sessions.disconnect(&id, self.number, ended);
            if ended {
                presence::go_offline(&mut state, user);
            }
        }
    }

    async fn finish(mut self, end: ConnectionEnd) {
        let id = self.session.as_ref().map(|(id, _)| id.clone()).unwrap_or_default();
        let (event, ended) = match &end {
            ConnectionEnd::Close { code, reason } => {
                (format!("closed by Discord with {code}: {reason}"), is_final(*code))
            }
            ConnectionEnd::Drop => ("socket dropped".to_owned(), false),
            ConnectionEnd::Gone { goodbye: true } => ("closed by the client".to_owned(), true),
            ConnectionEnd::Gone { goodbye: false } => ("connection lost".to_owned(), false),
        };
        self.lose_session(ended);
        self.note(&id, event);
        if let ConnectionEnd::Close { code, reason } = end {
            let farewell = Frame::Close(Some(CloseFrame { code, reason: reason.into() }));
            let _ = timeout(Duration::from_secs(1), self.socket.send(farewell)).await;
            // The client answers with a close frame. Waiting for it keeps the system from resetting the connection
            // before the client has received ours.
            let _ = timeout(Duration::from_secs(1), async {
                while let Some(Ok(_)) = self.socket.recv().await {}
            })
            .await;
        }
    }
}

/// Waits for events to write, forever if there is no session. Returns 0 if the session has left this connection.
async fn next_batch(inbox: &mut Option<Receiver<Outgoing>>, batch: &mut Vec<Outgoing>) -> usize {
    match inbox {
        Some(inbox) => inbox.recv_many(batch, BATCH_EVENTS).await,
        None => std::future::pending().await,
    }
}

/// The close codes after which Discord does not resume a session.
fn is_final(code: u16) -> bool {
    matches!(
        code,
        1000 | close::AUTHENTICATION_FAILED | close::INVALID_SEQ | close::SESSION_TIMED_OUT | 4010..=4014
    )
}

pub(super) fn authentication_failed() -> ConnectionEnd {
    ConnectionEnd::Close { code: close::AUTHENTICATION_FAILED, reason: "Authentication failed" }
}

pub(super) fn already_authenticated() -> ConnectionEnd {
    ConnectionEnd::Close { code: close::ALREADY_AUTHENTICATED, reason: "Already authenticated" }
}
