//! What a cog can have only once must not be repeated, and such an attribute takes no arguments.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Ping;

#[cog]
impl Ping {
    #[setup]
    async fn one(host: Host) -> Result<Self> {
        Ok(Self)
    }

    #[setup]
    async fn two(host: Host) -> Result<Self> {
        Ok(Self)
    }

    #[teardown(late)]
    async fn three(&self) -> Result {
        Ok(())
    }

    #[every("30s")]
    async fn beat(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[task("beat")]
    async fn again(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[derive(Default)]
struct Pong;

#[cog(state = 1, state = 2, export = false)]
impl Pong {
    /// Is renamed in German
    #[command(name_de = "eins", name_DE = "zwei")]
    async fn one(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Has a count
    #[command]
    async fn two(&self, ctx: &Context, #[min = 1] #[min = 2] count: u8) -> Result {
        Ok(())
    }

    /// Is in a guild
    #[command(guilds(41, 42, 41))]
    async fn three(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Is in a context
    #[command(contexts(guild, bot_dm, guild))]
    async fn four(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[listen("READY", skip_bots, skip_bots)]
    async fn five(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[daily("09:00", tz = "UTC", tz = "Europe/Berlin")]
    async fn six(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[derive(Choice)]
enum Color {
    #[choice("Red")]
    #[choice("Crimson")]
    Red,
    #[choice(name_de = "Blau", name_de = "Himmelblau")]
    Blue,
}

fn main() {}
