//! What could never work is a compile error at its source.
#![allow(unused)]

use gearshift_cog::{abi::Message, manifest::{Command, Filter}, prelude::*};

#[cog(unit, export = false)]
impl Words {
    /// One
    #[command(fields = "not json")]
    async fn one(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[cog(unit, export = false)]
impl Braces {
    /// Two
    #[command(fields = r#"{"handler":1}"#)]
    async fn two(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[cog(unit, export = false)]
impl Named {
    /// Three
    #[command(fields = r#""name":"other""#)]
    async fn three(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[cog(unit, export = false)]
impl Permitted {
    /// Four
    #[command(dm_only, permissions = "BAN_MEMBERS")]
    async fn four(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[cog(unit, export = false)]
impl Placed {
    #[listen("READY", channels(1))]
    async fn five(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[cog(unit, export = false)]
impl Caused {
    #[listen("MESSAGE_DELETE", skip_bots)]
    async fn six(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[cog(unit, export = false)]
impl Read {
    #[listen("READY")]
    async fn seven(&self, ctx: &Context, message: Message) -> Result {
        Ok(())
    }

    #[listen("MESSAGE_UPDATE")]
    async fn eight(&self, ctx: &Context, message: Message) -> Result {
        Ok(())
    }
}

const ONE: &[Command] = Words::COMMANDS;
const TWO: &[Command] = Braces::COMMANDS;
const THREE: &[Command] = Named::COMMANDS;
const FOUR: &[Command] = Permitted::COMMANDS;
const FIVE: &[Filter] = Placed::FILTERS;
const SIX: &[Filter] = Caused::FILTERS;
const SEVEN: &[&str] = Read::EVENTS;

fn main() {}
