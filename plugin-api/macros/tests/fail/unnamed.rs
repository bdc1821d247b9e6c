//! A type that fits any event does not name the event.
#![allow(unused)]

use gearshift_cog::{abi::RawEvent, prelude::*};

#[derive(Default)]
struct Log;

#[cog(export = false)]
impl Log {
    #[listen]
    async fn one(&self, ctx: &Context, event: RawEvent) -> Result {
        Ok(())
    }
}

fn main() {}
