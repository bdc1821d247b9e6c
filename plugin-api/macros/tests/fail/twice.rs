//! What a cog has once, it has once; and such an attribute stands alone.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Ping;

#[cog]
impl Ping {
    #[setup]
    async fn one(host: Host) -> Result<Self> {
        Ok(Self)
    }

    #[setup]
    async fn two(host: Host) -> Result<Self> {
        Ok(Self)
    }

    #[teardown(late)]
    async fn three(&self) -> Result {
        Ok(())
    }

    #[every("30s")]
    async fn beat(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[task("beat")]
    async fn again(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

fn main() {}
