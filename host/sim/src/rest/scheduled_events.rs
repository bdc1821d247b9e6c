//! Events that a guild announces, over REST: list, make, change, remove, and who is interested.
//! They do not begin by themselves; somebody sets their status.

use serde_json::{Value, json};

use super::{Call, Reply};
use crate::form::{ApiError, Fields};
use crate::ids::{Snowflake, Timestamp};
use crate::rules::{Action, By, access, audit, dispatch};
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::world::wire::MemberJson;
use crate::world::{ChannelKind, EventPlace, ScheduledEvent, bits};

/// Events that are scheduled or active.
const MAX_EVENTS: usize = 100;
/// People in one page.
const MAX_PAGE: usize = 100;
const SCHEDULED: u8 = 1;
const ACTIVE: u8 = 2;

/// `GET /guilds/{guild}/scheduled-events?with_user_count=`
pub(super) fn list(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let count = call.query_flag("with_user_count");
    let state = call.shared.state();
    let events = &access::own_guild(&state, caller, guild)?.belongings.events;
    Ok(Reply::json(&events.iter().map(|event| event.json(guild, count)).collect::<Vec<_>>()))
}

/// `GET /guilds/{guild}/scheduled-events/{event}?with_user_count=`
pub(super) fn event(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let count = call.query_flag("with_user_count");
    let state = call.shared.state();
    access::own_guild(&state, caller, guild)?;
    Ok(Reply::json(&find(&state, guild, id)?.json(guild, count)))
}

/// `POST /guilds/{guild}/scheduled-events`
pub(super) fn create(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    let mut state = call.shared.state();
    for key in ["name", "privacy_level", "scheduled_start_time", "entity_type"] {
        fields.require(key);
    }
    let form = Form::read(&mut fields);
    fields.checked()?;
    let home = access::guild_with(&state, by.user, guild, bits::CREATE_EVENTS)?;
    if home.belongings.events.iter().filter(|event| event.status <= ACTIVE).count() >= MAX_EVENTS {
        return Err(ApiError::new(400, 30038, "Maximum number of guild scheduled events reached (100)"));
    }
    let mut event = ScheduledEvent {
        id: state.world.next_id(),
        creator: access::account(&state, by.user)?,
        name: String::new(),
        description: None,
        starts: Timestamp(0),
        ends: None,
        place: EventPlace::Elsewhere(String::new()),
        status: SCHEDULED,
        users: Vec::new(),
    };
    form.apply(&state, guild, &mut event)?;
    let json = event.json(guild, false);
    let id = event.id;
    if let Some(home) = state.world.guilds.get_mut(&guild) {
        home.belongings.events.push(event);
    }
    tell(&mut state, guild, "GUILD_SCHEDULED_EVENT_CREATE", &json);
    audit::record_change(&mut state, guild, &by, Action::EventCreate, id, &Value::Null, &json);
    Ok(Reply::json(&json))
}

/// `PATCH /guilds/{guild}/scheduled-events/{event}`
pub(super) fn edit(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    let mut state = call.shared.state();
    let mut event = managed(&state, &by, guild, id)?;
    let before = event.json(guild, false);
    let form = Form::read(&mut fields);
    let status = fields.choice("status", &[1, 2, 3, 4]).map(|status| status as u8);
    fields.checked()?;
    form.apply(&state, guild, &mut event)?;
    if let Some(status) = status.filter(|status| *status != event.status) {
        // Scheduled may begin or be called off, active may end; nothing goes back.
        if !matches!((event.status, status), (1, 2) | (1, 4) | (2, 3)) {
            let message = "Cannot transition to this status";
            return Err(ApiError::form("status", "GUILD_SCHEDULED_EVENT_STATUS_INVALID", message));
        }
        event.status = status;
    }
    let json = event.json(guild, false);
    if let Some(home) = state.world.guilds.get_mut(&guild) {
        let events = &mut home.belongings.events;
        if event.status > ACTIVE {
            events.retain(|one| one.id != id);
        } else if let Some(there) = events.iter_mut().find(|one| one.id == id) {
            *there = event;
        }
    }
    tell(&mut state, guild, "GUILD_SCHEDULED_EVENT_UPDATE", &json);
    audit::record_change(&mut state, guild, &by, Action::EventUpdate, id, &before, &json);
    Ok(Reply::json(&json))
}

/// `DELETE /guilds/{guild}/scheduled-events/{event}`
pub(super) fn delete(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut state = call.shared.state();
    let json = managed(&state, &by, guild, id)?.json(guild, false);
    if let Some(home) = state.world.guilds.get_mut(&guild) {
        home.belongings.events.retain(|one| one.id != id);
    }
    tell(&mut state, guild, "GUILD_SCHEDULED_EVENT_DELETE", &json);
    audit::record_change(&mut state, guild, &by, Action::EventDelete, id, &json, &Value::Null);
    Ok(Reply::nothing())
}

/// `GET /guilds/{guild}/scheduled-events/{event}/users?limit=&with_member=&before=&after=`
pub(super) fn users(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let limit = call.query_limit(MAX_PAGE, MAX_PAGE)?;
    let with_member = call.query_flag("with_member");
    let (before, after) = (call.query_id("before"), call.query_id("after"));
    let state = call.shared.state();
    let home = access::own_guild(&state, caller, guild)?;
    let mut people = find(&state, guild, id)?.users.clone();
    people.sort_unstable();
    people
        .retain(|user| before.is_none_or(|before| *user < before) && after.is_none_or(|after| *user > after));
    if before.is_some() {
        people.drain(..people.len().saturating_sub(limit));
    }
    let page = people.iter().take(limit).map(|user| {
        let mut json = json!({
            "guild_scheduled_event_id": id, "user": state.world.user(*user).map(|user| &**user),
        });
        if with_member {
            json["member"] = json!(home.members.get(user).map(MemberJson::full));
        }
        json
    });
    Ok(Reply::json(&page.collect::<Vec<_>>()))
}

/// `PUT /guilds/{guild}/scheduled-events/{event}/users/@me`: as a person's client says that it is interested.
pub(super) fn subscribe(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    call.fields()?.ignore_all();
    set_interest(call, guild, id, caller, true)?;
    Ok(Reply::json(&json!({ "guild_scheduled_event_id": id, "user_id": caller })))
}

/// `DELETE /guilds/{guild}/scheduled-events/{event}/users/@me`
pub(super) fn unsubscribe(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    set_interest(call, guild, id, call.caller()?, false)?;
    Ok(Reply::nothing())
}

fn set_interest(
    call: &Call,
    guild: Snowflake,
    id: Snowflake,
    user: Snowflake,
    interested: bool,
) -> Result<(), ApiError> {
    let mut state = call.shared.state();
    access::own_guild(&state, user, guild)?;
    find(&state, guild, id)?;
    let Some(home) = state.world.guilds.get_mut(&guild) else { return Ok(()) };
    let Some(event) = home.belongings.events.iter_mut().find(|one| one.id == id) else { return Ok(()) };
    if event.users.contains(&user) == interested {
        return Ok(());
    }
    let name = if interested {
        event.users.push(user);
        "GUILD_SCHEDULED_EVENT_USER_ADD"
    } else {
        event.users.retain(|one| *one != user);
        "GUILD_SCHEDULED_EVENT_USER_REMOVE"
    };
    let data = json!({ "guild_scheduled_event_id": id, "user_id": user, "guild_id": guild });
    tell(&mut state, guild, name, &data);
    Ok(())
}

fn tell(state: &mut State, guild: Snowflake, name: &'static str, data: &Value) {
    dispatch::to_guild(state, guild, intents::GUILD_SCHEDULED_EVENTS, Payload::new(name, data));
}

fn find(state: &State, guild: Snowflake, id: Snowflake) -> Result<&ScheduledEvent, ApiError> {
    let events = state.world.guild(guild).map(|home| &home.belongings.events);
    let found = events.and_then(|events| events.iter().find(|event| event.id == id));
    found.ok_or(ApiError::new(404, 10070, "Unknown Guild Scheduled Event"))
}

fn managed(state: &State, by: &By, guild: Snowflake, id: Snowflake) -> Result<ScheduledEvent, ApiError> {
    access::own_guild(state, by.user, guild)?;
    let event = find(state, guild, id)?;
    let own =
        event.creator.id == by.user && access::guild_with(state, by.user, guild, bits::CREATE_EVENTS).is_ok();
    if !own {
        access::guild_with(state, by.user, guild, bits::MANAGE_EVENTS)?;
    }
    Ok(event.clone())
}

/// What a body says of an event.
struct Form {
    name: Option<String>,
    description: Option<Option<String>>,
    starts: Option<Timestamp>,
    ends: Option<Option<Timestamp>>,
    kind: Option<u64>,
    channel: Option<Snowflake>,
    location: Option<String>,
}

impl Form {
    fn read(fields: &mut Fields) -> Self {
        fields.choice("privacy_level", &[2]);
        let location = fields.object("entity_metadata").and_then(|mut metadata| {
            let location = metadata.text_within("location", 1..=100);
            fields.absorb(metadata);
            location
        });
        fields.ignore(&["image", "recurrence_rule"]);
        Self {
            name: fields.text_within("name", 1..=100),
            description: fields.has("description").then(|| fields.text("description", 1000)),
            starts: fields.moment("scheduled_start_time"),
            ends: fields.has("scheduled_end_time").then(|| fields.moment("scheduled_end_time")),
            kind: fields.choice("entity_type", &[1, 2, 3]),
            channel: fields.snowflake("channel_id"),
            location,
        }
    }

    fn apply(self, state: &State, guild: Snowflake, event: &mut ScheduledEvent) -> Result<(), ApiError> {
        if let Some(starts) = self.starts {
            if starts < state.world.clock.now() {
                let message = "Cannot schedule event in the past.";
                return Err(ApiError::form(
                    "scheduled_start_time",
                    "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST",
                    message,
                ));
            }
            event.starts = starts;
        }
        event.name = self.name.unwrap_or_else(|| std::mem::take(&mut event.name));
        event.description = self.description.unwrap_or_else(|| event.description.take());
        event.ends = self.ends.unwrap_or(event.ends);
        if self.kind.is_some() || self.channel.is_some() || self.location.is_some() {
            event.place = place(state, guild, self.kind, self.channel, self.location, &event.place)?;
        }
        if event.ends.is_none() && matches!(event.place, EventPlace::Elsewhere(_)) {
            return Err(ApiError::form("scheduled_end_time", "BASE_TYPE_REQUIRED", "This field is required"));
        }
        if event.ends.is_some_and(|ends| ends <= event.starts) {
            let message = "Cannot schedule event to end before it starts.";
            return Err(ApiError::form("scheduled_end_time", "GUILD_SCHEDULED_EVENT_END_TIME", message));
        }
        Ok(())
    }
}

fn place(
    state: &State,
    guild: Snowflake,
    kind: Option<u64>,
    channel: Option<Snowflake>,
    location: Option<String>,
    before: &EventPlace,
) -> Result<EventPlace, ApiError> {
    let before = match before {
        EventPlace::Stage(_) => 1,
        EventPlace::Voice(_) => 2,
        EventPlace::Elsewhere(_) => 3,
    };
    let required = |key: &str| ApiError::form(key, "BASE_TYPE_REQUIRED", "This field is required");
    let kind = kind.unwrap_or(before);
    if kind == 3 {
        return location.map(EventPlace::Elsewhere).ok_or_else(|| required("entity_metadata.location"));
    }
    let channel = channel.ok_or_else(|| required("channel_id"))?;
    let home = state.world.channel(channel).filter(|home| home.guild_id == Some(guild));
    match (kind, home.map(|home| home.kind)) {
        (1, Some(ChannelKind::Stage)) => Ok(EventPlace::Stage(channel)),
        (2, Some(ChannelKind::Voice)) => Ok(EventPlace::Voice(channel)),
        (_, None) => Err(ApiError::unknown_channel()),
        _ => Err(ApiError::wrong_channel_type()),
    }
}
