//! A user of the test, and their messages. Their commands are in `commands`, their use of components in `components`.

mod commands;
mod components;
mod values;

use std::rc::Rc;

use serde_json::{Value, json};

pub use self::values::Values;
use super::{
    answer::Answer,
    discord::{Discord, New},
    message::Message,
    stage::Stage,
};
use crate::abi::File;

/// A user. They act in the channel `general`, or in the one set by [`in_channel`](Self::in_channel) or
/// [`in_dm`](Self::in_dm). Each action returns once all handlers that it started are waiting or done.
#[derive(Clone)]
pub struct User {
    stage: Rc<Stage>,
    id: u64,
    /// The channel where they act; `None` for `general`.
    place: Option<u64>,
}

impl User {
    pub(super) fn new(stage: Rc<Stage>, id: u64) -> Self {
        Self { stage, id, place: None }
    }

    /// The user's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// A mention of the user: `<@1>`.
    #[must_use]
    pub fn mention(&self) -> String {
        format!("<@{}>", self.id)
    }

    /// The same user in another channel of the guild, by name; it is created if there is none.
    #[must_use]
    pub fn in_channel(&self, channel: &str) -> Self {
        let mut discord = self.stage.world.discord.borrow_mut();
        let id = discord.channel(channel).unwrap_or_else(|| discord.add_channel(channel));
        drop(discord);
        Self { place: Some(id), ..self.clone() }
    }

    /// The same user in a direct message with the bot.
    #[must_use]
    pub fn in_dm(&self) -> Self {
        let channel = self.stage.world.discord.borrow_mut().direct(self.id);
        Self { place: Some(channel), ..self.clone() }
    }

    /// The id of the channel where they act.
    #[must_use]
    pub fn channel_id(&self) -> u64 {
        let general = || self.stage.world.discord.borrow().channel("general").unwrap_or_default();
        self.place.unwrap_or_else(general)
    }

    /// Sets their permissions in the guild, as Discord's bits. By default, they have those of `@everyone`.
    /// <https://discord.com/developers/docs/topics/permissions>
    pub fn set_permissions(&self, bits: u64) {
        self.account(|account| account.permissions = bits);
    }

    /// Gives them the guild's role of this name, which is created if there is none. Returns its id.
    pub fn add_role(&self, name: &str) -> u64 {
        let role = self.stage.world.discord.borrow_mut().role(name);
        self.account(|account| account.roles.push(role));
        role
    }

    /// Sets their nickname in the guild.
    pub fn set_nick(&self, name: &str) {
        self.account(|account| account.nick = Some(name.to_owned()));
    }

    /// Closes their direct messages: Discord refuses further ones with 50007.
    pub fn close_dms(&self) {
        self.account(|account| account.is_closed = true);
    }

    /// Marks them as a bot.
    pub fn mark_as_bot(&self) {
        self.account(|account| account.is_bot = true);
    }

    fn account(&self, change: impl FnOnce(&mut super::discord::Account)) {
        if let Some(account) = self.stage.world.discord.borrow_mut().users.get_mut(&self.id) {
            change(account);
        }
    }

    /// The ids of their roles.
    #[must_use]
    pub fn roles(&self) -> Vec<u64> {
        self.stage.world.discord.borrow().users[&self.id].roles.clone()
    }

    /// Whether they are a member of the guild: they may have left, or been removed.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.stage.world.discord.borrow().users[&self.id].is_member
    }

    /// The messages that the bot sent them in direct messages, in order.
    #[must_use]
    pub fn dms(&self) -> Vec<Message> {
        let channel = self.in_dm().channel_id();
        Message::all(&self.stage, |posted| posted.channel == channel && posted.is_by_bot())
    }

    /// Writes a message. As in Discord's clients, `@name` mentions the user or role of that name and `#name` the
    /// channel.
    ///
    /// # Panics
    /// If a handler panics, or Discord would refuse the message.
    #[track_caller]
    pub fn say(&self, text: &str) -> Answer {
        self.post(text, json!({ "content": self.mentioning(text) }), &[])
    }

    /// Writes a message with files, by name and content.
    ///
    /// # Panics
    /// See [`say`](Self::say).
    #[track_caller]
    pub fn say_with_files(&self, text: &str, files: &[(&str, &[u8])]) -> Answer {
        let file = |(name, bytes): &(&str, &[u8])| File::new(name, bytes.to_vec());
        let files: Vec<File> = files.iter().map(file).collect();
        self.post(text, json!({ "content": self.mentioning(text) }), &files)
    }

    /// Writes a reply to a message.
    ///
    /// # Panics
    /// See [`say`](Self::say).
    #[track_caller]
    pub fn reply(&self, to: &Message, text: &str) -> Answer {
        let reference = json!({ "message_id": to.id().to_string() });
        let body = json!({ "content": self.mentioning(text), "message_reference": reference });
        Self { place: Some(to.channel_id()), ..self.clone() }.post(text, body, &[])
    }

    #[track_caller]
    fn post(&self, text: &str, body: Value, files: &[File]) -> Answer {
        let (world, channel) = (&self.stage.world, self.channel_id());
        self.stage.note_act(self.id, channel, "says", Some(text));
        let new = New { channel, author: self.id, body: &body, files, only_for: None, interaction: None };
        let posted = world.discord.borrow_mut().post_checked(world, &new);
        let id = posted.unwrap_or_else(|refused| self.stage.fail(&format!("Discord refuses it: {refused}")));
        self.stage.run();
        Answer::to_message(&self.stage, id)
    }

    /// Edits a message.
    ///
    /// # Panics
    /// See [`say`](Self::say).
    #[track_caller]
    pub fn edit(&self, message: &Message, text: &str) {
        let body = json!({ "content": self.mentioning(text) });
        self.stage.note_act(self.id, message.channel_id(), "edits a message to", Some(text));
        self.act(|discord, world| discord.edit(world, message.id(), &body, &[]));
    }

    /// Deletes a message.
    ///
    /// # Panics
    /// If a handler panics, or the message was deleted.
    #[track_caller]
    pub fn delete(&self, message: &Message) {
        self.stage.note_act(self.id, message.channel_id(), "deletes", Some(&message.content()));
        self.act(|discord, world| discord.delete(world, message.id()));
    }

    /// Reacts to a message with a Unicode emoji, or with `name:id` of a custom one.
    ///
    /// # Panics
    /// See [`delete`](Self::delete).
    #[track_caller]
    pub fn react(&self, message: &Message, emoji: &str) {
        self.stage.note_act(self.id, message.channel_id(), &format!("reacts with {emoji}"), None);
        self.act(|discord, world| discord.react(world, message.id(), self.id, emoji, true));
    }

    /// Removes their reaction.
    ///
    /// # Panics
    /// See [`delete`](Self::delete).
    #[track_caller]
    pub fn unreact(&self, message: &Message, emoji: &str) {
        self.stage.note_act(self.id, message.channel_id(), &format!("removes the reaction {emoji}"), None);
        self.act(|discord, world| discord.react(world, message.id(), self.id, emoji, false));
    }

    /// Joins the guild; if they are a member, they join again.
    ///
    /// # Panics
    /// If a handler panics.
    #[track_caller]
    pub fn join(&self) {
        self.stage.note_act(self.id, self.channel_id(), "joins the guild", None);
        self.act(|discord, world| {
            discord.join(world, self.id);
            Ok(())
        });
    }

    /// Leaves the guild.
    ///
    /// # Panics
    /// If a handler panics, or they are not a member.
    #[track_caller]
    pub fn leave(&self) {
        self.stage.note_act(self.id, self.channel_id(), "leaves the guild", None);
        self.act(|discord, world| discord.leave(world, self.id));
    }

    #[track_caller]
    fn act(
        &self,
        act: impl FnOnce(&mut Discord, &super::world::World) -> Result<(), super::discord::Refused>,
    ) {
        let done = act(&mut self.stage.world.discord.borrow_mut(), &self.stage.world);
        if let Err(refused) = done {
            self.stage.fail(&format!("Discord refuses it: {refused}"));
        }
        self.stage.run();
    }

    fn mentioning(&self, text: &str) -> String {
        let discord = self.stage.world.discord.borrow();
        let users =
            discord.users.iter().map(|(id, account)| (format!("@{}", account.name), format!("<@{id}>")));
        let roles = discord.roles.iter().map(|(id, name)| (format!("@{name}"), format!("<@&{id}>")));
        let channels = discord.channels.iter().filter(|(_, channel)| channel.recipient.is_none());
        let channels = channels.map(|(id, channel)| (format!("#{}", channel.name), format!("<#{id}>")));
        let mut names: Vec<(String, String)> = users.chain(roles).chain(channels).collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names.iter().fold(text.to_owned(), |text, (name, mention)| with_mention(&text, name, mention))
    }
}

/// Replaces a name where it is not a part of a longer word.
fn with_mention(text: &str, name: &str, mention: &str) -> String {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let (mut sent, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(name) {
        sent.push_str(before);
        let is_whole = !sent.ends_with(is_word) && !after.starts_with(is_word);
        sent.push_str(if is_whole { mention } else { name });
        rest = after;
    }
    sent + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_longer_word_is_no_mention() {
        let sent = |text: &str| with_mention(text, "@bob", "<@1>");
        assert_eq!(sent("hi @bob, @bob."), "hi <@1>, <@1>.");
        assert_eq!(sent("@bobby a@bob @bob_1 @bo"), "@bobby a@bob @bob_1 @bo");
    }
}
