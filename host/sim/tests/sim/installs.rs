//! Applications that users install for themselves: which of their commands are available, and on whose behalf.

use gearshift_sim::{Sim, SimOptions, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::api;
use crate::raw::{INTENTS, PATIENCE, Socket, get, options, post, register};

/// The bot is in one guild and not in the other; bob has installed it.
const WORLD: &str = r#"
people = [{ name = "alice" }, { name = "bob" }]
bots = [{ name = "bot", token = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gsimul.x", guilds = ["Near"], users = ["bob"] }]

[[guilds]]
name = "Near"
owner = "alice"
members = [{ name = "bob" }]
channels = [{ name = "near" }]

[[guilds]]
name = "Far"
owner = "alice"
members = [{ name = "bob" }]
channels = [{ name = "far" }]
"#;

async fn started() -> Sim {
    let world = World::read(WORLD).unwrap();
    let token = world.bots()[0].token.clone();
    let sim = Sim::start(SimOptions { world, token, ..options() }).await.unwrap();
    let command = |name: &str, installs: &[u8], contexts: &[u8]| json!({ "name": name, "description": "x", "integration_types": installs, "contexts": contexts });
    register(
        &sim,
        json!([
            command("ours", &[0], &[0]),
            command("mine", &[1], &[0, 1, 2]),
            command("both", &[0, 1], &[0, 1])
        ]),
    )
    .await;
    sim
}

/// Calls a command where a member is. The bot answers, and the interaction is returned.
async fn invoked(sim: &Sim, bot: &mut Socket, who: &str, place: &str, command: &str) -> Value {
    let invoker = sim.member(who).unwrap().at(place).unwrap();
    let handle = invoker.slash(command, gearshift_sim::NO_OPTIONS).await.unwrap();
    let interaction = bot.event("INTERACTION_CREATE").await;
    let (id, token) = (interaction["id"].as_str().unwrap(), interaction["token"].as_str().unwrap());
    let answer = json!({ "type": 4, "data": { "content": "here" } });
    assert_eq!(post(sim, &format!("/interactions/{id}/{token}/callback"), answer).await.0, 204);
    assert_eq!(handle.answered(PATIENCE).await.unwrap().content, "here");
    interaction
}

async fn refused(sim: &Sim, who: &str, place: &str, command: &str) {
    let invoker = sim.member(who).unwrap().at(place).unwrap();
    let error = invoker.slash(command, gearshift_sim::NO_OPTIONS).await.map(|_| ()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("there is no command `{command}`")), "{error}");
}

#[tokio::test]
async fn a_user_install_makes_commands_available_in_guilds_and_direct_messages() {
    let sim = started().await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    let id = |name: &str| sim.world(|world| world.user_named(name).unwrap().id.to_string());
    let guild = |name: &str| sim.world(|world| world.guild_named(name).unwrap().id.to_string());
    for (place, command, context, owners) in [
        ("near", "ours", 0, json!({ "0": guild("Near") })),
        ("near", "mine", 0, json!({ "1": id("bob") })),
        ("near", "both", 0, json!({ "0": guild("Near"), "1": id("bob") })),
        ("far", "mine", 0, json!({ "1": id("bob") })),
        ("@bot", "mine", 1, json!({ "1": id("bob") })),
        ("@alice", "mine", 2, json!({ "1": id("bob") })),
    ] {
        let interaction = invoked(&sim, &mut bot, "bob", place, command).await;
        let carried = (&interaction["context"], &interaction["authorizing_integration_owners"]);
        assert_eq!(carried, (&json!(context), &owners), "{place} {command}");
        let said = sim.world(|world| {
            let channel =
                world.channel(interaction["channel_id"].as_str().unwrap().parse().unwrap()).unwrap();
            channel.messages.back().unwrap().interaction.as_ref().unwrap().owners
        });
        assert_eq!(
            (said.guild.is_some(), said.user.is_some()),
            (owners["0"].is_string(), owners["1"].is_string())
        );
    }
    refused(&sim, "bob", "far", "ours").await;
    refused(&sim, "bob", "@alice", "both").await;
    for (place, command) in [("near", "mine"), ("far", "mine"), ("far", "both"), ("@bob", "mine")] {
        refused(&sim, "alice", place, command).await;
    }
}

#[tokio::test]
async fn installing_and_removing_an_application_takes_effect_at_once() {
    let sim = started().await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    let alice = sim.member("alice").unwrap();
    let count = async || get(&sim, "/applications/@me").await.1["approximate_user_install_count"].clone();
    alice.install("bot").await.unwrap();
    alice.install("bot").await.unwrap();
    assert_eq!(count().await, 2);
    invoked(&sim, &mut bot, "alice", "far", "mine").await;
    let written = sim.world(|world| world.write());
    assert_eq!(World::read(&written).unwrap().write(), written);
    alice.uninstall("bot").await.unwrap();
    assert_eq!(count().await, 1);
    refused(&sim, "alice", "far", "mine").await;
    assert!(alice.install("bor").await.unwrap_err().to_string().starts_with("there is no bot `bor`"));
}

// https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
#[tokio::test]
async fn without_use_external_apps_a_user_installed_application_answers_ephemerally() {
    let sim = started().await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    invoked(&sim, &mut bot, "bob", "far", "mine").await;
    assert_eq!(sim.messages("far").unwrap().len(), 1);
    let guild = sim.world(|world| world.guild_named("Far").unwrap().id);
    let path = format!("/guilds/{guild}/roles/{guild}");
    let allowed = gearshift_sim::bits::EVERYONE & !gearshift_sim::bits::USE_EXTERNAL_APPS;
    api(&sim, "alice").made(Method::PATCH, &path, json!({ "permissions": allowed.to_string() })).await;
    invoked(&sim, &mut bot, "bob", "far", "mine").await;
    assert_eq!(sim.messages("far").unwrap().len(), 1, "the second answer is ephemeral");
}
