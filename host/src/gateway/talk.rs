//! The conversation on one open connection: HELLO, IDENTIFY or RESUME, heartbeats, events, commands — until it ends.
//! Whether and when another connection follows stands in `shard`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::command::{Command, Identity, heartbeat, identify, resume};
use super::event::{Dispatch, Frame, Ready, range_of};
use super::heart::Heart;
use super::shard::{End, Session, Shard, asked_to_close};
use super::socket::{Received, Socket};
use super::state::State;
use crate::config::intent_bits;

/// Close codes of ours: the first ends the session, the second keeps it.
const GOODBYE: u16 = 1000;
const WILL_RESUME: u16 = 4000;

/// Discord allows 120 frames in 60 s; some are kept for heartbeats and the handshake.
const COMMANDS_PER_WINDOW: u32 = 110;
const WINDOW: Duration = Duration::from_secs(60);

/// What a frame asks for.
enum Step {
    GoOn,
    /// READY or RESUMED came; commands may go out.
    Ready,
    Beat,
    End(End),
}

pub(super) async fn talk<S: FnMut(Dispatch) + Send>(
    shard: &mut Shard<S>,
    mut socket: Socket,
    commands: &mut mpsc::Receiver<Command>,
    closing: &mut watch::Receiver<bool>,
) -> End {
    let opened = tokio::select! {
        biased;
        () = asked_to_close(closing) => Err(End::Closed),
        opened = open(shard, &mut socket) => opened,
    };
    let end = match opened {
        Ok(heart) => listen(shard, &mut socket, heart, commands, closing).await,
        Err(end) => end,
    };
    part(socket, &end, shard.timing.goodbye).await;
    end
}

/// From HELLO to IDENTIFY or RESUME.
async fn open<S: Send>(shard: &mut Shard<S>, socket: &mut Socket) -> Result<Heart, End> {
    let lost = |why: String| End::Lost { code: None, why };
    let hello = tokio::time::timeout(shard.timing.hello, socket.receive()).await;
    let interval = match hello {
        Err(_) => return Err(lost(format!("no HELLO within {} ms", shard.timing.hello.as_millis()))),
        Ok(Received::Closed { code, why }) => return Err(End::Lost { code, why }),
        Ok(Received::Text(text)) => match Frame::read(text.as_str()) {
            Ok(Frame::Hello { interval_ms }) => Duration::from_millis(interval_ms),
            Ok(_) => return Err(lost("the first frame was not HELLO".to_owned())),
            Err(bad) => return Err(lost(bad.to_string())),
        },
    };
    let frame = match &shard.session {
        Some(session) => {
            shard.state.send_replace(State::Resuming { session: session.id.clone() });
            resume(shard.discord.token().expose(), &session.id, session.seq)
        }
        None => {
            shard.state.send_replace(State::Identifying);
            identify(&Identity {
                token: shard.discord.token().expose(),
                intents: intent_bits(&shard.intents),
                shard: shard.number,
                shards: shard.count,
                presence: shard.presence.as_ref(),
            })
        }
    };
    socket.send(frame).await.map_err(lost)?;
    Ok(Heart::new(interval, crate::sessions::fraction(), Instant::now()))
}

/// Until the end: events, heartbeats, commands.
async fn listen<S: FnMut(Dispatch) + Send>(
    shard: &mut Shard<S>,
    socket: &mut Socket,
    mut heart: Heart,
    commands: &mut mpsc::Receiver<Command>,
    closing: &mut watch::Receiver<bool>,
) -> End {
    let mut allowance = Allowance { left: COMMANDS_PER_WINDOW, renewed: Instant::now() };
    let mut is_ready = false;
    // Made once and not for every frame: there are many frames.
    let asked = asked_to_close(closing);
    let due = tokio::time::sleep_until(heart.due());
    tokio::pin!(asked, due);
    loop {
        // In this order: a flood of events must neither delay a heartbeat nor a close.
        let step = tokio::select! {
            biased;
            () = &mut asked => Step::End(End::Closed),
            () = &mut due => match heart.beat(Instant::now()) {
                Ok(()) => Step::Beat,
                Err(_) => Step::End(End::Lost { code: None, why: "no answer to the last heartbeat".to_owned() }),
            },
            Some(command) = commands.recv(), if is_ready && allowance.is_there() => {
                allowance.left -= 1;
                let frame = command.frame();
                if let Command::Presence(presence) = command {
                    shard.presence = Some(presence);
                }
                match socket.send(frame).await {
                    Ok(()) => Step::GoOn,
                    Err(why) => Step::End(End::Lost { code: None, why }),
                }
            }
            received = socket.receive() => match received {
                Received::Text(text) => hear(shard, &mut heart, text),
                Received::Closed { code, why } => Step::End(End::Lost { code, why }),
            },
        };
        match step {
            Step::GoOn => {}
            Step::Ready => is_ready = true,
            Step::Beat => {
                due.as_mut().reset(heart.due());
                let seq = shard.session.as_ref().map(|session| session.seq);
                if let Err(why) = socket.send(heartbeat(seq)).await {
                    return End::Lost { code: None, why };
                }
            }
            Step::End(end) => return end,
        }
    }
}

/// One frame.
fn hear<S: FnMut(Dispatch)>(shard: &mut Shard<S>, heart: &mut Heart, text: Utf8Bytes) -> Step {
    match Frame::read(text.as_str()) {
        Ok(Frame::Dispatch { seq, name, data }) => {
            let step = note(shard, seq, name, data);
            if matches!(step, Step::End(_)) {
                return step;
            }
            let is_new = shard.session.as_ref().is_none_or(|session| seq > session.seq);
            if !is_new {
                tracing::debug!(shard = shard.number, seq, "an event came twice; the second is passed over");
                return Step::GoOn;
            }
            let (name, data) = (range_of(name, text.as_str()), range_of(data, text.as_str()));
            (shard.sink)(Frame::event(shard.number, seq, name, data, text));
            // Only now: an event that was not handed over must come again.
            if let Some(session) = &mut shard.session {
                session.seq = seq;
                if matches!(step, Step::Ready) {
                    shard.state.send_replace(State::Ready { session: session.id.clone() });
                }
            }
            step
        }
        Ok(Frame::HeartbeatAck) => {
            if let Some(took) = heart.answered(Instant::now()) {
                shard.latency.store((took.as_micros() as u64).max(1), Ordering::Relaxed);
            }
            Step::GoOn
        }
        Ok(Frame::HeartbeatRequest) => {
            heart.asked(Instant::now());
            Step::Beat
        }
        Ok(Frame::Reconnect) => Step::End(End::Asked),
        Ok(Frame::InvalidSession { resumable }) => Step::End(End::Invalid { resumable }),
        Ok(Frame::Hello { .. }) => Step::GoOn,
        Ok(Frame::Unknown { op }) => {
            tracing::debug!(shard = shard.number, op, "an op that is not known");
            Step::GoOn
        }
        Err(bad) => Step::End(End::Lost { code: None, why: bad.to_string() }),
    }
}

/// What the shard itself has to know of an event: READY and RESUMED.
fn note<S>(shard: &mut Shard<S>, seq: u64, name: &str, data: &str) -> Step {
    match name {
        "READY" => {
            let Ok(ready) = serde_json::from_str::<Ready>(data) else {
                let why = "READY has no `session_id` and `resume_gateway_url`".to_owned();
                return Step::End(End::Lost { code: None, why });
            };
            tracing::info!(shard = shard.number, "ready");
            // One less than READY's own number: READY itself is handed over next.
            let before = seq.saturating_sub(1);
            shard.session =
                Some(Session { id: ready.session_id, url: ready.resume_gateway_url, seq: before });
            Step::Ready
        }
        "RESUMED" => {
            tracing::info!(shard = shard.number, "resumed");
            Step::Ready
        }
        _ => Step::GoOn,
    }
}

/// Leaves the connection in a way that fits what comes next.
async fn part(socket: Socket, end: &End, goodbye: Duration) {
    let code = match end {
        End::Closed | End::Invalid { resumable: false } => GOODBYE,
        End::Asked | End::Invalid { resumable: true } | End::Lost { code: None, .. } => WILL_RESUME,
        // The server has closed already.
        End::Lost { code: Some(_), .. } => return,
    };
    let within = match end {
        End::Closed => goodbye,
        // A connection that is silent or broken is not waited for: every moment is one without events.
        _ => Duration::from_millis(50).min(goodbye),
    };
    socket.close(code, within).await;
}

struct Allowance {
    left: u32,
    renewed: Instant,
}

impl Allowance {
    fn is_there(&mut self) -> bool {
        if self.renewed.elapsed() >= WINDOW {
            *self = Allowance { left: COMMANDS_PER_WINDOW, renewed: Instant::now() };
        }
        self.left > 0
    }
}
