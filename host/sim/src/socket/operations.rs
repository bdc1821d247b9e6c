//! What a client sends on its connection: parsed, counted, and passed to the part that handles it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Message as Frame;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::close;
use super::connection::{Connection, ConnectionEnd};
use super::members::{self, MembersRequest};
use crate::ids::Snowflake;
use crate::options::RateLimits;
use crate::rules::presence;
use crate::rules::voice::{self, InfoRequest, VoiceRequest};
use crate::sessions::Payload;
use crate::sessions::presence::Presence;
use crate::transcript::EntryKind;

/// The largest payload that a client may send, in bytes; for larger ones Discord closes with 4002.
const MAX_PAYLOAD_BYTES: usize = 4096;
/// How many payloads a client may send per minute on one connection.
/// <https://discord.com/developers/docs/events/gateway#rate-limiting>
const PAYLOADS_A_MINUTE: u32 = 120;
const MINUTE: Duration = Duration::from_secs(60);
/// The heartbeat interval in Discord's HELLO. A simulator with a shorter one allows as many more payloads as it needs.
const USUAL_INTERVAL: Duration = Duration::from_millis(41_250);

/// How much a client has sent in the current minute; in real time, like its heartbeats.
pub(super) struct Pace {
    since: Instant,
    payloads: u32,
    most: u32,
}

impl Pace {
    pub(super) fn new(heartbeat_interval: Duration) -> Self {
        let beats = |interval: Duration| (MINUTE.as_millis() / interval.as_millis().max(1)) as u32;
        let more = beats(heartbeat_interval).saturating_sub(beats(USUAL_INTERVAL));
        Self { since: Instant::now(), payloads: 0, most: PAYLOADS_A_MINUTE.saturating_add(more) }
    }

    /// Counts a payload; false if it exceeds the limit.
    fn allows(&mut self, now: Instant) -> bool {
        if now.duration_since(self.since) >= MINUTE {
            (self.since, self.payloads) = (now, 0);
        }
        self.payloads += 1;
        self.payloads <= self.most
    }
}

/// A payload from the client.
#[derive(Deserialize)]
struct ClientPayload {
    op: u64,
    #[serde(default, rename = "d")]
    data: Value,
}

/// <https://discord.com/developers/docs/events/gateway-events#request-soundboard-sounds>
#[derive(Deserialize)]
struct SoundsRequest {
    guild_ids: Vec<Snowflake>,
}

/// Parses the data of an op. For malformed data, Discord closes with a single code and names no field.
fn read<T: DeserializeOwned>(data: Value) -> Result<T, ConnectionEnd> {
    serde_json::from_value(data).map_err(|_| decode_error())
}

impl Connection {
    pub(super) async fn receive(&mut self, frame: Frame) -> Result<(), ConnectionEnd> {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(bytes) => match String::from_utf8(bytes.to_vec()) {
                Ok(text) => text.into(),
                Err(_) => return Err(decode_error()),
            },
            Frame::Ping(_) | Frame::Pong(_) => return Ok(()),
            Frame::Close(frame) => {
                let goodbye = frame.is_none_or(|frame| matches!(frame.code, 1000 | 1001));
                return Err(ConnectionEnd::Gone { goodbye });
            }
        };
        if !self.pace.allows(Instant::now()) {
            return Err(ConnectionEnd::Close { code: close::RATE_LIMITED, reason: "Rate limited" });
        }
        if text.len() > MAX_PAYLOAD_BYTES {
            return Err(decode_error());
        }
        let ClientPayload { op, data } = serde_json::from_str(&text).map_err(|_| decode_error())?;
        match op {
            1 => self.beat().await,
            2 => self.identify(read(data)?).await,
            6 => self.resume(read(data)?).await,
            3 | 4 | 8 | 31 | 43 if self.session.is_none() => {
                Err(ConnectionEnd::Close { code: close::NOT_AUTHENTICATED, reason: "Not authenticated" })
            }
            3 => read(data).map(|presence| self.change_presence(presence)),
            4 => read(data).map(|request| self.change_voice(&request)),
            8 => self.request_members(&read(data)?),
            31 => read(data).map(|request| self.request_sounds(request)),
            43 => read(data).map(|request| self.request_channel_info(&request)),
            _ => Err(ConnectionEnd::Close { code: close::UNKNOWN_OPCODE, reason: "Unknown opcode" }),
        }
    }

    fn change_presence(&mut self, presence: Presence) {
        if let Some((_, user)) = self.session {
            presence::change(&mut self.shared.state(), user, presence);
        }
    }

    fn change_voice(&mut self, request: &VoiceRequest) {
        if let Some((id, user)) = &self.session {
            voice::request(&mut self.shared.state(), *user, id, request);
        }
    }

    fn request_members(&mut self, request: &MembersRequest) -> Result<(), ConnectionEnd> {
        let Some((id, user)) = self.session.clone() else { return Ok(()) };
        let guild = request.guild().ok_or_else(decode_error)?;
        let mut state = self.shared.state();
        let Some(session) = state.sessions.session(&id) else { return Ok(()) };
        let (intents, is_bots) = (session.intents, session.is_bots());
        if is_bots
            && self.shared.options.rate_limits == RateLimits::Discord
            && request.asks_for_all()
            && let Err(wait) = state.member_requests.count(user, guild, self.shared.clock.now())
        {
            self.note(
                &id,
                "op 8 rate limited: all members of a guild can be requested once per 30 s".to_owned(),
            );
            state.sessions.push_to(&id, Payload::new("RATE_LIMITED", &request.limited(guild, wait)));
            return Ok(());
        }
        if is_bots && state.sessions.unavailable.contains(&guild) {
            self.note(&id, "op 8 ignored: the guild is unavailable".to_owned());
            return Ok(());
        }
        let chunks = members::chunks(&state, user, intents, guild, request).ok_or_else(decode_error)?;
        if chunks.is_empty() {
            self.note(
                &id,
                "op 8 ignored: not in this guild, or all members requested without GUILD_MEMBERS".to_owned(),
            );
        }
        for chunk in chunks {
            state.sessions.push_to(&id, Payload::new("GUILD_MEMBERS_CHUNK", &chunk));
        }
        Ok(())
    }

    fn request_channel_info(&mut self, request: &InfoRequest) {
        let Some((id, user)) = self.session.clone() else { return };
        let mut state = self.shared.state();
        if let Some(info) = voice::info(&state, user, request) {
            state.sessions.push_to(&id, Payload::new("CHANNEL_INFO", &info));
        }
    }

    /// Answers that the guilds have no sounds, as there are none here.
    fn request_sounds(&mut self, SoundsRequest { mut guild_ids }: SoundsRequest) {
        let Some((id, user)) = self.session.clone() else { return };
        let mut state = self.shared.state();
        guild_ids.retain(|id| state.world.guild(*id).is_some_and(|guild| guild.members.contains_key(&user)));
        for guild in guild_ids {
            let sounds = json!({ "guild_id": guild, "soundboard_sounds": [] });
            state.sessions.push_to(&id, Payload::new("SOUNDBOARD_SOUNDS", &sounds));
        }
    }

    pub(super) fn note(&self, session: &str, event: String) {
        let session: Arc<str> = session.into();
        self.shared.transcript.write(EntryKind::Gateway { session, event });
    }
}

pub(super) fn decode_error() -> ConnectionEnd {
    ConnectionEnd::Close { code: close::DECODE_ERROR, reason: "Error while decoding payload" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_send_120_payloads_a_minute_and_more_with_faster_heartbeats() {
        let mut pace = Pace::new(USUAL_INTERVAL);
        let start = Instant::now();
        assert!((0..120).all(|_| pace.allows(start)));
        assert!(!pace.allows(start + MINUTE - Duration::from_millis(1)));
        assert!(pace.allows(start + MINUTE * 2));
        assert_eq!(Pace::new(Duration::from_secs(1)).most, 120 + 60 - 1);
    }
}
