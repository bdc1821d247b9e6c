//! Two files that claim one name or one command: the first has it, and the second gets it when the first gives it up.

use std::{fs, path::PathBuf};

use gearshift_host::cogs::{self, CogError};

use crate::{
    damage::Damaged,
    libraries::library,
    stage::{SOON, Setting, Stage, put},
};

/// `ping` by another name and with another command, each of four letters.
fn ping_as(name: &str, command: &str) -> Damaged {
    Damaged::copy_of(&library("ping"))
        .replace_in_manifest(r#""name":"ping","version""#, &format!(r#""name":"{name}","version""#))
        .replace_in_manifest(r#""type":1,"name":"ping""#, &format!(r#""type":1,"name":"{command}""#))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_given_up_goes_to_the_next_file_that_is_there() {
    let ping = library("ping");
    let setting = Setting::new().with("ping").with_file(&ping, "ping2").with_file(&ping, "ping3");
    let stage = setting.with_file(&ping, "ping4").up().await;
    assert_eq!(stage.status("ping").file, stage.file("ping"));
    fs::remove_file(stage.file("ping2")).unwrap();
    fs::remove_file(stage.file("ping")).unwrap();
    stage.until_from("ping", "ping3").await;
    assert_eq!(stage.ask("!ping third").await, "pong third");
    fs::remove_file(stage.file("ping3")).unwrap();
    stage.until_from("ping", "ping4").await;
    assert_eq!(stage.ask("!ping fourth").await, "pong fourth");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_of_a_cog_that_is_unloaded_goes_to_the_cog_that_lacked_it() {
    let setting = Setting::new().with("ping").with_file(ping_as("pong", "ping").path(), "pong");
    let stage = setting.up().await;
    stage.slash("ping", &[("text", "one")]).await.answered(SOON).await.unwrap();
    stage.host.cogs().unload("ping").await.unwrap();
    stage.until_from("pong", "pong").await;
    let asked = stage.slash("ping", &[("text", "two")]).await;
    assert_eq!(asked.answered(SOON).await.unwrap().content, "pong two");
    let error = stage.host.cogs().load("ping").await.expect_err("its command is taken");
    assert!(matches!(error, CogError::CommandTaken { .. }), "{error}");
    // Now it is the one that waits.
    fs::remove_file(stage.file("pong")).unwrap();
    stage.until_from("ping", "ping").await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_a_new_version_does_not_declare_goes_to_the_cog_that_lacked_it() {
    let setting = Setting::new().with("ping").with_file(ping_as("pong", "ping").path(), "pong");
    let stage = setting.up().await;
    put(ping_as("ping", "pung").path(), &stage.cogs(), "ping");
    stage.until_from("pong", "pong").await;
    assert_eq!(stage.status("ping").generation, Some(2));
    assert_eq!(
        (stage.status("ping").commands, stage.status("pong").commands),
        (vec!["pung".to_owned()], vec!["ping".to_owned()])
    );
    assert_eq!(stage.ask("!pung").await, "pong");
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_that_was_unloaded_does_not_come_back_from_another_file() {
    let ping = library("ping");
    let setting = Setting::new().with("ping").with_file(&ping, "ping2");
    let stage = setting.with_file(ping_as("pong", "ping").path(), "zz-pong").up().await;
    stage.host.cogs().unload("ping").await.unwrap();
    // The last by name: whatever else lacked something has had its turn.
    stage.until_from("pong", "zz-pong").await;
    assert_eq!(stage.status("ping").stage, cogs::Stage::Away);
    stage.host.cogs().unload("pong").await.unwrap();
    stage.host.cogs().load("ping").await.unwrap();
    // It is wanted again, from any file.
    fs::remove_file(stage.file("ping")).unwrap();
    stage.until_from("ping", "ping2").await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_that_is_spoilt_meanwhile_stands_in_nobodys_way() {
    let ping = library("ping");
    let setting = Setting::new().with("ping").with_file(&ping, "ping2").with_file(&ping, "ping3");
    let stage = setting.up().await;
    put(Damaged::from_bytes(b"no cog at all\n").path(), &stage.cogs(), "ping2");
    fs::remove_file(stage.file("ping")).unwrap();
    stage.until_from("ping", "ping3").await;
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}

impl Stage {
    fn file(&self, name: &str) -> PathBuf {
        self.cogs().join(format!("lib{name}.so"))
    }

    /// Waits until a cog serves from a file.
    async fn until_from(&self, cog: &str, file: &str) {
        let file = self.file(file);
        self.until_status(cog, |status| status.generation.is_some() && status.file == file).await;
    }
}
