//! A package has one cog, whatever modules two of them are in.
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
