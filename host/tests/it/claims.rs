//! Two files that claim the same name or command: the first one gets it, and the second one gets it when the first
//! gives it up.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use gearshift_host::cogs::{self, CogError};

use crate::{
    damage::Damaged,
    libraries::library,
    stage::{SOON, Setting, Stage, put},
};

/// A cog that answers like `ping`, with this name and this command, each of four letters.
pub(crate) fn ping_as(name: &str, command: &str) -> Damaged {
    Damaged::copy_of(&library("echo"))
        .replace_in_manifest(r#""name":"echo","version""#, &format!(r#""name":"{name}","version""#))
        .replace_in_manifest(r#""type":1,"name":"echo""#, &format!(r#""type":1,"name":"{command}""#))
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
    // Now this one waits for the name.
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
    // The last one by name: all others that were missing something have had their turn.
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
async fn a_refused_file_that_is_damaged_later_blocks_no_other_file() {
    let ping = library("ping");
    let setting = Setting::new().with("ping").with_file(&ping, "ping2").with_file(&ping, "ping3");
    let stage = setting.up().await;
    put(Damaged::from_bytes(b"no cog at all\n").path(), &stage.cogs(), "ping2");
    fs::remove_file(stage.file("ping")).unwrap();
    stage.until_from("ping", "ping3").await;
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}

/// Three cogs, each with a command of its own name.
const COGS: [&str; 3] = ["pang", "pong", "pung"];

async fn three() -> Stage {
    let cogs = COGS.map(|name| ping_as(name, name));
    let setting = COGS.iter().zip(&cogs);
    setting.fold(Setting::new(), |setting, (name, cog)| setting.with_file(cog.path(), name)).up().await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_swap_places_are_followed_and_no_event_is_lost() {
    for shift in [&[1, 0, 2][..], &[1, 2, 0], &[2, 0, 1]] {
        let stage = three().await;
        let change = async {
            let aside = COGS.map(|name| stage.cogs().join(format!("{name}.aside")));
            for (name, aside) in COGS.iter().zip(&aside) {
                fs::copy(stage.file(name), aside).unwrap();
            }
            for (from, to) in shift.iter().enumerate() {
                fs::rename(&aside[from], stage.file(COGS[*to])).unwrap();
            }
            for (from, to) in shift.iter().enumerate() {
                stage.until_from(COGS[from], COGS[*to]).await;
            }
        };
        stage.while_asking(&COGS, change).await;
        for (from, to) in shift.iter().enumerate() {
            let status = stage.status(COGS[from]);
            let generation = if from == *to { 1 } else { 2 };
            assert_eq!(status.generation, Some(generation), "{shift:?}: {status:?}");
            assert_eq!(status.last_report.unwrap().from.is_some(), from != *to, "it was replaced");
        }
        assert_eq!(stage.host.cogs().status().refused, [], "{shift:?}");
        stage.down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_keeps_serving_from_another_file_when_its_own_is_removed() {
    for is_removed_first in [true, false] {
        let stage = three().await;
        let change = async {
            let aside = stage.cogs().join("aside");
            fs::copy(stage.file("pong"), &aside).unwrap();
            if is_removed_first {
                fs::remove_file(stage.file("pong")).unwrap();
                fs::rename(&aside, stage.file("pang")).unwrap();
            } else {
                fs::rename(&aside, stage.file("pang")).unwrap();
                let pang = stage.file("pang");
                stage.until(|status| status.refused.iter().any(|refused| refused.file == pang)).await;
                fs::remove_file(stage.file("pong")).unwrap();
            }
            stage.until_from("pong", "pang").await;
        };
        stage.while_asking(&["pong", "pung"], change).await;
        stage.until_status("pang", |status| status.stage == cogs::Stage::Away).await;
        let report = stage.status("pong").last_report.unwrap();
        assert_eq!((report.from, report.to), (Some(1), Some(2)), "it was replaced");
        assert_eq!(stage.host.cogs().status().refused, []);
        stage.down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cogs_that_exchange_commands_are_replaced_together() {
    for count in [2, 3] {
        let stage = three().await;
        let change = async {
            for (at, name) in COGS[..count].iter().enumerate() {
                put(ping_as(name, COGS[(at + 1) % count]).path(), &stage.cogs(), name);
            }
            for name in &COGS[..count] {
                stage.until_status(name, |status| status.generation == Some(2)).await;
            }
        };
        stage.while_asking(&COGS, change).await;
        for (at, name) in COGS[..count].iter().enumerate() {
            assert_eq!(stage.status(name).commands, [COGS[(at + 1) % count]]);
        }
        assert_eq!(stage.host.cogs().status().refused, []);
        stage.down().await;
    }
}

impl Stage {
    fn file(&self, name: &str) -> PathBuf {
        self.cogs().join(format!("lib{name}.so"))
    }

    /// Waits until a cog serves from this file.
    async fn until_from(&self, cog: &str, file: &str) {
        let file = self.file(file);
        self.until_status(cog, |status| status.generation.is_some() && status.file == file).await;
    }

    /// Calls commands repeatedly while something changes; each call is answered.
    async fn while_asking(&self, commands: &[&str], change: impl Future<Output = ()>) {
        let is_done = AtomicBool::new(false);
        let asking = futures_util::future::join_all(commands.iter().map(async |command| {
            loop {
                let is_last = is_done.load(Ordering::Relaxed);
                assert_eq!(self.ask(&format!("!{command}")).await, "pong");
                if is_last {
                    break;
                }
            }
        }));
        let change = async {
            change.await;
            is_done.store(true, Ordering::Relaxed);
        };
        tokio::join!(asking, change);
    }
}
