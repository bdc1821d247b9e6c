//! The smallest cog.
#![deny(warnings)]

use gearshift_cog::prelude::*;

#[cog(unit)]
impl Ping {
    /// Answers with pong
    #[command]
    async fn ping(&self, ctx: &Context) -> Result {
        ctx.reply("pong").await
    }
}

fn main() {}
