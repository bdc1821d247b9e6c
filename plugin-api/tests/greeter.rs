//! The first cog of the guide, as its author writes it: with serenity's types and without a warning.
#![cfg(feature = "serenity")]
#![forbid(unsafe_code)]
#![deny(warnings, clippy::pedantic)]

use std::cell::Cell;

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

/// Greets people.
#[derive(Default, Serialize, Deserialize)]
struct Greeter {
    greeted: Cell<u64>,
}

#[cog(state = 1)]
impl Greeter {
    /// Say hello to somebody
    #[command(cooldown = "3s per user")]
    async fn hello(&self, ctx: &Context, #[describe = "who to greet"] who: Option<User>) -> Result {
        self.greeted.update(|n| n + 1);
        let who = who.as_ref().unwrap_or(ctx.author());
        ctx.reply(format!("Hello, {who}!")).await
    }

    #[listen]
    async fn joined(&self, ctx: &Context, member: GuildMemberAddition) -> Result {
        ctx.discord().send(41_u64, format!("Welcome, {}!", member.user.name)).await?;
        Ok(())
    }

    #[button("greet:{id}")]
    async fn pressed(&self, ctx: &Context, id: u64) -> Result {
        ctx.reply(format!("Hello, <@{id}>!")).await
    }

    #[every("30s")]
    async fn beat(&self, _ctx: &Context) -> Result {
        tracing::info!("{} greeted", self.greeted.get());
        Ok(())
    }
}

#[test]
fn a_cog_says_what_it_answers() {
    assert_eq!(Greeter::EVENTS, [events::GUILD_MEMBER_ADD]);
    assert_eq!(Greeter::COMPONENTS, ["greet:{id}"]);
    assert_eq!((Greeter::COMMANDS.len(), Greeter::TASKS.len()), (1, 1));
}
