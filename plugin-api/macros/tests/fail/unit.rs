//! The struct of a cog without fields is declared once, and holds no state.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Ping;

#[cog(unit, export = false)]
impl Ping {}

#[cog(unit, state = 1, export = false)]
impl Counter {}

mod inner {}

#[cog(unit, export = false)]
impl inner::Tags {}

#[cog(unit = true, export = false)]
impl Poll {}

fn main() {}
