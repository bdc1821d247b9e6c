//! Scheduled events of a guild over REST: list, create, change, delete, and who is interested.

use std::ops::RangeInclusive;

use serde_json::json;

use super::{Call, Reply};
use crate::form::{Fields, Result};
use crate::ids::Snowflake;
use crate::rules::access;
use crate::rules::events::{self, EventForm};
use crate::world::wire::MemberJson;
use crate::world::{NthWeekday, RecurrenceRule};

/// The response of interested users, as in `GuildScheduledEventUserResponses` in Discord's OpenAPI document.
const INTERESTED: u8 = 1;

/// The most users in a page.
const MAX_PAGE: usize = 100;

/// `GET /guilds/{guild}/scheduled-events?with_user_count=`
pub(super) fn list(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let count = call.query_flag("with_user_count");
    let events = &access::own_guild(&state, caller, guild)?.data.events;
    Ok(Reply::json(&events.iter().map(|event| event.json(guild, count)).collect::<Vec<_>>()))
}

/// `GET /guilds/{guild}/scheduled-events/{event}?with_user_count=`
pub(super) fn event(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let count = call.query_flag("with_user_count");
    access::own_guild(&state, caller, guild)?;
    Ok(Reply::json(&events::find(&state, guild, id)?.json(guild, count)))
}

/// `POST /guilds/{guild}/scheduled-events`
pub(super) fn create(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    for key in ["name", "privacy_level", "scheduled_start_time", "entity_type"] {
        fields.require(key);
    }
    let form = read(&mut fields);
    fields.checked()?;
    Ok(Reply::json(&events::create(&mut call.shared.state(), &by, guild, form)?))
}

/// `PATCH /guilds/{guild}/scheduled-events/{event}`
pub(super) fn edit(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let mut state = call.shared.state();
    let event = events::managed(&state, &by, guild, id)?;
    let form = read(&mut fields);
    let status = fields.choice("status", &[1, 2, 3, 4]);
    fields.checked()?;
    Ok(Reply::json(&events::change(&mut state, &by, guild, event, form, status)?))
}

/// `GET /guilds/{guild}/scheduled-events/{event}/users?limit=&with_member=&before=&after=`
pub(super) fn users(call: &Call, guild_id: Snowflake, id: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let limit = call.query_limit(MAX_PAGE, MAX_PAGE)?;
    let with_member = call.query_flag("with_member");
    let (before, after) = (call.query_id("before")?, call.query_id("after")?);
    let guild = access::own_guild(&state, caller, guild_id)?;
    let mut people = events::find(&state, guild_id, id)?.users.clone();
    people.sort_unstable();
    people
        .retain(|user| before.is_none_or(|before| *user < before) && after.is_none_or(|after| *user > after));
    if before.is_some() {
        people.drain(..people.len().saturating_sub(limit));
    }
    let page = people.iter().take(limit).map(|user| {
        let mut json = json!({
            "guild_scheduled_event_id": id, "user_id": user, "response": INTERESTED, "user": state.world.user(*user).map(|user| &**user),
        });
        if with_member {
            json["member"] = json!(guild.members.get(user).map(MemberJson::full));
        }
        json
    });
    Ok(Reply::json(&page.collect::<Vec<_>>()))
}

/// `PUT /guilds/{guild}/scheduled-events/{event}/users/@me`: sent by users' clients to mark interest.
pub(super) fn subscribe(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    call.fields()?.ignore_all();
    events::set_interest(&mut call.shared.state(), guild, id, caller, true)?;
    Ok(Reply::json(&json!({ "guild_scheduled_event_id": id, "user_id": caller, "response": INTERESTED })))
}

/// `DELETE /guilds/{guild}/scheduled-events/{event}/users/@me`
pub(super) fn unsubscribe(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    events::set_interest(&mut call.shared.state(), guild, id, caller, false).map(|()| Reply::nothing())
}

/// Reads an event from a body.
fn read(fields: &mut Fields) -> EventForm {
    fields.choice("privacy_level", &[2_u64]);
    let location = fields.read_object("entity_metadata", |of| of.text_within("location", 1..=100)).flatten();
    fields.ignore(&["image"]);
    EventForm {
        name: fields.text_within("name", 1..=100),
        description: fields.nullable("description", |of, key| of.text(key, 1000)),
        starts: fields.moment("scheduled_start_time"),
        ends: fields.nullable("scheduled_end_time", Fields::moment),
        kind: fields.choice("entity_type", &[1, 2, 3]),
        channel: fields.snowflake("channel_id"),
        location,
        recurrence: fields.nullable("recurrence_rule", |of, key| of.read_object(key, recurrence)),
    }
}

fn recurrence(of: &mut Fields) -> RecurrenceRule {
    // Fields that Discord returns but accepts from nobody.
    of.ignore(&["end", "by_year_day", "count"]);
    let numbers = |of: &mut Fields, key: &str, range: RangeInclusive<u64>| {
        let numbers: Vec<u64> = range.collect();
        of.choices(key, 1..=numbers.len(), &numbers)
    };
    RecurrenceRule {
        start: of.required("start", Fields::moment),
        frequency: of.required("frequency", |of, key| of.choice(key, &[0, 1, 2, 3])),
        interval: of.number_within("interval", 1..=u32::MAX).unwrap_or(1),
        by_weekday: numbers(of, "by_weekday", 0..=6),
        by_n_weekday: of.read_objects("by_n_weekday", 1..=1, |one| NthWeekday {
            n: one.required("n", |of, key| of.number_within(key, 1..=5)),
            day: one.required("day", |of, key| of.number_within(key, 0..=6)),
        }),
        by_month: numbers(of, "by_month", 1..=12),
        by_month_day: numbers(of, "by_month_day", 1..=31),
    }
}
