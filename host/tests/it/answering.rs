//! A library in the folder becomes a cog that answers.

use gearshift_sim::World;

use crate::stage::{SOON, Setting};

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_answers_prefix_and_slash_commands() {
    let stage = Setting::new().with("ping").up().await;
    assert_eq!(stage.ask("!ping hi there").await, "pong hi there");
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echoed_text_mentions_no_one() {
    let stage = Setting::new().with("ping").with("remind").up().await;
    let bob = stage.sim.member("bob").unwrap().id();
    let said = stage.alice.say("general", &format!("!ping <@{bob}> @everyone")).await.unwrap();
    let reply = stage.sim.reply_to(said, SOON).await.unwrap();
    assert_eq!(*reply.content, *format!("pong <@{bob}> @everyone"));
    assert!(reply.mentions.is_empty() && !reply.mention_everyone, "{reply:?}");
    let said = stage.alice.say("general", &format!("!remind 1s <@{bob}>")).await.unwrap();
    let answer = stage.sim.reply_to(said, SOON).await.unwrap();
    let reminder = stage.sim.bot_message_after(answer.id, SOON).await.unwrap();
    let notified: Vec<_> = reminder.mentions.iter().map(|user| user.id).collect();
    assert_eq!(notified, [stage.alice.id()], "{reminder:?}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_history_may_not_be_read_an_answer_is_no_reply() {
    let mut setting = Setting::new().with("ping");
    setting.discord.world = World::read(
        r#"
        [[people]]
        name = "alice"
        [[guilds]]
        name = "Harbour"
        owner = "alice"
        [[guilds.channels]]
        name = "general"
        [[guilds.channels]]
        name = "quiet"
        overwrites = [{ role = "@everyone", deny = ["READ_MESSAGE_HISTORY"] }]
        "#,
    )
    .unwrap();
    let stage = setting.up().await;
    let said = stage.alice.say("quiet", "!ping hi").await.unwrap();
    let answer = stage.sim.bot_message_after(said, SOON).await.expect("an answer");
    assert_eq!((&*answer.content, answer.reply_to), ("pong hi", None));
    assert_eq!(stage.status("ping").faults, 0);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_long_is_refused_with_its_length_and_its_user_notified() {
    let stage = Setting::new().with("ping").up().await;
    let asked = stage.slash("ping", &[("text", &"x".repeat(1996))]).await;
    let answer = asked.answered(SOON).await.unwrap();
    assert_eq!((&*answer.content, answer.is_ephemeral()), ("Something went wrong. Try again later.", true));
    stage.until_status("ping", |status| status.last_fault.is_some()).await;
    let fault = stage.status("ping").last_fault.expect("it is shown");
    assert!(fault.ends_with("cannot send a message of 2001 characters; Discord allows 2000, and `NewMessage::long` makes it fit"), "{fault}");
    stage.down().await;
}
