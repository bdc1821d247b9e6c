//! The routes: which method and path is answered by what. The map of the REST side.
//! It handles nothing itself, except to say loudly that a route does not exist.

use std::borrow::Cow;

use super::error::ApiError;
use super::{
    Call, Reply, callbacks, channels, commands, files, guilds, invocations, messages, reactions, users,
    webhooks,
};
use crate::shared::State;
use crate::snowflake::Snowflake;
use crate::transcript::What;

/// Shapes of unknown routes that are counted apart, so that a scanner cannot fill the memory.
const MAX_UNKNOWN_ROUTES: usize = 1000;

pub(super) async fn route(call: &Call) -> Result<Reply, ApiError> {
    let segments = call.segments();
    let segments: Vec<&str> = segments.iter().map(Cow::as_ref).collect();
    let here = &segments[..];
    match (call.method(), here) {
        ("GET", ["gateway"]) => users::gateway(call),
        ("GET", ["gateway", "bot"]) => users::gateway_bot(call),
        ("GET", ["users", "@me"]) => users::me(call),
        ("GET", ["users", "@me", "guilds"]) => guilds::mine(call),
        ("POST", ["users", "@me", "channels"]) => users::open_dm(call),
        ("GET", ["users", user]) => users::user(call, id(user, "user_id")?),
        ("GET", ["oauth2", "applications", "@me"] | ["applications", "@me"]) => users::application(call),
        ("GET", ["files", file, _]) => files::serve(call, file),

        ("GET", ["guilds", guild]) => guilds::guild(call, id(guild, "guild_id")?),
        ("GET", ["guilds", guild, "channels"]) => guilds::channels(call, id(guild, "guild_id")?),
        ("GET", ["guilds", guild, "roles"]) => guilds::roles(call, id(guild, "guild_id")?),
        ("GET", ["guilds", guild, "members"]) => guilds::members(call, id(guild, "guild_id")?),
        ("GET", ["guilds", guild, "members", user]) => {
            guilds::member(call, id(guild, "guild_id")?, id(user, "user_id")?)
        }

        (_, ["channels", channel, rest @ ..]) => in_channel(call, id(channel, "channel_id")?, rest),

        (_, ["applications", app, "commands", rest @ ..]) => {
            of_commands(call, commands::Scope::global(id(app, "application_id")?), rest)
        }
        (_, ["applications", app, "guilds", guild, "commands", rest @ ..]) => {
            let scope = commands::Scope::guild(id(app, "application_id")?, id(guild, "guild_id")?);
            of_commands(call, scope, rest)
        }

        ("POST", ["interactions"]) => invocations::create(call),
        ("GET", ["guilds", guild, "application-command-index"]) => {
            invocations::guild_commands(call, id(guild, "guild_id")?)
        }
        ("GET", ["users", "@me", "application-command-index"]) => invocations::own_commands(call),
        ("POST", ["interactions", interaction, token, "callback"]) => {
            callbacks::callback(call, id(interaction, "interaction_id")?, token)
        }
        ("POST", ["webhooks", app, token]) => webhooks::follow_up(call, id(app, "webhook_id")?, token),
        ("GET", ["webhooks", app, token, "messages", which]) => {
            webhooks::message(call, id(app, "webhook_id")?, token, which)
        }
        ("PATCH", ["webhooks", app, token, "messages", which]) => {
            webhooks::edit(call, id(app, "webhook_id")?, token, which)
        }
        ("DELETE", ["webhooks", app, token, "messages", which]) => {
            webhooks::delete(call, id(app, "webhook_id")?, token, which)
        }
        _ => unknown(call),
    }
}

fn in_channel(call: &Call, channel: Snowflake, rest: &[&str]) -> Result<Reply, ApiError> {
    let message = |text: &str| id(text, "message_id");
    match (call.method(), rest) {
        // First, because everything a bot does comes through here.
        ("POST", ["messages"]) => messages::create(call, channel),
        ("GET", []) => channels::channel(call, channel),
        ("GET", ["messages"]) => messages::list(call, channel),
        ("POST", ["messages", "bulk-delete"]) => messages::bulk_delete(call, channel),
        ("GET", ["messages", "pins"]) => channels::pins(call, channel),
        ("GET", ["pins"]) => channels::pins_plain(call, channel),
        ("PUT", ["messages", "pins", pin] | ["pins", pin]) => {
            channels::pin(call, channel, message(pin)?, true)
        }
        ("DELETE", ["messages", "pins", pin] | ["pins", pin]) => {
            channels::pin(call, channel, message(pin)?, false)
        }
        ("GET", ["messages", which]) => messages::message(call, channel, message(which)?),
        ("PATCH", ["messages", which]) => messages::edit(call, channel, message(which)?),
        ("DELETE", ["messages", which]) => messages::delete(call, channel, message(which)?),
        ("DELETE", ["messages", which, "reactions"]) => {
            reactions::clear(call, channel, message(which)?, None)
        }
        ("GET", ["messages", which, "reactions", emoji]) => {
            reactions::list(call, channel, message(which)?, emoji)
        }
        ("DELETE", ["messages", which, "reactions", emoji]) => {
            reactions::clear(call, channel, message(which)?, Some(emoji))
        }
        ("PUT", ["messages", which, "reactions", emoji, "@me"]) => {
            reactions::put(call, channel, message(which)?, emoji)
        }
        ("DELETE", ["messages", which, "reactions", emoji, user]) => {
            let user = if *user == "@me" { None } else { Some(id(user, "user_id")?) };
            reactions::take(call, channel, message(which)?, emoji, user)
        }
        ("POST", ["typing"]) => channels::typing(call, channel),
        _ => unknown(call),
    }
}

fn of_commands(call: &Call, scope: commands::Scope, rest: &[&str]) -> Result<Reply, ApiError> {
    match (call.method(), rest) {
        ("GET", []) => commands::list(call, scope),
        ("POST", []) => commands::create(call, scope),
        ("PUT", []) => commands::replace_all(call, scope),
        ("GET", [command]) => commands::command(call, scope, id(command, "command_id")?),
        ("PATCH", [command]) => commands::edit(call, scope, id(command, "command_id")?),
        ("DELETE", [command]) => commands::delete(call, scope, id(command, "command_id")?),
        _ => unknown(call),
    }
}

fn id(text: &str, name: &str) -> Result<Snowflake, ApiError> {
    text.parse().map_err(|_| {
        ApiError::form(name, "NUMBER_TYPE_COERCE", &format!("Value \"{text}\" is not snowflake."))
    })
}

/// Answers 404 and reports it: once to the log, each time to the transcript, counted by the route's shape.
fn unknown(call: &Call) -> Result<Reply, ApiError> {
    let method = call.method().to_owned();
    let path = super::call::without_tokens(call.path()).into_owned();
    let shape: Vec<&str> = path
        .split('/')
        .map(
            |segment| {
                if segment.starts_with(|first: char| first.is_ascii_digit()) { "{id}" } else { segment }
            },
        )
        .collect();
    let shape = format!("{method} {}", shape.join("/"));
    let times = count(&mut call.shared.state(), &shape);
    if times == 1 {
        tracing::warn!(route = %shape, "a bot called a route that this Discord does not have");
    }
    call.shared.transcript.write(What::UnknownRoute { method, path, times });
    Err(ApiError::not_found())
}

fn count(state: &mut State, shape: &str) -> u64 {
    if let Some(times) = state.unknown_routes.get_mut(shape) {
        *times += 1;
        return *times;
    }
    if state.unknown_routes.len() < MAX_UNKNOWN_ROUTES {
        state.unknown_routes.insert(shape.to_owned(), 1);
    }
    1
}
