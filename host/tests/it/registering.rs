//! Slash commands are deleted from Discord only if a cog of this process declared them and none does any more: deleting
//! a command also deletes its id and the permissions that server admins have set for it.

use std::{fs, time::Instant};

use gearshift_sim::{Entry, EntryKind};

use crate::{
    damage::Damaged,
    libraries::library,
    stage::{SOON, Setting, Stage, put},
};

impl Stage {
    /// Waits until exactly these commands are registered.
    async fn until_registered(&self, wanted: &[&str]) {
        let is_so = |_: &Entry| {
            let mut names = self.sim.commands();
            names.sort();
            (names == wanted).then_some(())
        };
        let reached = self.sim.until(Instant::now() + SOON, is_so).await;
        assert!(reached.is_some(), "{:?}\n{}", self.sim.commands(), self.transcript());
    }

    /// How often the bot has registered its commands so far.
    pub(crate) fn writes(&self) -> usize {
        let history = self.sim.transcript().history();
        history.iter().filter(|entry| matches!(entry.kind, EntryKind::Commands { .. })).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_a_refused_file_or_an_empty_folder_deletes_nothing() {
    let stage = Setting::new().with("ping").with("counter").up().await;
    stage.until_registered(&["count", "ping"]).await;
    put(Damaged::from_bytes(b"junk\n").path(), &stage.cogs(), "ping");
    stage.until(|status| status.refused.len() == 1).await;
    let (stage, before) = (stage.restart().await, 1);
    assert_eq!(stage.ask("!count").await, "1 for you, 1 for everybody");
    fs::remove_file(stage.cogs().join("libping.so")).unwrap();
    fs::remove_file(stage.cogs().join("libcounter.so")).unwrap();
    let stage = stage.restart().await;
    stage.until(|status| status.cogs.is_empty()).await;
    // A cog that is added now is registered with them.
    put(&library("poll"), &stage.cogs(), "poll");
    stage.until_registered(&["count", "ping", "poll"]).await;
    assert_eq!(stage.writes(), before + 1, "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_a_cog_that_failed_go_with_its_file_or_when_it_is_unloaded() {
    for unload in [false, true] {
        let stage = Setting::new().with("faulty").with("ping").config("commands_keep_ms = 100").up().await;
        stage.until_registered(&["faulty", "faulty-ephemeral", "ping"]).await;
        assert!(stage.ask("!faulty panic-in-setup").await.starts_with("armed"));
        stage.host.cogs().unload("faulty").await.unwrap();
        stage.host.cogs().load("faulty").await.expect_err("it panics");
        if unload {
            stage.host.cogs().unload("faulty").await.unwrap();
        } else {
            fs::remove_file(stage.cogs().join("libfaulty.so")).unwrap();
        }
        stage.until_registered(&["ping"]).await;
        stage.down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_is_renamed_in_place_and_keeps_its_command() {
    let stage = Setting::new().with("ping").up().await;
    assert_eq!(stage.ask("!ping").await, "pong");
    let renamed = Damaged::copy_of(&library("ping"))
        .replace_in_manifest(r#""name":"ping","version""#, r#""name":"pong","version""#);
    put(renamed.path(), &stage.cogs(), "ping");
    stage.until_status("pong", |status| status.generation == Some(1)).await;
    stage.until_status("ping", |status| status.generation.is_none()).await;
    assert_eq!(stage.ask("!ping again").await, "pong again");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_is_renamed_serves_on_and_keeps_its_command() {
    let stage = Setting::new().with("ping").with("counter").config("commands_keep_ms = 100").up().await;
    stage.until_registered(&["count", "ping"]).await;
    for (from, to) in [("ping", "a-ping"), ("a-ping", "z-ping")] {
        let file = |name: &str| stage.cogs().join(format!("lib{name}.so"));
        fs::rename(file(from), file(to)).unwrap();
        stage.until_status("ping", |status| status.generation.is_some() && status.file == file(to)).await;
        assert_eq!(stage.ask("!ping").await, "pong");
    }
    // The command of another cog is added and removed: any pending deletion is done by then.
    stage.host.cogs().unload("counter").await.unwrap();
    stage.until_registered(&["ping"]).await;
    stage.down().await;
}
