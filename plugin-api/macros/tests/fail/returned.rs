//! A handler returns only whether it failed.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Tags;

#[cog(export = false)]
impl Tags {
    /// Returns a number
    #[command]
    async fn one(&self, ctx: &Context) -> Result<u8> {
        Ok(4)
    }
}

fn main() {}
