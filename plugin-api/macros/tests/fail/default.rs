//! A cog without `#[setup]` must implement `Default`.
#![allow(unused)]

use gearshift_cog::prelude::*;

struct Ping {
    host: Host,
}

#[cog(export = false)]
impl Ping {
    /// Answers with pong
    #[command]
    async fn ping(&self, ctx: &Context) -> Result {
        ctx.reply("pong").await
    }
}

fn main() {}
