//! Sends an interaction to the bot: INTERACTION_CREATE and its payload.

use std::sync::Arc;

use serde_json::{Value, json};

use super::permitted::{context_of, owners};
use crate::clock::Due;
use crate::ids::Snowflake;
use crate::interactions::{Client, Interaction, Kind};
use crate::rules::dispatch;
use crate::sessions::{Audience, Payload};
use crate::state::{Shared, State};
use crate::transcript::EntryKind;
use crate::world::wire::{MemberJson, MessageJson, channel_json};
use crate::world::{ActError, Channel, IntegrationOwners, InteractionMetadata, Message, User, bits};

/// The reason that Discord's client shows as "The application did not respond".
const TIMED_OUT: u8 = 2;

/// Who invokes an interaction, and where.
#[derive(Clone)]
pub(crate) struct Invoker {
    pub(crate) user: Arc<User>,
    pub(crate) channel: Snowflake,
    pub(crate) client: Client,
}

impl Invoker {
    pub(super) fn may_not(&self, verb: &str, channel: &Channel) -> ActError {
        ActError::Forbidden {
            member: self.user.username.clone(),
            verb: verb.to_owned(),
            channel: channel.name.to_string(),
        }
    }
}

/// What a member invokes.
pub(crate) struct Invocation {
    pub(super) invoker: Invoker,
    /// The bot that must respond.
    pub(crate) bot: Snowflake,
    pub(super) kind: Kind,
    /// The command.
    pub(super) command: Option<Snowflake>,
    pub(super) name: String,
    /// How it reads: `/ping text:hi`.
    pub(crate) line: String,
    pub(super) data: Value,
    /// The message a component or modal belongs to.
    pub(super) source: Option<Arc<Message>>,
    /// The interaction that opened the form which is submitted.
    pub(super) opened_by: Option<Box<InteractionMetadata>>,
}

impl Invocation {
    pub(super) fn new(invoker: Invoker, bot: Snowflake, kind: Kind, line: String, data: Value) -> Self {
        Self {
            invoker,
            bot,
            kind,
            command: None,
            name: String::new(),
            line,
            data,
            source: None,
            opened_by: None,
        }
    }
}

/// Dispatches an interaction to the bot's sessions, schedules its timeout, and returns its id.
pub(crate) fn begin(shared: &Shared, state: &mut State, invocation: Invocation) -> Snowflake {
    let id = invoke(state, invocation);
    let until = shared.clock.now() + shared.options.interaction_window;
    shared.clock.at(until, Due::InteractionTimesOut(id));
    id
}

/// Handles an interaction that was not acknowledged in time, and notifies the user's client.
pub(crate) fn time_out(state: &mut State, id: Snowflake) {
    if let Some(one) = state.interactions.find(id).filter(|one| one.acknowledged.is_none()) {
        let user = one.user.username.as_str().into();
        state.transcript.write(EntryKind::Unanswered { interaction: id, line: one.line.clone(), user });
        to_invoker(state, id, "INTERACTION_FAILURE", json!({ "reason_code": TIMED_OUT }));
    }
}

fn invoke(state: &mut State, invocation: Invocation) -> Snowflake {
    let id = state.world.next_id();
    let token = state.interactions.new_token(id);
    let Invoker { user, channel: place, client } = invocation.invoker.clone();
    let guild_id = state.world.guild_id_of(place);
    let line: Arc<str> = invocation.line.as_str().into();
    let owners = owners_of(state, &invocation);
    let payload = interaction_json(state, id, &token, &invocation, owners);
    let payload = Payload::new("INTERACTION_CREATE", &payload);
    let channel = state.world.channel(place).map(|channel| channel.name.clone()).unwrap_or_default();
    state.interactions.keep(Interaction {
        id,
        token,
        bot: invocation.bot,
        kind: invocation.kind,
        channel: place,
        user: user.clone(),
        client,
        owners,
        name: invocation.name,
        line: line.clone(),
        created_at: state.world.clock.now(),
        acknowledged: None,
        original: None,
        source: invocation.source.map(|message| message.id),
        choices: Vec::new(),
        modal: None,
        opened_by: invocation.opened_by,
    });
    let user = user.username.as_str().into();
    state.transcript.write(EntryKind::Invoked { interaction: id, channel, user, line });
    dispatch::send(state, payload, |_| Some(Audience::Account { user: invocation.bot, guild: guild_id }));
    to_invoker(state, id, "INTERACTION_CREATE", json!({}));
    id
}

/// Notifies all sessions of the user who invoked an interaction; adds the interaction's id and nonce to `data`.
pub(super) fn to_invoker(state: &mut State, id: Snowflake, name: &'static str, mut data: Value) {
    let Some(one) = state.interactions.find(id) else { return };
    let guild = state.world.guild_id_of(one.channel);
    data["id"] = json!(id);
    data["nonce"] = json!(one.client.nonce);
    let user = one.user.id;
    dispatch::to_account(state, user, guild, name, &data);
}

/// Notifies the client that invoked the interaction: only this client opens the form or shows the choices.
pub(super) fn to_client(state: &mut State, id: Snowflake, name: &'static str, mut data: Value) {
    let session = state.interactions.find(id).and_then(|one| one.client.session.clone());
    let Some(session) = session.filter(|session| state.sessions.session(session).is_some()) else {
        return to_invoker(state, id, name, data);
    };
    data["id"] = json!(id);
    data["nonce"] = json!(state.interactions.find(id).and_then(|one| one.client.nonce.clone()));
    state.sessions.push_to(&session, Payload::new(name, &data));
    state.transcript.write(EntryKind::Dispatched { name, sessions: 1 });
}

fn owners_of(state: &State, invocation: &Invocation) -> IntegrationOwners {
    let Invoker { user, channel, .. } = &invocation.invoker;
    let Some(channel) = state.world.channel(*channel) else { return IntegrationOwners::default() };
    let command = state.commands.all().iter().find(|command| Some(command.id) == invocation.command);
    owners(state, channel, user.id, invocation.bot, command)
}

/// The bot's permissions in a direct message that it is not part of.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-structure>
const IN_PRIVATE_CHANNELS: u64 = bits::ATTACH_FILES | bits::EMBED_LINKS | bits::MENTION_EVERYONE;

fn interaction_json(
    state: &State,
    id: Snowflake,
    token: &str,
    invocation: &Invocation,
    owners: IntegrationOwners,
) -> Value {
    let world = &state.world;
    let Some(channel) = world.channel(invocation.invoker.channel) else { return Value::Null };
    let user = &invocation.invoker.user;
    let guild = world.guild_of(channel);
    let granted = world.permissions_in(channel, user.id);
    let context = context_of(channel, invocation.bot);
    let bots = match context {
        2 => IN_PRIVATE_CHANNELS,
        _ => world.permissions_in(channel, invocation.bot),
    };
    let mut place = channel_json(channel);
    place["permissions"] = json!(granted.to_string());
    let mut json = json!({
        "id": id, "application_id": invocation.bot, "type": invocation.kind as u8, "data": invocation.data,
        "channel_id": channel.id, "channel": place, "token": token, "version": 1, "locale": "en-US",
        "app_permissions": bots.to_string(), "entitlements": [], "attachment_size_limit": 10_485_760,
        "authorizing_integration_owners": owners.json(), "context": context,
    });
    match guild.and_then(|guild| guild.members.get(&user.id).map(|member| (guild, member))) {
        Some((guild, member)) => {
            json["guild_id"] = json!(guild.id);
            json["guild"] = json!({ "id": guild.id, "locale": "en-US", "features": [] });
            json["guild_locale"] = json!("en-US");
            json["member"] = json!(MemberJson::full(member).permitted(granted));
        }
        None => json["user"] = json!(&**user),
    }
    if let Some(source) = &invocation.source {
        json["message"] = json!(MessageJson::answer(source, channel, invocation.bot));
    }
    json
}
