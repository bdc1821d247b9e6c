//! The options of a command must be known, and their values valid.
#![allow(unused)]

use gearshift_cog::{abi::Message, prelude::*};

#[derive(Default)]
struct Tags;

#[cog(group("tag", "Notes", guildonly), colour = 1)]
impl Tags {
    /// One
    #[command(coldown = "3s")]
    async fn one(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Two
    #[command(permissions = "MANAGE_MESAGES")]
    async fn two(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Three
    #[command(permissions = "FLY")]
    async fn three(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Four
    #[command(cooldown = "often")]
    async fn four(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Five
    #[command(concurrency = "1 per planet")]
    async fn five(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Six
    #[command(guild_only = true)]
    async fn six(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Seven
    #[command(cooldown)]
    async fn seven(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Eight
    #[command("tag eight", slash_only)]
    async fn eight(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Nine
    #[command(name_xx = "neun")]
    async fn nine(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Ten
    #[command(guild_only, guild_only)]
    async fn ten(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[user_menu("Eleven", aliases("e"))]
    async fn eleven(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Twelve
    #[command(contexts(guilds))]
    async fn twelve(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[listen(chanels(1))]
    async fn thirteen(&self, ctx: &Context, message: Message) -> Result {
        Ok(())
    }

    #[listen("message create")]
    async fn fourteen(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[comand]
    async fn fifteen(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Sixteen
    #[command]
    #[every("30s")]
    async fn sixteen(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// The longest
    #[command(cooldown = "1000000d per user")]
    async fn longest(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

fn is_cog<C: Cog>() {}

fn main() {
    // That it is no cog follows from the above, and is not an error of its own.
    is_cog::<Tags>();
}
