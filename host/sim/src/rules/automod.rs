//! Auto moderation: a guild's rules, and how they are applied to members' messages.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Action, Actor, Draft, access, audit, dispatch, members, messages};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::automod::{AutoModAction, Match, trigger};
use crate::world::mentions::mentions_by;
use crate::world::{ActError, AutoModRule, Embed, EmbedField, EmbedKind, Message, MessageKind, User, bits};

/// The most rules of a guild for each kind of trigger.
/// <https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-trigger-types>
const MAX_KEYWORD_RULES: usize = 6;
/// <https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-action-object-action-types>
pub(crate) const BLOCK_MESSAGE: u64 = 1;
pub(crate) const SEND_ALERT_MESSAGE: u64 = 2;
pub(crate) const TIMEOUT: u64 = 3;
pub(crate) const BLOCK_MEMBER_INTERACTION: u64 = 4;

/// `GET /guilds/{guild}/auto-moderation/rules`
pub(crate) fn list(state: &State, by: &Actor, guild: Snowflake) -> Result<Value> {
    Ok(all(state, by.user, guild)?.iter().map(|rule| rule.json(guild)).collect())
}

/// `GET /guilds/{guild}/auto-moderation/rules/{rule}`
pub(crate) fn show(state: &State, by: &Actor, guild: Snowflake, id: Snowflake) -> Result<Value> {
    Ok(find(state, by.user, guild, id)?.json(guild))
}

/// The guild's rules, for users who may manage it.
fn all(state: &State, user: Snowflake, guild: Snowflake) -> Result<&[AutoModRule]> {
    Ok(&access::guild_with(state, user, guild, bits::MANAGE_GUILD)?.data.automod)
}

pub(crate) fn find(state: &State, user: Snowflake, guild: Snowflake, id: Snowflake) -> Result<&AutoModRule> {
    let found = all(state, user, guild)?.iter().find(|rule| rule.id == id);
    found.ok_or(ApiError::not_found())
}

pub(crate) fn create(state: &mut State, by: &Actor, guild: Snowflake, rule: AutoModRule) -> Result<Value> {
    let alike = all(state, by.user, guild)?.iter().filter(|one| one.trigger_type == rule.trigger_type);
    let most = if rule.trigger_type == trigger::KEYWORD { MAX_KEYWORD_RULES } else { 1 };
    if alike.count() >= most {
        let message = "Maximum number of rules of this trigger type reached";
        return Err(ApiError::form("trigger_type", "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED", message));
    }
    check_actions(state, by, guild, &rule)?;
    let (id, json) = (rule.id, rule.json(guild));
    change(state, guild, |rules| rules.push(rule));
    audit::record_change(state, guild, by, Action::AutoModRuleCreate, id, &Value::Null, &json);
    announce(state, guild, "AUTO_MODERATION_RULE_CREATE", &json);
    Ok(json)
}

pub(crate) fn edit(state: &mut State, by: &Actor, guild: Snowflake, rule: AutoModRule) -> Result<Value> {
    let before = find(state, by.user, guild, rule.id)?.json(guild);
    check_actions(state, by, guild, &rule)?;
    let (id, json) = (rule.id, rule.json(guild));
    change(state, guild, |rules| {
        rules.iter_mut().filter(|one| one.id == id).for_each(|one| *one = rule.clone())
    });
    if before != json {
        audit::record_change(state, guild, by, Action::AutoModRuleUpdate, id, &before, &json);
        announce(state, guild, "AUTO_MODERATION_RULE_UPDATE", &json);
    }
    Ok(json)
}

/// `DELETE /guilds/{guild}/auto-moderation/rules/{rule}`
pub(crate) fn delete(state: &mut State, by: &Actor, guild: Snowflake, id: Snowflake) -> Result<()> {
    let before = find(state, by.user, guild, id)?.json(guild);
    change(state, guild, |rules| rules.retain(|rule| rule.id != id));
    audit::record_change(state, guild, by, Action::AutoModRuleDelete, id, &before, &Value::Null);
    announce(state, guild, "AUTO_MODERATION_RULE_DELETE", &before);
    Ok(())
}

/// Alerts need a channel of the guild; for timeouts the rule's author needs a permission.
fn check_actions(state: &State, by: &Actor, guild: Snowflake, rule: &AutoModRule) -> Result<()> {
    for (at, action) in rule.actions.iter().enumerate() {
        if action.metadata.channel_id.is_some_and(|id| state.world.guild_id_of(id) != Some(guild)) {
            let place = format!("actions.{at}.metadata.channel_id");
            return Err(ApiError::form(&place, "CHANNEL_UNKNOWN", "Unknown channel"));
        }
        if action.kind == TIMEOUT {
            access::guild_with(state, by.user, guild, bits::MODERATE_MEMBERS)?;
        }
    }
    Ok(())
}

fn change(state: &mut State, guild_id: Snowflake, change: impl FnOnce(&mut Vec<AutoModRule>)) {
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        change(&mut guild.data.automod);
    }
}

fn announce(state: &mut State, guild: Snowflake, name: &'static str, rule: &Value) {
    dispatch::to_permitted(state, guild, bits::MANAGE_GUILD, name, rule);
}

/// A message that may not be posted or edited like this.
#[derive(Debug)]
pub(crate) struct Blocked {
    /// The rule's name.
    pub(crate) rule: String,
}

/// Posts or edits with `write` unless a rule blocks it, and executes the actions of all rules that it triggers.
pub(crate) fn screened(
    state: &mut State,
    author: &Arc<User>,
    channel: Snowflake,
    content: &str,
    write: impl FnOnce(&mut State) -> Arc<Message>,
) -> Result<Arc<Message>, Blocked> {
    let found = violations(state, author, channel, content);
    let blocks = |rule: &AutoModRule| rule.actions.iter().any(|action| action.kind == BLOCK_MESSAGE);
    let blocked = found.iter().find(|(rule, _)| blocks(rule)).map(|(rule, _)| rule.name.clone());
    let outcome = match blocked {
        Some(rule) => Err(Blocked { rule }),
        None => Ok(write(state)),
    };
    let message = outcome.as_ref().ok().map(|message| message.id);
    for (rule, found) in &found {
        for action in &rule.actions {
            execute(state, author, Violation { channel, content, message, rule, found }, action);
        }
    }
    outcome
}

impl From<Blocked> for ApiError {
    fn from(_: Blocked) -> Self {
        Self::blocked_by_automod()
    }
}

impl From<Blocked> for ActError {
    fn from(Blocked { rule }: Blocked) -> Self {
        Self::Moderated { rule }
    }
}

/// The rules that a message triggers. Bots and members who may manage the guild are exempt.
fn violations(
    state: &State,
    author: &User,
    channel_id: Snowflake,
    content: &str,
) -> Vec<(AutoModRule, Match)> {
    let Some(channel) = state.world.channel(channel_id) else { return Vec::new() };
    let Some(guild) = state.world.guild_of(channel) else { return Vec::new() };
    let Some(member) = guild.members.get(&author.id) else { return Vec::new() };
    if guild.data.automod.is_empty()
        || author.bot
        || state.world.permissions_at(guild, author.id) & bits::MANAGE_GUILD != 0
    {
        return Vec::new();
    }
    let mentioned = mentions_by(&state.world, channel_id, author.id, content, None);
    let mentions = mentioned.users.len() + mentioned.roles.len();
    let places = [Some(channel.id), channel.parent_id.filter(|_| channel.thread.is_some())];
    let concerns = |rule: &&AutoModRule| {
        rule.enabled
            && !rule.exempt_roles.iter().any(|role| member.roles.contains(role))
            && !rule.exempt_channels.iter().any(|one| places.contains(&Some(*one)))
    };
    let rules = guild.data.automod.iter().filter(concerns);
    rules.filter_map(|rule| Some((rule.clone(), rule.find(content, mentions)?))).collect()
}

/// What a rule matched, and where.
#[derive(Clone, Copy)]
struct Violation<'a> {
    channel: Snowflake,
    content: &'a str,
    /// `None` if it was blocked.
    message: Option<Snowflake>,
    rule: &'a AutoModRule,
    found: &'a Match,
}

/// <https://discord.com/developers/docs/events/gateway-events#auto-moderation-action-execution>
fn execute(state: &mut State, author: &Arc<User>, violation: Violation<'_>, action: &AutoModAction) {
    let Violation { channel, content, message, rule, found } = violation;
    let Some(guild) = state.world.guild_id_of(channel) else { return };
    let by = Actor { user: author.id, reason: None };
    let mut data = json!({
        "guild_id": guild, "action": action, "rule_id": rule.id, "rule_trigger_type": rule.trigger_type,
        "user_id": author.id, "channel_id": channel, "content": content, "matched_keyword": found.keyword,
        "matched_content": found.content,
    });
    if let Some(message) = message {
        data["message_id"] = json!(message);
    }
    let audited = match action.kind {
        SEND_ALERT_MESSAGE => {
            let alert = action.metadata.channel_id.map(|place| alert(state, author, violation, place));
            data["alert_system_message_id"] = json!(alert);
            Action::AutoModFlagToChannel
        }
        TIMEOUT => {
            let seconds = action.metadata.duration_seconds.unwrap_or_default();
            let until = state.world.clock.now() + Duration::from_secs(seconds);
            members::change_unlogged(state, guild, author.id, |member| member.timed_out_until = Some(until));
            Action::AutoModTimeout
        }
        _ => Action::AutoModBlockMessage,
    };
    let options = json!({
        "auto_moderation_rule_name": rule.name, "channel_id": channel,
        "auto_moderation_rule_trigger_type": rule.trigger_type.to_string(),
    });
    audit::record(state, guild, &by, audited, Some(author.id), Some(options));
    let name = "AUTO_MODERATION_ACTION_EXECUTION";
    let content = &["content", "matched_content"];
    dispatch::to_permitted_readers(state, guild, bits::MANAGE_GUILD, name, &data, content);
}

/// Posts an alert about the match to the moderators' channel.
fn alert(state: &mut State, author: &Arc<User>, violation: Violation<'_>, place: Snowflake) -> Snowflake {
    let Violation { channel, content, message, rule, found } = violation;
    let fields = [
        ("rule_name", Some(rule.name.clone())),
        ("channel_id", Some(channel.to_string())),
        ("keyword", found.keyword.clone()),
        ("keyword_matched_content", found.content.clone()),
        ("flagged_message_id", message.map(|id| id.to_string())),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some(EmbedField::row(name, value?)));
    let mut notice = Draft::notice(place, author.clone(), MessageKind::AutoModAction);
    notice.message.embeds = vec![Embed {
        kind: EmbedKind::AutoModerationMessage,
        description: Some(content.to_owned()),
        fields: fields.collect(),
        ..Embed::default()
    }];
    messages::post(state, notice).id
}
