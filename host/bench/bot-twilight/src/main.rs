//! `!ping [text]` and `/ping text:` answer `pong [text]`: the bot of `plugins/ping` on twilight, as its users write it.
//! It is independent of Gearshift, and nothing is measured here.

use std::{env, sync::Arc};

use twilight_gateway::{
    ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _,
    error::ReceiveMessageErrorType,
};
use twilight_http::Client;
use twilight_model::{
    application::{
        command::{Command, CommandOption, CommandOptionType, CommandType},
        interaction::{Interaction, InteractionData, application_command::CommandOptionValue},
    },
    gateway::payload::incoming::{MessageCreate, Ready},
    http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType},
    oauth::ApplicationIntegrationType,
};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    // The TLS provider for the whole process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let token = env::var("DISCORD_TOKEN")?;
    let base = env::var("DISCORD_BASE_URL")?;
    let host = base.strip_prefix("http://").ok_or("DISCORD_BASE_URL does not begin with http://")?;
    // Without the rate limiter, which waits for the headers of the previous call. That favours twilight: it saves work
    // that it has on the real Discord, while Gearshift's own limits stay on.
    let http = Client::builder().token(token.clone()).proxy(host.to_owned(), true).ratelimiter(None).build();
    let http = Arc::new(http);
    let intents =
        Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::DIRECT_MESSAGES | Intents::MESSAGE_CONTENT;
    let gateway = http.gateway().await?.model().await?.url;
    let config =
        ConfigBuilder::new(token, intents).proxy_url(gateway.trim_end_matches('/').to_owned()).build();
    let mut shard = Shard::with_config(ShardId::ONE, config);
    let wanted = EventTypeFlags::READY | EventTypeFlags::MESSAGE_CREATE | EventTypeFlags::INTERACTION_CREATE;
    while let Some(item) = shard.next_event(wanted).await {
        match item {
            Ok(event) => drop(tokio::spawn(handle(event, Arc::clone(&http)))),
            Err(error) if matches!(error.kind(), ReceiveMessageErrorType::Reconnect) => {}
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(())
}

async fn handle(event: Event, http: Arc<Client>) {
    let result = match event {
        Event::Ready(ready) => register(&ready, &http).await,
        Event::MessageCreate(message) => message_created(&message, &http).await,
        Event::InteractionCreate(interaction) => invoked(&interaction, &http).await,
        _ => Ok(()),
    };
    if let Err(error) = result {
        eprintln!("{error}");
    }
}

async fn register(ready: &Ready, http: &Client) -> Result<(), Error> {
    let text = CommandOption {
        autocomplete: None,
        channel_types: None,
        choices: None,
        description: "What to say back".to_owned(),
        description_localizations: None,
        file_types: None,
        kind: CommandOptionType::String,
        max_length: None,
        max_value: None,
        min_length: None,
        min_value: None,
        name: "text".to_owned(),
        name_localizations: None,
        options: None,
        required: None,
    };
    #[expect(deprecated, reason = "a field that must be given")]
    let ping = Command {
        application_id: None,
        contexts: None,
        default_member_permissions: None,
        description: "Answers with pong".to_owned(),
        description_localizations: None,
        dm_permission: None,
        guild_id: None,
        id: None,
        integration_types: Some(vec![ApplicationIntegrationType::GuildInstall]),
        kind: CommandType::ChatInput,
        name: "ping".to_owned(),
        name_localizations: None,
        nsfw: None,
        options: vec![text],
        version: twilight_model::id::Id::new(1),
    };
    http.interaction(ready.application.id).set_global_commands(&[ping]).await?;
    Ok(())
}

fn pong(text: &str) -> String {
    format!("pong {text}").trim_end().to_owned()
}

async fn message_created(message: &MessageCreate, http: &Client) -> Result<(), Error> {
    if message.author.bot {
        return Ok(());
    }
    let Some(text) = message.content.strip_prefix("!ping") else { return Ok(()) };
    http.create_message(message.channel_id).reply(message.id).content(&pong(text.trim())).await?;
    Ok(())
}

async fn invoked(interaction: &Interaction, http: &Client) -> Result<(), Error> {
    let Some(InteractionData::ApplicationCommand(command)) = &interaction.data else { return Ok(()) };
    let text = command.options.iter().find_map(|option| match &option.value {
        CommandOptionValue::String(text) if option.name == "text" => Some(text.as_str()),
        _ => None,
    });
    let data =
        InteractionResponseData { content: Some(pong(text.unwrap_or_default())), ..Default::default() };
    let kind = InteractionResponseType::ChannelMessageWithSource;
    let response = InteractionResponse { kind, data: Some(data) };
    http.interaction(interaction.application_id)
        .create_response(interaction.id, &interaction.token, &response)
        .await?;
    Ok(())
}
