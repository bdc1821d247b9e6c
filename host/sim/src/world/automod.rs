//! Auto moderation rules, and what they match in a message.
//! <https://discord.com/developers/docs/resources/auto-moderation>

use std::ops::Range;
use std::str::FromStr;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};

use crate::ids::Snowflake;

/// Events: a member sends or edits a message, or updates their profile.
/// <https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-event-types>
const MESSAGE_SEND: u64 = 1;
const MEMBER_UPDATE: u64 = 2;

/// Kinds of trigger. Discord's spam detection (3) and word lists (4) are not public, and profiles (6) are not checked
/// here: rules with these triggers are stored and never trigger.
pub(crate) mod trigger {
    pub(crate) const KEYWORD: u64 = 1;
    pub(crate) const SPAM: u64 = 3;
    pub(crate) const KEYWORD_PRESET: u64 = 4;
    pub(crate) const MENTION_SPAM: u64 = 5;
    pub(crate) const MEMBER_PROFILE: u64 = 6;
}

/// A rule of a guild.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct AutoModRule {
    /// Its id.
    pub id: Snowflake,
    /// Its name.
    pub name: String,
    /// Who created it.
    pub creator_id: Snowflake,
    /// 1 keywords, 3 spam, 4 word lists, 5 mentions, 6 profiles.
    pub trigger_type: u64,
    /// What triggers it; which fields are used depends on the type.
    pub trigger: Trigger,
    /// What happens when it is triggered.
    pub actions: Vec<AutoModAction>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Roles whose members are exempt.
    pub exempt_roles: Vec<Snowflake>,
    /// Channels that are exempt, with their threads.
    pub exempt_channels: Vec<Snowflake>,
}

/// What happens when a rule is triggered.
/// <https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-action-object>
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct AutoModAction {
    /// 1 the message is blocked, 2 an alert, 3 a timeout, 4 the member's interactions are blocked.
    #[serde(rename = "type")]
    pub kind: u64,
    /// Details, depending on the type.
    pub metadata: ActionMetadata,
}

/// The details of an action.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ActionMetadata {
    /// The channel in which the alert is posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Snowflake>,
    /// Duration of the timeout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
    /// What a member whose message is blocked sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_message: Option<String>,
}

/// What triggers a rule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Trigger {
    /// Keywords; `*` before or after one lets the word continue there.
    pub keyword_filter: Vec<String>,
    /// Regular expressions, in Rust's syntax.
    pub regex_patterns: Vec<Pattern>,
    /// The numbers of Discord's word lists.
    pub presets: Vec<u64>,
    /// Keywords that do not trigger it.
    pub allow_list: Vec<String>,
    /// How many users and roles a message may mention.
    pub mention_total_limit: u64,
    /// Whether many messages with mentions are treated as a raid.
    pub mention_raid_protection_enabled: bool,
}

/// A regular expression, compiled once when the rule is made.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// The text of the expression.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Pattern {
    type Err = regex::Error;

    fn from_str(text: &str) -> Result<Self, regex::Error> {
        Regex::new(text).map(Self)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// What a rule matched.
#[derive(Debug, PartialEq)]
pub(crate) struct Match {
    /// The keyword as written in the rule; `None` for mentions.
    pub(crate) keyword: Option<String>,
    /// The match as written in the message.
    pub(crate) content: Option<String>,
}

impl AutoModRule {
    /// As Discord serialises it.
    pub(crate) fn json(&self, guild: Snowflake) -> Value {
        let Trigger { keyword_filter, regex_patterns, presets, allow_list, .. } = &self.trigger;
        let metadata = match self.trigger_type {
            trigger::KEYWORD | trigger::MEMBER_PROFILE => json!({
                "keyword_filter": keyword_filter, "regex_patterns": regex_patterns, "allow_list": allow_list,
            }),
            trigger::KEYWORD_PRESET => json!({ "presets": presets, "allow_list": allow_list }),
            trigger::MENTION_SPAM => json!({
                "mention_total_limit": self.trigger.mention_total_limit,
                "mention_raid_protection_enabled": self.trigger.mention_raid_protection_enabled,
            }),
            _ => json!({}),
        };
        json!({
            "id": self.id, "guild_id": guild, "name": self.name, "creator_id": self.creator_id,
            "event_type": self.event_type(), "trigger_type": self.trigger_type, "trigger_metadata": metadata,
            "actions": self.actions, "enabled": self.enabled, "exempt_roles": self.exempt_roles,
            "exempt_channels": self.exempt_channels,
        })
    }

    /// The event that it checks, given by its trigger.
    pub fn event_type(&self) -> u64 {
        if self.trigger_type == trigger::MEMBER_PROFILE { MEMBER_UPDATE } else { MESSAGE_SEND }
    }

    /// What it matches in a message that mentions `mentions` users and roles.
    pub(crate) fn find(&self, content: &str, mentions: usize) -> Option<Match> {
        match self.trigger_type {
            trigger::KEYWORD => self.trigger.find(content),
            trigger::MENTION_SPAM => (mentions as u64 > self.trigger.mention_total_limit)
                .then_some(Match { keyword: None, content: None }),
            _ => None,
        }
    }
}

impl Trigger {
    fn find(&self, content: &str) -> Option<Match> {
        let allowed: Vec<Range<usize>> =
            self.allow_list.iter().flat_map(|allowed| occurrences(content, allowed)).collect();
        let offends = |place: &Range<usize>| {
            !allowed.iter().any(|allowed| allowed.start <= place.start && place.end <= allowed.end)
        };
        let keywords =
            self.keyword_filter.iter().map(|keyword| (keyword.as_str(), occurrences(content, keyword)));
        let patterns = self.regex_patterns.iter().map(|pattern| {
            (pattern.as_str(), pattern.0.find_iter(content).map(|found| found.range()).collect())
        });
        keywords.chain(patterns).find_map(|(keyword, places)| {
            let place = places.into_iter().find(offends)?;
            Some(Match { keyword: Some(keyword.to_owned()), content: Some(content[place].to_owned()) })
        })
    }
}

/// Where a keyword occurs in a text, ignoring case; `*` before or after it lets a word continue there.
/// <https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-keyword-matching-strategies>
fn occurrences(text: &str, keyword: &str) -> Vec<Range<usize>> {
    let (open_start, open_end) = (keyword.starts_with('*'), keyword.ends_with('*'));
    let bare = keyword.trim_matches('*').to_lowercase();
    if bare.is_empty() {
        return Vec::new();
    }
    let is_edge = |next: Option<char>| next.is_none_or(char::is_whitespace);
    let at = |start: usize| {
        let end = start + length_of(&text[start..], &bare)?;
        let begins = open_start || is_edge(text[..start].chars().next_back());
        let ends = open_end || is_edge(text[end..].chars().next());
        (begins && ends).then_some(start..end)
    };
    text.char_indices().filter_map(|(start, _)| at(start)).collect()
}

/// The length in bytes of `lower`, in any case, at the start of a text.
fn length_of(text: &str, lower: &str) -> Option<usize> {
    let mut wanted = lower.chars();
    for (at, letter) in text.char_indices() {
        if wanted.as_str().is_empty() {
            return Some(at);
        }
        for one in letter.to_lowercase() {
            if wanted.next() != Some(one) {
                return None;
            }
        }
    }
    wanted.as_str().is_empty().then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(text: &'a str, keyword: &str) -> Vec<&'a str> {
        occurrences(text, keyword).into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn wildcards_extend_words() {
        // The examples in Discord's documentation.
        assert_eq!(found("catch Catapult CAttLE location", "cat*"), ["cat", "Cat", "CAt"]);
        assert_eq!(found("the matrix breathe mat", "the mat*"), ["the mat"]);
        assert_eq!(found("wildcat copyCat cats", "*cat"), ["cat", "Cat"]);
        assert_eq!(found("location eduCation", "*cat*"), ["cat", "Cat"]);
        assert_eq!(found("cat cats Cat\nbobcat", "cat"), ["cat", "Cat"]);
        assert_eq!(found("ÄRGER ärger", "ärger"), ["ÄRGER", "ärger"]);
        assert_eq!(found("anything", "*"), [] as [&str; 0]);
    }

    #[test]
    fn allowed_words_do_not_trigger_and_patterns_do() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let trigger = Trigger {
            keyword_filter: texts(&["*ana*"]),
            regex_patterns: vec!["(b|c)at".parse().unwrap()],
            allow_list: texts(&["banana"]),
            ..Trigger::default()
        };
        let content = |text: &str| trigger.find(text).and_then(|found| found.content);
        assert_eq!(content("a banana"), None);
        assert_eq!(content("a banana Anais").as_deref(), Some("Ana"));
        assert_eq!(content("a bat").as_deref(), Some("bat"));
    }
}
