//! The limits of a form's field must fit its type.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Modal)]
struct Ticked {
    #[field(at_least = 1)]
    sure: bool,
}

#[derive(Modal)]
struct Limited {
    #[field(at_most = 0)]
    text: String,
}

fn main() {}
