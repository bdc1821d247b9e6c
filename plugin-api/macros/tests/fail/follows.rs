//! Only the actual mistake is reported, not what follows from it.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Paint;

#[cog(group("paint", "Paints"), export = false)]
impl Paint {
    /// A wrong attribute is not a group without commands
    #[command("paint wall", colours = 3)]
    async fn wall(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[derive(Default)]
struct Tags;

#[cog(group("tag"), export = false)]
impl Tags {
    /// A group that is lost is declared
    #[command("tag add")]
    async fn add(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

struct Old;

#[derive(Default)]
struct Kept;

#[cog(state = "two", settings = 3, export = false)]
impl Kept {
    #[migrate(1)]
    fn first(old: Old) -> Self {
        Self
    }

    #[setup]
    async fn build(host: Host, settings: u8) -> Result<Self> {
        Ok(Self)
    }
}

fn main() {}
