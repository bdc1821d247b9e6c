//! Rules of auto moderation over REST: list, make, change, remove.
//! <https://discord.com/developers/docs/resources/auto-moderation>

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::{Call, Reply};
use crate::form::{Fields, Result};
use crate::ids::Snowflake;
use crate::rules::automod::{self, BLOCK_MEMBER_INTERACTION, TIMEOUT};
use crate::world::AutoModRule;
use crate::world::automod::{Trigger, trigger};

const NAME_CHARS: RangeInclusive<usize> = 1..=100;
const MAX_ACTIONS: usize = 5;
const MAX_EXEMPT_ROLES: usize = 20;
const MAX_EXEMPT_CHANNELS: usize = 50;
const MAX_KEYWORDS: usize = 1000;
const KEYWORD_CHARS: RangeInclusive<usize> = 1..=60;
const MAX_PATTERNS: usize = 10;
const PATTERN_CHARS: RangeInclusive<usize> = 1..=260;
const MAX_MENTIONS: u64 = 50;
const MAX_TIMEOUT_SECONDS: u64 = 2_419_200;
const CUSTOM_MESSAGE_CHARS: usize = 150;

/// `GET /guilds/{guild}/auto-moderation/rules`
pub(super) fn list(call: &Call, guild: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let rules = automod::list(&state, caller, guild)?;
    Ok(Reply::json(&rules.iter().map(|rule| rule.json(guild)).collect::<Vec<_>>()))
}

/// `GET /guilds/{guild}/auto-moderation/rules/{rule}`
pub(super) fn rule(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    Ok(Reply::json(&automod::find(&call.shared.state(), caller, guild, id)?.json(guild)))
}

/// `POST /guilds/{guild}/auto-moderation/rules`
pub(super) fn create(call: &Call, guild: Snowflake) -> Result<Reply> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    for key in ["name", "event_type", "trigger_type", "actions"] {
        fields.require(key);
    }
    let kinds = [
        trigger::KEYWORD,
        trigger::SPAM,
        trigger::KEYWORD_PRESET,
        trigger::MENTION_SPAM,
        trigger::MEMBER_PROFILE,
    ];
    let mut state = call.shared.state();
    let mut rule = AutoModRule {
        id: state.world.next_id(),
        name: String::new(),
        creator_id: by.user,
        trigger_type: fields.choice("trigger_type", &kinds).unwrap_or(trigger::KEYWORD),
        trigger: Trigger::default(),
        actions: Vec::new(),
        enabled: false,
        exempt_roles: Vec::new(),
        exempt_channels: Vec::new(),
    };
    read(&mut fields, &mut rule);
    fields.checked()?;
    Ok(Reply::json(&automod::create(&mut state, &by, guild, rule)?))
}

/// `PATCH /guilds/{guild}/auto-moderation/rules/{rule}`
pub(super) fn edit(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    let mut state = call.shared.state();
    let mut rule = automod::find(&state, by.user, guild, id)?.clone();
    // What triggers a rule stays as it is.
    fields.ignore(&["trigger_type"]);
    read(&mut fields, &mut rule);
    fields.checked()?;
    Ok(Reply::json(&automod::edit(&mut state, &by, guild, rule)?))
}

/// `DELETE /guilds/{guild}/auto-moderation/rules/{rule}`
pub(super) fn delete(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let by = call.by()?;
    automod::delete(&mut call.shared.state(), &by, guild, id).map(|()| Reply::nothing())
}

/// Takes over what a body says.
fn read(fields: &mut Fields, rule: &mut AutoModRule) {
    if let Some(name) = fields.text_within("name", NAME_CHARS) {
        rule.name = name;
    }
    if let Some(event) = fields.choice("event_type", &[1, 2])
        && event != rule.event_type()
    {
        let message = not_permitted("Event", event, rule.trigger_type);
        fields.fail("event_type", "AUTO_MODERATION_INVALID_EVENT_TYPE", &message);
    }
    rule.enabled = fields.flag("enabled").unwrap_or(rule.enabled);
    if let Some(roles) = fields.snowflakes("exempt_roles", MAX_EXEMPT_ROLES) {
        rule.exempt_roles = roles;
    }
    if let Some(channels) = fields.snowflakes("exempt_channels", MAX_EXEMPT_CHANNELS) {
        rule.exempt_channels = channels;
    }
    let kind = rule.trigger_type;
    fields.read_object("trigger_metadata", |metadata| read_trigger(metadata, kind, &mut rule.trigger));
    if let Some(actions) = fields.read_objects("actions", 1..=MAX_ACTIONS, |one| read_action(one, kind)) {
        rule.actions = actions;
    }
}

/// Discord's words for an event or an action that the trigger of a rule does not go with.
fn not_permitted(what: &str, number: u64, trigger: u64) -> String {
    format!("{what} type {number} is not permitted for rule with trigger type {trigger}")
}

fn read_trigger(metadata: &mut Fields, kind: u64, into: &mut Trigger) {
    if matches!(kind, trigger::KEYWORD | trigger::MEMBER_PROFILE) {
        if let Some(keywords) = texts(metadata, "keyword_filter", MAX_KEYWORDS, KEYWORD_CHARS) {
            into.keyword_filter = keywords;
        }
        if let Some(patterns) = texts(metadata, "regex_patterns", MAX_PATTERNS, PATTERN_CHARS) {
            into.regex_patterns = Vec::new();
            for (at, pattern) in patterns.iter().enumerate() {
                match pattern.parse() {
                    Ok(pattern) => into.regex_patterns.push(pattern),
                    Err(_) => {
                        let place = format!("regex_patterns.{at}");
                        metadata.fail(&place, "REGEX_VALIDATION_PARSING_ERROR", "Regex could not be parsed.");
                    }
                }
            }
        }
    }
    if matches!(kind, trigger::KEYWORD | trigger::KEYWORD_PRESET | trigger::MEMBER_PROFILE) {
        let most = if kind == trigger::KEYWORD_PRESET { MAX_KEYWORDS } else { 100 };
        if let Some(allowed) = texts(metadata, "allow_list", most, KEYWORD_CHARS) {
            into.allow_list = allowed;
        }
    }
    if kind == trigger::KEYWORD_PRESET
        && let Some(presets) = metadata.list("presets", 3)
    {
        let read: Vec<u64> =
            presets.iter().filter_map(Value::as_u64).filter(|one| (1..=3).contains(one)).collect();
        if read.len() < presets.len() {
            metadata.fail("presets", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.");
        }
        into.presets = read;
    }
    if kind == trigger::MENTION_SPAM {
        if let Some(limit) = metadata.number_within("mention_total_limit", 0..=MAX_MENTIONS) {
            into.mention_total_limit = limit;
        }
        if let Some(enabled) = metadata.flag("mention_raid_protection_enabled") {
            into.mention_raid_protection_enabled = enabled;
        }
    }
}

/// A list of texts, each with a number of characters in a range.
fn texts(of: &mut Fields, key: &str, most: usize, chars: RangeInclusive<usize>) -> Option<Vec<String>> {
    let list = of.list(key, most)?;
    let fits = |text: &&str| chars.contains(&text.chars().count());
    for (at, value) in list.iter().enumerate().filter(|(_, value)| value.as_str().filter(fits).is_none()) {
        let message = format!("Must be between {} and {} in length.", chars.start(), chars.end());
        let code = if value.is_string() { "BASE_TYPE_BAD_LENGTH" } else { "STRING_TYPE_CONVERT" };
        of.fail(&format!("{key}.{at}"), code, &message);
    }
    // As long as the list, so that further mistakes have their place.
    Some(list.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect())
}

fn read_action(action: &mut Fields, kind: u64) -> Value {
    action.require("type");
    let what = action.choice("type", &[1, 2, TIMEOUT, BLOCK_MEMBER_INTERACTION]).unwrap_or(1);
    let fits = match what {
        TIMEOUT => matches!(kind, trigger::KEYWORD | trigger::MENTION_SPAM),
        BLOCK_MEMBER_INTERACTION => kind == trigger::MEMBER_PROFILE,
        _ => true,
    };
    if !fits {
        let message = not_permitted("Action", what, kind);
        action.fail("type", "AUTO_MODERATION_INVALID_ACTION_TYPE", &message);
    }
    let mut metadata = action.object("metadata").unwrap_or_default();
    let read = match what {
        2 => {
            let channel = metadata.snowflake("channel_id");
            if channel.is_none() {
                action.missing("metadata.channel_id");
            }
            json!({ "channel_id": channel })
        }
        TIMEOUT => {
            let seconds = metadata.number_within("duration_seconds", 0..=MAX_TIMEOUT_SECONDS);
            if seconds.is_none() && metadata.errors.is_empty() {
                action.missing("metadata.duration_seconds");
            }
            json!({ "duration_seconds": seconds })
        }
        1 => match metadata.text("custom_message", CUSTOM_MESSAGE_CHARS) {
            Some(message) => json!({ "custom_message": message }),
            None => json!({}),
        },
        _ => json!({}),
    };
    action.absorb(metadata);
    json!({ "type": what, "metadata": read })
}
