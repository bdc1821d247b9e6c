//! Discord's REST API: any endpoint by method, path and JSON, and sending messages. Common calls are in `everyday`,
//! answers to interactions in `interaction`. The host does the authorisation, the connection and the rate limits.

use abi_stable::std_types::{ROption, RVec};

use crate::{
    FromDiscord, NewMessage, Result, Sent, ToJson,
    abi::{self, DiscordRequest, File, HandleError, Message, Method, Reply},
    message::is_about_reference,
};

/// Sends requests to Discord.
///
/// ```
/// # use gearshift_cog::prelude::*;
/// # async fn example(ctx: &Context, guild: u64, user: u64) -> Result {
/// ctx.discord().reason("spam").ban(guild, user).await?;
/// let roles: serde_json::Value = ctx.discord().get(format!("/guilds/{guild}/roles")).fetch().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Discord {
    pub(super) host: abi::Host,
    reason: Option<String>,
}

/// A request to any endpoint, built step by step.
pub struct Request {
    host: abi::Host,
    raw: DiscordRequest,
}

impl Discord {
    pub(super) fn new(host: abi::Host) -> Self {
        Self { host, reason: None }
    }

    /// Sets the reason shown in the guild's audit log for changes made through this handle. At most 512 characters.
    /// <https://discord.com/developers/docs/resources/audit-log>
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Posts a message to a channel, or several if its text is long and [split](crate::Long::Split): returns the first.
    ///
    /// # Errors
    /// Discord's refusal, with its code; or no answer. If one of several messages fails, those before it were posted.
    pub async fn send(&self, channel: impl Into<u64>, message: impl Into<NewMessage>) -> Result<Sent> {
        let (first, _) = self.post_all(channel.into(), message.into()).await?;
        Ok(first)
    }

    /// Posts a reply to a message.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn reply(&self, to: &Message, message: impl Into<NewMessage>) -> Result<Sent> {
        self.send(to.channel_id, message.into().reply_to(to.id)).await
    }

    /// Edits a message of the bot.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn edit(
        &self,
        channel: impl Into<u64>,
        message: impl Into<u64>,
        new: impl Into<NewMessage>,
    ) -> Result<Sent> {
        let path = format!("/channels/{}/messages/{}", channel.into(), message.into());
        Ok(self.request(Method::Patch, path).message(&new.into().into_edit()?)?.reply().await?)
    }

    /// A request to any endpoint. `path` is relative to the API's version, such as `/guilds/1/roles`; ids and names in
    /// it must be percent-encoded where needed.
    #[must_use]
    pub fn request(&self, method: Method, path: impl Into<String>) -> Request {
        let raw = DiscordRequest {
            method,
            path: path.into().into(),
            query: RVec::new(),
            json: RVec::new(),
            files: RVec::new(),
            reason: self.reason.as_deref().map(Into::into).into(),
        };
        Request { host: self.host, raw }
    }

    /// `GET path`; see [`request`](Self::request).
    #[must_use]
    pub fn get(&self, path: impl Into<String>) -> Request {
        self.request(Method::Get, path)
    }

    /// Posts all messages of a split one; returns the first, and the last if that is another one.
    pub(crate) async fn post_all(
        &self,
        channel: u64,
        message: NewMessage,
    ) -> Result<(Sent, Option<Sent>), HandleError> {
        let (first, more) = message.for_channel().into_parts()?;
        let sent = match self.post(channel, &first).await {
            // Better to answer without the reference than not at all.
            Err(error) if is_about_reference(&error) => match first.without_reference() {
                Some(message) => self.post(channel, &message).await?,
                None => return Err(error),
            },
            posted => posted?,
        };
        let mut last = None;
        for message in &more {
            last = Some(self.post(channel, message).await?);
        }
        Ok((sent, last))
    }

    async fn post(&self, channel: u64, message: &NewMessage) -> Result<Sent, HandleError> {
        self.request(Method::Post, format!("/channels/{channel}/messages")).message(message)?.reply().await
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
        self.raw.reason = ROption::RSome(reason.into());
        self
    }

    /// Sends the request and reads the answer as any type that Discord's JSON can be read as: a JSON value,
    /// [`Json`](crate::Json) of your own type, or `()` to ignore it.
    ///
    /// # Errors
    /// Discord's refusal, with its code; no answer; or an answer that is not of that form.
    pub async fn fetch<T: FromDiscord>(self) -> Result<T> {
        T::from_discord(std::str::from_utf8(&self.answer().await?.body)?)
    }

    /// Sends the request and ignores the answer; [`fetch`](Self::fetch) reads it.
    ///
    /// # Errors
    /// Discord's refusal, with its code; or no answer.
    pub async fn send(self) -> Result {
        self.answer().await?;
        Ok(())
    }

    pub(super) fn body(mut self, json: String) -> Self {
        self.raw.json = json.into_bytes().into();
        self
    }

    /// Sets the body and files from a message.
    pub(super) fn message(self, message: &NewMessage) -> Result<Self, HandleError> {
        Ok(self.body(message.encode()?).files(message.files.clone()))
    }

    pub(crate) async fn answer(self) -> Result<Reply, HandleError> {
        (self.host.table.discord())(self.host.lease, self.raw).await.into_result()
    }

    pub(super) async fn reply(self) -> Result<Sent, HandleError> {
        self.answer().await.map(|reply| Sent::new(reply.body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handles::fake::host;

    #[test]
    fn sending_a_file_again_does_not_copy_it() {
        let message = NewMessage::new("x").file("a", vec![1, 2, 3]);
        let bytes = |files: &[File]| files[0].bytes.as_ptr();
        let discord = host().discord();
        for _ in 0..2 {
            let request = discord.request(Method::Post, "/").message(&message.clone()).expect("it is short");
            assert_eq!(bytes(&request.raw.files), bytes(&message.files));
        }
    }
}
