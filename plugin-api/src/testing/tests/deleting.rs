//! Messages are deleted as by Discord: several at once are one event, and not every list is accepted.

use std::time::Duration;

use serde_json::json;

use crate::{
    Cog, Context, Host, Result,
    abi::{Event, Method},
    events,
    manifest::Command,
    testing::Bot,
};

/// Deletes the messages of its channel that are no commands.
struct Sweeper;

impl Cog for Sweeper {
    const EVENTS: &'static [&'static str] = &[events::MESSAGE_DELETE, "MESSAGE_DELETE_BULK"];
    const COMMANDS: &'static [Command] =
        &[Command::new("sweep", "Deletes all"), Command::new("twice", "Names one message twice")];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn event(&self, _: &Context, event: Event) -> Result {
        tracing::info!("got {} {}", event.name(), event.json());
        Ok(())
    }

    async fn command(&self, ctx: &Context) -> Result {
        let (discord, channel) = (ctx.discord(), ctx.channel_id()?);
        let messages: Vec<crate::Json<serde_json::Value>> = discord.history(channel, 10, None).await?;
        let ids = messages.iter().filter_map(|it| it.0["id"].as_str());
        let mut ids: Vec<String> = ids.map(str::to_owned).collect();
        if ctx.command() == "twice" {
            ids.truncate(1);
            ids.extend_from_within(..);
        }
        let path = format!("/channels/{channel}/messages/bulk-delete");
        discord.request(Method::Post, path).json(json!({ "messages": ids })).send().await
    }
}

#[test]
fn messages_that_are_deleted_at_once_are_one_event() {
    let bot = Bot::new::<Sweeper>();
    let alice = bot.user("alice");
    alice.say("one");
    alice.say("two");
    alice.slash("sweep", ());
    assert!(bot.messages("general").is_empty());
    let got = |name: &str| bot.transcript().matches(&format!("got {name} ")).count();
    assert_eq!((got("MESSAGE_DELETE_BULK"), got("MESSAGE_DELETE")), (1, 0), "{}", bot.transcript());
}

#[test]
fn a_list_that_discord_refuses_is_refused() {
    let text = |act: &dyn Fn(&Bot)| {
        let bot = Bot::new::<Sweeper>();
        act(&bot);
        bot.faults().first().expect("it is refused").text.clone()
    };
    let [alone, twice, old, direct] = [
        text(&|bot| {
            bot.user("alice").say("one");
            bot.user("alice").slash("sweep", ());
        }),
        text(&|bot| {
            bot.user("alice").say("one");
            bot.user("alice").slash("twice", ());
        }),
        text(&|bot| {
            bot.user("alice").say("one");
            bot.user("alice").say("two");
            bot.advance(Duration::from_secs(15 * 24 * 60 * 60));
            bot.user("alice").slash("sweep", ());
        }),
        text(&|bot| {
            bot.user("alice").in_dm().say("one");
            bot.user("alice").in_dm().say("two");
            bot.user("alice").in_dm().slash("sweep", ());
        }),
    ];
    assert!(alone.contains("400, code 50016"), "{alone}");
    assert!(twice.contains("400, code 50035") && twice.contains("messages.1"), "{twice}");
    assert!(old.contains("400, code 50034"), "{old}");
    assert!(direct.contains("403, code 50003"), "{direct}");
}
