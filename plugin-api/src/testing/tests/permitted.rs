//! A cog may ask the kit for what it may ask of a host: for what it declares.

use std::time::Duration;

use crate::{Context, Result, cog, testing::Bot};

/// Declares two handles, and asks for more.
#[derive(Default)]
struct Modest;

#[cog(export = false, handles("discord.reply:7", "http:https://a.example"))]
impl Modest {
    /// Asks for what is not declared
    #[command]
    async fn more(&self, ctx: &Context) -> Result {
        let discord = ctx.discord();
        let refused = [
            ctx.store().get_bytes("key").await.expect_err("the store").to_string(),
            ctx.store().set("key", &1).await.expect_err("the store").to_string(),
            ctx.api().get("x").send().await.expect_err("the api").to_string(),
            ctx.http().get("https://b.example/").send().await.expect_err("another origin").to_string(),
            ctx.clock().once("later", Duration::from_secs(1)).expect_err("a task").to_string(),
            discord.shards().expect_err("the gateway").to_string(),
            discord.get("/users/@me").send().await.expect_err("reads").to_string(),
            discord.ban(1_u64, 2_u64).await.expect_err("bans").to_string(),
        ];
        ctx.stats().incr("asked", 1);
        let handle = |text: &String| text.split('`').nth(1).unwrap_or_default().to_owned();
        ctx.reply(refused.each_ref().map(handle).join(" ")).await
    }

    /// Asks for what is declared
    #[command(owners_only)]
    async fn less(&self, ctx: &Context) -> Result {
        let answer = ctx.http().get("https://a.example/page").send().await?;
        ctx.reply(answer.text()).await
    }
}

#[test]
fn a_cog_may_ask_only_for_the_handles_that_it_declares() {
    let bot = Bot::new::<Modest>();
    let alice = bot.user("alice");
    bot.mock_http("GET", "https://*", 200, "page");
    let missing = "store store api http:https://b.example schedule gateway discord.read discord";
    alice.slash("more", ()).assert_content(missing);
    assert!(bot.metrics().is_empty(), "nor may it send metrics");
    bot.add_owner(&alice);
    alice.slash("less", ()).assert_content("page");
    assert_eq!(bot.faults().len(), 0);
}

/// Plans a task without the handle for it.
#[derive(Default)]
struct Regular;

#[cog(export = false, handles("discord.reply"))]
impl Regular {
    #[every("1h")]
    async fn beat(&self, _ctx: &Context) -> Result {
        Ok(())
    }
}

#[test]
fn a_task_needs_the_handle_for_it() {
    let fault = Bot::builder().try_build::<Regular>().err().expect("it is not set up");
    assert!(fault.text.contains("add `schedule` to `handles`"), "{fault}");
}
