//! `!ping [text]` and `/ping text:` answer `pong [text]`: the bot of `plugins/ping` in static poise, as its users write it.
//! It is independent of Gearshift, and nothing is measured here.

use std::env;

use poise::{PrefixFrameworkOptions, serenity_prelude as serenity};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Context<'a> = poise::Context<'a, (), Error>;

/// Answers with pong.
#[poise::command(slash_command, prefix_command)]
async fn ping(context: Context<'_>, #[rest] text: Option<String>) -> Result<(), Error> {
    let answer = format!("pong {}", text.unwrap_or_default());
    context.reply(answer.trim_end()).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let token = env::var("DISCORD_TOKEN")?;
    let base = env::var("DISCORD_BASE_URL")?;
    let intents = serenity::GatewayIntents::non_privileged() | serenity::GatewayIntents::MESSAGE_CONTENT;
    let framework = poise::Framework::builder()
        .options(poise::FrameworkOptions {
            commands: vec![ping()],
            prefix_options: PrefixFrameworkOptions { prefix: Some("!".into()), ..Default::default() },
            ..Default::default()
        })
        .setup(|context, _ready, framework| {
            Box::pin(async move {
                poise::builtins::register_globally(context, &framework.options().commands).await?;
                Ok(())
            })
        })
        .build();
    // Serenity's rate limiter ignores the proxy, so a bot that uses one has to turn it off. That favours poise: it
    // saves work that it has on the real Discord, while Gearshift's own limits stay on.
    let http = serenity::HttpBuilder::new(token).proxy(base).ratelimiter_disabled(true).build();
    let mut client = serenity::ClientBuilder::new_with_http(http, intents).framework(framework).await?;
    Ok(client.start().await?)
}
