//! The conversation on one open connection: HELLO, IDENTIFY or RESUME, heartbeats, events, commands — until it ends.
//! Whether and when another connection follows is decided in `shard`.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Leave;
use super::allowance::Allowance;
use super::command::{Identity, MembersRequest, heartbeat, identify, resume};
use super::event::{Dispatch, Frame, Ready, range_of};
use super::heartbeat::Heartbeat;
use super::shard::{End, Session, Shard, asked_to_close};
use super::socket::{Received, Socket};
use super::starts::Start;
use super::state::State;
use crate::{config::intent_bits, counters};

/// The close codes we send: the first ends the session, the second keeps it.
/// <https://discord.com/developers/docs/events/gateway#initiating-a-disconnect>
const GOODBYE: u16 = 1000;
const WILL_RESUME: u16 = 4000;

/// Discord allows 120 frames of any kind in 60 s; some are reserved for heartbeats.
/// <https://discord.com/developers/docs/events/gateway#rate-limiting>
const FRAMES: (usize, Duration) = (120, Duration::from_secs(60));
const FRAMES_KEPT: usize = 10;
/// Discord ignores presence updates beyond this rate.
const PRESENCES: (usize, Duration) = (5, Duration::from_secs(20));

/// What to do after a frame.
enum Step {
    GoOn,
    /// READY or RESUMED arrived.
    Ready,
    Beat,
    End(End),
}

/// The state of one connection after its handshake.
struct Connection {
    heartbeat: Heartbeat,
    frames: Allowance,
    /// When READY or RESUMED arrived; commands may be sent from then on.
    ready_since: Option<Instant>,
    /// READY, RESUMED or an event of the replay must arrive by then.
    ready_by: Instant,
    /// During a replay: the last sequence number before it, which the RESUME named. Only a replay can repeat an
    /// event; at any other time an event is new, whatever its number.
    /// <https://discord.com/developers/docs/events/gateway#resuming>
    replay_after: Option<u64>,
    /// Whether a warning was logged about sequence numbers that no RESUME can rely on.
    warned_of_numbers: bool,
    /// Number of events that a replay repeated.
    repeated: u64,
    /// Number of frames that were ignored.
    ignored: u64,
}

/// Returns how it ended, and since when it was ready, if it ever was.
pub(super) async fn run<S: FnMut(Dispatch) + Send>(
    shard: &mut Shard<S>,
    mut socket: Socket,
    start: Option<Start>,
    requests: &mut mpsc::Receiver<MembersRequest>,
    closing: &mut watch::Receiver<Leave>,
) -> (End, Option<Instant>) {
    let opened = tokio::select! {
        biased;
        () = asked_to_close(closing) => Err(End::Closed),
        opened = open(shard, &mut socket, start) => opened,
    };
    let (end, ready_since) = match opened {
        Ok(mut connection) => {
            let end = listen(shard, &mut socket, &mut connection, requests, closing).await;
            (end, connection.ready_since)
        }
        Err(end) => (end, None),
    };
    let is_kept = *closing.borrow() == Leave::Resumable && shard.session.is_some();
    close(socket, &end, is_kept, shard.timing.goodbye).await;
    (end, ready_since)
}

/// From HELLO to IDENTIFY or RESUME.
async fn open<S: Send>(
    shard: &mut Shard<S>,
    socket: &mut Socket,
    start: Option<Start>,
) -> Result<Connection, End> {
    let lost = |why: String| End::Lost { code: None, why };
    let hello = tokio::time::timeout(shard.timing.hello, socket.receive()).await;
    let interval = match hello {
        Err(_) => return Err(lost(format!("no HELLO within {} ms", shard.timing.hello.as_millis()))),
        Ok(Received::Closed { code, why }) => return Err(End::Lost { code, why }),
        Ok(Received::Binary) => return Err(lost("the first frame was not HELLO but binary".to_owned())),
        Ok(Received::Text(text)) => match Frame::read(text.as_str()) {
            Ok(Frame::Hello { interval_ms }) => Duration::from_millis(interval_ms),
            Ok(Frame::Malformed(what)) => return Err(lost(format!("the first frame was {what}"))),
            Ok(_) => return Err(lost("the first frame was not HELLO".to_owned())),
            Err(bad) => return Err(lost(bad.to_string())),
        },
    };
    let (frame, replay_after) = match &mut shard.session {
        Some(session) => {
            shard.state.send_replace(State::Resuming { session: session.id.clone() });
            session.unconfirmed += 1;
            // Without a number nothing was handed over yet, so everything is requested.
            let after = session.seq.unwrap_or(0);
            (resume(shard.discord.token().expose(), &session.id, after), session.seq)
        }
        None => {
            shard.state.send_replace(State::Identifying);
            let presence = shard.presence.borrow_and_update().clone();
            let identity = Identity {
                token: shard.discord.token().expose(),
                intents: intent_bits(&shard.intents),
                shard: shard.number,
                shards: shard.count,
                presence: presence.as_ref(),
            };
            (identify(&identity), None)
        }
    };
    let sent = socket.send(frame).await;
    // Even if sending failed: the frame may have arrived.
    if let Some(start) = start {
        start.identified();
    }
    sent.map_err(lost)?;
    let now = Instant::now();
    let mut frames = Allowance::new(FRAMES);
    frames.take();
    Ok(Connection {
        heartbeat: Heartbeat::new(interval, crate::sessions::fraction(), now),
        frames,
        ready_since: None,
        ready_by: now + shard.timing.ready,
        replay_after,
        warned_of_numbers: false,
        repeated: 0,
        ignored: 0,
    })
}

/// Handles events, heartbeats and commands until the end.
async fn listen<S: FnMut(Dispatch) + Send>(
    shard: &mut Shard<S>,
    socket: &mut Socket,
    connection: &mut Connection,
    requests: &mut mpsc::Receiver<MembersRequest>,
    closing: &mut watch::Receiver<Leave>,
) -> End {
    let mut presences = Allowance::new(PRESENCES);
    // Created once rather than per frame: there are many frames.
    let asked = asked_to_close(closing);
    let due = tokio::time::sleep_until(connection.heartbeat.due());
    let late = tokio::time::sleep_until(connection.ready_by);
    tokio::pin!(asked, due, late);
    loop {
        // The order matters: a flood of events must delay neither a heartbeat nor a close.
        let step = tokio::select! {
            biased;
            () = &mut asked => Step::End(End::Closed),
            () = &mut due => on_due(connection),
            () = &mut late, if connection.ready_since.is_none() => {
                late.as_mut().reset(connection.ready_by);
                overdue(shard, connection)
            }
            Ok(()) = shard.presence.changed(), if connection.takes_commands() && presences.has_room_for(0) => {
                connection.frames.take();
                presences.take();
                let presence = shard.presence.borrow_and_update().clone();
                match presence {
                    Some(presence) => sent(socket.send(presence.frame()).await),
                    None => Step::GoOn,
                }
            }
            Some(request) = requests.recv(), if connection.takes_commands() => {
                connection.frames.take();
                sent(socket.send(request.frame()).await)
            }
            received = socket.receive() => match received {
                Received::Text(text) => on_frame(shard, connection, text),
                Received::Binary => {
                    connection.ignore(shard.number, "it is binary, and no compression was asked for");
                    Step::GoOn
                }
                Received::Closed { code, why } => Step::End(End::Lost { code, why }),
            },
        };
        match step {
            Step::GoOn => {}
            Step::Ready => _ = connection.ready_since.get_or_insert_with(Instant::now),
            Step::Beat => {
                connection.frames.take();
                let seq = shard.session.as_ref().and_then(|session| session.seq);
                if let Err(why) = socket.send(heartbeat(seq)).await {
                    return End::Lost { code: None, why };
                }
            }
            Step::End(end) => return end,
        }
        if due.deadline() != connection.heartbeat.due() {
            due.as_mut().reset(connection.heartbeat.due());
        }
    }
}

impl Connection {
    /// Whether commands may be sent: not before READY, and only if frames for heartbeats remain.
    fn takes_commands(&self) -> bool {
        self.ready_since.is_some() && self.frames.has_room_for(FRAMES_KEPT)
    }

    /// Ignores a frame that Discord never sends.
    fn ignore(&mut self, shard: u16, what: &str) {
        self.ignored += 1;
        if counters::should_log(self.ignored) {
            let count = self.ignored;
            tracing::warn!(shard, count, "a frame of the gateway is ignored: {what}");
        }
    }
}

/// A heartbeat is due. If the server requests more of them than the rate limit allows, it gets what the limit allows.
fn on_due(connection: &mut Connection) -> Step {
    let now = Instant::now();
    if !connection.frames.has_room_for(0) {
        connection.heartbeat.postpone(now);
        return Step::GoOn;
    }
    match connection.heartbeat.beat(now) {
        Ok(()) => Step::Beat,
        Err(_) => Step::End(End::Lost { code: None, why: "no answer to the last heartbeat".to_owned() }),
    }
}

fn sent(sent: Result<(), String>) -> Step {
    match sent {
        Ok(()) => Step::GoOn,
        Err(why) => Step::End(End::Lost { code: None, why }),
    }
}

/// The handshake is not complete, and its time may be over. A long replay does not count as silence.
fn overdue<S>(shard: &Shard<S>, connection: &Connection) -> Step {
    if Instant::now() < connection.ready_by {
        return Step::GoOn;
    }
    let awaited = if shard.session.is_some() { "RESUMED" } else { "READY" };
    let within = shard.timing.ready.as_millis();
    Step::End(End::Lost { code: None, why: format!("no {awaited} within {within} ms") })
}

fn on_frame<S: FnMut(Dispatch)>(shard: &mut Shard<S>, connection: &mut Connection, text: Utf8Bytes) -> Step {
    match Frame::read(text.as_str()) {
        Ok(Frame::Dispatch { seq, name, data }) => {
            let (name, data) = (range_of(name, text.as_str()), range_of(data, text.as_str()));
            on_dispatch(shard, connection, Dispatch::new(shard.number, seq, name, data, text))
        }
        Ok(Frame::HeartbeatAck) => {
            if let Some(took) = connection.heartbeat.answered(Instant::now()) {
                shard.vitals.now().latency = Some(took);
            }
            Step::GoOn
        }
        Ok(Frame::HeartbeatRequest) if !connection.frames.has_room_for(0) => Step::GoOn,
        Ok(Frame::HeartbeatRequest) => {
            connection.heartbeat.requested(Instant::now());
            Step::Beat
        }
        Ok(Frame::Reconnect) => Step::End(End::Asked),
        Ok(Frame::InvalidSession { resumable }) => Step::End(End::Invalid { resumable }),
        Ok(Frame::Hello { .. }) => Step::GoOn,
        Ok(Frame::Unknown { op }) => {
            tracing::debug!(shard = shard.number, op, "an unknown op");
            Step::GoOn
        }
        Ok(Frame::Malformed(what)) => {
            connection.ignore(shard.number, what);
            Step::GoOn
        }
        Err(bad) => Step::End(End::Lost { code: None, why: bad.to_string() }),
    }
}

fn on_dispatch<S: FnMut(Dispatch)>(
    shard: &mut Shard<S>,
    connection: &mut Connection,
    event: Dispatch,
) -> Step {
    let step = track_session(shard, &event);
    if matches!(step, Step::End(_)) {
        return step;
    }
    let is_ready = matches!(step, Step::Ready);
    // READY and RESUMED are never repetitions, whatever their number: they answer a request on this connection.
    if !is_ready && is_repeated(connection.replay_after, event.seq) {
        connection.repeated += 1;
        if counters::should_log(connection.repeated) {
            let (shard, name, count) = (shard.number, event.name(), connection.repeated);
            tracing::warn!(shard, seq = event.seq, count, "`{name}` arrived twice; the second is dropped");
        }
        return step;
    }
    if connection.ready_since.is_none() {
        connection.ready_by = Instant::now() + shard.timing.ready;
    }
    let seq = event.seq;
    (shard.sink)(event);
    // Only now, so that an event that was not handed over is sent again.
    let Some(session) = &mut shard.session else { return step };
    // Events of a replay confirm the RESUME as well.
    session.unconfirmed = 0;
    if is_ready {
        session.seq = session.seq.max(seq);
        connection.replay_after = None;
        shard.state.send_replace(State::Ready { session: session.id.clone() });
        return step;
    }
    if !connection.warned_of_numbers && !follows(session.seq, seq) {
        connection.warned_of_numbers = true;
        let (shard, last) = (shard.number, session.seq);
        tracing::warn!(
            shard,
            seq,
            last,
            "the sequence numbers of events do not increase; a RESUME may lose or repeat some"
        );
    }
    session.seq = seq.or(session.seq);
    step
}

/// Whether the event was handed over before the RESUME that is being answered.
fn is_repeated(replay_after: Option<u64>, seq: Option<u64>) -> bool {
    matches!((replay_after, seq), (Some(after), Some(seq)) if seq <= after)
}

fn follows(last: Option<u64>, seq: Option<u64>) -> bool {
    seq.is_some_and(|seq| last.is_none_or(|last| seq > last))
}

/// Handles the events that concern the shard itself: READY and RESUMED.
fn track_session<S>(shard: &mut Shard<S>, event: &Dispatch) -> Step {
    match event.name() {
        "READY" => {
            let Ok(ready) = serde_json::from_str::<Ready>(event.data()) else {
                let why = "READY has no `session_id`".to_owned();
                return Step::End(End::Lost { code: None, why });
            };
            tracing::info!(shard = shard.number, "ready");
            let mut vitals = shard.vitals.now();
            (vitals.session_since, vitals.resumes) = (Some(Instant::now()), 0);
            drop(vitals);
            shard.session = Some(Session {
                id: ready.session_id,
                url: ready.resume_gateway_url,
                seq: None,
                unconfirmed: 0,
            });
            Step::Ready
        }
        "RESUMED" if shard.session.is_some() => {
            tracing::info!(shard = shard.number, "resumed");
            let mut vitals = shard.vitals.now();
            vitals.resumes += 1;
            vitals.all_resumes += 1;
            Step::Ready
        }
        _ => Step::GoOn,
    }
}

/// Closes the connection in a way that suits what follows.
async fn close(socket: Socket, end: &End, is_kept: bool, goodbye: Duration) {
    let code = match end {
        End::Closed if is_kept => WILL_RESUME,
        End::Closed | End::Invalid { resumable: false } => GOODBYE,
        End::Asked | End::Invalid { resumable: true } | End::Lost { code: None, .. } => WILL_RESUME,
        // The server has closed it already.
        End::Lost { code: Some(_), .. } => return,
    };
    let within = match end {
        End::Closed => goodbye,
        // Do not wait for a silent or broken connection: no events arrive meanwhile.
        _ => Duration::from_millis(50).min(goodbye),
    };
    socket.close(code, within).await;
}
