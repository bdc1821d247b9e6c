//! A cog with a serenity version of its own: it parses events as that version's models and builds messages with its
//! builders.
#![forbid(unsafe_code)]

use gearshift_cog::{Cog, Context, Host, NewMessage, Result, abi::Event, events};
use serenity::{builder::CreateEmbed, model::channel::Message};

struct Vintage;

impl Cog for Vintage {
    const EVENTS: &'static [&'static str] = &[events::MESSAGE_CREATE];

    async fn setup(_host: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn event(&self, ctx: &Context, event: Event) -> Result {
        let message: Message = serde_json::from_str(&event.json())?;
        if message.content == "hello, vintage" {
            let mut embed = CreateEmbed::default();
            embed.title(format!("0.11 read {} of {}", message.content.len(), message.author.name));
            let embed = serde_json::to_value(&embed.0)?;
            ctx.reply(NewMessage::default().embed(embed)).await?;
        }
        Ok(())
    }
}

gearshift_cog::export!(Vintage);
