//! Common calls to Discord, typed. Ids are snowflakes, or anything that converts into one, such as serenity's.

use std::time::Duration;

use serde_json::{Value, json, value::RawValue};

use super::{
    Clock, Discord,
    encoding::{percent_encoded, timestamp},
};
use crate::{
    FromDiscord, NewMessage, Result, Sent,
    abi::{HandleError, Method},
    message::id_of,
};

/// How many messages Discord returns, or deletes, at once.
const PAGE: u32 = 100;
/// <https://discord.com/developers/docs/resources/guild#modify-guild-member>
const TIMEOUT_MAX: Duration = Duration::from_secs(28 * 24 * 60 * 60);

impl Discord {
    /// Gets a message.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn message<T: FromDiscord>(
        &self,
        channel: impl Into<u64>,
        message: impl Into<u64>,
    ) -> Result<T> {
        self.get(message_path(channel.into(), message.into())).fetch().await
    }

    /// Gets up to `limit` messages of a channel, newest first; with `before`, only those before that message. Asks
    /// Discord for 100 at a time.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn history<T: FromDiscord>(
        &self,
        channel: impl Into<u64>,
        limit: u32,
        before: Option<u64>,
    ) -> Result<Vec<T>> {
        let messages = self.pages(channel.into(), limit, before).await?;
        messages.iter().map(|message| T::from_discord(message.get())).collect()
    }

    /// Deletes a message.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn delete(&self, channel: impl Into<u64>, message: impl Into<u64>) -> Result {
        self.tell(Method::Delete, message_path(channel.into(), message.into()), None).await
    }

    /// Deletes any number of messages, none of them older than two weeks.
    ///
    /// # Errors
    /// The same as [`send`](Self::send). The batches of 100 before the one that failed have been deleted.
    pub async fn bulk_delete(&self, channel: impl Into<u64>, messages: &[u64]) -> Result {
        let channel = channel.into();
        for messages in messages.chunks(PAGE as usize) {
            // Discord does not accept a list of one.
            // https://discord.com/developers/docs/resources/message#bulk-delete-messages
            if let [message] = messages {
                self.delete(channel, *message).await?;
                continue;
            }
            let ids: Vec<String> = messages.iter().map(u64::to_string).collect();
            let path = format!("/channels/{channel}/messages/bulk-delete");
            self.tell(Method::Post, path, Some(json!({ "messages": ids }))).await?;
        }
        Ok(())
    }

    /// Adds a reaction: a Unicode emoji, or `name:id` for an emoji of a guild.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn react(&self, channel: impl Into<u64>, message: impl Into<u64>, emoji: &str) -> Result {
        self.tell(Method::Put, reaction_path(channel.into(), message.into(), emoji), None).await
    }

    /// Removes the bot's reaction.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn unreact(&self, channel: impl Into<u64>, message: impl Into<u64>, emoji: &str) -> Result {
        self.tell(Method::Delete, reaction_path(channel.into(), message.into(), emoji), None).await
    }

    /// Pins a message.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn pin(&self, channel: impl Into<u64>, message: impl Into<u64>) -> Result {
        self.tell(Method::Put, pin_path(channel.into(), message.into()), None).await
    }

    /// Unpins a message.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn unpin(&self, channel: impl Into<u64>, message: impl Into<u64>) -> Result {
        self.tell(Method::Delete, pin_path(channel.into(), message.into()), None).await
    }

    /// Shows "is typing …" in a channel for 10 s or until the next message.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn typing(&self, channel: impl Into<u64>) -> Result {
        self.tell(Method::Post, format!("/channels/{}/typing", channel.into()), None).await
    }

    /// Gets a channel or thread.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn channel<T: FromDiscord>(&self, channel: impl Into<u64>) -> Result<T> {
        self.get(format!("/channels/{}", channel.into())).fetch().await
    }

    /// Gets a guild.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn guild<T: FromDiscord>(&self, guild: impl Into<u64>) -> Result<T> {
        self.get(format!("/guilds/{}", guild.into())).fetch().await
    }

    /// Gets a member of a guild.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn member<T: FromDiscord>(&self, guild: impl Into<u64>, user: impl Into<u64>) -> Result<T> {
        self.get(member_path(guild.into(), user.into())).fetch().await
    }

    /// Gets a user.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn user<T: FromDiscord>(&self, user: impl Into<u64>) -> Result<T> {
        self.get(format!("/users/{}", user.into())).fetch().await
    }

    /// Sends a direct message to a user.
    ///
    /// # Errors
    /// The same as [`send`](Self::send); [`CANNOT_SEND_TO_USER`](crate::discord_codes::CANNOT_SEND_TO_USER) if they
    /// accept none.
    pub async fn dm(&self, user: impl Into<u64>, message: impl Into<NewMessage>) -> Result<Sent> {
        let recipient = json!({ "recipient_id": user.into().to_string() });
        let channel = self.request(Method::Post, "/users/@me/channels").json(&recipient).reply().await?;
        self.send(channel.id()?, message).await
    }

    /// Opens a public thread in a channel.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn create_thread<T: FromDiscord>(&self, channel: impl Into<u64>, name: &str) -> Result<T> {
        // 11 is a public thread: https://discord.com/developers/docs/resources/channel#channel-object-channel-types
        let path = format!("/channels/{}/threads", channel.into());
        self.request(Method::Post, path).json(json!({ "name": name, "type": 11 })).fetch().await
    }

    /// Opens a thread on a message.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn create_thread_on<T: FromDiscord>(
        &self,
        channel: impl Into<u64>,
        message: impl Into<u64>,
        name: &str,
    ) -> Result<T> {
        let path = message_path(channel.into(), message.into()) + "/threads";
        self.request(Method::Post, path).json(json!({ "name": name })).fetch().await
    }

    /// Gives a member a role.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn add_role(
        &self,
        guild: impl Into<u64>,
        user: impl Into<u64>,
        role: impl Into<u64>,
    ) -> Result {
        let path = format!("{}/roles/{}", member_path(guild.into(), user.into()), role.into());
        self.tell(Method::Put, path, None).await
    }

    /// Takes a role from a member.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn remove_role(
        &self,
        guild: impl Into<u64>,
        user: impl Into<u64>,
        role: impl Into<u64>,
    ) -> Result {
        let path = format!("{}/roles/{}", member_path(guild.into(), user.into()), role.into());
        self.tell(Method::Delete, path, None).await
    }

    /// Kicks a member from a guild; they can join again.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn kick(&self, guild: impl Into<u64>, user: impl Into<u64>) -> Result {
        self.tell(Method::Delete, member_path(guild.into(), user.into()), None).await
    }

    /// Bans a user from a guild. Their messages stay; [`ban_deleting`](Self::ban_deleting) deletes recent ones.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn ban(&self, guild: impl Into<u64>, user: impl Into<u64>) -> Result {
        self.ban_deleting(guild, user, Duration::ZERO).await
    }

    /// Bans a user from a guild, and deletes the messages that they wrote within this time, up to a week.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn ban_deleting(&self, guild: impl Into<u64>, user: impl Into<u64>, last: Duration) -> Result {
        let body = json!({ "delete_message_seconds": last.as_secs() });
        self.tell(Method::Put, ban_path(guild.into(), user.into()), Some(body)).await
    }

    /// Lifts a ban.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn unban(&self, guild: impl Into<u64>, user: impl Into<u64>) -> Result {
        self.tell(Method::Delete, ban_path(guild.into(), user.into()), None).await
    }

    /// Times a member out, so that they can neither write nor speak, for up to 28 days; zero ends the timeout.
    ///
    /// # Errors
    /// The same as [`send`](Self::send); also for more than 28 days, without asking Discord.
    pub async fn timeout(&self, guild: impl Into<u64>, user: impl Into<u64>, time: Duration) -> Result {
        if time > TIMEOUT_MAX {
            return Err(HandleError::form_body("cannot time a member out for more than 28 days").into());
        }
        let until = (!time.is_zero()).then(|| timestamp(Clock { host: self.host }.now() + time));
        let body = json!({ "communication_disabled_until": until });
        self.tell(Method::Patch, member_path(guild.into(), user.into()), Some(body)).await
    }

    async fn tell(&self, method: Method, path: String, body: Option<Value>) -> Result {
        let request = self.request(method, path);
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        request.answer().await?;
        Ok(())
    }

    async fn pages(&self, channel: u64, limit: u32, mut before: Option<u64>) -> Result<Vec<Box<RawValue>>> {
        let mut messages = Vec::new();
        while let left @ 1.. = limit.saturating_sub(messages.len() as u32) {
            let limit = left.min(PAGE);
            let mut query = vec![("limit", limit.to_string())];
            query.extend(before.map(|before| ("before", before.to_string())));
            let query: Vec<_> = query.iter().map(|(name, value)| (*name, &**value)).collect();
            let reply = self.get(format!("/channels/{channel}/messages")).query(&query).answer().await?;
            let page: Vec<Box<RawValue>> = serde_json::from_slice(&reply.body)?;
            let is_last = page.len() < limit as usize;
            before = page.last().map(|message| id_of(message.get().as_bytes())).transpose()?;
            messages.extend(page);
            if is_last {
                break;
            }
        }
        Ok(messages)
    }
}

fn message_path(channel: u64, message: u64) -> String {
    format!("/channels/{channel}/messages/{message}")
}

fn pin_path(channel: u64, message: u64) -> String {
    format!("/channels/{channel}/messages/pins/{message}")
}

fn reaction_path(channel: u64, message: u64, emoji: &str) -> String {
    format!("/channels/{channel}/messages/{message}/reactions/{}/@me", percent_encoded(emoji))
}

fn member_path(guild: u64, user: u64) -> String {
    format!("/guilds/{guild}/members/{user}")
}

fn ban_path(guild: u64, user: u64) -> String {
    format!("/guilds/{guild}/bans/{user}")
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::{
        Long,
        discord_codes::INVALID_FORM_BODY,
        handles::fake::{fake, host},
    };

    fn now<T>(future: impl Future<Output = Result<T>>) -> T {
        future.now_or_never().expect("the fake answers at once").expect("it is no error")
    }

    fn lines() -> Vec<String> {
        fake(|fake| fake.requests.drain(..).map(|asked| asked.line).collect())
    }

    #[test]
    fn history_is_read_in_pages_until_the_count_or_the_end_is_reached() {
        let page = |from: u64, to: u64| {
            let messages: Vec<_> = (from..to).rev().map(|id| json!({ "id": id.to_string() })).collect();
            Ok(json!(messages).to_string())
        };
        fake(|fake| fake.answers = [page(300, 400), page(250, 300)].into());
        let messages: Vec<Value> = now(host().discord().history(7_u64, 200, None));
        assert_eq!((messages.len(), &messages[149]["id"]), (150, &json!("250")));
        assert_eq!(
            lines(),
            ["GET /channels/7/messages?limit=100", "GET /channels/7/messages?limit=100&before=300"]
        );
        fake(|fake| fake.answers = [page(300, 330)].into());
        assert_eq!(now(host().discord().history::<Value>(7_u64, 30, Some(330))).len(), 30);
        assert_eq!(lines(), ["GET /channels/7/messages?limit=30&before=330"]);
        assert!(now(host().discord().history::<Value>(7_u64, 0, None)).is_empty());
    }

    #[test]
    fn any_number_of_messages_can_be_deleted_in_bulk() {
        let ids: Vec<u64> = (1..=201).collect();
        now(host().discord().bulk_delete(7_u64, &ids));
        let asked = fake(|fake| fake.requests.clone());
        assert_eq!(asked[1].json["messages"].as_array().map(Vec::len), Some(100));
        assert_eq!(
            lines()[1..],
            ["POST /channels/7/messages/bulk-delete", "DELETE /channels/7/messages/201"]
        );
    }

    #[test]
    fn the_reason_of_the_handle_is_sent_with_each_request() {
        let discord = host().discord().reason("spam");
        now(discord.ban(1_u64, 2_u64));
        now(discord.add_role(1_u64, 2_u64, 3_u64));
        now(host().discord().kick(1_u64, 2_u64));
        let reasons: Vec<_> = fake(|fake| fake.requests.drain(..).map(|asked| asked.reason).collect());
        assert_eq!(reasons, [Some("spam".to_owned()), Some("spam".to_owned()), None]);
    }

    #[test]
    fn any_overlong_timeout_is_refused_with_an_error() {
        let time_out = |time| host().discord().timeout(1_u64, 2_u64, time).now_or_never().expect("at once");
        for time in [TIMEOUT_MAX + Duration::from_secs(1), Duration::MAX] {
            assert_eq!(time_out(time).expect_err("too long").discord_code(), Some(INVALID_FORM_BODY));
        }
        assert!(lines().is_empty(), "nothing was sent");
        assert!(time_out(TIMEOUT_MAX).is_ok());
    }

    #[test]
    fn a_direct_message_is_sent_to_the_channel_with_the_user() {
        fake(|fake| fake.answers = [Ok(r#"{"id":"42"}"#.to_owned())].into());
        now(host().discord().dm(5_u64, "hello"));
        assert_eq!(lines(), ["POST /users/@me/channels", "POST /channels/42/messages"]);
    }

    #[test]
    fn a_long_text_is_split_and_only_the_first_message_is_a_reply() {
        let message = NewMessage::new("word ".repeat(900)).long(Long::Split).reply_to(9).file("a", vec![1]);
        now(host().discord().send(7_u64, message));
        let asked = fake(|fake| fake.requests.drain(..).collect::<Vec<_>>());
        assert_eq!(asked.iter().map(|it| it.files).collect::<Vec<_>>(), [0, 0, 1]);
        let replies = asked.iter().map(|it| it.json["message_reference"]["message_id"] == "9");
        assert_eq!(replies.collect::<Vec<_>>(), [true, false, false]);
        let refused = host().discord().send(7_u64, "x".repeat(2001)).now_or_never().expect("at once");
        assert_eq!(refused.expect_err("too long").discord_code(), Some(INVALID_FORM_BODY));
        assert!(lines().is_empty(), "nothing was sent");
    }
}
