//! The properties of users, and what their client allows them to do.

use serde_json::json;

use super::panics;
use crate::{
    Cog, Context, Host, NewMessage, Presence, Result, Status, Suggestion,
    abi::Event,
    interactions::CALLBACK_MODAL,
    manifest::{Command, Opt},
    testing::Bot,
};

/// Shows selects and a form with them, and answers who called it.
struct Picker;

impl Cog for Picker {
    const EVENTS: &'static [&'static str] = &["MESSAGE_REACTION_REMOVE"];
    const COMMANDS: &'static [Command] = &[
        Command::new("where", "In a channel").options(&[
            Opt::channel("text", "A text channel").channel_types(&[0]),
            Opt::channel("voice", "A voice channel").channel_types(&[2, 13]),
            Opt::channel("any", "A channel"),
        ]),
        Command::new("pick", "Shows selects"),
        Command::new("form", "Shows a form"),
        Command::new("who", "Says who called it"),
        Command::new("find", "Completes")
            .options(&[Opt::string("what", "What").autocomplete(), Opt::string("among", "Among what")]),
    ];
    const COMPONENTS: &'static [&'static str] = &["{kind}"];

    async fn setup(host: Host) -> Result<Self> {
        host.discord().set_presence(&Presence::new(Status::Idle))?;
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        let select = |id: &str, kind: u8, types: &[u8]| match types.is_empty() {
            true => json!({ "type": kind, "custom_id": id }),
            false => json!({ "type": kind, "custom_id": id, "channel_types": types }),
        };
        match ctx.command() {
            "pick" => {
                let all = [
                    ("user", 5, &[][..]),
                    ("role", 6, &[]),
                    ("both", 7, &[]),
                    ("text", 8, &[0]),
                    ("voice", 8, &[2]),
                ];
                let rows = all
                    .map(|(id, kind, types)| json!({ "type": 1, "components": [select(id, kind, types)] }));
                ctx.reply(NewMessage::new("?").field("components", json!(rows))).await?;
            }
            "form" => {
                let mut color = select("color", 3, &[]);
                color["options"] =
                    json!([{ "label": "Red", "value": "r" }, { "label": "Blue", "value": "b" }]);
                let label = |component| json!({ "type": 18, "label": "Which?", "component": component });
                let mut voice = select("voice", 8, &[2]);
                voice["required"] = json!(false);
                let form = json!({ "custom_id": "form", "title": "Form", "components": [label(color), label(voice)] });
                ctx.discord()
                    .callback(ctx.interaction().expect("a slash command"), CALLBACK_MODAL, &form)
                    .await?;
            }
            "who" => {
                let user = ctx.user()?;
                ctx.reply(format!("{} {}", user.display_name, user.bot)).await?;
            }
            _ => ctx.reply(format!("{:?}", ctx.option("text").or(ctx.option("any")))).await?,
        }
        Ok(())
    }

    async fn autocomplete(&self, ctx: &Context, option: &str, typed: &str) -> Result<Vec<Suggestion>> {
        Ok(vec![format!("{option} {typed} {}", ctx.option("among").unwrap_or_default()).into()])
    }

    async fn component(&self, ctx: &Context) -> Result {
        let chosen = ctx.interaction().map(|it| it.values.join(",")).unwrap_or_default();
        ctx.reply(format!("{chosen}{}", ctx.option("color").unwrap_or_default())).await?;
        Ok(())
    }

    async fn event(&self, _: &Context, event: Event) -> Result {
        tracing::info!("got {}", event.name());
        Ok(())
    }
}

#[test]
fn a_channel_of_another_type_cannot_be_filled_in() {
    let bot = Bot::new::<Picker>();
    let alice = bot.user("alice");
    let general = bot.channel("general");
    alice.slash("where", [("text", general)]).assert_content(&format!("Some(\"{general}\")"));
    alice.slash("where", [("any", general)]).assert_content(&format!("Some(\"{general}\")"));
    let text = panics(|| drop(alice.slash("where", [("voice", general)])));
    assert!(
        text.starts_with("the option `voice` of `/where` takes a channel of the types [2, 13]"),
        "{text}"
    );
}

#[test]
fn a_select_offers_existing_objects_of_its_type() {
    let bot = Bot::new::<Picker>();
    let (alice, role, general) = (bot.user("alice"), bot.role("friends"), bot.channel("general"));
    let message = alice.slash("pick", ()).message();
    for (select, id) in
        [("user", alice.id()), ("role", role), ("both", role), ("both", alice.id()), ("text", general)]
    {
        alice.select(&message, select, &[id]).assert_content(&id.to_string());
    }
    for (select, id, expected) in [
        ("user", role, "`user` takes the id of a user"),
        ("role", alice.id(), "`role` takes the id of a role"),
        ("both", general, "`both` takes the id of a user or a role"),
        ("text", 7, "`text` takes the id of a channel of the types [0]"),
        ("voice", general, "`voice` takes the id of a channel of the types [2]"),
    ] {
        let text = panics(|| drop(alice.select(&message, select, &[id])));
        assert!(text.starts_with(expected), "{text}");
    }
    let text = panics(|| drop(alice.select(&message, "user", &[alice.id(), bot.id()])));
    assert!(text.starts_with("`user` takes 1 to 1 values, not 2"), "{text}");
}

#[test]
fn a_form_accepts_only_values_that_its_fields_offer() {
    let bot = Bot::new::<Picker>();
    let alice = bot.user("alice");
    let form = || alice.slash("form", ()).form();
    alice.submit(&form(), [("color", "Blue")]).assert_content("b");
    let text = panics(|| drop(alice.submit(&form(), [("color", "green")])));
    assert!(text.starts_with("the form's field `color` does not offer \"green\""), "{text}");
    let general = bot.channel("general");
    let text = panics(|| drop(alice.submit(&form(), json!({ "color": "r", "voice": general }))));
    assert!(
        text.starts_with("the form's field `voice` takes the id of a channel of the types [2]"),
        "{text}"
    );
}

#[test]
fn a_user_has_a_name_in_the_guild_and_may_be_a_bot() {
    let bot = Bot::builder().prefix("?").build::<Picker>();
    let alice = bot.user("alice");
    alice.say("?who").assert_content("alice false");
    alice.say("!who").assert_no_answer();
    alice.set_nick("Al");
    alice.slash("who", ()).assert_content("Al false");
    let robot = bot.user("robot");
    robot.mark_as_bot();
    // Bots cannot call commands.
    robot.say("?who").assert_no_answer();
}

#[test]
fn members_join_leave_and_remove_reactions() {
    let bot = Bot::new::<Picker>();
    let alice = bot.user("alice");
    assert!(alice.is_member());
    alice.leave();
    assert!(!alice.is_member());
    alice.join();
    assert!(alice.is_member());
    let message = alice.slash("who", ()).message();
    alice.react(&message, "👋");
    assert_eq!(message.reactions(), [("👋".to_owned(), 1)]);
    alice.unreact(&message, "👋");
    assert_eq!(message.reactions(), []);
    assert!(bot.transcript().contains("got MESSAGE_REACTION_REMOVE"), "{}", bot.transcript());
}

#[test]
fn autocomplete_sees_the_other_options() {
    let bot = Bot::new::<Picker>();
    let suggested = bot.user("alice").complete_with("find", [("among", "notes")], "what", "te");
    assert_eq!(suggested[0].name, "what te notes");
}

#[test]
fn the_test_sees_how_the_bot_is_shown() {
    assert_eq!(Bot::new::<Picker>().presence()["status"], "idle");
}

#[test]
fn a_guild_has_any_number_of_users() {
    let bot = Bot::new::<Picker>();
    let users: Vec<_> = (0..1000).map(|number| bot.user(&format!("user{number}"))).collect();
    let mut ids: Vec<u64> = users.iter().map(crate::testing::User::id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() == 1000 && !ids.contains(&bot.guild_id()) && !ids.contains(&bot.id()));
    for number in [0, 98, 99, 100, 999] {
        users[number].slash("who", ()).assert_content(&format!("user{number} false"));
    }
}
