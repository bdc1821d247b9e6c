//! What a type lacks is said once, with what to write.
#![allow(unused)]

use std::time::Instant;

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Clocks;

#[cog(export = false)]
impl Clocks {
    /// When
    #[command]
    async fn when(&self, ctx: &Context, at: Instant) -> Result {
        Ok(())
    }
}

#[derive(Default)]
struct Counter {
    count: u64,
}

#[cog(state = 1, export = false)]
impl Counter {}

fn main() {}
