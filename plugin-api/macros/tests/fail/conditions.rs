//! A condition is allowed on a method, not on a parameter or on an attribute.
#![allow(unused)]

use gearshift_cog::{abi::Message, prelude::*};

#[derive(Default)]
struct Tags;

#[cog]
impl Tags {
    /// One
    #[command]
    async fn one(&self, ctx: &Context, #[cfg(test)] name: String) -> Result {
        Ok(())
    }

    #[listen]
    async fn two(&self, ctx: &Context, #[cfg(test)] message: Message) -> Result {
        Ok(())
    }

    #[button("three:{id}")]
    async fn three(&self, ctx: &Context, #[cfg(test)] id: u64) -> Result {
        Ok(())
    }

    #[setup]
    async fn four(#[cfg(test)] host: Host) -> Result<Self> {
        Ok(Self)
    }

    #[teardown]
    async fn five(&self) -> Result {
        Ok(())
    }

    #[teardown]
    async fn six(&self) -> Result {
        Ok(())
    }

    /// Seven
    #[cfg_attr(not(any()), command)]
    async fn seven(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[cfg_attr(all(), allow(unused), gearshift_cog::button("eight"))]
    async fn eight(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Nine
    #[command]
    #[cfg_attr(all(), cfg(any()))]
    async fn nine(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

fn main() {}
