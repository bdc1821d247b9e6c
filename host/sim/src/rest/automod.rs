//! Auto moderation rules over REST: creating and changing them.
//! <https://discord.com/developers/docs/resources/auto-moderation>

use std::ops::RangeInclusive;

use super::{Call, Reply};
use crate::form::{Fields, Result, fitting, set};
use crate::ids::Snowflake;
use crate::rules::automod::{self, BLOCK_MEMBER_INTERACTION, BLOCK_MESSAGE, SEND_ALERT_MESSAGE, TIMEOUT};
use crate::world::automod::{ActionMetadata, AutoModAction, AutoModRule, Trigger, trigger};

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

/// `POST /guilds/{guild}/auto-moderation/rules`
pub(super) fn create(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
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
    let trigger_type = fields.choice("trigger_type", &kinds).unwrap_or(trigger::KEYWORD);
    let id = state.world.next_id();
    let mut rule = AutoModRule { id, creator_id: by.user, trigger_type, ..AutoModRule::default() };
    read(&mut fields, &mut rule);
    fields.checked()?;
    Ok(Reply::json(&automod::create(&mut state, &by, guild, rule)?))
}

/// `PATCH /guilds/{guild}/auto-moderation/rules/{rule}`
pub(super) fn edit(call: &Call, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let mut state = call.shared.state();
    let mut rule = automod::find(&state, by.user, guild, id)?.clone();
    // The trigger type of a rule cannot be changed.
    fields.ignore(&["trigger_type"]);
    read(&mut fields, &mut rule);
    fields.checked()?;
    Ok(Reply::json(&automod::edit(&mut state, &by, guild, rule)?))
}

/// Applies the body to the rule.
fn read(fields: &mut Fields, rule: &mut AutoModRule) {
    set(&mut rule.name, fields.text_within("name", NAME_CHARS));
    if let Some(event) = fields.choice("event_type", &[1, 2])
        && event != rule.event_type()
    {
        let message = not_permitted("Event", event, rule.trigger_type);
        fields.fail("event_type", "AUTO_MODERATION_INVALID_EVENT_TYPE", &message);
    }
    rule.enabled = fields.flag("enabled").unwrap_or(rule.enabled);
    set(&mut rule.exempt_roles, fields.snowflakes("exempt_roles", 0..=MAX_EXEMPT_ROLES));
    set(&mut rule.exempt_channels, fields.snowflakes("exempt_channels", 0..=MAX_EXEMPT_CHANNELS));
    let kind = rule.trigger_type;
    fields.read_object("trigger_metadata", |metadata| read_trigger(metadata, kind, &mut rule.trigger));
    let actions = fields.read_objects("actions", 1..=MAX_ACTIONS, |one| read_action(one, kind));
    set(&mut rule.actions, actions);
}

/// Discord's message for an event or action that the rule's trigger does not support.
fn not_permitted(what: &str, number: u64, trigger: u64) -> String {
    format!("{what} type {number} is not permitted for rule with trigger type {trigger}")
}

fn read_trigger(metadata: &mut Fields, kind: u64, into: &mut Trigger) {
    if matches!(kind, trigger::KEYWORD | trigger::MEMBER_PROFILE) {
        set(&mut into.keyword_filter, metadata.texts("keyword_filter", MAX_KEYWORDS, &KEYWORD_CHARS));
        let patterns = metadata.items("regex_patterns", 0..=MAX_PATTERNS, |value| {
            let wrong = |_| ("REGEX_VALIDATION_PARSING_ERROR", "Regex could not be parsed.".to_owned());
            fitting(value, &PATTERN_CHARS)?.parse().map_err(wrong)
        });
        set(&mut into.regex_patterns, patterns);
    }
    if matches!(kind, trigger::KEYWORD | trigger::KEYWORD_PRESET | trigger::MEMBER_PROFILE) {
        let most = if kind == trigger::KEYWORD_PRESET { MAX_KEYWORDS } else { 100 };
        set(&mut into.allow_list, metadata.texts("allow_list", most, &KEYWORD_CHARS));
    }
    if kind == trigger::KEYWORD_PRESET {
        set(&mut into.presets, metadata.choices("presets", 0..=3, &[1, 2, 3]));
    }
    if kind == trigger::MENTION_SPAM {
        let limit = metadata.number_within("mention_total_limit", 0..=MAX_MENTIONS);
        set(&mut into.mention_total_limit, limit);
        let enabled = metadata.flag("mention_raid_protection_enabled");
        set(&mut into.mention_raid_protection_enabled, enabled);
    }
}

fn read_action(action: &mut Fields, trigger: u64) -> AutoModAction {
    const KINDS: [u64; 4] = [BLOCK_MESSAGE, SEND_ALERT_MESSAGE, TIMEOUT, BLOCK_MEMBER_INTERACTION];
    let kind = action.required("type", |of, key| of.choice(key, &KINDS));
    let fits = match kind {
        TIMEOUT => matches!(trigger, trigger::KEYWORD | trigger::MENTION_SPAM),
        BLOCK_MEMBER_INTERACTION => trigger == trigger::MEMBER_PROFILE,
        _ => true,
    };
    if !fits {
        let message = not_permitted("Action", kind, trigger);
        action.fail("type", "AUTO_MODERATION_INVALID_ACTION_TYPE", &message);
    }
    let seconds = |of: &mut Fields, key: &str| of.number_within(key, 0..=MAX_TIMEOUT_SECONDS);
    let metadata = action.read_part("metadata", |of| ActionMetadata {
        channel_id: (kind == SEND_ALERT_MESSAGE).then(|| of.required("channel_id", Fields::snowflake)),
        duration_seconds: (kind == TIMEOUT).then(|| of.required("duration_seconds", seconds)),
        custom_message: of.text("custom_message", CUSTOM_MESSAGE_CHARS).filter(|_| kind == BLOCK_MESSAGE),
    });
    AutoModAction { kind, metadata }
}
