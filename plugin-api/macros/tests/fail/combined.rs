//! Options of a command that are fine one by one, but not together: the command could never be called.
#![allow(unused)]

use gearshift_cog::{Argument, ArgumentError, Given, manifest::Command, prelude::*};

#[cog(unit, export = false)]
impl One {
    /// One
    #[command(slash_only, prefix_only)]
    async fn one(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[cog(unit, export = false)]
impl Two {
    /// Two
    #[command(guild_only, dm_only)]
    async fn two(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

struct Color(String);

impl Argument for Color {
    const OPTION: gearshift_cog::manifest::OptionType = gearshift_cog::manifest::OptionType::new(3);

    async fn read(given: Given<'_>) -> std::result::Result<Self, ArgumentError> {
        Ok(Self(given.text().to_owned()))
    }
}

#[cog(unit, export = false)]
impl Three {
    /// Three
    #[command]
    async fn three(&self, ctx: &Context, #[channel_types(text)] color: Color) -> Result {
        Ok(())
    }
}

const ONE: &[Command] = One::COMMANDS;
const TWO: &[Command] = Two::COMMANDS;
const THREE: &[Command] = Three::COMMANDS;

fn main() {}
