//! `!ping [text]` and `/ping text:` answer `pong [text]`. The template for your own cog; it keeps no state.
#![forbid(unsafe_code)]

use gearshift_cog::prelude::*;

#[cog(unit)]
impl Ping {
    /// Answers with pong
    #[command]
    async fn ping(&self, ctx: &Context, #[describe = "What to say back"] text: Option<String>) -> Result {
        ctx.reply(format!("pong {}", text.unwrap_or_default()).trim_end()).await
    }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::testing::Bot;

    use super::*;

    #[test]
    fn it_repeats_its_argument_and_notifies_nobody() {
        let bot = Bot::new::<Ping>();
        let alice = bot.user("alice");
        alice.slash("ping", ()).assert_content("pong");
        alice.say("!ping hi there").assert_content("pong hi there");
        let answer = alice.slash("ping", [("text", "@everyone")]);
        answer.assert_content("pong @everyone");
        assert!(answer.message().notifies().is_empty());
    }
}
