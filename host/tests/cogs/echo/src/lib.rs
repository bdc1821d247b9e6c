//! `!echo [text]` answers `pong [text]`, whatever name a test has given the command in the manifest: written with the
//! plain trait, it does not check what it was called by.
#![forbid(unsafe_code)]

use gearshift_cog::prelude::*;

struct Echo;

impl Cog for Echo {
    const COMMANDS: &'static [Command] =
        &[Command::new("echo", "Answers with pong").options(&[Opt::string("text", "What to say back")])];

    async fn setup(_host: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        let text = ctx.option("text").unwrap_or_default();
        ctx.reply(format!("pong {text}").trim_end()).await?;
        Ok(())
    }
}

gearshift_cog::export!(Echo);
