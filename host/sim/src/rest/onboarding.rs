//! The onboarding of a guild over REST: get, set up.
//! <https://discord.com/developers/docs/resources/guild#get-guild-onboarding>

use std::ops::RangeInclusive;

use super::{Call, Reply};
use crate::form::{Fields, Result, set};
use crate::ids::Snowflake;
use crate::rules::{access, onboarding};
use crate::world::{Emoji, Guild, Onboarding, OnboardingOption, OnboardingPrompt, World};

// Limits that are documented only in Discord's OpenAPI document: <https://github.com/discord/discord-api-spec>
const MAX_PROMPTS: usize = 15;
const MAX_DEFAULT_CHANNELS: usize = 500;
const OPTIONS: RangeInclusive<usize> = 1..=50;
const PROMPT_TITLE_CHARS: RangeInclusive<usize> = 1..=100;
const OPTION_TITLE_CHARS: RangeInclusive<usize> = 1..=50;
const MAX_DESCRIPTION_CHARS: usize = 100;
const MAX_EMOJI_NAME_CHARS: usize = 100;
const MAX_ROLES: usize = 50;
const MAX_CHANNELS: usize = 50;

/// `GET /guilds/{guild}/onboarding`
pub(super) fn show(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    Ok(Reply::json(&access::own_guild(&state, caller, guild)?.onboarding().json(guild)))
}

/// `PUT /guilds/{guild}/onboarding`
pub(super) fn edit(call: &Call, guild_id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let mut state = call.shared.state();
    let guild = onboarding::managed(&state, by.user, guild_id)?;
    let new = ReadContext { world: &state.world, guild, before: guild.onboarding() }.onboarding(&mut fields);
    fields.checked()?;
    Ok(Reply::json(&onboarding::edit(&mut state, &by, guild_id, new)?))
}

/// What a body is validated against.
struct ReadContext<'a> {
    world: &'a World,
    guild: &'a Guild,
    before: Onboarding,
}

impl ReadContext<'_> {
    /// Fields that are absent from the body stay as they are.
    fn onboarding(&self, fields: &mut Fields) -> Onboarding {
        let mut new = self.before.clone();
        set(&mut new.enabled, fields.flag("enabled"));
        set(&mut new.mode, fields.choice("mode", &[0, 1]));
        let channels = self.channels(fields, "default_channel_ids", MAX_DEFAULT_CHANNELS);
        set(&mut new.default_channels, channels);
        if let Some(prompts) = fields.objects("prompts", 0..=MAX_PROMPTS) {
            new.prompts = Vec::new();
            for mut prompt in prompts {
                let read = self.prompt(&mut prompt, &new.prompts);
                new.prompts.push(read);
                fields.absorb(prompt);
            }
        }
        new
    }

    /// Reads a question. An unknown id means a new question: new ones must have an id, too.
    /// <https://github.com/discord/discord-api-docs/issues/6320>
    fn prompt(&self, prompt: &mut Fields, others: &[OnboardingPrompt]) -> OnboardingPrompt {
        prompt.require("id");
        let asked = prompt.snowflake("id");
        let is_taken = |id| others.iter().any(|other| other.id == id);
        let before = asked.filter(|id| !is_taken(*id)).and_then(|id| self.before.prompt(id));
        let mut read = OnboardingPrompt {
            id: before.map_or_else(|| self.world.next_id(), |before| before.id),
            kind: prompt.choice("type", &[0, 1]).unwrap_or(0),
            title: prompt.required_text("title", PROMPT_TITLE_CHARS),
            options: Vec::new(),
            single_select: prompt.flag("single_select").unwrap_or(false),
            required: prompt.flag("required").unwrap_or(false),
            in_onboarding: prompt.flag("in_onboarding").unwrap_or(false),
        };
        prompt.require("options");
        for mut option in prompt.objects("options", OPTIONS).unwrap_or_default() {
            let known = before.map_or(&[][..], |before| &before.options);
            let option_read = self.option(&mut option, known, &read.options);
            read.options.push(option_read);
            prompt.absorb(option);
        }
        read
    }

    fn option(
        &self,
        option: &mut Fields,
        before: &[OnboardingOption],
        others: &[OnboardingOption],
    ) -> OnboardingOption {
        let has = |list: &[OnboardingOption], id| list.iter().any(|one| one.id == id);
        let id = option.snowflake("id").filter(|id| has(before, *id) && !has(others, *id));
        let (emoji, animated) = self.emoji(option);
        OnboardingOption {
            id: id.unwrap_or_else(|| self.world.next_id()),
            title: option.required_text("title", OPTION_TITLE_CHARS),
            description: option.text("description", MAX_DESCRIPTION_CHARS).unwrap_or_default(),
            emoji,
            animated,
            roles: self.roles(option),
            channels: self.channels(option, "channel_ids", MAX_CHANNELS).unwrap_or_default(),
        }
    }

    /// A custom emoji must belong to the guild, whose name for it is used.
    fn emoji(&self, option: &mut Fields) -> (Option<Emoji>, bool) {
        let (id, name) = (option.snowflake("emoji_id"), option.text("emoji_name", MAX_EMOJI_NAME_CHARS));
        let animated = option.flag("emoji_animated").unwrap_or(false);
        let Some(id) = id else { return (name.map(|name| Emoji { id: None, name }), animated) };
        match self.guild.data.emojis.iter().find(|emoji| emoji.id == id) {
            Some(emoji) => (Some(Emoji { id: Some(id), name: emoji.name.clone() }), emoji.animated),
            None => {
                option.fail("emoji_id", "EMOJI_UNKNOWN", "Unknown emoji");
                (None, false)
            }
        }
    }

    fn channels(&self, fields: &mut Fields, key: &str, most: usize) -> Option<Vec<Snowflake>> {
        let channels = fields.snowflakes(key, 0..=most)?;
        for (at, _) in channels.iter().enumerate().filter(|(_, id)| !self.guild.channels.contains(id)) {
            fields.fail(&format!("{key}.{at}"), "CHANNEL_UNKNOWN", "Unknown channel");
        }
        Some(channels)
    }

    fn roles(&self, option: &mut Fields) -> Vec<Snowflake> {
        let roles = option.snowflakes("role_ids", 0..=MAX_ROLES).unwrap_or_default();
        for (at, _) in roles.iter().enumerate().filter(|(_, id)| self.guild.role(**id).is_none()) {
            option.fail(&format!("role_ids.{at}"), "ROLE_UNKNOWN", "Unknown role");
        }
        roles
    }
}
