//! Events reach a cog in a test as they do with a host: through its filters, and as calls of its prefix commands.

use serde_json::{Value, json};

use crate::{
    Cog, Context, Host, Result,
    abi::Event,
    events,
    manifest::{Command, Filter},
    testing::Bot,
};

struct Filtered;

impl Cog for Filtered {
    const EVENTS: &'static [&'static str] =
        &[events::GUILD_CREATE, "CHANNEL_UPDATE", "THREAD_DELETE", events::MESSAGE_DELETE, "TYPING_START"];
    const FILTERS: &'static [Filter] = &[
        Filter::new(events::GUILD_CREATE).guilds(&[100]),
        Filter::new("CHANNEL_UPDATE").channels(&[7]),
        Filter::new("THREAD_DELETE").channels(&[7]),
        Filter::new(events::MESSAGE_DELETE).guilds(&[100]),
        Filter::new("TYPING_START").skip_bots(),
    ];
    const COMMANDS: &'static [Command] = &[Command::new("ping", "Answers")];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn event(&self, _: &Context, event: Event) -> Result {
        tracing::info!("got {}", event.name());
        Ok(())
    }

    async fn command(&self, ctx: &Context) -> Result {
        ctx.reply("pong").await?;
        Ok(())
    }
}

/// How often the cog got an event of this name.
fn got(bot: &Bot, name: &str) -> usize {
    bot.transcript().matches(&format!("got {name}")).count()
}

#[test]
fn events_pass_the_same_filters_as_in_the_host() {
    let bot = Bot::new::<Filtered>();
    // The `id` of a guild event or channel event is that of the guild or channel.
    let table: [(&str, Value, bool); 9] = [
        (events::GUILD_CREATE, json!({ "id": "100" }), true),
        (events::GUILD_CREATE, json!({ "id": "101" }), false),
        ("CHANNEL_UPDATE", json!({ "id": "7", "guild_id": "100" }), true),
        ("CHANNEL_UPDATE", json!({ "id": "8", "guild_id": "100" }), false),
        ("THREAD_DELETE", json!({ "id": "7", "guild_id": "100", "parent_id": "8" }), true),
        (events::MESSAGE_DELETE, json!({ "id": "1", "channel_id": "7", "guild_id": "100" }), true),
        (events::MESSAGE_DELETE, json!({ "id": "1", "channel_id": "7" }), false),
        ("TYPING_START", json!({ "user_id": "9", "member": { "user": { "id": "9" } } }), true),
        ("TYPING_START", json!({ "user_id": "9", "member": { "user": { "id": "9", "bot": true } } }), false),
    ];
    // The kit's guild has the id 100: the cog got its event when it was loaded.
    assert_eq!(got(&bot, events::GUILD_CREATE), 1);
    for (name, d, expected) in table {
        let before = got(&bot, name);
        bot.event(name, d.clone());
        assert_eq!(got(&bot, name) > before, expected, "{name} {d}");
    }
}

/// A cog that sees every message.
struct All;

impl Cog for All {
    const EVENTS: &'static [&'static str] = &[events::MESSAGE_CREATE];
    const COMMANDS: &'static [Command] = Filtered::COMMANDS;

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        ctx.reply("pong").await?;
        Ok(())
    }
}

#[test]
fn only_messages_from_users_call_commands() {
    let table: [(Value, usize); 5] = [
        (json!({ "author": { "id": "7", "username": "zoe" } }), 1),
        (json!({ "author": { "id": "7", "username": "zoe" }, "type": 19 }), 1),
        // A thread of this name was created.
        (json!({ "author": { "id": "7", "username": "zoe" }, "type": 18 }), 0),
        (json!({ "author": { "id": "7", "username": "zoe", "bot": true } }), 0),
        (json!({ "author": { "id": "7", "username": "hook" }, "webhook_id": "7" }), 0),
    ];
    for (mut d, expected) in table {
        let bot = Bot::new::<All>();
        (d["id"], d["channel_id"], d["content"]) = (json!("50"), json!("200"), json!("!ping"));
        bot.event(events::MESSAGE_CREATE, d.clone());
        assert_eq!(bot.bot_messages().len(), expected, "{d}");
    }
}

/// A cog that sees reactions.
struct Reacted;

impl Cog for Reacted {
    const EVENTS: &'static [&'static str] = &[events::MESSAGE_REACTION_ADD, events::MESSAGE_REACTION_REMOVE];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn event(&self, _: &Context, event: Event) -> Result {
        tracing::info!("got {};", event.name());
        Ok(())
    }
}

#[test]
fn a_reaction_that_changes_nothing_is_no_event() {
    let bot = Bot::new::<Reacted>();
    let alice = bot.user("alice");
    alice.say("hello");
    let hello = &bot.messages("general")[0];
    alice.unreact(hello, "👍");
    alice.react(hello, "👍");
    alice.react(hello, "👍");
    bot.user("bob").unreact(hello, "👍");
    assert_eq!((got(&bot, "MESSAGE_REACTION_ADD;"), got(&bot, "MESSAGE_REACTION_REMOVE;")), (1, 0));
    bot.user("bob").react(hello, "👍");
    alice.unreact(hello, "👍");
    assert_eq!((got(&bot, "MESSAGE_REACTION_ADD;"), got(&bot, "MESSAGE_REACTION_REMOVE;")), (2, 1));
}
