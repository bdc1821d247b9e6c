//! A cog can ask only for handles that hosts have.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[cog(unit, handles("discord.reply", "storage"), export = false)]
impl Ping {}

#[cog(unit, handles("store:7"), export = false)]
impl Tags {}

#[cog(unit, handles = "store", export = false)]
impl Poll {}

#[cog(unit, handles(), export = false)]
impl Nothing {}

fn main() {
    assert_eq!(Nothing::HANDLES, Some(&[][..]));
}
