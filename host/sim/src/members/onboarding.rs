//! Members and the onboarding of guilds: answering the questions.

use super::{Member, guild_named};
use crate::ids::Snowflake;
use crate::rules::onboarding;
use crate::world::{ActError, Guild, Onboarding};

impl Member {
    /// Completes a guild's onboarding with these answers: options by title or id. The member gets the roles of the
    /// options.
    ///
    /// # Errors
    /// If there is no such guild or option, the member is not in the guild or has completed its onboarding already,
    /// onboarding is not enabled, a required question has no answer, or a single-answer question has several.
    pub async fn complete_onboarding(&self, guild: &str, options: &[&str]) -> Result<(), ActError> {
        let mut state = self.shared.state();
        let guild = guild_named(&state, guild)?;
        let asked = guild.onboarding();
        let chosen = options.iter().map(|name| option_named(&asked, name)).collect::<Result<Vec<_>, _>>()?;
        if let Some(why) = self.refusal_reason(guild, &asked, &chosen) {
            return Err(self.forbidden_in_guild(guild, "complete onboarding", why));
        }
        let guild_id = guild.id;
        onboarding::complete(&mut state, guild_id, self.user.id, &chosen);
        Ok(())
    }

    fn refusal_reason(
        &self,
        guild: &Guild,
        asked: &Onboarding,
        chosen: &[Snowflake],
    ) -> Option<&'static str> {
        let answers = asked.prompts.iter().map(|prompt| {
            (prompt, prompt.options.iter().filter(|option| chosen.contains(&option.id)).count())
        });
        match () {
            () if !guild.members.contains_key(&self.user.id) => Some("not a member"),
            () if !asked.enabled => Some("onboarding is not enabled"),
            () if onboarding::is_completed(guild, self.user.id) => Some("already completed"),
            () if answers.clone().any(|(one, count)| one.required && one.in_onboarding && count == 0) => {
                Some("a required question has no answer")
            }
            () if answers.clone().any(|(one, count)| one.single_select && count > 1) => {
                Some("a question allows only one answer")
            }
            () => None,
        }
    }
}

fn option_named(asked: &Onboarding, name: &str) -> Result<Snowflake, ActError> {
    let options = || asked.prompts.iter().flat_map(|prompt| &prompt.options);
    let by_id = || options().find(|option| name.parse() == Ok(option.id));
    let found = options().find(|option| option.title == name).or_else(by_id);
    let titles = options().map(|option| option.title.as_str());
    found.map(|option| option.id).ok_or_else(|| ActError::unknown("option", name, titles))
}
