//! What a user does reaches the cog as Discord sends it, and the user sees the answer as Discord shows it.

use serde_json::json;

use crate::{
    Cog, Context, Error, Host, NewMessage, Result, Suggestion,
    abi::Event,
    interactions::CALLBACK_MODAL,
    manifest::{Choice, ChoiceValue, Command, Opt},
    testing::Bot,
};

const SIZES: &[Choice] = &[Choice { name: "Large", value: ChoiceValue::Text("l"), localized: &[] }];

/// A cog with a command of each kind.
struct Everything;

impl Cog for Everything {
    const EVENTS: &'static [&'static str] =
        &["MESSAGE_CREATE", "MESSAGE_REACTION_ADD", "MESSAGE_UPDATE", "MESSAGE_DELETE", "GUILD_MEMBER_ADD"];
    const COMMANDS: &'static [Command] = &[
        Command::new("hello", "Greets").options(&[
            Opt::user("who", "Whom"),
            Opt::string("size", "How").choices(SIZES),
            Opt::integer("times", "How often").min("1").max("3"),
        ]),
        Command::group(
            "tag",
            "Notes",
            &[Command::new("add", "Adds one").options(&[Opt::string("name", "Its name").required()])],
        ),
        Command::new("secret", "For you alone").ephemeral(),
        Command::new("form", "Asks"),
        Command::new("find", "Finds").options(&[Opt::string("what", "What").autocomplete()]),
        Command::new("vote", "Asks all"),
        Command::new("slow", "Takes its time"),
        Command::new("silent", "Says nothing"),
        Command::user_menu("Greet them"),
        Command::message_menu("Repeat"),
    ];
    const COMPONENTS: &'static [&'static str] = &["vote:{number}", "form:{id}", "pick"];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        let discord = ctx.discord();
        match ctx.command() {
            "hello" => {
                let who = ctx.option("who").unwrap_or("nobody");
                let size = ctx.option("size").unwrap_or("s");
                ctx.reply(format!("Hello, {who}, {size}!")).await?;
            }
            "tag add" => ctx.reply(format!("added {}", ctx.option("name").unwrap_or_default())).await?,
            "secret" => ctx.reply("psst").await?,
            "form" => {
                let field =
                    json!({ "type": 4, "custom_id": "why", "label": "Why", "style": 1, "max_length": 5 });
                let rows = json!([{ "type": 1, "components": [field] }]);
                let form = json!({ "custom_id": "form:1", "title": "Why?", "components": rows });
                let to = ctx.interaction().ok_or_else(|| Error::new("no interaction"))?;
                discord.callback(to, CALLBACK_MODAL, &form).await?;
            }
            "vote" => {
                let button = |number: u8| json!({ "type": 2, "style": 1, "label": format!("No. {number}"), "custom_id": format!("vote:{number}") });
                let select =
                    json!({ "type": 3, "custom_id": "pick", "options": [{ "label": "Red", "value": "r" }] });
                let rows = json!([
                    { "type": 1, "components": [button(1), button(2)] }, { "type": 1, "components": [select] },
                ]);
                ctx.reply(NewMessage::new("Which?").field("components", &rows)).await?;
            }
            "slow" => {
                ctx.defer().await?;
                ctx.clock().sleep(std::time::Duration::from_secs(10)).await;
                ctx.reply("done").await?;
                ctx.reply("and more").await?;
            }
            "Greet them" => ctx.reply(format!("Hello, {}!", target(ctx))).await?,
            "Repeat" => ctx.reply(format!("message {}", target(ctx))).await?,
            _ => {}
        }
        Ok(())
    }

    async fn autocomplete(&self, _: &Context, option: &str, typed: &str) -> Result<Vec<Suggestion>> {
        Ok(vec![format!("{option} {typed}").into()])
    }

    async fn component(&self, ctx: &Context) -> Result {
        match ctx.custom_id() {
            "vote:1" => ctx.update("One it is").await?,
            "pick" => {
                let chosen = ctx.interaction().map(|it| it.values.join(",")).unwrap_or_default();
                ctx.reply(chosen).await?;
            }
            "form:1" => ctx.reply(format!("because {}", ctx.option("why").unwrap_or_default())).await?,
            _ => ctx.defer().await?,
        }
        Ok(())
    }

    async fn event(&self, ctx: &Context, event: Event) -> Result {
        let discord = ctx.discord();
        match &event {
            Event::MessageCreate(message) if message.content == "hi" => {
                discord.react(message.channel_id, message.id, "👋").await?;
            }
            Event::MessageUpdate(message) if !message.author.bot => {
                discord.send(message.channel_id, format!("edited: {}", message.content)).await?;
            }
            Event::MessageDelete(gone) => {
                discord.send(gone.channel_id, "gone").await?;
            }
            Event::Other(raw) if raw.name == "GUILD_MEMBER_ADD" => {
                discord.send(200_u64, "welcome").await?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn target(ctx: &Context) -> u64 {
    ctx.interaction().and_then(|it| it.target_id.into_option()).unwrap_or(0)
}

#[test]
fn a_command_is_called_with_a_slash_and_with_a_prefix() {
    let bot = Bot::new::<Everything>();
    let (alice, bob) = (bot.user("alice"), bot.user("bob"));
    let answer = alice.slash("hello", [("who", &bob)]);
    assert_eq!((answer.content(), answer.is_ephemeral()), ("Hello, 2, s!".to_owned(), false));
    let answer = alice.slash("hello", json!({ "who": bob.id(), "size": "Large", "times": 2 }));
    answer.assert_content("Hello, 2, l!");
    alice.say("!hello @bob").assert_content("Hello, <@2>, s!");
    alice.say("@bot hello").assert_content("Hello, nobody, s!");
    alice.say("hello").assert_no_answer();
    alice.slash("tag add", [("name", "x")]).assert_content("added x");
    alice.say("!tag add x").assert_content("added x");
    assert!(alice.slash("secret", ()).is_ephemeral());
    assert!(!alice.say("!secret").is_ephemeral());
    assert!(bot.faults().is_empty());
}

#[test]
fn nobody_is_pinged_by_an_echoed_text() {
    let bot = Bot::new::<Everything>();
    let (alice, bob) = (bot.user("alice"), bot.user("bob"));
    let answer = alice.say("!hello @bob");
    assert_eq!(answer.message().notifies(), [0; 0]);
    assert_eq!(bot.messages("general")[0].notifies(), [bob.id()]);
}

#[test]
fn menus_forms_and_suggestions_are_answered() {
    let bot = Bot::new::<Everything>();
    let alice = bot.user("alice");
    alice.user_menu("Greet them", &bot.user("bob")).assert_content("Hello, 2!");
    alice.say("first");
    let message = bot.messages("general")[1].clone();
    assert_eq!(message.content(), "first");
    alice.message_menu("Repeat", &message).assert_content(&format!("message {}", message.id()));
    let form = alice.slash("form", ()).form();
    assert_eq!(form.title(), "Why?");
    alice.submit(&form, [("why", "so")]).assert_content("because so");
    let suggested = alice.complete("find", "what", "th");
    assert_eq!((&*suggested[0].name, &suggested[0].value), ("what th", &json!("what th")));
}

#[test]
fn buttons_and_selects_are_found_by_id_and_by_label() {
    let bot = Bot::new::<Everything>();
    let alice = bot.user("alice");
    let answer = alice.slash("vote", ());
    alice.select(&answer.message(), "pick", &["Red"]).assert_content("r");
    alice.press(&answer.message(), "No. 1").assert_content("One it is");
    assert_eq!(answer.content(), "One it is");
    assert!(alice.press(&answer.message(), "vote:2").is_thinking());
}

#[test]
fn a_slow_answer_arrives_when_its_time_has_passed() {
    let bot = Bot::new::<Everything>();
    let answer = bot.user("alice").slash("slow", ());
    assert!(answer.is_thinking() && answer.messages().is_empty());
    assert_eq!(bot.waiting_handlers(), ["/slow"]);
    bot.advance(std::time::Duration::from_millis(9_999));
    assert!(answer.is_thinking());
    bot.advance(std::time::Duration::from_millis(1));
    let texts: Vec<String> = answer.messages().iter().map(|message| message.content()).collect();
    assert_eq!(texts, ["done", "and more"]);
    assert!(bot.waiting_handlers().is_empty());
}

#[test]
fn reactions_edits_deletions_and_members_reach_the_cog() {
    let bot = Bot::new::<Everything>();
    let alice = bot.user("alice");
    alice.say("hi");
    let message = bot.messages("general")[0].clone();
    assert_eq!(message.reactions(), [("👋".to_owned(), 1)]);
    alice.react(&message, "👋");
    assert_eq!(message.reactions(), [("👋".to_owned(), 2)]);
    alice.edit(&message, "ho");
    alice.delete(&message);
    assert!(message.is_deleted());
    alice.leave();
    alice.join();
    let texts: Vec<String> = bot.messages("general").iter().map(|message| message.content()).collect();
    assert_eq!(texts, ["edited: ho", "gone", "welcome"]);
}

#[test]
fn files_are_sent_with_a_message() {
    let bot = Bot::new::<Everything>();
    bot.user("alice").say_with_files("", &[("a.png", b"picture")]);
    assert_eq!(bot.messages("general")[0].files(), ["a.png"]);
}

#[test]
fn an_interaction_without_an_answer_is_in_the_transcript() {
    let bot = Bot::new::<Everything>();
    bot.user("alice").slash("silent", ()).assert_no_answer();
    let transcript = bot.transcript();
    assert!(transcript.contains("alice sees “The application did not respond”"), "{transcript}");
}

#[test]
fn an_answer_replaces_the_hosts_acknowledgement() {
    let bot = Bot::new::<Everything>();
    bot.set_host_defers(true);
    let alice = bot.user("alice");
    let answer = alice.slash("hello", ());
    assert_eq!((answer.content(), answer.messages().len()), ("Hello, nobody, s!".to_owned(), 1));
    assert!(alice.slash("secret", ()).is_ephemeral());
    let vote = alice.slash("vote", ());
    alice.press(&vote.message(), "vote:1").assert_content("One it is");
}
