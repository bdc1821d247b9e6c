//! Members and messages: posting, replying, attaching files, editing, deleting, reacting, typing.

use super::Member;
use crate::files::{MAX_FILES, Upload, attach};
use crate::ids::Snowflake;
use crate::rules::messages::{self, check_slowmode, content_limit};
use crate::rules::{Draft, Revision, automod, reactions};
use crate::state::State;
use crate::world::{ActError, Attachment, Emoji, MessageKind, bits};

impl Member {
    /// Posts a message and returns its id.
    ///
    /// # Errors
    /// If there is no such channel, the member may not post there, or the text is empty or longer than 2,000 characters
    /// (4,000 with Nitro).
    pub async fn say(&self, channel: &str, text: &str) -> Result<Snowflake, ActError> {
        self.post(channel, text, None, &[])
    }

    /// Posts named files, with a text that may be empty; returns the message's id.
    ///
    /// # Errors
    /// As [`Member::say`], and if there are no files, there are more than ten, or the member may not attach files.
    pub async fn attach<N: Into<String>, B: Into<Vec<u8>>>(
        &self,
        channel: &str,
        text: &str,
        files: impl IntoIterator<Item = (N, B)>,
    ) -> Result<Snowflake, ActError> {
        let files: Vec<Upload> = files.into_iter().map(|(name, bytes)| Upload::named(name, bytes)).collect();
        if !(1..=MAX_FILES).contains(&files.len()) {
            return Err(ActError::Files { count: files.len(), limit: MAX_FILES });
        }
        self.post(channel, text, None, &files)
    }

    /// Stores files given as texts, each with a name and optionally its content, and keeps the text with each.
    pub(super) fn store_typed_files(
        &self,
        state: &mut State,
        typed: Vec<String>,
    ) -> Vec<(String, Attachment)> {
        let upload = |typed: &String| {
            let (name, text) = typed.split_once(' ').unwrap_or((typed, ""));
            Upload::named(name, text)
        };
        let uploads: Vec<Upload> = typed.iter().map(upload).collect();
        let files = attach(&mut state.files, &state.world, &self.shared.base_url(), &uploads, &[]);
        typed.into_iter().zip(files).collect()
    }

    /// Replies to a message and returns the reply's id.
    ///
    /// # Errors
    /// As [`Member::say`], and if there is no such message.
    pub async fn reply(&self, message: Snowflake, text: &str) -> Result<Snowflake, ActError> {
        let channel = self.place_of(&self.shared.state(), message)?;
        self.post(&channel.to_string(), text, Some(message), &[])
    }

    /// Edits one of the member's own messages.
    ///
    /// # Errors
    /// If there is no such message, it was written by another user, or the text is not allowed.
    pub async fn edit(&self, message: Snowflake, text: &str) -> Result<(), ActError> {
        let mut state = self.shared.state();
        self.check_text(&state, text)?;
        let channel = self.place_of(&state, message)?;
        let there = state.world.channel(channel).and_then(|channel| channel.message(message)).cloned();
        let Some(own) = there.filter(|one| one.author.id == self.user.id) else {
            return Err(ActError::NotOwnMessage { message });
        };
        let revision = Revision { content: Some(text.to_owned()), ..Revision::default() };
        automod::screened(&mut state, &self.user, channel, text, |state| {
            messages::edit(state, channel, message, revision).unwrap_or(own)
        })?;
        Ok(())
    }

    /// Deletes a message: the member's own, or any message with the permission to manage messages.
    ///
    /// # Errors
    /// If there is no such message, or the member may not delete it.
    pub async fn delete(&self, message: Snowflake) -> Result<(), ActError> {
        let mut state = self.shared.state();
        let channel_id = self.place_of(&state, message)?;
        if let Some(channel) = state.world.channel(channel_id)
            && let Some(one) = channel.message(message)
            && one.author.id != self.user.id
            && state.world.permissions_in(channel, self.user.id) & bits::MANAGE_MESSAGES == 0
        {
            return Err(ActError::NotOwnMessage { message });
        }
        messages::delete(&mut state, channel_id, &[message], self.user.id);
        Ok(())
    }

    /// Adds a reaction: `👍`, or `name:id` for a custom emoji.
    ///
    /// # Errors
    /// If there is no such message, or the member may not react there.
    pub async fn react(&self, message: Snowflake, emoji: &str) -> Result<(), ActError> {
        let mut state = self.shared.state();
        let channel = self.place_of(&state, message)?;
        let emoji = Emoji::parse(emoji);
        let there = state.world.channel(channel).and_then(|channel| channel.message(message));
        // Anyone may join a reaction that exists already.
        if !there.is_some_and(|there| there.reactions.iter().any(|one| one.emoji == emoji)) {
            self.allowed(&state, channel, bits::ADD_REACTIONS, "react")?;
        }
        reactions::add(&mut state, channel, message, &self.user, &emoji);
        Ok(())
    }

    /// Removes the member's reaction; does nothing if there is none.
    ///
    /// # Errors
    /// If there is no such message.
    pub async fn unreact(&self, message: Snowflake, emoji: &str) -> Result<(), ActError> {
        let mut state = self.shared.state();
        let channel = self.place_of(&state, message)?;
        reactions::remove(&mut state, channel, message, &self.user, &Emoji::parse(emoji));
        Ok(())
    }

    /// Starts typing.
    ///
    /// # Errors
    /// If there is no such channel, or the member cannot see it.
    pub async fn typing(&self, channel: &str) -> Result<(), ActError> {
        let mut state = self.shared.state();
        let channel = self.find(&mut state, channel)?;
        messages::start_typing(&mut state, channel, &self.user);
        Ok(())
    }

    fn post(
        &self,
        channel: &str,
        text: &str,
        reply_to: Option<Snowflake>,
        files: &[Upload],
    ) -> Result<Snowflake, ActError> {
        let mut state = self.shared.state();
        if files.is_empty() || !text.is_empty() {
            self.check_text(&state, text)?;
        }
        let channel_id = self.find(&mut state, channel)?;
        self.allowed(&state, channel_id, bits::SEND_MESSAGES, "send messages")?;
        if let Some(channel) = state.world.channel(channel_id)
            && channel.settings.slowmode_seconds > 0
            && check_slowmode(&state, channel, self.user.id).is_err()
        {
            return Err(self.forbidden(channel, "send messages again so soon (slow mode)"));
        }
        let mut draft = Draft::text(channel_id, self.user.clone(), text.to_owned());
        if !files.is_empty() {
            self.allowed(&state, channel_id, bits::ATTACH_FILES, "attach files")?;
            let state = &mut *state;
            draft.message.attachments =
                attach(&mut state.files, &state.world, &self.shared.base_url(), files, &[]);
        }
        if reply_to.is_some() {
            draft.message.kind = MessageKind::Reply;
            draft.message.reply_to = reply_to;
        }
        let message =
            automod::screened(&mut state, &self.user, channel_id, text, |state| messages::post(state, draft));
        Ok(message?.id)
    }

    fn check_text(&self, state: &State, text: &str) -> Result<(), ActError> {
        if text.trim().is_empty() {
            return Err(ActError::Empty);
        }
        let (limit, characters) = (content_limit(&state.world, self.user.id), text.chars().count());
        if characters > limit { Err(ActError::TooLong { characters, limit }) } else { Ok(()) }
    }
}
