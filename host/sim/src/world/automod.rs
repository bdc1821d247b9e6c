//! Rules of auto moderation, and what in a message they find.
//! <https://discord.com/developers/docs/resources/auto-moderation>

use std::ops::Range;
use std::str::FromStr;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};

use crate::ids::Snowflake;

/// When a member sends or edits a message, and when it changes its profile.
/// <https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-event-types>
const MESSAGE_SEND: u64 = 1;
const MEMBER_UPDATE: u64 = 2;

/// Kinds of trigger. Discord's finders of spam (3) and its lists of words (4) are not public, and profiles (6) are not looked at
/// here: rules with these are kept and never trigger.
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
    /// Who made it.
    pub creator_id: Snowflake,
    /// 1 keywords, 3 spam, 4 word lists, 5 mentions, 6 profiles.
    pub trigger_type: u64,
    /// What triggers it, as far as its type has it.
    pub trigger: Trigger,
    /// What follows.
    pub actions: Vec<AutoModAction>,
    /// Whether it is in force.
    pub enabled: bool,
    /// Roles whose members are exempt.
    pub exempt_roles: Vec<Snowflake>,
    /// Channels that are exempt, with their threads.
    pub exempt_channels: Vec<Snowflake>,
}

/// What follows when a rule is triggered.
/// <https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-action-object>
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct AutoModAction {
    /// 1 the message is blocked, 2 an alert, 3 a timeout, 4 the member's interactions are blocked.
    #[serde(rename = "type")]
    pub kind: u64,
    /// What its kind has.
    pub metadata: ActionMetadata,
}

/// What goes with an action.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ActionMetadata {
    /// Where the alert is posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Snowflake>,
    /// Of the timeout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
    /// What the member sees whose message is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_message: Option<String>,
}

/// What triggers a rule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Trigger {
    /// Keywords, with `*` before or after where a word may go on.
    pub keyword_filter: Vec<String>,
    /// Regular expressions, as this language has them.
    pub regex_patterns: Vec<Pattern>,
    /// Numbers of Discord's word lists.
    pub presets: Vec<u64>,
    /// Keywords that do not trigger it.
    pub allow_list: Vec<String>,
    /// Users and roles that a message may mention.
    pub mention_total_limit: u64,
    /// Whether many messages with mentions are a raid.
    pub mention_raid_protection_enabled: bool,
}

/// A regular expression. It is compiled where a rule is made, not at each message.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// As it was written.
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

/// What a rule found.
#[derive(Debug, PartialEq)]
pub(crate) struct Match {
    /// As it stands in the rule; none for mentions.
    pub(crate) keyword: Option<String>,
    /// As it stands in the message.
    pub(crate) content: Option<String>,
}

impl AutoModRule {
    /// As Discord writes it.
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

    /// At which event it looks: its trigger decides.
    pub fn event_type(&self) -> u64 {
        if self.trigger_type == trigger::MEMBER_PROFILE { MEMBER_UPDATE } else { MESSAGE_SEND }
    }

    /// What it finds in a message that mentions so many users and roles.
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

/// Where a keyword stands in a text, whatever the case; `*` before or after it lets a word go on there.
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

/// How many bytes at the start of a text are `lower` in any case.
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
    fn wildcards_say_where_a_word_may_go_on() {
        // Discord's own examples.
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
