//! The attributes are allowed only where they mean something.
#![allow(unused)]

use gearshift_cog::prelude::*;

struct Ping;

impl Ping {
    #[command]
    async fn ping(&self, ctx: &Context) -> Result {
        ctx.reply("pong").await
    }
}

#[listen]
async fn said(ctx: &Context, message: Message) -> Result {
    Ok(())
}

#[cog]
struct Pong;

struct Many<T>(T);

#[cog]
impl<T> Many<T> {}

struct Lent<'a>(&'a str);

#[cog]
impl Lent<'_> {}

#[cog]
impl Cog for Ping {}

fn main() {}
