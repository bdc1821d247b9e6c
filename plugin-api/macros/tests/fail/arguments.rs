//! Arguments must be in an order that a user can fill in, and their attributes must fit their types.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Tags;

struct Channel;

#[cog]
impl Tags {
    /// One
    #[command]
    async fn one(&self, ctx: &Context, maybe: Option<u8>, surely: u8) -> Result {
        Ok(())
    }

    /// Two
    #[command]
    async fn two(&self, ctx: &Context, words: Vec<String>, more: Option<u8>) -> Result {
        Ok(())
    }

    /// Three
    #[command]
    async fn three(&self, ctx: &Context, #[autocomplete = Self::names] yes: bool) -> Result {
        Ok(())
    }

    /// Four
    #[command]
    async fn four(&self, ctx: &Context, #[min = 1] name: String) -> Result {
        Ok(())
    }

    /// Five
    #[command]
    async fn five(&self, ctx: &Context, #[max_length = 5] count: Option<u8>) -> Result {
        Ok(())
    }

    /// Six
    #[command]
    async fn six(&self, ctx: &Context, #[descibe = "a count"] count: u8) -> Result {
        Ok(())
    }

    /// Seven
    #[command]
    async fn seven(&self, ctx: &Context, #[rename = "The Count"] count: u8) -> Result {
        Ok(())
    }

    /// Eight
    #[command]
    async fn eight(&self, ctx: &Context, #[min = 5] #[max = 1] count: u8) -> Result {
        Ok(())
    }

    /// Nine
    #[command]
    async fn nine(&self, ctx: &Context, #[min = "one"] count: u8) -> Result {
        Ok(())
    }

    /// Ten
    #[command]
    async fn ten(&self, ctx: &Context, #[channel_types(txt)] channel: Channel) -> Result {
        Ok(())
    }

    /// Eleven
    #[command]
    async fn eleven(&self, ctx: &Context, #[describe = ""] count: u8) -> Result {
        Ok(())
    }

    /// Twelve
    #[command]
    async fn twelve(&self, ctx: &Context, count: u8, #[rename = "count"] other: u8) -> Result {
        Ok(())
    }

    /// Thirteen
    #[command]
    async fn thirteen(&self, ctx: &Context, #[choices(red)] color: String) -> Result {
        Ok(())
    }
}

fn main() {}
