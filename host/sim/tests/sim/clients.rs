//! serenity's own client, which is third-party code, on the built-in Discord.

use std::sync::Arc;
use std::time::Duration;

use gearshift_sim::{EntryKind, Sim, SimOptions};
use serenity::all::{
    Command, CommandInteraction, Context, CreateCommand, CreateCommandOption, CreateInteractionResponse,
    CreateInteractionResponseFollowup, CreateInteractionResponseMessage, CreateMessage, EditMessage,
    EventHandler, GatewayIntents, Guild, HttpBuilder, Interaction, Message, Ready, ResumedEvent,
};
use serenity::all::{CommandOptionType, async_trait};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::raw::{PATIENCE, options};

/// What the bot under test received.
#[derive(Debug)]
enum Received {
    Ready(String),
    Guild(String, usize, usize),
    Message(String),
    Resumed,
}

struct Bot {
    heard: UnboundedSender<Received>,
}

#[async_trait]
impl EventHandler for Bot {
    async fn ready(&self, context: Context, ready: Ready) {
        let option =
            CreateCommandOption::new(CommandOptionType::String, "text", "What to say").required(true);
        let ping = CreateCommand::new("ping").description("Answers").add_option(option);
        Command::set_global_commands(&context, vec![ping]).await.unwrap();
        self.heard.send(Received::Ready(ready.user.name.clone())).unwrap();
    }

    async fn guild_create(&self, _: Context, guild: Guild, _: Option<bool>) {
        let _ = self.heard.send(Received::Guild(guild.name, guild.channels.len(), guild.members.len()));
    }

    async fn message(&self, context: Context, message: Message) {
        if message.author.bot {
            return;
        }
        if let Some(text) = message.content.strip_prefix("!ping ") {
            let mut reply = message.reply(&context, format!("pong {text}")).await.unwrap();
            if text == "edit" {
                reply.edit(&context, EditMessage::new().content("edited")).await.unwrap();
                message.react(&context, '👍').await.unwrap();
            }
        }
        if message.content == "!file" {
            let file = serenity::all::CreateAttachment::bytes(b"hello".as_slice(), "hello.txt");
            message.channel_id.send_message(&context, CreateMessage::new().add_file(file)).await.unwrap();
        }
        let _ = self.heard.send(Received::Message(message.content));
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        let _ = self.heard.send(Received::Resumed);
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        if let Interaction::Command(command) = interaction {
            answer(&context, &command).await;
        }
    }
}

async fn answer(context: &Context, command: &CommandInteraction) {
    let text = command.data.options[0].value.as_str().unwrap();
    if text == "later" {
        command.defer_ephemeral(context).await.unwrap();
        let later = CreateInteractionResponseFollowup::new().content("pong later");
        command.create_followup(context, later).await.unwrap();
        return;
    }
    let message = CreateInteractionResponseMessage::new().content(format!("pong {text}"));
    command.create_response(context, CreateInteractionResponse::Message(message)).await.unwrap();
}

struct Running {
    sim: Sim,
    heard: UnboundedReceiver<Received>,
    /// Name, channels and members of the guilds that were sent with READY.
    guilds: Vec<(String, usize, usize)>,
    task: JoinHandle<()>,
    shards: Arc<serenity::all::ShardManager>,
}

impl Running {
    async fn start() -> Self {
        let sim = Sim::start(options()).await.unwrap();
        let (sender, heard) = unbounded_channel();
        let http = HttpBuilder::new(sim.token()).proxy(sim.base_url()).ratelimiter_disabled(true).build();
        let intents = GatewayIntents::all();
        let mut client = serenity::client::ClientBuilder::new_with_http(http, intents)
            .event_handler(Bot { heard: sender })
            .await
            .unwrap();
        let shards = client.shard_manager.clone();
        let task = tokio::spawn(async move { client.start().await.unwrap() });
        let mut running = Self { sim, heard, guilds: Vec::new(), task, shards };
        // Handlers run concurrently, so guilds may arrive before READY was handled.
        let mut ready = None;
        while ready.is_none() || running.guilds.len() < 2 {
            match running.until(Some).await {
                Received::Ready(name) => ready = Some(name),
                Received::Guild(name, channels, members) => running.guilds.push((name, channels, members)),
                other => panic!("unexpected: {other:?}"),
            }
        }
        assert_eq!(ready.as_deref(), Some("bot"));
        running
    }

    async fn until<T>(&mut self, pick: impl Fn(Received) -> Option<T>) -> T {
        timeout(PATIENCE, async {
            loop {
                let heard = self.heard.recv().await.expect("the bot is running");
                if let Some(found) = pick(heard) {
                    return found;
                }
            }
        })
        .await
        .expect("heard within the bound")
    }

    async fn message(&mut self, text: &str) {
        self.until(|heard| matches!(heard, Received::Message(content) if content == text).then_some(()))
            .await;
    }

    async fn end(self) {
        assert_eq!(self.sim.unknown_routes(), [], "every route that serenity calls exists");
        self.shards.shutdown_all().await;
        self.task.await.unwrap();
        self.sim.close().await;
    }
}

#[tokio::test]
async fn serenity_gets_complete_guilds_and_answers_a_message() {
    let bot = Running::start().await;
    let harbour = bot.guilds.iter().find(|guild| guild.0 == "Harbour");
    assert_eq!(harbour, Some(&("Harbour".to_owned(), 5, 6)), "five channels, five people and the bot");
    let alice = bot.sim.member("alice").unwrap();
    let said = alice.say("general", "!ping hi").await.unwrap();
    let reply = bot.sim.reply_to(said, PATIENCE).await.expect("a reply");
    assert_eq!(reply.content, "pong hi");
    assert_eq!(reply.author.username, "bot");
    bot.end().await;
}

#[tokio::test]
async fn serenity_edits_reacts_and_uploads() {
    let bot = Running::start().await;
    let alice = bot.sim.member("alice").unwrap();
    alice.say("general", "!ping edit").await.unwrap();
    let deadline = std::time::Instant::now() + PATIENCE;
    let reacted = bot
        .sim
        .until(deadline, |entry| matches!(&entry.kind, EntryKind::Reacted { added: true, .. }).then_some(()))
        .await;
    assert!(reacted.is_some());
    let messages = bot.sim.messages("general").unwrap();
    assert_eq!(messages[1].content, "edited");
    assert_eq!(messages[0].reactions[0].emoji.name, "👍");

    let asked = alice.say("general", "!file").await.unwrap();
    let upload = bot.sim.bot_message_after(asked, PATIENCE).await.expect("a file");
    let file = &upload.attachments[0];
    assert_eq!((file.filename.as_str(), file.size), ("hello.txt", 5));
    let back = reqwest::get(&file.url).await.unwrap().text().await.unwrap();
    assert_eq!(back, "hello");
    bot.end().await;
}

#[tokio::test]
async fn serenity_registers_a_command_and_answers_it() {
    let bot = Running::start().await;
    let alice = bot.sim.member("alice").unwrap();
    let answer = alice.slash("ping", [("text", "hi")]).await.unwrap().answered(PATIENCE).await.unwrap();
    assert_eq!(answer.content, "pong hi");
    let later = alice.slash("ping", [("text", "later")]).await.unwrap();
    let answer = later.answered(PATIENCE).await.unwrap();
    assert_eq!(answer.content, "pong later");
    assert!(answer.is_ephemeral());
    assert!(bot.sim.messages("general").unwrap().iter().all(|message| message.content != "pong later"));
    bot.end().await;
}

#[tokio::test]
async fn serenity_resumes_after_a_dropped_connection_and_loses_nothing() {
    let mut bot = Running::start().await;
    let alice = bot.sim.member("alice").unwrap();
    for round in 0..3 {
        assert_eq!(bot.sim.gateway().drop_sockets(), 1);
        // Sent while the bot is disconnected: replayed on RESUME.
        let text = format!("round {round}");
        alice.say("general", &text).await.unwrap();
        bot.message(&text).await;
        assert!(bot.sim.connected(1, PATIENCE).await);
    }
    let resumed = || {
        let history = bot.sim.transcript().history();
        history.iter().filter(|entry| entry.to_string().contains("resumed from")).count()
    };
    assert_eq!(resumed(), 3);
    bot.end().await;
}

#[tokio::test]
async fn serenity_follows_a_request_to_reconnect() {
    let mut bot = Running::start().await;
    let alice = bot.sim.member("alice").unwrap();
    assert_eq!(bot.sim.gateway().ask_reconnect(), 1);
    bot.until(|heard| matches!(heard, Received::Resumed).then_some(())).await;
    alice.say("general", "still there?").await.unwrap();
    bot.message("still there?").await;
    bot.end().await;
}

#[tokio::test]
async fn closing_ends_every_connection_and_frees_the_port() {
    let bot = Running::start().await;
    let port = bot.sim.base_url().rsplit(':').next().unwrap().parse().unwrap();
    timeout(Duration::from_secs(5), bot.sim.close()).await.expect("bounded");
    bot.task.abort();
    let again = Sim::start(SimOptions { port, ..options() }).await.unwrap();
    again.close().await;
}

#[tokio::test]
async fn guilds_parse_as_serenitys_strict_types() {
    let sim = crate::raw::sim().await;
    let (mut socket, _) = crate::raw::Socket::identified(&sim, crate::raw::INTENTS).await;
    for _ in 0..2 {
        let guild = socket.event("GUILD_CREATE").await;
        serde_json::from_str::<Guild>(&guild.to_string()).unwrap();
    }
    sim.close().await;
}
