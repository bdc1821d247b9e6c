//! `/my-cog` says hello; so does `!my-cog`.
#![forbid(unsafe_code)]

use gearshift_cog::prelude::*;

// `unit`: the cog keeps nothing, so its struct needs no definition.
#[cog(unit)]
impl Hello {
    /// Says hello
    #[command("my-cog")]
    async fn hello(&self, ctx: &Context, #[describe = "To whom"] who: Option<User>) -> Result {
        let who = who.as_ref().unwrap_or(ctx.author());
        ctx.reply(format!("Hello, {who}!")).await
    }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::testing::Bot;

    use super::*;

    #[test]
    fn greets_the_named_user_or_else_the_caller() {
        let bot = Bot::new::<Hello>();
        let (alice, bob) = (bot.user("alice"), bot.user("bob"));
        let answer = alice.slash("my-cog", ());
        answer.assert_content(&format!("Hello, <@{}>!", alice.id()));
        let answer = alice.slash("my-cog", [("who", &bob)]);
        answer.assert_content(&format!("Hello, <@{}>!", bob.id()));
    }
}
