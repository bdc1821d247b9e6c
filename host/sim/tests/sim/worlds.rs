//! Worlds: written by a user, the same at every start, and with clear errors.

use std::fmt::Write as _;

use gearshift_sim::{ChannelKind, NO_OPTIONS, Sim, SimOptions, Status, World, bits};
use serde_json::json;

use crate::raw::{get, options, register, sim};

fn mistake(text: &str) -> (usize, String) {
    match World::read(text).unwrap_err() {
        gearshift_sim::WorldError::Invalid { mistake, .. } => (mistake.line, mistake.to_string()),
        other => panic!("expected a mistake, got {other}"),
    }
}

#[tokio::test]
async fn the_default_world_has_the_same_ids_at_every_start() {
    let (one, other) = (sim().await, sim().await);
    let ids = |sim: &Sim| {
        sim.world(|world| {
            let guilds = world.guilds().map(|guild| {
                let channels: Vec<_> = guild.channels.clone();
                let roles: Vec<_> = guild.roles.iter().map(|role| role.id).collect();
                let members: Vec<_> = guild.members.keys().copied().collect();
                let said: Vec<_> =
                    channels.iter().filter_map(|id| world.channel(*id)?.last_message_id).collect();
                (guild.id, channels, roles, members, said)
            });
            guilds.collect::<Vec<_>>()
        })
    };
    assert_eq!(ids(&one), ids(&other));
    assert_eq!(get(&one, "/users/@me").await.1, get(&other, "/users/@me").await.1);
}

#[tokio::test]
async fn the_default_world_has_people_with_pictures_a_private_channel_a_voice_channel_and_some_history() {
    let sim = sim().await;
    sim.world(|world| {
        assert_eq!(
            world.guilds().map(|guild| guild.name.as_str()).collect::<Vec<_>>(),
            ["Harbour", "Workshop"]
        );
        let alice = world.user_named("alice").unwrap();
        assert!(alice.avatar.is_some() && alice.global_name.as_deref() == Some("Alice"));
        let staff = world.channel_named("staff", None).unwrap();
        let sees =
            |name| world.permissions_in(staff, world.user_named(name).unwrap().id) & bits::VIEW_CHANNEL != 0;
        assert!(sees("alice") && sees("bob") && !sees("carol"));
        assert_eq!(world.status_of(world.user_named("dave").unwrap().id), Status::Idle);
        assert_eq!(world.channel_named("lounge", None).unwrap().kind, ChannelKind::Voice);
        assert!(world.channel_named("random", None).unwrap().messages.len() > 1);
    });
}

#[test]
fn a_mistake_in_a_world_file_is_reported_with_line_and_nearest_name() {
    let guild = "[[guilds]]\nname = \"A\"\nowner = \"alice\"\n";
    for (tail, line, words) in [
        ("everyon = []", 4, "did you mean `everyone`?"),
        ("[[guilds.chanels]]\nname = \"x\"", 4, "did you mean `channels`?"),
        ("[[guilds.channels]]\nname = 5", 5, "invalid type: integer"),
        ("[[guilds.channels]]\nname = \"x\"\nkind = \"voize\"", 6, "did you mean `voice`?"),
        ("[[guilds.channels]]\nname = \"x\"\ncategory = \"Y\"", 6, "there is no category `Y`"),
        (
            "[[guilds.roles]]\nname = \"x\"\npermissions = [\"VIEW_CHANEL\"]",
            6,
            "did you mean `VIEW_CHANNEL`?",
        ),
        (
            "[[guilds.channels]]\nname = \"x\"\nsystem = true\n[[guilds.channels]]\nname = \"y\"\nsystem = true",
            9,
            "one system channel",
        ),
        ("[[guilds.roles]]\nname = \"x\"\ncolor = \"red\"", 6, "invalid colour"),
        ("[[guilds.members]]\nname = \"x\"\nroles = [\"mod\"]", 6, "there is no role `mod`"),
        (
            "[[guilds.channels]]\nname = \"x\"\noverwrites = [{ allow = [\"SPEAK\"] }]",
            6,
            "needs either a `role` or a `member`",
        ),
        (
            "[[guilds.channels]]\nname = \"x\"\n[[guilds.channels.messages]]\nby = \"b\"\nreply = 1",
            8,
            "no message 1 before",
        ),
        (
            "[[guilds.channels]]\nname = \"x\"\n[[guilds.channels.messages]]\nby = \"b\"\nembeds = [{ titel = \"t\" }]",
            8,
            "did you mean `title`?",
        ),
        (
            "[[guilds.channels]]\nname = \"x\"\n[[guilds.channels.messages]]\nby = \"b\"\n\
             components = [{ type = 1, components = [{ type = 2, custom-id = \"a\" }] }]",
            8,
            "did you mean `custom_id`?",
        ),
        ("id = 5\n[[guilds.roles]]\nname = \"x\"\nid = \"5\"", 7, "duplicate id 5"),
        ("id = \"18446744073709551615\"", 4, "an id must be between 1 and"),
        ("[[dms]]\nperson = \"alice\"\nbot = \"b\"", 6, "there is no bot `b`"),
        ("[[people]]\nname = \"alice\"\n[[people]]\nname = \"alice\"", 7, "duplicate name `alice`"),
        ("[[guilds.channels]\n", 4, ""),
    ] {
        let (at, told) = mistake(&format!("{guild}{tail}"));
        assert!(at == line && told.contains(words), "{tail}\n-> line {at}: {told}");
    }
    let old = "by = \"a\"\nat = 2026-01-02T00:00:00Z\n[[guilds.channels.messages]]\nby = \"b\"\nat = 2026-01-01T00:00:00Z";
    let (line, told) =
        mistake(&format!("{guild}[[guilds.channels]]\nname = \"x\"\n[[guilds.channels.messages]]\n{old}"));
    assert!(line == 10 && told.contains("older than the one before"), "{told}");
}

#[test]
fn a_missing_or_invalid_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("harbour.toml");
    let missing = World::load(&path).unwrap_err().to_string();
    assert!(missing.contains("harbour.toml"), "{missing}");
    std::fs::write(&path, "[[guild]]").unwrap();
    let wrong = World::load(&path).unwrap_err().to_string();
    assert!(wrong.contains("harbour.toml, line 1: [[guild]]: ") && wrong.contains("`guilds`"), "{wrong}");
}

#[tokio::test]
async fn a_large_world_file_is_read_and_started() {
    let mut text = "[[guilds]]\nname = \"Big\"\nowner = \"m0\"\n".to_owned();
    for number in 0..500 {
        write!(text, "[[guilds.channels]]\nname = \"c{number}\"\n").unwrap();
    }
    for number in 0..2_000 {
        write!(text, "[[guilds.members]]\nname = \"m{number}\"\n").unwrap();
    }
    let world = World::read(&text).unwrap();
    let sim = Sim::start(SimOptions { world, ..options() }).await.unwrap();
    assert_eq!(sim.world(|world| world.guilds().next().unwrap().members.len()), 2_001);
    sim.member("m1999").unwrap().say("c499", "hello").await.unwrap();
}

#[tokio::test]
async fn images_of_users_bots_and_guilds_have_discords_paths() {
    let sim = sim().await;
    let (_, me) = get(&sim, "/users/@me").await;
    let (alice, harbour) = sim.world(|world| {
        let (alice, harbour) = (world.user_named("alice").unwrap(), world.guilds().next().unwrap());
        let path = format!("avatars/{}/{}.png", alice.id, alice.avatar.clone().unwrap());
        (path, format!("icons/{}/{}.png", harbour.id, harbour.settings.icon.clone().unwrap()))
    });
    let bot = format!("avatars/{}/{}.webp", me["id"].as_str().unwrap(), me["avatar"].as_str().unwrap());
    let mut pictures = Vec::new();
    for path in
        [&alice, &format!("{alice}?size=64"), &harbour, &bot, "embed/avatars/0.png", "embed/avatars/5.png"]
    {
        let answer = reqwest::get(format!("{}/{path}", sim.base_url())).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"image/png".parse().unwrap())
        );
        let bytes = answer.bytes().await.unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{path}");
        assert!(!pictures.contains(&bytes), "{path} looks like another one");
        pictures.push(bytes);
    }
    let wrong = alice.replace(".png", "0.png");
    for path in [&wrong, &format!("{alice}?size=65"), "avatars/5/x.png", "embed/avatars/6.png"] {
        assert_eq!(reqwest::get(format!("{}/{path}", sim.base_url())).await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_world_file_sets_command_permissions_before_registration() {
    let text = "[[guilds]]\nname = \"Lab\"\nowner = \"zoe\"\n\
        [[guilds.roles]]\nname = \"keeper\"\n\
        [[guilds.members]]\nname = \"kim\"\nroles = [\"keeper\"]\n[[guilds.members]]\nname = \"lou\"\n\
        [[guilds.channels]]\nname = \"bench\"\n[[guilds.channels]]\nname = \"yard\"\n\
        [[guilds.commands]]\nname = \"ban\"\nallow = { roles = [\"keeper\"] }\n\
        deny = { roles = [\"@everyone\"], channels = [\"yard\"] }\n";
    let world = World::read(text).unwrap();
    assert_eq!(World::read(&world.write()).unwrap().write(), world.write());
    let sim = Sim::start(SimOptions { world, ..options() }).await.unwrap();
    register(&sim, json!(["ban", "ping"].map(|name| json!({ "name": name, "description": "x", "type": 1 }))))
        .await;
    let runs = async |who: &str, command: &str, channel: &str| {
        sim.member(who).unwrap().at(channel).unwrap().slash(command, NO_OPTIONS).await.is_ok()
    };
    assert!(runs("kim", "ban", "bench").await);
    assert!(!runs("lou", "ban", "bench").await, "everyone is denied");
    assert!(!runs("kim", "ban", "yard").await, "the channel is denied");
    assert!(runs("lou", "ping", "yard").await, "another command");
    let (line, told) = mistake(
        "[[guilds]]\nname = \"A\"\nowner = \"z\"\n[[guilds.commands]]\nname = \"x\"\nallow = { channels = [\"q\"] }",
    );
    assert!(line == 6 && told.contains("there is no channel `q`"), "{told}");
}
