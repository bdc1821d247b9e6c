//! A world kept on disk: what survives a restart, what a crash can lose, and what is never overwritten.

use std::path::Path;
use std::time::{Duration, Instant};

use gearshift_sim::{PersistError, Sim, SimOptions, StartError};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::raw::{PATIENCE, call, channel_id, get, options, post, register};

async fn start_in(folder: &Path) -> Sim {
    let persist_dir = Some(folder.to_owned());
    Sim::start(SimOptions { persist_dir, save_interval: Duration::from_millis(20), ..options() })
        .await
        .unwrap()
}

/// An image that a bot posts.
async fn upload(sim: &Sim, channel: &str) -> Value {
    let form = Form::new()
        .text("payload_json", json!({ "content": "see" }).to_string())
        .part("files[0]", Part::bytes(b"bytes of a file".to_vec()).file_name("notes.txt"));
    let request = reqwest::Client::new()
        .post(format!("{}/channels/{channel}/messages", sim.api_url()))
        .header("Authorization", format!("Bot {}", sim.token()))
        .multipart(form);
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn messages_members_channels_commands_reactions_and_files_survive_a_restart() {
    let folder = tempdir().unwrap();
    let sim = start_in(folder.path()).await;
    let general = channel_id(&sim, "general");
    let guild = sim.world(|world| world.guilds().next().unwrap().id);
    let alice = sim.member("alice").unwrap();
    let said = alice.say("general", "remember me").await.unwrap();
    alice.react(said, "👍").await.unwrap();
    // An address that only begins like the simulator's stays as it was written.
    alice.edit(said, &format!("remember me well, and {}7/x", sim.base_url())).await.unwrap();
    register(&sim, json!([{ "name": "ping", "description": "Answers", "type": 1 }])).await;
    let file = upload(&sim, &general).await;
    let (status, _) =
        call(&sim, Method::PATCH, &format!("/guilds/{guild}/members/@me"), Some(json!({ "nick": "Kept" })))
            .await;
    assert_eq!(status, 200);
    sim.clock().advance(Duration::from_secs(3600));
    let before = sim.clock().now();
    let history = get(&sim, &format!("/channels/{general}/messages")).await.1;
    let me = get(&sim, "/users/@me").await.1["id"].as_str().unwrap().to_owned();
    let commands = get(&sim, &format!("/applications/{me}/commands")).await.1;
    let member = get(&sim, &format!("/guilds/{guild}/members/{me}")).await.1;
    let roles = get(&sim, &format!("/guilds/{guild}/roles")).await.1;
    let (old_base, token) = (sim.base_url(), sim.token().to_owned());
    sim.close().await;

    let again = start_in(folder.path()).await;
    let moved = |value: &Value| -> Value {
        let files = |base: &str| format!("{base}/files/");
        let there = files(&again.base_url());
        serde_json::from_str(&value.to_string().replace(&files(&old_base), &there)).unwrap()
    };
    assert_eq!(again.token(), token);
    assert_eq!(get(&again, &format!("/channels/{general}/messages")).await.1, moved(&history));
    assert_eq!(get(&again, &format!("/applications/{me}/commands")).await.1, commands);
    assert_eq!(get(&again, &format!("/guilds/{guild}/members/{me}")).await.1, member);
    assert_eq!(get(&again, &format!("/guilds/{guild}/roles")).await.1, roles);
    assert_eq!(member["nick"], "Kept");
    let url = moved(&file["attachments"][0]["url"]);
    let content = reqwest::get(url.as_str().unwrap()).await.unwrap().bytes().await.unwrap();
    assert_eq!(&content[..], b"bytes of a file");
    assert!(again.clock().now() >= before, "time does not go back");
    let next = again.member("alice").unwrap().say("general", "and on").await.unwrap();
    assert!(next > said && next.unix_ms() >= before.0);
}

#[tokio::test]
async fn changes_older_than_the_save_interval_survive_a_crash() {
    let folder = tempdir().unwrap();
    let sim = start_in(folder.path()).await;
    sim.member("alice").unwrap().say("general", "before the crash").await.unwrap();
    let path = folder.path().join("world.json");
    let deadline = Instant::now() + PATIENCE;
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while !std::fs::read_to_string(&path).is_ok_and(|text| text.contains("before the crash")) {
        assert!(Instant::now() < deadline, "the world was not written");
        ticks.tick().await;
    }
    // The files that a crash leaves behind, opened by the next simulator.
    let copy = tempdir().unwrap();
    std::fs::copy(&path, copy.path().join("world.json")).unwrap();
    let again = start_in(copy.path()).await;
    assert_eq!(again.messages("general").unwrap().last().unwrap().content, "before the crash");
}

#[tokio::test]
async fn an_unreadable_world_is_refused_and_left_unchanged() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("world.json");
    for (text, words) in [
        (r#"{"format":1,"base":"x","now":"#, "EOF"),
        (r#"{"format":7,"base":"x"}"#, "it has format 7"),
        (r#"{"format":1,"base":"x"}"#, "missing field"),
    ] {
        std::fs::write(&path, text).unwrap();
        let refused =
            Sim::start(SimOptions { persist_dir: Some(folder.path().to_owned()), ..options() }).await;
        let Err(StartError::Persist(PersistError::Corrupt { source, .. })) = refused else {
            panic!("not refused: {text}")
        };
        assert!(source.to_string().contains(words), "{source}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn a_folder_is_used_by_one_simulator_at_a_time() {
    let folder = tempdir().unwrap();
    let sim = start_in(folder.path()).await;
    let second = Sim::start(SimOptions { persist_dir: Some(folder.path().to_owned()), ..options() }).await;
    assert!(matches!(second, Err(StartError::Persist(PersistError::InUse { .. }))));
    sim.close().await;
    drop(sim);
    post(&start_in(folder.path()).await, "/nowhere", json!({})).await;
}

#[tokio::test]
async fn an_upload_is_a_separate_file_and_no_partial_file_remains() {
    let folder = tempdir().unwrap();
    let sim = start_in(folder.path()).await;
    upload(&sim, &channel_id(&sim, "general")).await;
    sim.close().await;
    assert_eq!(std::fs::read_dir(folder.path().join("files")).unwrap().count(), 1);
    assert!(!folder.path().join("world.new").exists());
}

#[tokio::test]
async fn timers_still_fire_after_a_restart() {
    let folder = tempdir().unwrap();
    let sim = start_in(folder.path()).await;
    let general = channel_id(&sim, "general");
    let poll = json!({ "poll": { "question": { "text": "Tea?" }, "duration": 1,
        "answers": [{ "poll_media": { "text": "yes" } }, { "poll_media": { "text": "no" } }] } });
    let posted = post(&sim, &format!("/channels/{general}/messages"), poll).await.1;
    let invite = post(&sim, &format!("/channels/{general}/invites"), json!({ "max_age": 60 })).await.1;
    let invite = format!("/invites/{}", invite["code"].as_str().unwrap());
    assert_eq!(get(&sim, &invite).await.0, 200);
    sim.close().await;

    let again = start_in(folder.path()).await;
    let message = format!("/channels/{general}/messages/{}", posted["id"].as_str().unwrap());
    assert_eq!(get(&again, &message).await.1["poll"]["results"]["is_finalized"], false);
    again.clock().advance(Duration::from_secs(3600));
    assert_eq!(get(&again, &message).await.1["poll"]["results"]["is_finalized"], true);
    assert_eq!(get(&again, &invite).await.0, 404);
}
