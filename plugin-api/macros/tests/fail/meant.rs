//! Near misses are answered with what was probably meant.
#![allow(unused)]

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Modal)]
struct Report {
    what: String,
}

#[cog(unit, export = false)]
impl Meant {
    /// One
    #[command]
    async fn one(&self, ctx: &mut Context) -> Result {
        Ok(())
    }

    /// Two
    #[command]
    async unsafe fn two(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Three
    #[command]
    async extern "C" fn three(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[button("{id}")]
    async fn four(&self, ctx: &Context, id: u64) -> Result {
        Ok(())
    }

    #[select("five")]
    async fn five(&self, ctx: &Context, chosen: Vec<String>) -> Result {
        Ok(())
    }

    #[modal("six:{id}")]
    async fn six(&self, ctx: &Context, report: Report, id: u64) -> Result {
        Ok(())
    }

    #[listen("MESAGE_CREATE")]
    async fn seven(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[listen("MESSAGE_CREATE", channels("41771983423143937"))]
    async fn eight(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Nine
    #[command(roles(0))]
    async fn nine(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Ten
    #[command("tag  add")]
    async fn ten(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

struct Old;

#[derive(Default, Serialize, Deserialize)]
struct Kept;

#[cog(state = 2, export = false)]
impl Kept {
    #[migrate(1)]
    fn first(old: &Old) -> Self {
        Self
    }
}

#[derive(Deserialize)]
struct Settings;

#[derive(Default, Serialize, Deserialize)]
struct Both;

#[cog(state = 1, settings = Settings, export = false)]
impl Both {
    #[setup]
    async fn build(host: Host, settings: Settings) -> Result<Self> {
        Ok(Self)
    }
}

#[derive(Choice)]
enum Color {
    #[choice(name = "Dark red")]
    Red,
}

fn main() {}
