//! A task at a time of day.
#![deny(warnings)]

use gearshift_cog::prelude::*;

#[cog(unit)]
impl Morning {
    #[daily("09:00", tz = "Europe/Berlin")]
    async fn greet(&self, ctx: &Context) -> Result {
        ctx.discord().send(41_u64, "Good morning!").await.map(drop)
    }
}

fn main() {}
