//! The first cog of the guide: a command, a listener, a button, a task, and state.
#![forbid(unsafe_code)]
#![deny(warnings)]

use std::cell::Cell;

use gearshift_cog::{abi::Message, prelude::*};
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
    async fn hello(&self, ctx: &Context, #[describe = "who to greet"] who: Option<String>) -> Result {
        self.greeted.update(|n| n + 1);
        let who = who.as_deref().unwrap_or(&ctx.user()?.name);
        ctx.reply(format!("Hello, {who}!")).await
    }

    #[listen]
    async fn said(&self, ctx: &Context, message: Message) -> Result {
        if message.content == "hello" { ctx.reply("Hello!").await } else { Ok(()) }
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

fn main() {}
