//! A handler must have the signature that its attribute requires.
#![allow(unused)]

use gearshift_cog::{abi::Message, prelude::*};

#[derive(Default)]
struct Ping;

#[cog]
impl Ping {
    /// Has no receiver
    #[command]
    async fn free(ctx: &Context) -> Result {
        ctx.reply("pong").await
    }

    /// Wants the cog for itself
    #[command]
    async fn mutable(&mut self, ctx: &Context) -> Result {
        ctx.reply("pong").await
    }

    /// Takes the cog away
    #[command]
    async fn owned(self, ctx: &Context) -> Result {
        ctx.reply("pong").await
    }

    /// Does not wait
    #[command]
    fn blocking(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Has no context
    #[command]
    async fn alone(&self) -> Result {
        Ok(())
    }

    /// Has an argument first
    #[command]
    async fn reversed(&self, who: String, ctx: &Context) -> Result {
        Ok(())
    }

    /// Takes the context away
    #[command]
    async fn greedy(&self, ctx: Context) -> Result {
        Ok(())
    }

    /// Returns nothing
    #[command]
    async fn silent(&self, ctx: &Context) {}

    /// Is many functions
    #[command]
    async fn generic<T>(&self, ctx: &Context, what: T) -> Result {
        Ok(())
    }

    /// Takes its argument apart
    #[command]
    async fn pattern(&self, ctx: &Context, (a, b): (u8, u8)) -> Result {
        Ok(())
    }

    /// Borrows its argument
    #[command]
    async fn borrowed(&self, ctx: &Context, who: &str) -> Result {
        Ok(())
    }

    #[listen]
    async fn eventless(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[listen]
    async fn greedy_listener(&self, ctx: &Context, one: Message, two: Message) -> Result {
        Ok(())
    }

    #[user_menu("Greet")]
    async fn too_many(&self, ctx: &Context, user: u64, reason: String) -> Result {
        Ok(())
    }

    #[every("30s")]
    async fn beat(&self, ctx: &Context, count: u64) -> Result {
        Ok(())
    }

    #[setup]
    async fn new() -> Result<Self> {
        Ok(Self)
    }

    #[teardown]
    async fn leave(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[on_error]
    async fn failed(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[check]
    async fn may(&self, ctx: &Context, who: String) -> Result<bool> {
        Ok(true)
    }

    /// Any
    #[command]
    async fn any(&self, ctx: &Context, text: impl Into<String>) -> Result {
        Ok(())
    }
}

fn main() {}
