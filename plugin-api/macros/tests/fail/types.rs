//! A missing trait of a type is reported once, with what to write.
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

    /// Until
    #[command]
    async fn until(&self, ctx: &Context, at: Option<Instant>) -> Result {
        Ok(())
    }

    /// All
    #[command]
    async fn all(&self, ctx: &Context, all: Vec<Instant>) -> Result {
        Ok(())
    }

    #[user_menu("Since when")]
    async fn since(&self, ctx: &Context, user: Instant) -> Result {
        Ok(())
    }
}

#[derive(Modal)]
struct Alarm {
    at: Instant,
    or: Option<Instant>,
    all: Vec<Instant>,
}

#[derive(Default)]
struct Counter {
    count: u64,
}

#[cog(state = 1, export = false)]
impl Counter {}

fn main() {}
