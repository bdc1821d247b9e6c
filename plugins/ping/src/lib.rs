//! `!ping [text]` and `/ping text:` answer `pong [text]`. The template for a cog of yours; it keeps no state.
#![forbid(unsafe_code)]

use gearshift_cog::prelude::*;

struct Ping;

impl Cog for Ping {
    const COMMANDS: &'static [Command] =
        &[Command::new("ping", "Answers with pong").options(&[Opt::string("text", "What to say back")])];

    async fn setup(_host: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        let text = ctx.option("text").unwrap_or_default();
        ctx.reply(format!("pong {text}").trim_end()).await?;
        Ok(())
    }
}

gearshift_cog::export!(Ping);
