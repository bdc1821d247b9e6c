//! The bot in serenity. It answers what a user of the simulator asks, and does not know how it is judged.

use std::error::Error;

use serenity::all::{ActionRowComponent, ClientBuilder};
use serenity::all::{
    AutocompleteChoice, Command, CommandInteraction, CommandOptionType, ComponentInteraction,
    ComponentInteractionDataKind, Context, CreateActionRow, CreateAttachment, CreateAutocompleteResponse,
    CreateButton, CreateCommand, CreateCommandOption, CreateEmbed, CreateInputText,
    CreateInteractionResponse, CreateInteractionResponseFollowup, CreateInteractionResponseMessage,
    CreateMessage, CreateModal, CreateSelectMenu, CreateSelectMenuKind, CreateSelectMenuOption,
    EditInteractionResponse, EditMessage, EventHandler, GatewayIntents, HttpBuilder, InputTextStyle,
    Interaction, Message, ModalInteraction, Ready, async_trait,
};

use super::{NAMES, Place};

pub(super) async fn run(place: Place) -> Result<(), Box<dyn Error + Send + Sync>> {
    let http = HttpBuilder::new(&place.token).proxy(place.api).ratelimiter_disabled(true).build();
    let mut client = ClientBuilder::new_with_http(http, GatewayIntents::all()).event_handler(Bot).await?;
    client.start().await?;
    Ok(())
}

struct Bot;

#[async_trait]
impl EventHandler for Bot {
    async fn ready(&self, context: Context, _: Ready) {
        let name = CreateCommandOption::new(CommandOptionType::String, "name", "Whom");
        let commands = vec![
            CreateCommand::new("greet")
                .description("Greets somebody")
                .add_option(name.required(true).set_autocomplete(true)),
            CreateCommand::new("later").description("Answers later"),
            CreateCommand::new("form").description("Opens a form"),
        ];
        report(Command::set_global_commands(&context, commands).await);
    }

    async fn message(&self, context: Context, message: Message) {
        if !message.author.bot {
            report(answer(&context, &message).await);
        }
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        report(match interaction {
            Interaction::Command(command) => run_command(&context, &command).await,
            Interaction::Autocomplete(typed) => offer(&context, &typed).await,
            Interaction::Component(used) => react_to(&context, &used).await,
            Interaction::Modal(form) => read_form(&context, &form).await,
            _ => Ok(()),
        });
    }
}

/// A failure is logged as a warning, which the judge sees.
fn report<T>(outcome: serenity::Result<T>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "failed");
    }
}

async fn answer(context: &Context, message: &Message) -> serenity::Result<()> {
    let channel = message.channel_id;
    match message.content.as_str() {
        "!ping" => message.reply(context, "pong").await.map(drop),
        "!embed" => {
            let embed =
                CreateEmbed::new().title("Title").description("Text").color(0x33_66FF).field("a", "b", false);
            channel.send_message(context, CreateMessage::new().embed(embed)).await.map(drop)
        }
        "!edit" => {
            let mut draft = message.reply(context, "draft").await?;
            draft.edit(context, EditMessage::new().content("final")).await?;
            message.react(context, '👍').await.map(drop)
        }
        "!menu" => {
            let options =
                vec![CreateSelectMenuOption::new("One", "1"), CreateSelectMenuOption::new("Two", "2")];
            let menu = CreateSelectMenu::new("pick", CreateSelectMenuKind::String { options });
            let rows = vec![
                CreateActionRow::Buttons(vec![CreateButton::new("press").label("Press")]),
                CreateActionRow::SelectMenu(menu),
            ];
            let menu = CreateMessage::new().content("menu").components(rows);
            channel.send_message(context, menu).await.map(drop)
        }
        "!tour" => super::serenity_tour::tour(context, message).await,
        "!file" => {
            let Some(file) = message.attachments.first() else { return Ok(()) };
            let text = String::from_utf8_lossy(&file.download().await?).to_uppercase();
            let file = CreateAttachment::bytes(text.into_bytes(), "out.txt");
            channel.send_message(context, CreateMessage::new().add_file(file)).await.map(drop)
        }
        _ => Ok(()),
    }
}

async fn run_command(context: &Context, command: &CommandInteraction) -> serenity::Result<()> {
    match command.data.name.as_str() {
        "greet" => {
            let name =
                command.data.options.first().and_then(|option| option.value.as_str()).unwrap_or_default();
            command.create_response(context, message(&format!("hello {name}"))).await
        }
        "later" => {
            command.defer(context).await?;
            command.edit_response(context, EditInteractionResponse::new().content("at last")).await?;
            let more = CreateInteractionResponseFollowup::new().content("and more").ephemeral(true);
            command.create_followup(context, more).await.map(drop)
        }
        _ => {
            let text = CreateInputText::new(InputTextStyle::Short, "Text", "text");
            let form = CreateModal::new("form", "Form").components(vec![CreateActionRow::InputText(text)]);
            command.create_response(context, CreateInteractionResponse::Modal(form)).await
        }
    }
}

async fn offer(context: &Context, typed: &CommandInteraction) -> serenity::Result<()> {
    let so_far = typed.data.autocomplete().map(|option| option.value.to_owned()).unwrap_or_default();
    let fits = NAMES.iter().filter(|name| name.starts_with(&so_far));
    let choices = fits.map(|name| AutocompleteChoice::new(*name, *name)).collect();
    let choices = CreateAutocompleteResponse::new().set_choices(choices);
    typed.create_response(context, CreateInteractionResponse::Autocomplete(choices)).await
}

async fn react_to(context: &Context, used: &ComponentInteraction) -> serenity::Result<()> {
    let answer = match &used.data.kind {
        ComponentInteractionDataKind::StringSelect { values } => {
            let picked = format!("picked {}", values.first().map(String::as_str).unwrap_or_default());
            let picked = CreateInteractionResponseMessage::new().content(picked).ephemeral(true);
            CreateInteractionResponse::Message(picked)
        }
        _ => CreateInteractionResponse::UpdateMessage(
            CreateInteractionResponseMessage::new().content("pressed"),
        ),
    };
    used.create_response(context, answer).await
}

async fn read_form(context: &Context, form: &ModalInteraction) -> serenity::Result<()> {
    let text = form.data.components.iter().flat_map(|row| &row.components).find_map(|part| match part {
        ActionRowComponent::InputText(text) => text.value.clone(),
        _ => None,
    });
    form.create_response(context, message(&format!("got {}", text.unwrap_or_default()))).await
}

fn message(text: &str) -> CreateInteractionResponse {
    CreateInteractionResponse::Message(CreateInteractionResponseMessage::new().content(text))
}
