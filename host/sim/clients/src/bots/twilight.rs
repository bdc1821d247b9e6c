//! The bot in twilight. It answers what a user of the simulator asks, and does not know how it is judged.

use std::error::Error;

use serde_json::{Value, json};
use twilight_gateway::{ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _};
use twilight_http::Client;
use twilight_http::request::channel::reaction::RequestReactionType;
use twilight_model::application::command::Command;
use twilight_model::application::interaction::application_command::CommandOptionValue;
use twilight_model::application::interaction::modal::ModalInteractionComponent;
use twilight_model::application::interaction::{Interaction, InteractionData, InteractionType};
use twilight_model::channel::Message;
use twilight_model::channel::message::{Component, Embed};
use twilight_model::http::attachment::Attachment;
use twilight_model::http::interaction::InteractionResponse;
use twilight_model::id::Id;
use twilight_model::id::marker::ApplicationMarker;

use super::{NAMES, Place};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

pub(super) async fn run(place: Place) -> Outcome {
    let api = place.api.trim_start_matches("http://").to_owned();
    let bot = Bot {
        client: Client::builder().token(place.token.clone()).proxy(api, true).build(),
        web: reqwest::Client::new(),
    };
    let application = bot.client.current_user_application().await?.model().await?.id;
    let commands: Vec<Command> = [
        json!({ "name": "greet", "description": "Greets somebody", "options": [
            { "type": 3, "name": "name", "description": "Whom", "required": true, "autocomplete": true },
        ] }),
        json!({ "name": "later", "description": "Answers later" }),
        json!({ "name": "form", "description": "Opens a form" }),
    ]
    .into_iter()
    .map(command)
    .collect::<Result<_, _>>()?;
    bot.client.interaction(application).set_global_commands(&commands).await?;
    let config = ConfigBuilder::new(place.token, Intents::all()).proxy_url(place.gateway).build();
    let mut shard = Shard::with_config(ShardId::ONE, config);
    while let Some(event) = shard.next_event(EventTypeFlags::all()).await {
        let outcome = match event {
            Ok(Event::MessageCreate(message)) if !message.author.bot => bot.answer(&message).await,
            Ok(Event::InteractionCreate(interaction)) => bot.interact(application, &interaction).await,
            Ok(_) => Ok(()),
            // A lost connection is reported as an error and then restored.
            Err(error) if format!("{error:?}").contains("WebSocket") => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "failed");
        }
    }
    Ok(())
}

struct Bot {
    client: Client,
    web: reqwest::Client,
}

impl Bot {
    async fn answer(&self, message: &Message) -> Outcome {
        let post = || self.client.create_message(message.channel_id);
        match message.content.as_str() {
            "!ping" => {
                post().reply(message.id).content("pong").await?;
            }
            "!embed" => {
                let embed: Embed = model(json!({ "type": "rich", "title": "Title", "description": "Text",
                    "color": 0x33_66FF, "fields": [{ "name": "a", "value": "b", "inline": false }] }))?;
                post().embeds(&[embed]).await?;
            }
            "!edit" => {
                let draft = post().reply(message.id).content("draft").await?.model().await?;
                self.client.update_message(draft.channel_id, draft.id).content(Some("final")).await?;
                let thumb = RequestReactionType::Unicode { name: "👍" };
                self.client.create_reaction(message.channel_id, message.id, &thumb).await?;
            }
            "!menu" => {
                let rows: Vec<Component> = model(json!([
                    { "type": 1, "components": [{ "type": 2, "style": 1, "label": "Press", "custom_id": "press" }] },
                    { "type": 1, "components": [{ "type": 3, "custom_id": "pick", "options": [
                        { "label": "One", "value": "1", "default": false }, { "label": "Two", "value": "2", "default": false },
                    ] }] },
                ]))?;
                post().content("menu").components(&rows).await?;
            }
            "!tour" => super::twilight_tour::tour(&self.client, message).await?,
            "!file" => {
                let url = message.attachments.first().map(|file| file.url.clone()).unwrap_or_default();
                let text = self.web.get(url).send().await?.text().await?.to_uppercase();
                let file = Attachment::from_bytes("out.txt".to_owned(), text.into_bytes(), 0);
                post().attachments(&[file]).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn interact(&self, application: Id<ApplicationMarker>, interaction: &Interaction) -> Outcome {
        let api = self.client.interaction(application);
        let respond = async |response: Value| -> Outcome {
            let response: InteractionResponse = model(response)?;
            api.create_response(interaction.id, &interaction.token, &response).await?;
            Ok(())
        };
        let message = |text: String| json!({ "type": 4, "data": { "content": text } });
        match &interaction.data {
            Some(InteractionData::ApplicationCommand(data)) => {
                let value = data.options.first().map(|option| option.value.clone());
                match (data.name.as_str(), value) {
                    (_, Some(CommandOptionValue::Focused(typed, _)))
                        if interaction.kind == InteractionType::ApplicationCommandAutocomplete =>
                    {
                        let fits = NAMES.iter().filter(|name| name.starts_with(&typed));
                        let choices: Vec<Value> =
                            fits.map(|name| json!({ "name": name, "value": name })).collect();
                        respond(json!({ "type": 8, "data": { "choices": choices } })).await
                    }
                    ("greet", Some(CommandOptionValue::String(name))) => {
                        respond(message(format!("hello {name}"))).await
                    }
                    ("later", _) => {
                        respond(json!({ "type": 5 })).await?;
                        api.update_response(&interaction.token).content(Some("at last")).await?;
                        let more = api.create_followup(&interaction.token).content("and more");
                        more.flags(twilight_model::channel::message::MessageFlags::EPHEMERAL).await?;
                        Ok(())
                    }
                    _ => {
                        let text = json!({ "type": 4, "custom_id": "text", "style": 1, "label": "Text" });
                        let rows = json!([{ "type": 1, "components": [text] }]);
                        respond(json!({ "type": 9, "data": { "custom_id": "form", "title": "Form", "components": rows } }))
                            .await
                    }
                }
            }
            Some(InteractionData::MessageComponent(data)) => {
                match data.values.first() {
                    Some(value) => respond(
                        json!({ "type": 4, "data": { "content": format!("picked {value}"), "flags": 64 } }),
                    )
                    .await,
                    None => respond(json!({ "type": 7, "data": { "content": "pressed" } })).await,
                }
            }
            Some(InteractionData::ModalSubmit(data)) => {
                let text = data.components.iter().find_map(typed_text).unwrap_or_default();
                respond(message(format!("got {text}"))).await
            }
            _ => Ok(()),
        }
    }
}

fn typed_text(component: &ModalInteractionComponent) -> Option<String> {
    match component {
        ModalInteractionComponent::ActionRow(row) => row.components.iter().find_map(typed_text),
        ModalInteractionComponent::TextInput(text) => Some(text.value.clone()),
        _ => None,
    }
}

/// A command, with the additional fields that twilight's type requires.
fn command(mut body: Value) -> Result<Command, serde_json::Error> {
    body["type"] = json!(1);
    body["version"] = json!("1");
    model(body)
}

/// twilight's models are plain data that serde can read.
fn model<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(value)
}
