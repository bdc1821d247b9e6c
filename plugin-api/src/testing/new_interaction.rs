//! Interactions of users: how they begin, when the host defers them, and when Discord gives up on them.

use serde_json::{Value, json};

use super::{
    discord::{BOT, Discord, FIRST_ANSWER_MS, GUILD, Open, State},
    host::of_host,
    stage::Stage,
};
use crate::{
    abi::Method,
    events,
    interactions::{
        AUTOCOMPLETE, CALLBACK_DEFERRED, CALLBACK_DEFERRED_UPDATE, CALLBACK_MESSAGE, COMMAND, COMPONENT,
        FAILURE_TEXT, MODAL,
    },
    message::EPHEMERAL,
};

/// After how many milliseconds the host defers an unanswered interaction: its `[limits] defer_after_ms`.
const DEFER_AFTER_MS: u64 = 2_000;

/// An interaction that a user begins.
pub(super) struct NewInteraction {
    pub(super) user: u64,
    pub(super) channel: u64,
    pub(super) kind: u8,
    pub(super) data: Value,
    /// The message that the component is on.
    pub(super) source: Option<u64>,
    /// For a form: the metadata of the interaction that opened it, as messages include it.
    pub(super) opened_by: Option<Value>,
    /// Whether the command is declared ephemeral.
    pub(super) is_ephemeral: bool,
}

impl Stage {
    pub(super) fn state_of(&self, token: &str) -> Option<State> {
        let discord = self.world.discord.borrow();
        discord.interactions.iter().find(|open| open.token == token).map(|open| open.state)
    }

    /// Begins an interaction and returns its token.
    #[track_caller]
    pub(super) fn interact(&self, new: NewInteraction) -> String {
        let (token, d) = self.open(&new);
        if self.defers.get() && new.kind != AUTOCOMPLETE {
            self.acknowledge(&token, "busy");
        }
        self.world.emit(events::INTERACTION_CREATE, d);
        self.run();
        token
    }

    fn open(&self, new: &NewInteraction) -> (String, Value) {
        let now = self.world.clock.unix_ms();
        let discord = &mut *self.world.discord.borrow_mut();
        let id = discord.snowflake(now);
        let token = format!("token-{id}");
        let d = interaction_json(discord, new, id, &token);
        let is_owned = match new.kind {
            COMMAND => true,
            AUTOCOMPLETE => false,
            _ => {
                let custom_id = new.data["custom_id"].as_str().unwrap_or_default();
                self.serving(|generation| generation.declared.answers(custom_id))
            }
        };
        discord.interactions.push(Open {
            id,
            token: token.clone(),
            kind: new.kind,
            user: new.user,
            channel: new.channel,
            began_ms: now,
            source: new.source,
            opened_by: new.opened_by.clone(),
            is_owned,
            is_ephemeral: new.is_ephemeral || new.kind == MODAL,
            state: State::Waiting,
            is_deferred_by_host: false,
            original: None,
            shown: Vec::new(),
            data: None,
            is_reported: false,
        });
        (token, d)
    }

    /// Defers the interaction, as the host does if the cog is busy or late. Returns whether Discord accepted it.
    fn acknowledge(&self, token: &str, why: &str) -> bool {
        let mut discord = self.world.discord.borrow_mut();
        let Some(open) = discord.interactions.iter().find(|open| open.token == token) else { return false };
        let kind = if open.source.is_some() { CALLBACK_DEFERRED_UPDATE } else { CALLBACK_DEFERRED };
        let flags = if open.is_ephemeral { EPHEMERAL } else { 0 };
        let (id, body) = (open.id.to_string(), json!({ "type": kind, "data": { "flags": flags } }));
        let acknowledged = discord.callback(&self.world, &id, token, &body, &[]);
        if let Some(open) = discord.interactions.iter_mut().find(|open| open.token == token) {
            open.is_deferred_by_host = acknowledged.is_ok();
        }
        drop(discord);
        match &acknowledged {
            Ok(_) => self.world.note(format!("the host acknowledges it: the cog is {why}")),
            Err(refused) => self.world.note(format!("the host cannot acknowledge it: {refused}")),
        }
        acknowledged.is_ok()
    }

    /// Answers as the host does when a handler failed: a user who has no answer yet gets an ephemeral error message.
    pub(super) fn answer_failure(&self, token: &str) {
        let discord = self.world.discord.borrow();
        let Some(open) = discord.interactions.iter().find(|open| open.token == token) else { return };
        let (callback, webhook) =
            (format!("/interactions/{}/{token}/callback", open.id), format!("/webhooks/{BOT}/{token}"));
        let (state, is_deferred_by_host, kind) = (open.state, open.is_deferred_by_host, open.kind);
        let line = format!("the host answers {} that it failed", discord.user_name(open.user));
        drop(discord);
        let message = json!({ "content": FAILURE_TEXT, "flags": EPHEMERAL });
        let ask = |method, path: &str, body: &Value| of_host(&self.world, method, path, body);
        let is_answered = match state {
            _ if kind == AUTOCOMPLETE => return,
            State::Waiting => {
                ask(Method::Post, &callback, &json!({ "type": CALLBACK_MESSAGE, "data": message }))
            }
            // An edit would have the visibility of the defer, and so would a followup while "thinking …" is shown.
            State::Thinking => {
                ask(Method::Delete, &format!("{webhook}/messages/@original"), &Value::Null)
                    && ask(Method::Post, &webhook, &message)
            }
            State::Acknowledged if is_deferred_by_host => ask(Method::Post, &webhook, &message),
            State::Acknowledged | State::Answered => return,
        };
        if is_answered {
            self.world.note(line);
        }
    }

    /// Notes, once, that a user was left without an answer.
    pub(super) fn report_silence(&self, token: &str, why: &str) {
        let mut discord = self.world.discord.borrow_mut();
        let Some(open) = discord.interactions.iter_mut().find(|open| open.token == token) else { return };
        let shown = match (open.state, open.kind) {
            (State::Waiting, AUTOCOMPLETE) => "no suggestions",
            (State::Waiting, COMMAND) => "“The application did not respond”",
            (State::Waiting, _) => "“This interaction failed”",
            (State::Thinking, _) if open.is_deferred_by_host => {
                "“thinking …” for a minute, as the cog has not deferred it"
            }
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

    /// When the next interaction will be late: for the host, or for Discord.
    pub(super) fn next_late(&self) -> Option<u64> {
        let discord = self.world.discord.borrow();
        discord.interactions.iter().filter_map(late_at).min()
    }

    /// The host defers late interactions that belong to its cog; Discord gives up on the others.
    pub(super) fn late(&self) {
        let now = self.world.clock.unix_ms();
        let is_late = |open: &&Open| late_at(open).is_some_and(|at| at <= now);
        let discord = self.world.discord.borrow();
        let late = discord.interactions.iter().filter(is_late);
        let late: Vec<_> = late.map(|open| (open.token.clone(), open.is_owned)).collect();
        drop(discord);
        for (token, is_owned) in late {
            if !(is_owned && self.acknowledge(&token, "late")) {
                self.report_silence(&token, "3 s have passed");
            }
        }
    }
}

/// When an interaction that waits for its initial response is late.
fn late_at(open: &Open) -> Option<u64> {
    let patience = if open.is_owned { DEFER_AFTER_MS } else { FIRST_ANSWER_MS + 1 };
    (open.state == State::Waiting && !open.is_reported).then_some(open.began_ms + patience)
}

/// `INTERACTION_CREATE`, as the gateway sends it.
fn interaction_json(discord: &Discord, new: &NewInteraction, id: u64, token: &str) -> Value {
    let guild = discord.guild_of(new.channel);
    let mut d = json!({
        "id": id.to_string(), "application_id": BOT.to_string(), "type": new.kind, "token": token, "version": 1,
        "channel_id": new.channel.to_string(), "channel": discord.channel_json(new.channel), "data": new.data,
        "locale": "en-US", "entitlements": [], "attachment_size_limit": 10_485_760,
        "authorizing_integration_owners": { "0": GUILD.to_string() }, "context": if guild.is_some() { 0 } else { 1 },
        "app_permissions": discord.users[&BOT].permissions.to_string(),
    });
    match discord.member_json(new.user).filter(|_| guild.is_some()) {
        Some(mut member) => {
            member["permissions"] = json!(discord.users[&new.user].permissions.to_string());
            d["member"] = member;
            d["guild_id"] = json!(GUILD.to_string());
            d["guild"] = json!({ "id": GUILD.to_string(), "locale": "en-US", "features": [] });
            d["guild_locale"] = json!("en-US");
        }
        None => d["user"] = discord.user_json(new.user),
    }
    if let Some(message) = new.source.and_then(|id| discord.messages.get(&id)) {
        d["message"] = message.json.clone();
    }
    if matches!(new.kind, COMPONENT) {
        d["channel"]["permissions"] = d["member"]["permissions"].clone();
    }
    d
}
