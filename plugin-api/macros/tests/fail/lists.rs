//! Limits for single values are not allowed on lists, nor next to choices.
#![allow(unused)]

use gearshift_cog::prelude::*;

struct GuildChannel;

#[cog(unit, export = false)]
impl Dice {
    /// One
    #[command]
    async fn one(&self, ctx: &Context, #[min = 1] dice: Vec<u8>) -> Result {
        Ok(())
    }

    /// Two
    #[command]
    async fn two(&self, ctx: &Context, #[max_length = 5] words: Option<Vec<String>>) -> Result {
        Ok(())
    }

    /// Three
    #[command]
    async fn three(&self, ctx: &Context, #[choices("a", "b")] words: Vec<String>) -> Result {
        Ok(())
    }

    /// Four
    #[command]
    async fn four(&self, ctx: &Context, #[channel_types(text)] channels: Vec<GuildChannel>) -> Result {
        Ok(())
    }

    /// Five
    #[command]
    async fn five(&self, ctx: &Context, #[min = 5] #[choices(1, 2)] count: u8) -> Result {
        Ok(())
    }
}

#[derive(Modal)]
struct Form {
    people: Option<Vec<u64>>,
}

fn main() {}
