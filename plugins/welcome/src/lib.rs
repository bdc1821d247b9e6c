//! Welcomes every new member in the channel of its settings (`[cog.welcome.settings] channel = …`), with a button to
//! wave at them. Shows member events, settings that are checked before the cog is built, an embed by serenity's
//! builder, and a button that works after a restart too. The events need the intent `guild_members`.
#![forbid(unsafe_code)]

use gearshift_cog::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    channel: u64,
}

#[cog(unit, settings = Settings)]
impl Welcome {
    #[listen]
    async fn joined(&self, ctx: &Context, who: GuildMemberAddition) -> Result {
        let Settings { channel } = ctx.settings()?;
        let embed = CreateEmbed::new().title(format!("Welcome, {}!", who.display_name())).image(who.face());
        let wave = CreateButton::new(format!("wave:{}", who.user.id)).label("Wave");
        ctx.discord().send(channel, CreateMessage::new().embed(embed).button(wave)).await.map(drop)
    }

    #[button("wave:{id}")]
    async fn wave(&self, ctx: &Context, id: u64) -> Result {
        ctx.reply(format!("{} waves at <@{id}>", ctx.author().mention())).await
    }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::testing::Bot;
    use serde_json::json;

    use super::*;

    #[test]
    fn new_members_are_welcomed_and_can_be_waved_at() {
        let bot = Bot::builder().settings(json!({ "channel": 200 })).build::<Welcome>();
        let (alice, bob) = (bot.user("alice"), bot.user("bob"));
        bob.join();
        let welcome = bot.messages("general").remove(0);
        assert_eq!(welcome.embeds()[0]["title"], "Welcome, bob!");
        bot.reload::<Welcome>();
        alice.press(&welcome, "Wave").assert_content("<@1> waves at <@2>");
        assert!(bot.faults().is_empty(), "{:?}", bot.faults());
    }

    #[test]
    fn invalid_settings_are_refused() {
        for settings in [json!({}), json!({ "channel": "general" }), json!({ "channel": 200, "chanel": 1 })] {
            assert!(Bot::builder().settings(settings).try_build::<Welcome>().is_err());
        }
    }
}
