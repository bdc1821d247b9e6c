//! A package can contain only one cog, even if two are in different modules.
#![crate_type = "cdylib"]
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Ping;

#[cog]
impl Ping {}

mod other {
    use gearshift_cog::prelude::*;

    #[derive(Default)]
    struct Pong;

    #[cog]
    impl Pong {}
}

fn main() {}
