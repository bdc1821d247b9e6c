//! What a cog gets as serenity's models, and what it sends with serenity's builders, on the built-in Discord.

use gearshift_cog::permissions::ADMINISTRATOR;
use gearshift_sim::{InteractionHandle, Snowflake};

use crate::stage::{SOON, Setting, Stage};

async fn up() -> Stage {
    Setting::new().with("serene").up().await
}

fn guild(stage: &Stage) -> Snowflake {
    stage.sim.world(|world| world.guild_named("Harbour").unwrap().id)
}

fn channel(stage: &Stage, name: &str) -> Snowflake {
    let guild = guild(stage);
    stage.sim.world(|world| world.channel_named(name, Some(guild)).unwrap().id)
}

fn role(stage: &Stage, name: &str) -> Snowflake {
    stage.sim.world(|world| world.guild_named("Harbour").unwrap().role_named(name).unwrap().id)
}

fn user(stage: &Stage, name: &str) -> Snowflake {
    stage.sim.world(|world| world.user_named(name).unwrap().id)
}

async fn answer(handle: InteractionHandle) -> String {
    handle.answered(SOON).await.expect("an answer").content.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_named_by_mention_id_or_name() {
    let stage = up().await;
    let (bob, dave) = (user(&stage, "bob"), user(&stage, "dave"));
    let is_bob = format!("<@{bob}> is bob");
    for line in [format!("<@{bob}>"), format!("<@!{bob}>"), bob.to_string(), "bob".into(), "BOB".into()] {
        assert_eq!(stage.ask(&format!("!user {line}")).await, is_bob, "{line}");
    }
    let is_dave = format!("Dave (on deck) has 0 roles in {}", guild(&stage));
    for line in [format!("<@{dave}>"), dave.to_string(), "dave".into(), "\"Dave (on deck)\"".into()] {
        assert_eq!(stage.ask(&format!("!member {line}")).await, is_dave, "{line}");
    }
    let expected = "`it` must be a member of this server: a mention, an id or a name";
    assert_eq!(stage.ask("!member nobody").await, format!("{expected}."));
    assert_eq!(stage.ask("!member 4").await, format!("{expected}."));
    assert_eq!(answer(stage.slash("user", &[("it", &bob.to_string())]).await).await, is_bob);
    assert_eq!(answer(stage.slash("member", &[("it", &dave.to_string())]).await).await, is_dave);
    assert_eq!(stage.status("serene").faults, 0);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_channels_are_named_by_mention_id_or_name() {
    let stage = up().await;
    let (guild, moderator, random) = (guild(&stage), role(&stage, "moderator"), channel(&stage, "random"));
    let is_role = format!("moderator of {guild}");
    for line in [format!("<@&{moderator}>"), moderator.to_string(), "Moderator".into()] {
        assert_eq!(stage.ask(&format!("!role {line}")).await, is_role, "{line}");
    }
    let is_channel = format!("<#{random}> is about Off topic");
    for line in [format!("<#{random}>"), random.to_string(), "random".into(), "#random".into()] {
        assert_eq!(stage.ask(&format!("!channel {line}")).await, is_channel, "{line}");
    }
    assert_eq!(stage.ask("!place #random").await, format!("<#{random}>"));
    let lounge = channel(&stage, "lounge");
    let unfit = "`it` must be a text channel or forum channel of this server: a mention, an id or a name.";
    let elsewhere = stage.sim.world(|world| {
        let workshop = world.guild_named("Workshop").unwrap().id;
        world.channel_named("showcase", Some(workshop)).unwrap().id
    });
    for line in [format!("<#{lounge}>"), format!("<#{elsewhere}>"), "nowhere".into()] {
        assert_eq!(stage.ask(&format!("!channel {line}")).await, unfit, "{line}");
    }
    assert_eq!(answer(stage.slash("role", &[("it", &moderator.to_string())]).await).await, is_role);
    assert_eq!(answer(stage.slash("channel", &[("it", &random.to_string())]).await).await, is_channel);
    let place = stage.slash("place", &[("it", &random.to_string())]).await;
    assert_eq!(answer(place).await, format!("<#{random}>"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mentionable_is_a_user_or_a_role() {
    let stage = up().await;
    let (bob, moderator) = (user(&stage, "bob"), role(&stage, "moderator"));
    for line in [format!("<@{bob}>"), "bob".into()] {
        assert_eq!(stage.ask(&format!("!mentionable {line}")).await, "user bob", "{line}");
    }
    for line in [format!("<@&{moderator}>"), moderator.to_string(), "moderator".into()] {
        assert_eq!(stage.ask(&format!("!mentionable {line}")).await, "role moderator", "{line}");
    }
    let unfit = "`it` must be a user or a role: a mention, an id or a name.";
    assert_eq!(stage.ask("!mentionable nothing").await, unfit);
    assert_eq!(answer(stage.slash("mentionable", &[("it", &bob.to_string())]).await).await, "user bob");
    let chosen = stage.slash("mentionable", &[("it", &moderator.to_string())]).await;
    assert_eq!(answer(chosen).await, "role moderator");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_named_by_link_or_id_and_a_menu_is_on_one() {
    let stage = up().await;
    let (guild, general) = (guild(&stage), channel(&stage, "general"));
    let said = stage.alice.say("general", "ahoy").await.unwrap();
    let link = format!("https://discord.com/channels/{guild}/{general}/{said}");
    for line in [link, said.to_string(), format!("{general}-{said}")] {
        assert_eq!(stage.ask(&format!("!message {line}")).await, "alice: ahoy", "{line}");
    }
    let elsewhere = stage.sim.world(|world| {
        let workshop = world.guild_named("Workshop").unwrap().id;
        world.channel_named("showcase", Some(workshop)).unwrap().id
    });
    let expected = "`it` must be a message of this server: its link, or its id if it is in this channel.";
    for line in [format!("https://discord.com/channels/{guild}/{elsewhere}/{said}"), "4".into(), "no".into()]
    {
        assert_eq!(stage.ask(&format!("!message {line}")).await, expected, "{line}");
    }
    // The commands are registered together.
    answer(stage.slash("me", &[]).await).await;
    let alice = stage.alice.at("general").unwrap();
    assert_eq!(answer(alice.run_on_message("Quote", said).await.unwrap()).await, "alice: ahoy");
    let bob = user(&stage, "bob");
    assert_eq!(answer(alice.run_on_user("Who", "bob").await.unwrap()).await, format!("<@{bob}> is bob"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_message_are_arguments_in_their_order() {
    let stage = up().await;
    let attach = async |line: &str, files: &[(&str, &str)]| {
        let files: Vec<(&str, &str)> = files.to_vec();
        let said = stage.alice.attach("general", line, files).await.unwrap();
        stage.sim.reply_to(said, SOON).await.expect("a reply").content.clone()
    };
    let both = attach("!file two words", &[("a.txt", "abc"), ("b.txt", "")]).await;
    assert_eq!(both, "a.txt of 3 bytes, two words, b.txt");
    assert_eq!(attach("!file text", &[("a.txt", "abc")]).await, "a.txt of 3 bytes, text, none");
    assert_eq!(stage.ask("!file text").await, "`first` is missing.");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_is_known_with_member_and_language() {
    let stage = up().await;
    assert_eq!(stage.ask("!me").await, "alice is Alice, mute");
    assert_eq!(stage.ask("!when <t:1700000000:R>").await, "1700000000");
    let said = answer(stage.slash("me", &[]).await).await;
    assert_eq!(said, "alice is Alice, en-US");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_built_message_arrives_with_its_files_and_an_ephemeral_one_is_ephemeral() {
    let stage = up().await;
    let said = stage.alice.say("general", "!files").await.unwrap();
    let sent = stage.sim.reply_to(said, SOON).await.expect("a reply");
    let files: Vec<_> = sent
        .attachments
        .iter()
        .map(|it| (it.filename.as_str(), it.size, it.description.as_deref()))
        .collect();
    assert_eq!(files, [("a.png", 3, Some("three bytes")), ("b.txt", 4, None)]);
    assert_eq!((sent.embeds[0].title.as_deref(), sent.reply_to), (Some("seen"), Some(said)));
    let secret = stage.slash("secret", &[]).await.answered(SOON).await.unwrap();
    assert_eq!((&*secret.content, secret.flags & 64), ("psst", 64));
    assert_eq!(secret.components[0].components[0].custom_id.as_deref(), Some("serene:go"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_read_as_serenity_models_them() {
    let intents = "guilds guild_members guild_messages guild_message_reactions guild_message_typing guild_invites message_content";
    let intents: Vec<&str> = intents.split(' ').collect();
    let mut setting = Setting::new().with("serene").keys(&format!("intents = {intents:?}"));
    let harbour = setting.discord.world.guild_named("Harbour").unwrap().id;
    setting.discord.world.add_role(harbour, "captain", ADMINISTRATOR);
    let stage = setting.up().await;
    stage.alice.give_role("bot", "captain").await.unwrap();
    assert_eq!(stage.ask("!tour").await, "toured");
    let alice = stage.alice.at("general").unwrap();
    alice.typing("general").await.unwrap();
    let erin = stage.sim.member("erin").unwrap();
    erin.leave("Harbour").await.unwrap();
    erin.join("Harbour").await.unwrap();
    stage.alice.give_role("bob", "newcomer").await.unwrap();
    let said = alice.say("general", "ahoy").await.unwrap();
    alice.react(said, "⚓").await.unwrap();
    alice.unreact(said, "⚓").await.unwrap();
    let read = stage.ask("!read").await;
    let missing: Vec<&str> = [
        "READY",
        "GUILD_CREATE",
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_REMOVE",
        "GUILD_MEMBER_UPDATE",
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "TYPING_START",
        "CHANNEL_CREATE",
        "CHANNEL_UPDATE",
        "CHANNEL_DELETE",
        "THREAD_CREATE",
        "GUILD_ROLE_CREATE",
        "GUILD_ROLE_DELETE",
        "INVITE_CREATE",
    ]
    .into_iter()
    .filter(|name| !read.split(' ').any(|it| it == *name))
    .collect();
    assert!(missing.is_empty(), "{missing:?} of {read}");
    assert_eq!(stage.status("serene").faults, 0, "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cogs_with_different_versions_of_serenity_serve_side_by_side() {
    let stage = Setting::new().with("serene").with("vintage").up().await;
    let said = stage.alice.say("general", "hello, vintage").await.unwrap();
    let sent = stage.sim.reply_to(said, SOON).await.expect("a reply");
    assert_eq!(sent.embeds[0].title.as_deref(), Some("0.11 read 14 of alice"));
    assert_eq!(stage.ask("!user alice").await, format!("<@{}> is alice", stage.alice.id()));
    for cog in ["serene", "vintage"] {
        assert_eq!(stage.status(cog).faults, 0);
    }
    stage.down().await;
}
