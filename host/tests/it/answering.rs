//! A library in the folder becomes a cog that answers.

use crate::stage::Setting;

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_answers_prefix_and_slash_commands() {
    let stage = Setting::new().with("ping").up().await;
    assert_eq!(stage.ask("!ping hi there").await, "pong hi there");
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}
