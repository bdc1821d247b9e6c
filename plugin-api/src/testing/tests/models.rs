//! serenity's models can be read from what the kit sends and answers.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    Cog, Context, Host, NewMessage, Result,
    abi::Event,
    handles::Method,
    interactions::CALLBACK_MODAL,
    manifest::{Command, Opt},
    serenity::model::{
        application::{CommandInteraction, ComponentInteraction, ModalInteraction},
        channel::{GuildChannel, Message, PrivateChannel, Reaction},
        event::{GuildMemberUpdateEvent, GuildMembersChunkEvent, MessageDeleteEvent, MessageUpdateEvent},
        gateway::Ready,
        guild::{Guild, Member, PartialGuild, Role},
        id::UserId,
        user::User,
    },
    testing::Bot,
};

thread_local! {
    /// The JSON of everything that reached the cog, by name.
    static SEEN: Rc<RefCell<BTreeMap<String, String>>> = Rc::default();
}

fn see(name: &str, json: impl Into<String>) {
    SEEN.with(|seen| seen.borrow_mut().insert(name.to_owned(), json.into()));
}

#[track_caller]
fn read<T: DeserializeOwned>(name: &str) -> T {
    let json = SEEN.with(|seen| seen.borrow().get(name).cloned()).unwrap_or_else(|| panic!("no {name} came"));
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{name} cannot be read: {error}: {json}"))
}

struct Reader;

impl Cog for Reader {
    const EVENTS: &'static [&'static str] = &[
        "READY",
        "GUILD_CREATE",
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "MESSAGE_REACTION_ADD",
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_UPDATE",
        "GUILD_MEMBERS_CHUNK",
    ];
    const COMMANDS: &'static [Command] = &[
        Command::new("all", "With options of each kind").options(&[
            Opt::user("user", "A user"),
            Opt::role("role", "A role"),
            Opt::channel("channel", "A channel"),
            Opt::attachment("file", "A file"),
        ]),
        Command::new("form", "A form"),
        Command::message_menu("Pin"),
    ];
    const COMPONENTS: &'static [&'static str] = &["press", "form"];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        let Some(interaction) = ctx.interaction() else { return Ok(()) };
        let place = if interaction.guild_id.is_some() { "" } else { " in a direct message" };
        see(&format!("{}{place}", ctx.command()), &*interaction.json);
        let discord = ctx.discord();
        if ctx.command() == "form" {
            let field = json!({ "type": 4, "custom_id": "text", "label": "Text", "style": 1 });
            let rows = json!([{ "type": 1, "components": [field] }]);
            let form = json!({ "custom_id": "form", "title": "Form", "components": rows });
            return discord.callback(interaction, CALLBACK_MODAL, &form).await;
        }
        let button = json!({ "type": 2, "style": 1, "label": "Press", "custom_id": "press" });
        let rows = json!([{ "type": 1, "components": [button] }]);
        let message = NewMessage::new("<@1>").field("components", &rows).file("a.txt", vec![1]);
        ctx.reply(message.embed(json!({ "title": "t" }))).await?;
        for path in ["/guilds/100", "/guilds/100/members/1", "/users/1", "/channels/200"] {
            let answer: Value = discord.request(Method::Get, path).fetch().await?;
            see(path, answer.to_string());
        }
        let dm = json!({ "recipient_id": "1" });
        let dm: Value = discord.request(Method::Post, "/users/@me/channels").json(dm).fetch().await?;
        see("dm", dm.to_string());
        let roles: Value = discord.request(Method::Get, "/guilds/100/roles").fetch().await?;
        see("role", roles[1].to_string());
        let path = format!("/guilds/100/members/1/roles/{}", roles[1]["id"].as_str().unwrap_or_default());
        discord.request(Method::Put, path).send().await?;
        discord.request_members(&crate::Members::all(100_u64))?;
        Ok(())
    }

    async fn component(&self, ctx: &Context) -> Result {
        let json = ctx.interaction().map(|it| it.json.to_string()).unwrap_or_default();
        see(&format!("component {}", ctx.custom_id()), json);
        ctx.defer().await?;
        Ok(())
    }

    async fn event(&self, _: &Context, event: Event) -> Result {
        let is_own = matches!(&event, Event::MessageCreate(message) if message.author.bot);
        see(&format!("{}{}", if is_own { "own " } else { "" }, event.name()), event.json());
        Ok(())
    }
}

#[test]
fn everything_is_read_as_serenitys_models() {
    let bot = Bot::new::<Reader>();
    let (alice, role) = (bot.user("alice"), bot.role("friends"));
    let options = json!({ "user": alice.id(), "role": role, "channel": 200, "file": "a.png" });
    let answer = alice.slash("all", options);
    alice.in_dm().slash("all", ());
    alice.press(&answer.message(), "Press");
    alice.message_menu("Pin", &answer.message());
    alice.react(&answer.message(), "👋");
    alice.say("hello @alice in #general");
    let said = bot.messages("general").pop().expect("it was posted");
    alice.reply(&said, "once more");
    alice.edit(&said, "other");
    alice.delete(&said);
    alice.join();
    let form = alice.slash("form", ()).form();
    alice.submit(&form, [("text", "x")]);
    assert!(bot.faults().is_empty(), "{:?}", bot.faults());
    let alice_id = UserId::new(alice.id());
    assert_eq!(read::<Ready>("READY").user.id, bot.id());
    let guild: Guild = read("GUILD_CREATE");
    assert!(guild.id == bot.guild_id() && guild.channels.contains_key(&200.into()), "{guild:?}");
    let message: Message = read("MESSAGE_CREATE");
    assert_eq!((message.author.id, &*message.content), (alice_id, "once more"));
    assert_eq!(message.referenced_message.map(|it| it.id.get()), Some(said.id()));
    assert_eq!(read::<MessageUpdateEvent>("MESSAGE_UPDATE").content.as_deref(), Some("other"));
    assert_eq!(read::<MessageDeleteEvent>("MESSAGE_DELETE").message_id, said.id());
    let reaction: Reaction = read("MESSAGE_REACTION_ADD");
    assert!(reaction.emoji.unicode_eq("👋") && reaction.user_id == Some(alice_id), "{reaction:?}");
    assert_eq!(read::<Member>("GUILD_MEMBER_ADD").user.name, "alice");
    assert_eq!(read::<GuildMemberUpdateEvent>("GUILD_MEMBER_UPDATE").roles, [role]);
    let chunk: GuildMembersChunkEvent = read("GUILD_MEMBERS_CHUNK");
    assert!(chunk.members.contains_key(&alice_id), "{chunk:?}");
    let CommandInteraction { data, user, .. } = read("all");
    let resolved = &data.resolved;
    assert_eq!((user.id, data.options.len()), (alice_id, 4));
    assert_eq!((resolved.users[&alice_id].name.as_str(), resolved.roles.len()), ("alice", 1));
    assert_eq!((resolved.channels.len(), resolved.attachments.len()), (1, 1));
    let direct: CommandInteraction = read("all in a direct message");
    assert_eq!((direct.guild_id, direct.user.id), (None, alice_id));
    assert_eq!(
        read::<CommandInteraction>("Pin").data.target_id.map(|id| id.get()),
        Some(answer.message().id())
    );
    assert_eq!(read::<ComponentInteraction>("component press").message.id, answer.message().id());
    assert_eq!(read::<ModalInteraction>("component form").data.custom_id, "form");
    assert_eq!(read::<PartialGuild>("/guilds/100").id, 100);
    assert_eq!(read::<User>("/users/1").name, "alice");
    assert_eq!(read::<GuildChannel>("/channels/200").name, "general");
    assert_eq!(read::<PrivateChannel>("dm").recipient.id, alice_id);
    let member = SEEN.with(|seen| seen.borrow()["/guilds/100/members/1"].clone());
    let role = SEEN.with(|seen| seen.borrow()["role"].clone());
    for (name, json) in [("member", member), ("the role", role)] {
        let mut json: Value = serde_json::from_str(&json).expect("JSON");
        // serenity adds it to the answers of REST.
        json["guild_id"] = json!("100");
        see(name, json.to_string());
    }
    assert_eq!(read::<Member>("member").user.id, alice_id);
    assert_eq!(read::<Role>("the role").name, "friends");
}

struct Greeter;

impl Cog for Greeter {
    const COMMANDS: &'static [Command] =
        &[Command::new("hello", "Greets").options(&[Opt::of::<User>("who", "Whom")])];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        let who: User = ctx.argument("who").await?;
        ctx.reply(format!("Hello, {}!", who.name)).await
    }
}

#[test]
fn a_user_is_found_by_name_and_by_mention() {
    let bot = Bot::new::<Greeter>();
    let (alice, bob) = (bot.user("alice"), bot.user("bob"));
    alice.slash("hello", [("who", &bob)]).assert_content("Hello, bob!");
    for text in ["!hello @bob", "!hello bob"] {
        alice.say(text).assert_content("Hello, bob!");
    }
    assert!(alice.say("!hello nobody").content().contains("must be a user"));
}
