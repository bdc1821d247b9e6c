//! Discord's REST API: common calls typed, and any endpoint by method, path and JSON.
//! Authorisation, connection and rate limits are the host's.

use abi_stable::std_types::{RNone, RSome, RVec};
use serde::Serialize;
use serde_json::Value;

use crate::{
    NewMessage, Result, Sent,
    abi::{self, DiscordRequest, File, HandleError, Interaction, Message, Method, Reply},
    message::EPHEMERAL,
};

/// Discord allows an interaction to be answered with a message (4), "thinking …" (5), and an edit of its message (7).
const CALLBACK_MESSAGE: u8 = 4;
const CALLBACK_DEFERRED: u8 = 5;
const CALLBACK_UPDATE: u8 = 7;

/// Sends requests to Discord.
#[derive(Clone, Copy)]
pub struct Discord {
    pub(super) host: abi::Host,
}

/// A request to any endpoint, built step by step.
pub struct Request {
    host: abi::Host,
    raw: DiscordRequest,
}

impl Discord {
    /// Posts a message to a channel.
    ///
    /// # Errors
    /// Discord's refusal, with its code; or no answer.
    pub async fn send(&self, channel: u64, message: impl Into<NewMessage>) -> Result<Sent, HandleError> {
        let message = message.into();
        let json = message.encode();
        self.request(Method::Post, format!("/channels/{channel}/messages"))
            .body(json)
            .files(message.files)
            .reply()
            .await
    }

    /// Posts a reply to a message.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn reply(&self, to: &Message, message: impl Into<NewMessage>) -> Result<Sent, HandleError> {
        self.send(to.channel_id, message.into().reply_to(to.id)).await
    }

    /// Edits a message of the bot.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn edit(
        &self,
        channel: u64,
        message: u64,
        new: impl Into<NewMessage>,
    ) -> Result<Sent, HandleError> {
        let new = new.into();
        let path = format!("/channels/{channel}/messages/{message}");
        self.request(Method::Patch, path).body(new.encode()).files(new.files).reply().await
    }

    /// Deletes a message.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn delete(&self, channel: u64, message: u64) -> Result<(), HandleError> {
        self.request(Method::Delete, format!("/channels/{channel}/messages/{message}")).send().await.map(drop)
    }

    /// Adds a reaction: a Unicode emoji, or `name:id` for one of a guild.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn react(&self, channel: u64, message: u64, emoji: &str) -> Result<(), HandleError> {
        let emoji = percent_encoded(emoji);
        let path = format!("/channels/{channel}/messages/{message}/reactions/{emoji}/@me");
        self.request(Method::Put, path).send().await.map(drop)
    }

    /// Shows "is typing …" in a channel for 10 s or until the next message.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn typing(&self, channel: u64) -> Result<(), HandleError> {
        self.request(Method::Post, format!("/channels/{channel}/typing")).send().await.map(drop)
    }

    /// Answers an interaction with a message: the first answer. If the host has already acknowledged it
    /// ([`Interaction::deferred`]), the message takes the place of "thinking …", or follows where nothing was shown.
    ///
    /// # Errors
    /// 40060 when it was answered before, 10062 after 3 s without an answer.
    pub async fn respond(&self, to: &Interaction, message: impl Into<NewMessage>) -> Result<(), HandleError> {
        let message = message.into();
        if to.deferred {
            return match to.is_on_message() {
                true => self.followup(to, message).await.map(drop),
                false => self.edit_response(to, message).await.map(drop),
            };
        }
        self.answer(to, CALLBACK_MESSAGE, &message.encode(), message.files).await
    }

    /// Acknowledges an interaction with "thinking …"; [`edit_response`](Self::edit_response) follows within 15 minutes.
    /// Does nothing if the host was faster ([`Interaction::deferred`]).
    ///
    /// # Errors
    /// As [`respond`](Self::respond); 40060 too if the host was faster with an interaction that
    /// [is on a message](Interaction::is_on_message): `edit_response` would edit that message.
    pub async fn defer(&self, to: &Interaction, ephemeral: bool) -> Result<(), HandleError> {
        if to.deferred && !to.is_on_message() {
            return Ok(());
        }
        let flags = if ephemeral { EPHEMERAL } else { "0" };
        self.answer(to, CALLBACK_DEFERRED, &format!(r#"{{"flags":{flags}}}"#), Vec::new()).await
    }

    /// Answers a component by editing the message it is on.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub async fn update(&self, to: &Interaction, message: impl Into<NewMessage>) -> Result<(), HandleError> {
        let message = message.into();
        if to.deferred {
            return self.edit_response(to, message).await.map(drop);
        }
        self.answer(to, CALLBACK_UPDATE, &message.encode(), message.files).await
    }

    /// Edits the first answer of an interaction, or fills in the one that was deferred.
    ///
    /// # Errors
    /// 10015 when there is no answer yet.
    pub async fn edit_response(
        &self,
        of: &Interaction,
        message: impl Into<NewMessage>,
    ) -> Result<Sent, HandleError> {
        let message = message.into();
        let path = format!("/webhooks/{}/{}/messages/@original", of.application_id, of.token);
        self.request(Method::Patch, path).body(message.encode()).files(message.files).reply().await
    }

    /// Posts a further message to an interaction that was answered.
    ///
    /// # Errors
    /// 10015 when there is no answer yet.
    pub async fn followup(
        &self,
        to: &Interaction,
        message: impl Into<NewMessage>,
    ) -> Result<Sent, HandleError> {
        let message = message.into();
        let path = format!("/webhooks/{}/{}", to.application_id, to.token);
        self.request(Method::Post, path).body(message.encode()).files(message.files).reply().await
    }

    /// Answers an interaction with any type of callback and its data; see Discord's interaction documentation.
    ///
    /// # Errors
    /// As [`respond`](Self::respond); 40060 too if the host was faster ([`Interaction::deferred`]): a form can only be
    /// the first answer.
    pub async fn callback(&self, to: &Interaction, kind: u8, data: &impl Serialize) -> Result<()> {
        Ok(self.answer(to, kind, &serde_json::to_string(data)?, Vec::new()).await?)
    }

    /// A request to any endpoint. `path` stands below the API's version, such as `/guilds/1/roles`; ids and names in it
    /// must be percent-encoded where needed.
    #[must_use]
    pub fn request(&self, method: Method, path: impl Into<String>) -> Request {
        let raw = DiscordRequest {
            method,
            path: path.into().into(),
            query: RVec::new(),
            json: RVec::new(),
            files: RVec::new(),
            reason: RNone,
        };
        Request { host: self.host, raw }
    }

    async fn answer(
        &self,
        to: &Interaction,
        kind: u8,
        data: &str,
        files: Vec<File>,
    ) -> Result<(), HandleError> {
        let path = format!("/interactions/{}/{}/callback", to.id, to.token);
        let body = format!(r#"{{"type":{kind},"data":{data}}}"#);
        self.request(Method::Post, path).body(body).files(files).send().await.map(drop)
    }
}

impl Request {
    /// Sets the query.
    #[must_use]
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.raw.query = super::pairs(pairs);
        self
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.body(value.to_string())
    }

    /// Adds files.
    #[must_use]
    pub fn files(mut self, files: Vec<File>) -> Self {
        self.raw.files = files.into();
        self
    }

    /// Sets the reason shown in the guild's audit log.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.raw.reason = RSome(reason.into());
        self
    }

    /// Sends it; the answer as JSON, `Null` for 204.
    ///
    /// # Errors
    /// Discord's refusal, with its code; or no answer.
    pub async fn fetch(self) -> Result<Value> {
        let reply = self.send().await?;
        Ok(if reply.body.is_empty() { Value::Null } else { serde_json::from_slice(&reply.body)? })
    }

    fn body(mut self, json: String) -> Self {
        self.raw.json = json.into_bytes().into();
        self
    }

    async fn send(self) -> Result<Reply, HandleError> {
        (self.host.table.discord())(self.host.lease, self.raw).await.into_result()
    }

    async fn reply(self) -> Result<Sent, HandleError> {
        self.send().await.map(|reply| Sent::new(reply.body))
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
