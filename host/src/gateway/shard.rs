//! One shard from connection to connection: where to connect, whether to resume or identify, how long to pause.
//! The conversation on an open connection is in `connection`.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::close::{Refused, Verdict, verdict};
use super::command::{MembersRequest, Presence};
use super::event::Dispatch;
use super::shards::Vitals;
use super::socket::{Address, Failed, Socket};
use super::starts::{Start, Starts};
use super::state::State;
use super::{Leave, Timing, connection, resume_data::ResumableSession};
use crate::config::Intent;
use crate::error::chain;
use crate::sessions::discord::{DiscordError, GatewayInfo};
use crate::sessions::{Backoff, Discord, Net};

/// A shard with everything it needs; owned by its task.
pub(super) struct Shard<S> {
    pub(super) number: u16,
    pub(super) count: u16,
    pub(super) intents: Vec<Intent>,
    /// The runtime of the sessions: connections in their pool must not end with the gateway.
    pub(super) sessions: runtime::Handle,
    pub(super) discord: Arc<Discord>,
    pub(super) net: Net,
    pub(super) starts: Arc<Starts>,
    pub(super) timing: Timing,
    pub(super) reconnect_max: Duration,
    pub(super) sink: S,
    pub(super) state: watch::Sender<State>,
    pub(super) vitals: Vitals,
    /// The bot's presence: sent with IDENTIFY, and whenever it changes.
    pub(super) presence: watch::Receiver<Option<Presence>>,
    /// Whether anything receives events: no shard identifies or resumes before.
    pub(super) listening: watch::Receiver<bool>,
    /// What a RESUME needs; `None` before READY and after the session is lost.
    pub(super) session: Option<Session>,
}

/// A session that can be resumed.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: String,
    /// Where to resume it; `None` means the address from `GET /gateway/bot`.
    pub(super) url: Option<String>,
    /// Sequence number of the last event that was handed over; `None` if none had a number yet.
    pub(super) seq: Option<u64>,
    /// RESUMEs sent since the last event.
    pub(super) unconfirmed: u32,
}

/// How a connection ended.
pub(super) enum End {
    /// The host closed it.
    Closed,
    /// The server ended it or fell silent.
    Lost { code: Option<u16>, why: String },
    /// Op 7: the server requests a reconnect.
    Asked,
    /// Op 9.
    Invalid { resumable: bool },
}

/// What the next attempt needs to know about earlier ones.
struct Course {
    /// Pauses while no connection becomes ready.
    unready: Backoff,
    /// Failed connections since the last READY or RESUMED.
    failures: u32,
    /// Pauses after connections that the server ended in order, or that were ready only for a short time.
    short: Backoff,
    /// Number of such connections since one that was ready for [`longest`](Self::longest).
    ended: u32,
    /// The longest pause. The end of a connection that was ready for that long says nothing about the next.
    longest: Duration,
}

impl Course {
    fn new(first: Duration, longest: Duration) -> Course {
        let backoff = Backoff::new(first, longest);
        Course { unready: backoff.clone(), failures: 0, short: backoff, ended: 0, longest }
    }

    /// A connection could not be made, or broke before it was ready.
    fn failed(&mut self) -> Duration {
        self.failures += 1;
        self.unready.pause()
    }

    /// The server ended a connection; `lasted` is how long it was ready, if it was. If a server keeps admitting a
    /// shard and ending the connection, the pauses grow until a connection lasts, so that the shard does not use up
    /// the session starts of a day.
    fn ended(&mut self, lasted: Option<Duration>, is_at_once: bool) -> Duration {
        if let Some(lasted) = lasted {
            self.failures = 0;
            self.unready.reset();
            if lasted >= self.longest {
                self.ended = 0;
                self.short.reset();
            }
        }
        self.ended += 1;
        match is_at_once && self.ended == 1 {
            true => Duration::ZERO,
            false => self.short.pause(),
        }
    }
}

/// Resolves when the gateway should close, or its owner is gone.
pub(super) async fn asked_to_close(closing: &mut watch::Receiver<Leave>) {
    let _ = closing.wait_for(|leave| *leave != Leave::No).await;
}

/// After this many failures at the resume address, Discord is asked for another one.
const RESUME_ADDRESS_TRIES: u32 = 2;
/// After this many unconfirmed RESUMEs, the session is given up for a new one.
const RESUME_TRIES: u32 = 5;
/// While no session may be started, or a server says when to ask again, it is asked after this time at the latest:
/// the token may have been reset.
const ASK_AGAIN: Duration = Duration::from_secs(15 * 60);

impl<S: FnMut(Dispatch) + Send> Shard<S> {
    pub(super) async fn run(
        mut self,
        mut requests: mpsc::Receiver<MembersRequest>,
        mut closing: watch::Receiver<Leave>,
    ) {
        let mut course = Course::new(self.timing.reconnect_first, self.reconnect_max);
        loop {
            let mut asked = closing.clone();
            let connected = tokio::select! {
                biased;
                () = asked_to_close(&mut asked) => break,
                connected = self.connect(course.failures) => connected,
            };
            let judged = match connected {
                Ok((socket, start)) => {
                    let (end, ready_since) =
                        connection::run(&mut self, socket, start, &mut requests, &mut closing).await;
                    self.judge(end, ready_since.map(|since| since.elapsed()), &mut course)
                }
                Err(Failed { why, wait }) => {
                    let pause = course.failed();
                    Ok(Some(self.pause_after(why, pause.max(wait.min(ASK_AGAIN)))))
                }
            };
            let pause = match judged {
                Ok(Some(pause)) => pause,
                Ok(None) => break,
                Err(refused) => {
                    tracing::error!(shard = self.number, help = refused.help, "{refused}");
                    self.state.send_replace(State::Refused(Arc::new(refused)));
                    return;
                }
            };
            tokio::select! {
                biased;
                () = asked_to_close(&mut closing) => break,
                () = tokio::time::sleep(pause) => {}
            }
            self.vitals.now().reconnects += 1;
        }
        let session = self.session.as_ref().filter(|_| *closing.borrow() == Leave::Resumable);
        let kept = session.map(|session| {
            let vitals = self.vitals.now();
            Box::new(ResumableSession::of(self.number, session, vitals.session_since, vitals.resumes))
        });
        self.state.send_replace(State::Closed { kept });
    }

    /// What follows an end: another attempt after a pause, `None` if the host closed it, an error if Discord rejects
    /// the bot.
    fn judge(
        &mut self,
        end: End,
        lasted: Option<Duration>,
        course: &mut Course,
    ) -> Result<Option<Duration>, Refused> {
        let shard = self.number;
        let pause = match end {
            End::Closed => return Ok(None),
            End::Asked => {
                let (pause, why) = (course.ended(lasted, true), "Discord asks to reconnect");
                tracing::info!(shard, pause_ms = pause.as_millis() as u64, "{why}");
                if !pause.is_zero() {
                    self.state.send_replace(State::Waiting { why: why.to_owned() });
                }
                pause
            }
            End::Invalid { resumable } => {
                let (shortest, longest) = self.timing.invalid_session;
                let prescribed = shortest + (longest - shortest).mul_f64(crate::sessions::fraction());
                let pause = prescribed.max(course.ended(lasted, true));
                if !resumable {
                    self.session = None;
                }
                let why = if resumable { "the session was refused for now" } else { "the session is lost" };
                tracing::warn!(shard, pause_ms = pause.as_millis() as u64, "{why}");
                self.state.send_replace(State::Waiting { why: why.to_owned() });
                pause
            }
            End::Lost { code, why } => {
                match verdict(code) {
                    Verdict::GiveUp => {
                        tracing::warn!(shard, "the gateway connection: {why}");
                        return Err(Refused::new(shard, code.unwrap_or(0), &self.intents));
                    }
                    Verdict::Identify => self.session = None,
                    Verdict::Resume => {}
                }
                // The first attempt after a working connection is made at once.
                let pause = match lasted {
                    Some(_) => course.ended(lasted, self.session.is_some()),
                    None => course.failed(),
                };
                self.pause_after(why, pause)
            }
        };
        Ok(Some(pause))
    }

    /// Logs why the shard pauses now.
    fn pause_after(&self, why: String, pause: Duration) -> Duration {
        let (shard, pause_ms) = (self.number, pause.as_millis() as u64);
        tracing::warn!(shard, pause_ms, "the gateway connection: {why}");
        self.state.send_replace(State::Waiting { why });
        pause
    }

    /// Finds the address, waits for its turn if it has to identify, and connects.
    async fn connect(&mut self, failures: u32) -> Result<(Socket, Option<Start>), Failed> {
        self.state.send_replace(State::Connecting);
        if let Some(session) = self.session.take_if(|session| session.unconfirmed >= RESUME_TRIES) {
            let tries = session.unconfirmed;
            tracing::warn!(
                shard = self.number,
                "{tries} RESUMEs were not confirmed; a new session is started"
            );
        }
        if let Some(session) = &self.session {
            let url = match &session.url {
                Some(url) if failures < RESUME_ADDRESS_TRIES => url.clone(),
                _ => ask(&self.sessions, &self.discord).await?.url,
            };
            let socket = dial(&self.sessions, self.net.clone(), &url).await?;
            self.wait_for_listener().await;
            return Ok((socket, None));
        }
        let (gateway, permit) = loop {
            let gateway = ask(&self.sessions, &self.discord).await?;
            match self.starts.take(&gateway.session_start_limit) {
                Ok(permit) => break (gateway, permit),
                Err(wait) => self.wait_for_starts(gateway.session_start_limit.total, wait).await,
            }
        };
        // It waits before it connects: on an open connection it would have to send heartbeats meanwhile.
        let start = permit.turn(self.number, gateway.session_start_limit.max_concurrency).await;
        let socket = dial(&self.sessions, self.net.clone(), &gateway.url).await?;
        self.wait_for_listener().await;
        Ok((socket, Some(start)))
    }

    /// Waits until something receives events.
    async fn wait_for_listener(&mut self) {
        // An error means that the gateway is closed, which ends the shard anyway.
        let _ = self.listening.wait_for(|is_listening| *is_listening).await;
    }

    async fn wait_for_starts(&mut self, total: u32, wait: Duration) {
        let minutes = wait.as_secs() / 60 + 1;
        let why =
            format!("Discord's limit of {total} session starts a day is used up; it resets in {minutes} min");
        tracing::error!(shard = self.number, "{why}");
        self.state.send_replace(State::Waiting { why });
        // Even if the limit should reset at any moment, ask only this often: no session can start sooner anyway.
        tokio::time::sleep(wait.max(self.timing.identify_every).min(ASK_AGAIN)).await;
        self.state.send_replace(State::Connecting);
    }
}

/// Asks for the gateway's address through the sessions.
async fn ask(sessions: &runtime::Handle, discord: &Arc<Discord>) -> Result<GatewayInfo, Failed> {
    let discord = Arc::clone(discord);
    let asked = async move {
        discord.gateway().await.map_err(|error| match &error {
            DiscordError::RateLimited { wait, .. } => Failed { why: error.to_string(), wait: *wait },
            _ => error.to_string().into(),
        })
    };
    run_on_sessions(sessions, asked).await
}

/// Opens a connection: the sessions' runtime dials, then the shard takes it over.
async fn dial(sessions: &runtime::Handle, net: Net, url: &str) -> Result<Socket, Failed> {
    let address = Address::read(url)?;
    let (host, port) = (address.host.clone(), address.port);
    let tls = Arc::clone(net.tls());
    let dial = async move {
        let stream = net.dial(&host, port).await.map_err(|error| chain(&error))?;
        Ok(stream.into_std().map_err(|error| error.to_string())?)
    };
    Socket::connect(run_on_sessions(sessions, dial).await?, &address, &tls).await
}

/// Runs something on the sessions' runtime; it is aborted when the caller stops waiting.
async fn run_on_sessions<T: Send + 'static>(
    sessions: &runtime::Handle,
    work: impl Future<Output = Result<T, Failed>> + Send + 'static,
) -> Result<T, Failed> {
    let mut asked = JoinSet::new();
    asked.spawn_on(work, sessions);
    match asked.join_next().await {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => Err(format!("the sessions did not answer: {error}").into()),
        None => unreachable!("one was asked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(60);
    const GOOD: Option<Duration> = Some(LONGEST);
    const SHORT: Option<Duration> = Some(Duration::from_secs(1));

    #[test]
    fn pauses_grow_until_a_connection_lasts() {
        let mut course = Course::new(FIRST, LONGEST);
        assert_eq!(course.ended(GOOD, true), Duration::ZERO);
        assert_eq!(course.ended(GOOD, true), Duration::ZERO, "however often");
        for lasted in [SHORT, None] {
            let pauses: Vec<_> = (0..12).map(|_| course.ended(lasted, true)).collect();
            assert!(pauses[0] <= FIRST && pauses[0] >= FIRST / 2, "{pauses:?}");
            assert!(pauses[11] >= LONGEST / 2, "{pauses:?}");
            assert_eq!(course.ended(GOOD, true), Duration::ZERO);
        }
        // When a new session has to be started, there is always a pause.
        assert!(course.ended(GOOD, false) >= FIRST / 2);
    }

    #[test]
    fn after_an_outage_a_session_that_is_lost_is_begun_again_without_a_long_pause() {
        let mut course = Course::new(FIRST, LONGEST);
        let pauses: Vec<_> = (0..12).map(|_| course.failed()).collect();
        assert!(pauses[0] <= FIRST && pauses[11] >= LONGEST / 2, "{pauses:?}");
        // Op 9 in answer to the first RESUME, and a connection that breaks soon.
        assert_eq!(course.ended(None, true), Duration::ZERO);
        assert!(course.ended(SHORT, true) <= FIRST);
        assert!(course.failures == 0 && course.failed() <= FIRST);
    }
}
