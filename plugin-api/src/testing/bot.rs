//! The bot of a test: a cog that serves, and what the test sets up around it.

use std::{
    rc::Rc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use super::{
    Builder, Fault, User,
    discord::{BOT, GUILD, Posted},
    message::Message,
    metrics::SentMetric,
    refusals::Outcome,
    stage::Stage,
    web::{SentRequest, Server},
};
use crate::{Cog, State};

/// A bot with one cog, in a guild of its own. It lives until the `Bot`, its users and their answers are all dropped.
pub struct Bot {
    pub(super) stage: Rc<Stage>,
}

impl Bot {
    /// Creates a bot with this cog and sets the cog up.
    ///
    /// # Panics
    /// If `setup` fails, with its error.
    #[must_use]
    #[track_caller]
    pub fn new<C: Cog>() -> Self {
        Self::builder().build::<C>()
    }

    /// Creates a bot with more options: a state, a time, keys of the store.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The bot's user id.
    #[must_use]
    pub fn id(&self) -> u64 {
        BOT
    }

    /// The id of the guild.
    #[must_use]
    pub fn guild_id(&self) -> u64 {
        GUILD
    }

    /// The user of this name, a member of the guild; created if there is none. The first user has the id 1.
    #[must_use]
    pub fn user(&self, name: &str) -> User {
        let now = self.stage.world.clock.unix_ms();
        let mut discord = self.stage.world.discord.borrow_mut();
        let known = discord.users.iter().find(|(_, account)| account.name == name).map(|(id, _)| *id);
        let id = known.unwrap_or_else(|| discord.add_user(name, now));
        drop(discord);
        User::new(Rc::clone(&self.stage), id)
    }

    /// The id of the guild's text channel of this name; created if there is none. `general` exists from the start.
    pub fn channel(&self, name: &str) -> u64 {
        let mut discord = self.stage.world.discord.borrow_mut();
        discord.channel(name).unwrap_or_else(|| discord.add_channel(name))
    }

    /// The id of the guild's role of this name; created if there is none.
    pub fn role(&self, name: &str) -> u64 {
        self.stage.world.discord.borrow_mut().role(name)
    }

    /// Makes a channel age-restricted.
    pub fn mark_nsfw(&self, channel: &str) {
        let id = self.channel(channel);
        if let Some(channel) = self.stage.world.discord.borrow_mut().channels.get_mut(&id) {
            channel.is_nsfw = true;
        }
    }

    /// Makes a user an owner of the application.
    pub fn add_owner(&self, user: &User) {
        self.stage.world.discord.borrow_mut().owners.push(user.id());
    }

    /// Sets the bot's permissions in the guild, as Discord's bits. By default, it has all of them.
    /// <https://discord.com/developers/docs/topics/permissions>
    pub fn set_permissions(&self, bits: u64) {
        if let Some(bot) = self.stage.world.discord.borrow_mut().users.get_mut(&BOT) {
            bot.permissions = bits;
        }
    }

    /// Sends an event of the gateway, with `d` as Discord sends it.
    ///
    /// # Panics
    /// If the cog does not declare the event, or the JSON lacks a field that Discord always sends.
    #[track_caller]
    pub fn event(&self, name: &str, d: Value) {
        let declared = self.stage.serving(|generation| generation.declared);
        if !declared.events.contains(&name) {
            self.stage.fail(&format!("the cog does not listen to {name}; it declares {:?}", declared.events));
        }
        if let Err(problem) = super::decode::event(name, &d) {
            self.stage.fail(&format!("unexpected JSON for {name}: {problem}"));
        }
        self.stage.world.note(format!("gateway: {name}"));
        self.stage.world.emit(name, d);
        self.stage.run();
    }

    /// Advances time: waits end, tasks run and interactions expire, each at its own moment.
    ///
    /// # Panics
    /// If a handler panics.
    #[track_caller]
    pub fn advance(&self, time: Duration) {
        self.stage.world.note(format!("time advances by {time:?}"));
        self.stage.advance(time);
    }

    /// The current time of the test.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.stage.world.clock.unix_ms())
    }

    /// From now on, Discord refuses matching requests with this status and Discord error code. In the path, `*` stands
    /// for one segment, or at the end for the rest.
    pub fn refuse(&self, method: &str, path: &str, status: u16, code: u32) {
        self.arrange(method, path, Outcome::Refused { status, code }, false);
    }

    /// Discord refuses the next matching request.
    pub fn refuse_once(&self, method: &str, path: &str, status: u16, code: u32) {
        self.arrange(method, path, Outcome::Refused { status, code }, true);
    }

    /// The next matching request to Discord is lost: it times out after 30 s.
    pub fn lose_request(&self, method: &str, path: &str) {
        self.arrange(method, path, Outcome::Lost, true);
    }

    /// The next matching request to Discord is carried out, but its answer is lost: it times out after 30 s.
    pub fn lose_response(&self, method: &str, path: &str) {
        self.arrange(method, path, Outcome::Unanswered, true);
    }

    /// Undoes all `refuse` and `lose_…` calls: Discord answers every request again.
    pub fn clear_refusals(&self) {
        self.stage.world.refusals.borrow_mut().clear();
    }

    fn arrange(&self, method: &str, path: &str, outcome: Outcome, is_once: bool) {
        self.stage.world.refusals.borrow_mut().add(method, path, outcome, is_once);
    }

    /// Sets whether the host acknowledges interactions before the cog gets them, as it does while a cog is busy or
    /// being replaced; see [`Interaction::deferred`](crate::abi::Interaction::deferred).
    pub fn set_host_defers(&self, defers: bool) {
        self.stage.defers.set(defers);
    }

    /// Sets what a web server answers to matching requests. Other requests cannot reach a server.
    pub fn mock_http(&self, method: &str, url: &str, status: u16, body: impl Into<Vec<u8>>) {
        self.stage.world.web.borrow_mut().give(Server::Http, method, url, status, body.into());
    }

    /// Sets what the site API answers to matching requests, in JSON. Other requests fail as if there were no site API.
    pub fn mock_api(&self, method: &str, path: &str, status: u16, body: Value) {
        self.give(Server::Api, method, path, status, &body);
    }

    /// Sets what Discord answers to matching requests, instead of the kit's own answer or where it has none.
    pub fn mock_discord(&self, method: &str, path: &str, status: u16, body: Value) {
        self.give(Server::Discord, method, path, status, &body);
    }

    fn give(&self, server: Server, method: &str, path: &str, status: u16, body: &Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.stage.world.web.borrow_mut().give(server, method, path, status, body);
    }

    /// The requests that the cog sent to web servers, in order.
    #[must_use]
    pub fn http_requests(&self) -> Vec<SentRequest> {
        self.stage.world.web.borrow().requests(Server::Http)
    }

    /// The requests that the cog sent to the site API, in order.
    #[must_use]
    pub fn api_requests(&self) -> Vec<SentRequest> {
        self.stage.world.web.borrow().requests(Server::Api)
    }

    /// The requests that the cog sent to Discord, in order, except those that the test refused.
    #[must_use]
    pub fn discord_requests(&self) -> Vec<SentRequest> {
        self.stage.world.web.borrow().requests(Server::Discord)
    }

    /// The metrics that the cog sent, in order.
    #[must_use]
    pub fn metrics(&self) -> Vec<SentMetric> {
        self.stage.world.metrics.borrow().clone()
    }

    /// The value of a key of the store.
    #[must_use]
    pub fn stored(&self, key: &str) -> Option<Vec<u8>> {
        let world = &self.stage.world;
        world.store.borrow_mut().get(key, world.clock.unix_ms())
    }

    /// The bot's presence, in Discord's JSON; null if the cog did not set one.
    #[must_use]
    pub fn presence(&self) -> Value {
        self.stage.world.discord.borrow().presence.clone()
    }

    /// All messages of a channel that are not ephemeral, in order.
    #[must_use]
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        let id = self.channel(channel);
        Message::all(&self.stage, |posted| posted.channel == id && posted.only_for.is_none())
    }

    /// All messages of the bot, in order, in all channels, including ephemeral ones.
    #[must_use]
    pub fn bot_messages(&self) -> Vec<Message> {
        Message::all(&self.stage, Posted::is_by_bot)
    }

    /// The failures of handlers, in order. A panic fails the test at once.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.stage.faults.borrow().clone()
    }

    /// The handlers that are waiting, by what they were called for.
    #[must_use]
    pub fn waiting_handlers(&self) -> Vec<String> {
        self.stage.serving(|generation| generation.running_handlers())
    }

    /// The transcript: what users said and did, and what the cog requested and answered, in order.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.stage.world.transcript.text()
    }

    /// The state that the cog would hand over at this moment.
    ///
    /// # Panics
    /// If `save` fails.
    #[must_use]
    #[track_caller]
    pub fn state(&self) -> Option<State> {
        match self.stage.serving(|generation| generation.save()) {
            Ok(state) => state,
            Err(fault) => self.stage.fail(&fault.to_string()),
        }
    }

    /// Changes the settings that the operator has made for the cog, and reloads it.
    ///
    /// # Panics
    /// See [`reload`](Self::reload).
    #[track_caller]
    pub fn reload_with_settings<C: Cog>(&self, settings: Value) {
        self.stage.world.settings.replace(settings);
        self.reload::<C>();
    }

    /// Replaces the cog with a new generation: its state is carried over, waiting handlers are cancelled.
    ///
    /// # Panics
    /// If `save`, `setup` or `restore` fails, with its error.
    #[track_caller]
    pub fn reload<C: Cog>(&self) {
        if let Err(fault) = self.try_reload::<C>() {
            self.stage.fail(&fault.to_string());
        }
    }

    /// Like [`reload`](Self::reload), for a reload that is expected to fail: the previous generation continues.
    ///
    /// # Errors
    /// The failure of `save`, `setup` or `restore`.
    #[track_caller]
    pub fn try_reload<C: Cog>(&self) -> Result<(), Fault> {
        let stage = &self.stage;
        stage.world.note("the cog is reloaded");
        let new = stage.build::<C>(|| {
            stage.pause()?;
            stage.serving(|generation| generation.save())
        })?;
        stage.take_over_tasks();
        let fault = stage.replace(Some(new)).and_then(|old| old.destroy());
        stage.introduce();
        stage.run();
        fault.map_or(Ok(()), Err)
    }

    /// Unloads the cog: `teardown` runs, tasks end.
    ///
    /// # Panics
    /// If `teardown` fails.
    #[track_caller]
    pub fn unload(&self) {
        let stage = &self.stage;
        stage.world.note("the cog is unloaded");
        let paused = stage.pause();
        let outcome = paused.and_then(|()| stage.serving(|generation| generation.teardown()));
        stage.world.tasks.borrow_mut().clear();
        let dropped = stage.replace(None).and_then(|old| old.destroy());
        if let Some(fault) = outcome.err().or(dropped) {
            stage.fail(&fault.to_string());
        }
    }
}
