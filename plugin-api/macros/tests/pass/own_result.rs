//! Names in an author's crate do not conflict: a `Result`, an `Option`, an `Ok`, a method named like one of the trait.
//! Attributes inside the block apply to it.
#![deny(warnings)]

use gearshift_cog::{Context, cog};

type Result<T> = std::result::Result<T, std::num::ParseIntError>;

#[allow(dead_code)]
struct Option;
#[allow(non_snake_case, dead_code)]
fn Ok() {}
#[allow(non_snake_case, dead_code)]
fn Some() {}

#[derive(Default)]
struct Sum;

#[cog]
impl Sum {
    #![allow(non_snake_case)]

    /// Adds numbers
    #[command]
    async fn command(&self, _ctx: &Context, arguments: String, ctx: std::option::Option<u8>) -> Result<()> {
        let _ = (arguments.parse::<u64>()?, ctx);
        Result::Ok(())
    }

    #[allow(dead_code)]
    fn Unused() {}

    #[every("1h")]
    async fn task(&self, _ctx: &Context) -> Result<()> {
        Result::Ok(())
    }

    /// Is not there
    #[cfg(any())]
    #[command]
    async fn absent(&self, ctx: &Context) -> Nothing {}

    #[cfg(any())]
    #[listen]
    async fn unneeded(&self, ctx: &Context, event: Nothing) -> Nothing {}
}

fn main() {}
