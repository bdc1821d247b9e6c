//! Discord's list of commands is full, and not all of them belong to the host.

use gearshift_host::commands;
use serde_json::{Value, json};

use crate::{
    commanding::{command, ping_with},
    stage::{Setting, put},
};

/// `count` commands, of which the last one is named `last`.
fn declared(count: usize, last: &str) -> Value {
    let name = |at: usize| if at + 1 == count { last.to_owned() } else { format!("c{at}") };
    (0..count).map(|at| command(1, &name(at), json!({}))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_can_be_renamed_though_the_list_is_full() {
    let cog = ping_with("many", declared(99, "old"));
    let stage = Setting::new().with_file(cog.path(), "many").keys("register_commands = false").up().await;
    let discord = stage.host.sessions().discord.clone().unwrap();
    // The hundredth command belongs to another program.
    let path = format!("/applications/{}/commands", discord.account().application_id);
    let other = json!({ "name": "other", "description": "of another program" }).to_string();
    let request = gearshift_host::sessions::discord::Request::new(
        gearshift_host::sessions::discord::Method::Post,
        path,
    );
    discord.request(request.json(other)).await.unwrap();
    let registered = commands::register(stage.host.cogs(), &discord).await.unwrap();
    assert_eq!((registered.refused.len(), stage.sim.commands().len()), (0, 100));
    let file = put(ping_with("many", declared(99, "new")).path(), &stage.cogs(), "many");
    stage.host.cogs().load_file(&file).await.unwrap();
    let registered = commands::register(stage.host.cogs(), &discord).await.unwrap();
    assert!(registered.refused.is_empty(), "{:?}", registered.refused);
    let names = stage.sim.commands();
    let has = |name: &str| names.iter().any(|it| it == name);
    assert!(has("new") && has("other") && !has("old") && names.len() == 100, "{names:?}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_own_commands_make_room_for_those_of_cogs() {
    let of = |name: &str, count: usize| {
        let command = |at: usize| command(1, &format!("{name}{at}"), json!({}));
        ping_with(name, (0..count).map(command).collect())
    };
    let setting = Setting::new().commands("").keys("register_commands = false");
    let stage = setting.with_file(of("many", 98).path(), "many").up().await;
    let discord = stage.host.sessions().discord.clone().unwrap();
    commands::register(stage.host.cogs(), &discord).await.unwrap();
    assert!(stage.sim.commands().iter().any(|name| name == "help") && stage.sim.commands().len() == 100);
    assert!(stage.host.cogs().declared().left_out.is_empty());
    let file = put(of("more", 2).path(), &stage.cogs(), "more");
    stage.host.cogs().load_file(&file).await.unwrap();
    let registered = commands::register(stage.host.cogs(), &discord).await.unwrap();
    assert!(registered.refused.is_empty(), "{:?}", registered.refused);
    let names = stage.sim.commands();
    assert!(names.iter().any(|name| name == "more1") && names.len() == 100, "{names:?}");
    let left_out = stage.host.cogs().declared().left_out;
    assert_eq!(left_out.iter().map(ToString::to_string).collect::<Vec<_>>(), ["`/cogs`", "`/help`"]);
    stage.host.cogs().unload("more").await.unwrap();
    stage.down().await;
}
