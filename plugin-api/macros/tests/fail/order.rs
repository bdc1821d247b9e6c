//! The order of arguments is also checked at compile time where only their types reveal it.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Tags;

type Maybe = Option<u8>;

#[cog(export = false)]
impl Tags {
    /// One
    #[command]
    async fn one(&self, ctx: &Context, maybe: Maybe, surely: u8) -> Result {
        Ok(())
    }
}

fn main() {}
