//! What users' clients send to use an application, `POST /interactions`, and the lists of available commands.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::commands::{Command, CommandKind, OptionKind};
use crate::files::{AttachmentInfo, attach};
use crate::form::{ApiError, Fields, Mistake, Result};
use crate::ids::Snowflake;
use crate::interactions::Client;
use crate::rest::messages::form::nonce;
use crate::rest::{Call, Reply};
use crate::rules::access;
use crate::rules::interactions::{self, Invocation, Invoker, TypedCommand, begin};
use crate::state::State;
use crate::world::wire::application_json;
use crate::world::{ActError, Attachment};

/// How many options of one level, values of a menu and fields of a form are read; no client offers more.
const MAX_LIST: usize = 40;

/// `POST /interactions`: 204, then the outcome over the gateway.
pub(crate) fn create(call: &Call) -> Result<Reply> {
    let person = call.user()?;
    let mut request = Request::read(call.fields()?)?;
    let mut state = call.shared.state();
    let invoker = request.invoker(&state, person)?;
    let invocation = match request.kind {
        3 => use_control(&state, invoker, request)?,
        kind => {
            let files = uploaded(call, &mut state, &mut request.data);
            let made = if kind == 5 { submit } else { run };
            made(&state, invoker, request, &files)?
        }
    };
    begin(&call.shared, &mut state, invocation);
    Ok(Reply::nothing())
}

/// The body of an interaction; `data` depends on its kind.
struct Request {
    kind: u64,
    application: Snowflake,
    channel: Snowflake,
    guild: Option<Snowflake>,
    session: Option<Arc<str>>,
    nonce: Option<Value>,
    message: Option<Snowflake>,
    data: Fields,
}

impl Request {
    fn read(mut fields: Fields) -> Result<Self> {
        for key in ["type", "application_id", "channel_id", "data"] {
            fields.require(key);
        }
        let request = Self {
            kind: fields.choice("type", &[2, 3, 4, 5]).unwrap_or_default(),
            application: fields.snowflake("application_id").unwrap_or_default(),
            channel: fields.snowflake("channel_id").unwrap_or_default(),
            guild: fields.snowflake("guild_id"),
            session: fields.text("session_id", 100).map(Arc::from),
            nonce: nonce(&mut fields),
            message: fields.snowflake("message_id"),
            data: fields.object("data").unwrap_or_default(),
        };
        // What Discord's own client sends for its statistics, and what is known here anyway.
        fields.ignore(&["analytics_location", "message_flags", "section_name", "source"]);
        fields.checked().map(|()| request)
    }

    /// The invoker; checks that the user can see the channel and that the session is theirs.
    fn invoker(&self, state: &State, person: Snowflake) -> Result<Invoker> {
        let wrong = |key, code, message| Err(ApiError::form(key, code, message));
        if access::seen_channel(state, person, self.channel)?.guild_id != self.guild {
            return wrong("guild_id", "INTERACTION_INVALID_GUILD", "The channel is not in this guild");
        }
        if state.world.bot(self.application).is_none() {
            return Err(ApiError::unknown_application());
        }
        let is_own =
            |session: &Arc<str>| state.sessions.iter().any(|one| one.id == *session && one.user() == person);
        if self.session.as_ref().is_some_and(|session| !is_own(session)) {
            return wrong("session_id", "INTERACTION_INVALID_SESSION", "Not a session of this user");
        }
        let client = Client { nonce: self.nonce.clone(), session: self.session.clone() };
        Ok(Invoker { user: access::account(state, person)?, channel: self.channel, client })
    }
}

/// `GET /guilds/{guild}/application-command-index`
pub(crate) fn guild_commands(call: &Call, guild: Snowflake) -> Result<Reply> {
    let person = call.user()?;
    let state = call.shared.state();
    let guild = access::own_guild(&state, person, guild)?;
    Ok(index(&state, interactions::commands_for_member(&state, guild, person)))
}

/// `GET /users/@me/application-command-index`
pub(crate) fn own_commands(call: &Call) -> Result<Reply> {
    let person = call.user()?;
    let state = call.shared.state();
    Ok(index(&state, interactions::commands_for_person(&state, person)))
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
    request: Request,
    files: &[(String, Attachment)],
) -> Result<Invocation> {
    let Request { kind, application, mut data, .. } = request;
    let id = data.required("id", Fields::snowflake);
    let version = data.snowflake("version");
    let target = data.snowflake("target_id");
    let options: Vec<GivenOption> = data.items("options", 0..=MAX_LIST, leniently).unwrap_or_default();
    data.ignore(&["application_command", "guild_id", "name", "type"]);
    data.checked()?;
    let command = interactions::command_with_id(state, &invoker, id).map_err(refused)?;
    if command.bot != application {
        return Err(ApiError::unknown_command());
    }
    if version.is_some_and(|version| version != command.version) {
        let message = "This command is outdated, please try again in a few minutes";
        return Err(ApiError::form("data", "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION", message));
    }
    if command.kind() != CommandKind::ChatInput {
        let target = target.ok_or(ApiError::required("data.target_id"))?;
        return interactions::run_on(state, invoker, command, target).map_err(refused);
    }
    let (path, given, focused) = split_options(&options);
    let focused = match kind {
        4 => Some(focused.ok_or(ApiError::required("data.options"))?),
        _ => None,
    };
    interactions::run(state, invoker, command, &TypedCommand { path: &path, given: &given, focused, files })
        .map_err(refused)
}

/// An option or field. An item that is neither becomes one without a name, which matches nothing.
fn leniently<T: DeserializeOwned + Default>(value: &Value) -> Result<T, Mistake> {
    Ok(T::deserialize(value).unwrap_or_default())
}

/// An option that a client filled in, or a subcommand with its options.
#[derive(Default, Deserialize)]
#[serde(default)]
struct GivenOption {
    name: String,
    #[serde(rename = "type")]
    kind: Option<OptionKind>,
    value: Value,
    options: Vec<GivenOption>,
    /// Whether it is still being typed.
    focused: bool,
}

/// The subcommands, the names and values of the options, and which option is focused.
fn split_options(mut options: &[GivenOption]) -> (Vec<&str>, Vec<(String, Value)>, Option<&str>) {
    let mut path = Vec::new();
    while let [only] = options
        && only.kind.is_some_and(OptionKind::is_nested)
    {
        path.push(&*only.name);
        options = &only.options;
    }
    let given = options.iter().map(|option| (option.name.clone(), option.value.clone())).collect();
    let focused = options.iter().find(|option| option.focused).map(|option| &*option.name);
    (path, given, focused)
}

fn use_control(state: &State, invoker: Invoker, request: Request) -> Result<Invocation> {
    let Request { application, message, mut data, .. } = request;
    let custom_id = data.required_text("custom_id", 0..=100);
    let values = data.texts("values", MAX_LIST, &(0..=100)).unwrap_or_default();
    let is_button = data.number("component_type") == Some(2);
    data.ignore(&["id", "type"]);
    data.checked()?;
    let message = message.ok_or(ApiError::required("message_id"))?;
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let used = match is_button {
        true => interactions::press(state, invoker, message, &custom_id),
        false => interactions::choose(state, invoker, message, &custom_id, &values),
    };
    of_application(used.map_err(refused)?, application)
}

fn submit(
    state: &State,
    invoker: Invoker,
    request: Request,
    files: &[(String, Attachment)],
) -> Result<Invocation> {
    let Request { application, mut data, .. } = request;
    let opened = data.required("id", Fields::snowflake);
    let components: Vec<GivenField> = data.items("components", 0..=MAX_LIST, leniently).unwrap_or_default();
    data.ignore(&["custom_id"]);
    data.checked()?;
    let mut filled = Vec::new();
    components.into_iter().for_each(|one| one.collect(&mut filled));
    let submitted = interactions::submit(state, invoker, opened, &filled, files);
    of_application(submitted.map_err(refused)?, application)
}

fn of_application(invocation: Invocation, application: Snowflake) -> Result<Invocation> {
    if invocation.bot == application { Ok(invocation) } else { Err(ApiError::unknown_application()) }
}

/// The uploaded files, each with the number by which options name it.
fn uploaded(call: &Call, state: &mut State, data: &mut Fields) -> Vec<(String, Attachment)> {
    let notes = AttachmentInfo::read_all(data);
    let base = call.shared.base_url();
    let files = attach(&mut state.files, &state.world, &base, &call.uploads, &notes);
    let numbers = call.uploads.iter().map(|upload| upload.index.unwrap_or_default().to_string());
    numbers.zip(files).collect()
}

/// A field of a submitted form, or a row or label with fields inside.
#[derive(Default, Deserialize)]
#[serde(default)]
struct GivenField {
    custom_id: Option<String>,
    value: Option<Value>,
    values: Option<Value>,
    components: Vec<GivenField>,
    component: Option<Box<GivenField>>,
}

impl GivenField {
    /// Collects its content by custom id: texts, and lists for menus.
    fn collect(self, filled: &mut Vec<(String, Value)>) {
        if let (Some(custom_id), Some(value)) = (self.custom_id, self.value.or(self.values)) {
            filled.push((custom_id, value));
        }
        let inner = self.components.into_iter().chain(self.component.map(|inner| *inner));
        inner.for_each(|inner| inner.collect(filled));
    }
}

/// The API error for an act that a user's own client would have refused.
fn refused(error: ActError) -> ApiError {
    let message = error.to_string();
    match error {
        ActError::Forbidden { .. } => ApiError::missing_permissions(),
        ActError::UnknownMessage { .. } => ApiError::unknown_message(),
        ActError::Unknown { kind, .. } if kind == "command" => ApiError::unknown_command(),
        ActError::NoForm => ApiError::unknown_interaction(),
        ActError::MissingOption { option } => ApiError::required(&format!("data.options.{option}")),
        ActError::MissingSubcommand { .. } => ApiError::required("data.options"),
        ActError::BadOption { option, .. } => {
            let path = format!("data.options.{option}");
            ApiError::form(&path, "APPLICATION_COMMAND_OPTION_INVALID", &message)
        }
        _ => ApiError::form("data", "INTERACTION_INVALID_DATA", &message),
    }
}
