//! Scheduled events of a guild: who may create them, how many, when, where, and who is interested. They do not start by
//! themselves; their status must be set.

use serde_json::{Value, json};

use super::{Action, Actor, access, audit, dispatch};
use crate::form::{ApiError, Result, set};
use crate::ids::{Snowflake, Timestamp};
use crate::state::State;
use crate::world::{ChannelKind, EventPlace, RecurrenceRule, ScheduledEvent, bits};

/// The most events that are scheduled or active.
const MAX_EVENTS: usize = 100;
const SCHEDULED: u8 = 1;
const ACTIVE: u8 = 2;

/// The fields of an event; `None` leaves one as it is.
pub(crate) struct EventForm {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<Option<String>>,
    pub(crate) starts: Option<Timestamp>,
    pub(crate) ends: Option<Option<Timestamp>>,
    pub(crate) kind: Option<u64>,
    pub(crate) channel: Option<Snowflake>,
    pub(crate) location: Option<String>,
    pub(crate) recurrence: Option<Option<RecurrenceRule>>,
}

pub(crate) fn create(state: &mut State, by: &Actor, guild_id: Snowflake, form: EventForm) -> Result<Value> {
    let guild = access::guild_with(state, by.user, guild_id, bits::CREATE_EVENTS)?;
    if guild.data.events.iter().filter(|event| event.status <= ACTIVE).count() >= MAX_EVENTS {
        return Err(ApiError::new(400, 30038, "Maximum number of guild scheduled events reached (100)"));
    }
    let mut event = ScheduledEvent {
        id: state.world.next_id(),
        creator: access::account(state, by.user)?,
        name: String::new(),
        description: None,
        starts: Timestamp(0),
        ends: None,
        place: EventPlace::External(String::new()),
        recurrence: None,
        status: SCHEDULED,
        users: Vec::new(),
    };
    apply(form, state, guild_id, &mut event)?;
    let (id, json) = (event.id, event.json(guild_id, false));
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        guild.data.events.push(event);
    }
    announce(state, guild_id, "GUILD_SCHEDULED_EVENT_CREATE", &json);
    audit::record_change(state, guild_id, by, Action::EventCreate, id, &Value::Null, &json);
    Ok(json)
}

/// Changes an event that the caller may manage.
pub(crate) fn change(
    state: &mut State,
    by: &Actor,
    guild_id: Snowflake,
    mut event: ScheduledEvent,
    form: EventForm,
    status: Option<u8>,
) -> Result<Value> {
    let (id, before) = (event.id, event.json(guild_id, false));
    apply(form, state, guild_id, &mut event)?;
    if let Some(status) = status.filter(|status| *status != event.status) {
        // A scheduled event may start or be canceled, an active one may end; there is no way back.
        if !matches!((event.status, status), (1, 2) | (1, 4) | (2, 3)) {
            let message = "Cannot transition to this status";
            return Err(ApiError::form("status", "GUILD_SCHEDULED_EVENT_STATUS_INVALID", message));
        }
        event.status = status;
    }
    let json = event.json(guild_id, false);
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        let events = &mut guild.data.events;
        if event.status > ACTIVE {
            events.retain(|one| one.id != id);
        } else if let Some(there) = events.iter_mut().find(|one| one.id == id) {
            *there = event;
        }
    }
    announce(state, guild_id, "GUILD_SCHEDULED_EVENT_UPDATE", &json);
    audit::record_change(state, guild_id, by, Action::EventUpdate, id, &before, &json);
    Ok(json)
}

/// `DELETE /guilds/{guild}/scheduled-events/{event}`
pub(crate) fn delete(state: &mut State, by: &Actor, guild_id: Snowflake, id: Snowflake) -> Result<()> {
    let json = managed(state, by, guild_id, id)?.json(guild_id, false);
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        guild.data.events.retain(|one| one.id != id);
    }
    announce(state, guild_id, "GUILD_SCHEDULED_EVENT_DELETE", &json);
    audit::record_change(state, guild_id, by, Action::EventDelete, id, &json, &Value::Null);
    Ok(())
}

/// Sets whether a member is interested.
pub(crate) fn set_interest(
    state: &mut State,
    guild_id: Snowflake,
    id: Snowflake,
    user: Snowflake,
    interested: bool,
) -> Result<()> {
    access::own_guild(state, user, guild_id)?;
    find(state, guild_id, id)?;
    let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return Ok(()) };
    let Some(event) = guild.data.events.iter_mut().find(|one| one.id == id) else { return Ok(()) };
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
    let data = json!({ "guild_scheduled_event_id": id, "user_id": user, "guild_id": guild_id });
    announce(state, guild_id, name, &data);
    Ok(())
}

fn announce(state: &mut State, guild: Snowflake, name: &'static str, data: &Value) {
    dispatch::to_guild(state, guild, name, data);
}

pub(crate) fn find(state: &State, guild: Snowflake, id: Snowflake) -> Result<&ScheduledEvent> {
    let events = state.world.guild(guild).map(|guild| &guild.data.events);
    let found = events.and_then(|events| events.iter().find(|event| event.id == id));
    found.ok_or(ApiError::new(404, 10070, "Unknown Guild Scheduled Event"))
}

/// The event, if the caller may change it: their own, or with a further permission any event.
pub(crate) fn managed(state: &State, by: &Actor, guild: Snowflake, id: Snowflake) -> Result<ScheduledEvent> {
    access::own_guild(state, by.user, guild)?;
    let event = find(state, guild, id)?;
    let own =
        event.creator.id == by.user && access::guild_with(state, by.user, guild, bits::CREATE_EVENTS).is_ok();
    if !own {
        access::guild_with(state, by.user, guild, bits::MANAGE_EVENTS)?;
    }
    Ok(event.clone())
}

fn apply(form: EventForm, state: &State, guild: Snowflake, event: &mut ScheduledEvent) -> Result<()> {
    if let Some(starts) = form.starts {
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
    set(&mut event.name, form.name);
    set(&mut event.description, form.description);
    set(&mut event.ends, form.ends);
    set(&mut event.recurrence, form.recurrence);
    if form.kind.is_some() || form.channel.is_some() || form.location.is_some() {
        event.place = place(state, guild, form.kind, form.channel, form.location, &event.place)?;
    }
    if event.ends.is_none() && matches!(event.place, EventPlace::External(_)) {
        return Err(ApiError::required("scheduled_end_time"));
    }
    if event.ends.is_some_and(|ends| ends <= event.starts) {
        let message = "Cannot schedule event to end before it starts.";
        return Err(ApiError::form("scheduled_end_time", "GUILD_SCHEDULED_EVENT_END_TIME", message));
    }
    Ok(())
}

fn place(
    state: &State,
    guild: Snowflake,
    kind: Option<u64>,
    channel_id: Option<Snowflake>,
    location: Option<String>,
    before: &EventPlace,
) -> Result<EventPlace> {
    let before = match before {
        EventPlace::Stage(_) => 1,
        EventPlace::Voice(_) => 2,
        EventPlace::External(_) => 3,
    };
    let kind = kind.unwrap_or(before);
    if kind == 3 {
        return location
            .map(EventPlace::External)
            .ok_or_else(|| ApiError::required("entity_metadata.location"));
    }
    let channel_id = channel_id.ok_or_else(|| ApiError::required("channel_id"))?;
    let channel = state.world.channel(channel_id).filter(|channel| channel.guild_id == Some(guild));
    match (kind, channel.map(|channel| channel.kind)) {
        (1, Some(ChannelKind::Stage)) => Ok(EventPlace::Stage(channel_id)),
        (2, Some(ChannelKind::Voice)) => Ok(EventPlace::Voice(channel_id)),
        (_, None) => Err(ApiError::unknown_channel()),
        _ => Err(ApiError::wrong_channel_type()),
    }
}
