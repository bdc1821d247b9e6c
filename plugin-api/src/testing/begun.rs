//! Interactions of users: how they begin, and when Discord gives up on them.

use serde_json::{Value, json};

use super::{
    discord::{BOT, Discord, FIRST_ANSWER_MS, GUILD, Open, State},
    stage::Stage,
};
use crate::{
    events,
    interactions::{AUTOCOMPLETE, COMMAND, COMPONENT, MODAL},
};

/// An interaction that a user begins.
pub(super) struct Begun {
    pub(super) user: u64,
    pub(super) channel: u64,
    pub(super) kind: u8,
    pub(super) data: Value,
    /// The message that it is on.
    pub(super) source: Option<u64>,
    /// Of a form: what a message says of the interaction that opened it.
    pub(super) opened_by: Option<Value>,
    /// Whether its command is declared ephemeral.
    pub(super) is_ephemeral: bool,
}

impl Stage {
    pub(super) fn state_of(&self, token: &str) -> Option<State> {
        let discord = self.world.discord.borrow();
        discord.interactions.iter().find(|open| open.token == token).map(|open| open.state)
    }

    /// Begins an interaction; its token.
    #[track_caller]
    pub(super) fn interact(&self, begun: Begun) -> String {
        let (token, d) = self.open(&begun);
        if self.defers.get() && begun.kind != AUTOCOMPLETE {
            self.acknowledge(&begun, &d);
        }
        self.world.emit(events::INTERACTION_CREATE, d);
        self.run();
        token
    }

    fn open(&self, begun: &Begun) -> (String, Value) {
        let now = self.world.clock.unix_ms();
        let discord = &mut *self.world.discord.borrow_mut();
        let id = discord.snowflake(now);
        let token = format!("token-{id}");
        let d = interaction_json(discord, begun, id, &token);
        discord.interactions.push(Open {
            id,
            token: token.clone(),
            kind: begun.kind,
            user: begun.user,
            channel: begun.channel,
            began_ms: now,
            source: begun.source,
            opened_by: begun.opened_by.clone(),
            state: State::Waiting,
            original: None,
            shown: Vec::new(),
            data: None,
            is_reported: false,
        });
        (token, d)
    }

    /// As the host does for a cog that is busy.
    fn acknowledge(&self, begun: &Begun, d: &Value) {
        let is_on_message = begun.source.is_some();
        let kind = if is_on_message { 6 } else { 5 };
        let is_ephemeral = begun.is_ephemeral || begun.kind == MODAL;
        let body = json!({ "type": kind, "data": { "flags": if is_ephemeral { 64 } else { 0 } } });
        let (id, token) = (d["id"].as_str().unwrap_or_default(), d["token"].as_str().unwrap_or_default());
        let acknowledged = self.world.discord.borrow_mut().callback(&self.world, id, token, &body, &[]);
        match acknowledged {
            Ok(_) => self.world.note("the host acknowledges it: the cog is busy"),
            Err(refused) => self.world.note(format!("the host cannot acknowledge it: {refused}")),
        }
    }

    /// Says, once, that a user was left without an answer.
    pub(super) fn report_silence(&self, token: &str, why: &str) {
        let mut discord = self.world.discord.borrow_mut();
        let Some(open) = discord.interactions.iter_mut().find(|open| open.token == token) else { return };
        let shown = match (open.state, open.kind) {
            (State::Waiting, AUTOCOMPLETE) => "no suggestions",
            (State::Waiting, COMMAND) => "“The application did not respond”",
            (State::Waiting, _) => "“This interaction failed”",
            (State::Thinking, _) => "“thinking …” for 15 minutes",
            (State::Acknowledged | State::Answered, _) => return,
        };
        if !std::mem::replace(&mut open.is_reported, true) {
            let user = open.user;
            let line = format!("{why} without an answer: {} sees {shown}", discord.user_name(user));
            drop(discord);
            self.world.note(line);
        }
    }

    /// When Discord gives up on an interaction next.
    pub(super) fn next_silence(&self) -> Option<u64> {
        let discord = self.world.discord.borrow();
        let waiting =
            discord.interactions.iter().filter(|open| open.state == State::Waiting && !open.is_reported);
        waiting.map(|open| open.began_ms + FIRST_ANSWER_MS + 1).min()
    }

    pub(super) fn silences(&self) {
        let now = self.world.clock.unix_ms();
        let is_over = |open: &&Open| open.state == State::Waiting && open.began_ms + FIRST_ANSWER_MS < now;
        let discord = self.world.discord.borrow();
        let over: Vec<String> =
            discord.interactions.iter().filter(is_over).map(|it| it.token.clone()).collect();
        drop(discord);
        over.iter().for_each(|token| self.report_silence(token, "3 s have passed"));
    }
}

/// `INTERACTION_CREATE`, as the gateway has it.
fn interaction_json(discord: &Discord, begun: &Begun, id: u64, token: &str) -> Value {
    let guild = discord.guild_of(begun.channel);
    let mut d = json!({
        "id": id.to_string(), "application_id": BOT.to_string(), "type": begun.kind, "token": token, "version": 1,
        "channel_id": begun.channel.to_string(), "channel": discord.channel_json(begun.channel), "data": begun.data,
        "locale": "en-US", "entitlements": [], "attachment_size_limit": 10_485_760,
        "authorizing_integration_owners": { "0": GUILD.to_string() }, "context": if guild.is_some() { 0 } else { 1 },
        "app_permissions": discord.users[&BOT].permissions.to_string(),
    });
    match discord.member_json(begun.user).filter(|_| guild.is_some()) {
        Some(mut member) => {
            member["permissions"] = json!(discord.users[&begun.user].permissions.to_string());
            d["member"] = member;
            d["guild_id"] = json!(GUILD.to_string());
            d["guild"] = json!({ "id": GUILD.to_string(), "locale": "en-US", "features": [] });
            d["guild_locale"] = json!("en-US");
        }
        None => d["user"] = discord.user_json(begun.user),
    }
    if let Some(message) = begun.source.and_then(|id| discord.messages.get(&id)) {
        d["message"] = message.json.clone();
    }
    if matches!(begun.kind, COMPONENT) {
        d["channel"]["permissions"] = d["member"]["permissions"].clone();
    }
    d
}
