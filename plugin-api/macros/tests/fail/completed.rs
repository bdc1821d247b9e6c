//! An argument whose type only the compiler knows cannot have autocomplete unless it is text or a number.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Tags;

type Truth = bool;

#[cog(export = false)]
impl Tags {
    /// One
    #[command]
    async fn one(&self, ctx: &Context, #[autocomplete = Self::names] truth: Truth) -> Result {
        Ok(())
    }

    async fn names(&self, ctx: &Context, typed: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

fn main() {}
