//! The schedule of a task must be valid.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Remind;

#[cog]
impl Remind {
    #[every("30")]
    async fn one(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[every("10ms")]
    async fn two(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[daily("9 o'clock")]
    async fn three(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[daily("25:00", tz = "Europe/Berlin")]
    async fn four(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[daily("09:00", zone = "Europe/Berlin")]
    async fn five(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[cron("at six")]
    async fn six(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[every]
    async fn seven(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[daily("09:00", tz = "Berlin, Germany")]
    async fn eight(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[daily("09:00", tz = "berlin")]
    async fn nine(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[cron("0 9 * * *", tz = "Europe/Belrin")]
    async fn ten(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[cron("0 9 * * *", tz = "")]
    async fn eleven(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

fn main() {}
