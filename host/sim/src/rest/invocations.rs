//! What persons' clients send to use an application: `POST /interactions`, and which commands there are to use.
//! It checks the request's shape; what may be invoked is decided in `interactions`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::error::ApiError;
use super::fields::Fields;
use super::files::attach;
use super::{Call, Reply};
use crate::accounts::Account;
use crate::actors::ActError;
use crate::interactions::{Client, Command, Invoker, Typed, begin, taken_apart};
use crate::shared::State;
use crate::snowflake::Snowflake;
use crate::world::Attachment;
use crate::world::json::application_json;

/// Options of one level, values of a menu and fields of a form that are read; no client offers more.
const MAX_LIST: usize = 40;

/// `POST /interactions`: 204, then the outcome over the gateway.
pub(super) fn create(call: &Call) -> Result<Reply, ApiError> {
    let person = person(call)?;
    let mut fields = call.fields()?;
    let kind = required(&mut fields, "type", Fields::number);
    let application = required(&mut fields, "application_id", Fields::snowflake);
    let channel = required(&mut fields, "channel_id", Fields::snowflake);
    let guild = fields.snowflake("guild_id");
    let session = fields.text("session_id", 100);
    let nonce = fields.take("nonce");
    let message = fields.snowflake("message_id");
    let data = required(&mut fields, "data", Fields::object);
    // What Discord's own client sends along for its statistics, and what is known here already.
    fields.ignore(&["analytics_location", "message_flags", "section_name", "source"]);
    fields.checked()?;
    let (Some(kind), Some(application), Some(channel), Some(mut data)) = (kind, application, channel, data)
    else {
        return Err(ApiError::invalid_json());
    };
    let mut state = call.shared.state();
    let home = state.seen_channel(person, channel)?;
    if home.guild_id != guild {
        return Err(ApiError::form(
            "guild_id",
            "INTERACTION_INVALID_GUILD",
            "The channel is not in this guild",
        ));
    }
    if state.world.bot(application).is_none() {
        return Err(ApiError::unknown_application());
    }
    let session = session.map(Arc::from);
    let mine =
        |session: &Arc<str>| state.sessions.iter().any(|one| one.id == *session && one.user() == person);
    if session.as_ref().is_some_and(|session| !mine(session)) {
        return Err(ApiError::form(
            "session_id",
            "INTERACTION_INVALID_SESSION",
            "Not a session of this user",
        ));
    }
    let client = Client { nonce, session };
    let invoker = Invoker { user: state.account(person)?, channel, client };
    let invocation = match kind {
        2 | 4 => {
            let files = uploaded(call, &mut state, &mut data);
            run(&state, invoker, application, data, &files, kind == 4)?
        }
        3 => {
            let message = message.ok_or(missing("message_id"))?;
            let custom_id = required(&mut data, "custom_id", |data, key| data.text(key, 100));
            let values = data.list("values", MAX_LIST);
            let kind = data.number("component_type");
            data.ignore(&["id", "type"]);
            data.checked()?;
            let custom_id = custom_id.unwrap_or_default();
            match kind {
                Some(2) => state.press(invoker, message, &custom_id),
                _ => {
                    state.choose(invoker, message, &custom_id, &texts(values.as_deref().unwrap_or_default()))
                }
            }
            .map_err(refused)?
        }
        5 => {
            let opened = required(&mut data, "id", Fields::snowflake);
            let components = data.list("components", MAX_LIST).unwrap_or_default();
            data.ignore(&["custom_id"]);
            data.checked()?;
            let mut filled = Vec::new();
            components.iter().for_each(|one| fields_of(one, &mut filled));
            state.submit(invoker, opened.unwrap_or_default(), &filled).map_err(refused)?
        }
        _ => return Err(ApiError::form("type", "BASE_TYPE_CHOICES", "Value must be one of {2, 3, 4, 5}.")),
    };
    begin(&call.shared, &mut state, invocation);
    Ok(Reply::nothing())
}

/// `GET /guilds/{guild}/application-command-index`
pub(super) fn guild_commands(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let person = person(call)?;
    let state = call.shared.state();
    let guild = state.own_guild(person, guild)?;
    Ok(index(&state, state.commands_for_member(guild, person)))
}

/// `GET /users/@me/application-command-index`
pub(super) fn own_commands(call: &Call) -> Result<Reply, ApiError> {
    let person = person(call)?;
    let state = call.shared.state();
    Ok(index(&state, state.commands_for_person(person)))
}

fn person(call: &Call) -> Result<Snowflake, ApiError> {
    match call.account()? {
        Account::Person(person) => Ok(person),
        Account::Bot(_) => Err(ApiError::persons_only()),
    }
}

fn index<'a>(state: &State, commands: impl Iterator<Item = &'a Command>) -> Reply {
    let (mut bots, mut all) = (Vec::new(), Vec::new());
    for command in commands {
        if !bots.contains(&command.bot) {
            bots.push(command.bot);
        }
        all.push(command.json());
    }
    let applications: Vec<Value> =
        bots.into_iter().filter_map(|bot| state.world.bot(bot)).map(application_json).collect();
    Reply::json(&json!({ "applications": applications, "application_commands": all }))
}

fn run(
    state: &State,
    invoker: Invoker,
    application: Snowflake,
    mut data: Fields,
    files: &[(String, Attachment)],
    typing: bool,
) -> Result<crate::interactions::Invocation, ApiError> {
    let id = required(&mut data, "id", Fields::snowflake).unwrap_or_default();
    let version = data.snowflake("version");
    let target = data.snowflake("target_id");
    let options = data.list("options", MAX_LIST).unwrap_or_default();
    data.ignore(&["application_command", "guild_id", "name", "type"]);
    data.checked()?;
    let command = state.command_with_id(&invoker, id).map_err(refused)?;
    if command.bot != application {
        return Err(ApiError::unknown_command());
    }
    if version.is_some_and(|version| version != command.version) {
        let message = "This command is outdated, please try again in a few minutes";
        return Err(ApiError::form("data", "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION", message));
    }
    if command.kind() != 1 {
        let target = target.ok_or(missing("data.target_id"))?;
        return state.run_on(invoker, command, target).map_err(refused);
    }
    let (path, given, focused) = taken_apart(&options);
    if typing && focused.is_none() {
        return Err(missing("data.options"));
    }
    let focused = focused.filter(|_| typing);
    state.run(invoker, command, &Typed { path: &path, given: &given, focused, files }).map_err(refused)
}

/// The files that came along, each under the number by which an option names it.
fn uploaded(call: &Call, state: &mut State, data: &mut Fields) -> Vec<(String, Attachment)> {
    let described = data.list("attachments", MAX_LIST).unwrap_or_default();
    let base = call.shared.base_url();
    let files = attach(&mut state.files, &mut state.world, &base, &call.uploads, &described);
    call.uploads.iter().map(|upload| upload.index.clone().unwrap_or_default()).zip(files).collect()
}

/// What a submitted form holds, by custom id: texts, and lists for menus.
fn fields_of(component: &Value, filled: &mut Vec<(String, Value)>) {
    for one in crate::interactions::flatten(component) {
        if let Some(custom_id) = one.get("custom_id").and_then(Value::as_str)
            && let Some(value) = one.get("value").or(one.get("values"))
        {
            filled.push((custom_id.to_owned(), value.clone()));
        }
    }
}

fn texts(values: &[Value]) -> Vec<&str> {
    values.iter().filter_map(Value::as_str).collect()
}

fn required<T>(fields: &mut Fields, key: &str, read: impl Fn(&mut Fields, &str) -> Option<T>) -> Option<T> {
    let value = read(fields, key);
    if value.is_none() && fields.errors.is_empty() {
        fields.fail(key, "BASE_TYPE_REQUIRED", "This field is required");
    }
    value
}

fn missing(path: &str) -> ApiError {
    ApiError::form(path, "BASE_TYPE_REQUIRED", "This field is required")
}

/// What a person's own client would have refused, as Discord answers it.
fn refused(error: ActError) -> ApiError {
    let message = error.to_string();
    match error {
        ActError::Forbidden { .. } => ApiError::missing_permissions(),
        ActError::UnknownMessage { .. } => ApiError::unknown_message(),
        ActError::Unknown { kind, .. } if kind == "command" => ApiError::unknown_command(),
        ActError::NoForm => ApiError::unknown_interaction(),
        ActError::MissingOption { option } => {
            ApiError::form(&format!("data.options.{option}"), "BASE_TYPE_REQUIRED", "This field is required")
        }
        ActError::BadOption { option, .. } => {
            let path = format!("data.options.{option}");
            ApiError::form(&path, "APPLICATION_COMMAND_OPTION_INVALID", &message)
        }
        _ => ApiError::form("data", "INTERACTION_INVALID_DATA", &message),
    }
}
