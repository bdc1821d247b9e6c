//! A condition is allowed on a method, not on a parameter.
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
}

fn main() {}
