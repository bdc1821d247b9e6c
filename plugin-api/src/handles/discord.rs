//! Discord's REST API: common calls typed, and any endpoint by method, path and JSON. Answers to interactions are in
//! `interaction`.
//! Authorisation, connection and rate limits are the host's.

use abi_stable::std_types::{RNone, RSome, RVec};
use serde_json::Value;

use crate::{
    NewMessage, Result, Sent, ToJson,
    abi::{self, DiscordRequest, File, HandleError, Message, Method, Reply},
    message::is_about_reference,
};

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
        let message = message.into().for_channel();
        match self.post(channel, &message).await {
            // Nobody should go without an answer because of where it cannot point to.
            Err(error) if is_about_reference(&error) => match message.without_reference() {
                Some(message) => self.post(channel, &message).await,
                None => Err(error),
            },
            posted => posted,
        }
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
        self.request(Method::Patch, path).body(new.encode()?).files(new.files).reply().await
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

    async fn post(&self, channel: u64, message: &NewMessage) -> Result<Sent, HandleError> {
        let request = self.request(Method::Post, format!("/channels/{channel}/messages"));
        request.body(message.encode()?).files(message.files.clone()).reply().await
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
    pub fn json(self, value: impl ToJson) -> Self {
        self.body(value.to_json())
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

    /// Sends it; the answer as one of serenity's models.
    ///
    /// # Errors
    /// Discord's refusal, with its code; no answer; or one that is not what serenity expects.
    #[cfg(feature = "serenity")]
    pub async fn read<T: crate::serenity::FromJson>(self) -> Result<T> {
        let reply = self.send().await?;
        T::from_json(std::str::from_utf8(&reply.body)?)
    }

    pub(super) fn body(mut self, json: String) -> Self {
        self.raw.json = json.into_bytes().into();
        self
    }

    pub(crate) async fn send(self) -> Result<Reply, HandleError> {
        (self.host.table.discord())(self.host.lease, self.raw).await.into_result()
    }

    pub(super) async fn reply(self) -> Result<Sent, HandleError> {
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
