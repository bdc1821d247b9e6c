//! A cron expression must be valid, and must occur.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[cog(unit, export = false)]
impl Remind {
    #[cron("0 0 30 2 *")]
    async fn one(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[cron("61 9 * * *")]
    async fn two(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[cron("0 9 * sept *")]
    async fn three(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[cron("*/0 * * * *")]
    async fn four(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[cron("50-10 * * * *")]
    async fn five(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

fn main() {}
