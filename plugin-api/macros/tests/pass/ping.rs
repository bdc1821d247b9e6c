//! The smallest cog.
#![deny(warnings)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Ping;

#[cog]
impl Ping {
    /// Answers with pong
    #[command]
    async fn ping(&self, ctx: &Context) -> Result {
        ctx.reply("pong").await
    }
}

fn main() {}
