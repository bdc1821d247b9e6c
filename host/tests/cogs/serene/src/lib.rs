//! A cog that describes what it gets as serenity's models, and listens to every event that a built-in Discord sends.
#![forbid(unsafe_code)]

mod events;

use std::{cell::RefCell, collections::BTreeSet};

use gearshift_cog::{
    handles::Method,
    prelude::*,
    serenity::builder::{CreateChannel, CreateInvite, CreateThread, EditRole},
};

struct Serene {
    /// Names of the events that were parsed.
    read: RefCell<BTreeSet<&'static str>>,
}

impl Cog for Serene {
    const EVENTS: &'static [&'static str] = events::NAMES;
    const COMMANDS: &'static [Command] = &[
        Command::new("user", "Says who it is").options(&[Opt::of::<User>("it", "A user")]),
        Command::new("member", "Says who it is here").options(&[Opt::of::<Member>("it", "A member")]),
        Command::new("role", "Says which it is").options(&[Opt::of::<Role>("it", "A role")]),
        Command::new("channel", "Says which it is")
            .options(&[Opt::of::<GuildChannel>("it", "A channel").channel_types(&[0, 15])]),
        Command::new("place", "Says where it is").options(&[Opt::of::<ChannelId>("it", "A channel")]),
        Command::new("mentionable", "Says what it is").options(&[Opt::of::<UserOrRole>("it", "Either")]),
        Command::new("message", "Says what it says").options(&[Opt::of::<Message>("it", "A message")]),
        Command::new("file", "Says how large they are").options(&[
            Opt::of::<Attachment>("first", "A file"),
            Opt::of::<String>("text", "Any text"),
            Opt::of::<Option<Attachment>>("second", "Another"),
        ]),
        Command::new("when", "Says when").options(&[Opt::of::<Timestamp>("it", "A time")]),
        Command::new("me", "Says who you are"),
        Command::new("files", "Sends files"),
        Command::new("secret", "Answers with a built message for you alone"),
        Command::new("tour", "Changes this and that, so that events come"),
        Command::new("read", "Names the events that were read"),
        Command::user_menu("Who"),
        Command::message_menu("Quote"),
    ];

    async fn setup(_host: Host) -> Result<Self> {
        Ok(Self { read: RefCell::default() })
    }

    async fn event(&self, _ctx: &Context, event: Event) -> Result {
        self.read.borrow_mut().insert(events::read(&event)?);
        Ok(())
    }

    async fn command(&self, ctx: &Context) -> Result {
        // The option of a menu is named after what it is opened on: a user or a message.
        let it = match ctx.command() {
            "Who" => "user",
            "Quote" => "message",
            _ => "it",
        };
        let answer: NewMessage = match ctx.command() {
            "user" | "Who" => {
                let user: User = ctx.argument(it).await?;
                format!("{user} is {}", user.name).into()
            }
            "member" => {
                let member: Member = ctx.argument("it").await?;
                format!("{} has {} roles in {}", member.display_name(), member.roles.len(), member.guild_id)
                    .into()
            }
            "role" => {
                let role: Role = ctx.argument("it").await?;
                format!("{} of {}", role.name, role.guild_id).into()
            }
            "channel" => {
                let channel: GuildChannel = ctx.argument("it").await?;
                format!("{channel} is about {}", channel.topic.as_deref().unwrap_or_default()).into()
            }
            "place" => format!("{}", ctx.argument::<ChannelId>("it").await?.mention()).into(),
            "mentionable" => match ctx.argument("it").await? {
                UserOrRole::User(user) => format!("user {}", user.name).into(),
                UserOrRole::Role(role) => format!("role {}", role.name).into(),
            },
            "message" | "Quote" => {
                let message: Message = ctx.argument(it).await?;
                format!("{}: {}", message.author.name, message.content).into()
            }
            "file" => {
                let mut given = ctx.arguments();
                let first: Attachment = given.next("first").await?;
                let text: String = given.next("text").await?;
                let second: Option<Attachment> = given.next("second").await?;
                let second = second.map_or("none".to_owned(), |file| file.filename);
                format!("{} of {} bytes, {text}, {second}", first.filename, first.size).into()
            }
            "when" => ctx.argument::<Timestamp>("it").await?.unix_timestamp().to_string().into(),
            "me" => {
                let member =
                    ctx.member().map_or("nobody".to_owned(), |member| member.display_name().to_owned());
                format!("{} is {member}, {}", ctx.author().name, ctx.locale().unwrap_or("mute")).into()
            }
            "files" => CreateMessage::new()
                .content("two files")
                .embed(CreateEmbed::new().title("seen").image("attachment://a.png"))
                .add_file(CreateAttachment::bytes([1, 2, 3], "a.png").description("three bytes"))
                .add_file(CreateAttachment::bytes("text", "b.txt"))
                .into(),
            "secret" => CreateInteractionResponseMessage::new()
                .content("psst")
                .ephemeral(true)
                .button(CreateButton::new("serene:go").label("Go"))
                .into(),
            "tour" => {
                tour(ctx).await?;
                "toured".into()
            }
            "read" => self.read.borrow().iter().copied().collect::<Vec<_>>().join(" ").into(),
            other => return Err(Error::new(format!("no command `{other}`"))),
        };
        ctx.reply(answer).await?;
        Ok(())
    }
}

/// Requests endpoints with serenity's builders, and parses the answers as its models.
async fn tour(ctx: &Context) -> Result {
    let guild = ctx.guild_id().ok_or_else(|| Error::input("tour a server"))?;
    let discord = ctx.discord();
    let create = discord.request(Method::Post, format!("/guilds/{guild}/channels"));
    let channel: GuildChannel = create.json(CreateChannel::new("quay").topic("ships")).fetch().await?;
    let edit = discord.request(Method::Patch, format!("/channels/{}", channel.id));
    edit.json(CreateChannel::new("pier")).fetch::<GuildChannel>().await?;
    let create = discord.request(Method::Post, format!("/channels/{}/threads", channel.id));
    let thread = CreateThread::new("a boat").kind(ChannelType::PublicThread);
    create.json(thread).fetch::<GuildChannel>().await?;
    let create = discord.request(Method::Post, format!("/channels/{}/invites", channel.id));
    create.json(CreateInvite::new().max_uses(1)).fetch::<()>().await?;
    let create = discord.request(Method::Post, format!("/guilds/{guild}/roles"));
    let role: Role = create.json(EditRole::new().name("sailor")).fetch().await?;
    let roles = discord.request(Method::Get, format!("/guilds/{guild}/roles")).fetch::<Vec<Role>>().await?;
    if !roles.iter().any(|it| it.id == role.id) {
        return Err(Error::new("the new role is not among them"));
    }
    let sent = discord.send(channel.id, CreateEmbed::new().title("ahoy")).await?.read::<Message>()?;
    discord.edit(channel.id, sent.id, EditMessage::new().content("ahoy!")).await?;
    discord.react(channel.id, sent.id, "⚓").await?;
    discord.delete(channel.id, sent.id).await?;
    discord.request(Method::Delete, format!("/guilds/{guild}/roles/{}", role.id)).fetch::<()>().await?;
    discord.request(Method::Delete, format!("/channels/{}", channel.id)).fetch::<()>().await?;
    Ok(())
}

gearshift_cog::export!(Serene);
