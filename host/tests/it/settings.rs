//! Settings of a cog: handed to it, checked before it is built, and applied when they change.

use std::path::Path;

use gearshift_host::{cogs::Stage as CogStage, config::Config};

use crate::{
    libraries::library,
    stage::{Setting, Stage, put},
};

fn set(lines: &str) -> Setting {
    Setting::new().with("faulty").with("ping").config(&format!("[cog.faulty.settings]\n{lines}"))
}

impl Stage {
    /// Changes the dummy's settings in the config file.
    async fn change(&self, lines: &str) {
        let text = format!("[cog.faulty.settings]\n{lines}");
        let config = Config::parse(&text, Path::new("gearshift.toml")).expect("it is valid");
        self.host.cogs().follow_settings(config.cog).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_gets_what_is_set_for_it_and_is_reloaded_when_that_changes() {
    let stage = set("text = \"hi\"\nnumbers = [1, 2]").up().await;
    assert_eq!(stage.ask("!faulty settings").await, "text `hi`, numbers [1, 2]");
    stage.change("text = \"bye\"").await;
    assert_eq!(stage.ask("!faulty settings").await, "text `bye`, numbers []");
    assert_eq!(stage.status("faulty").generation, Some(2));
    // The same settings again change nothing, and other cogs are left alone.
    stage.change("text = \"bye\"").await;
    assert_eq!(stage.status("faulty").generation, Some(2));
    assert_eq!(stage.status("ping").generation, Some(1));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_setting_is_named_with_its_line_and_the_running_generation_stays() {
    let stage = set("text = \"hi\"").up().await;
    stage.change("numbers = [1,\n\"two\"]").await;
    let status = stage.status("faulty");
    assert_eq!(status.generation, Some(1));
    let fault = status.last_fault.expect("it is shown");
    let place = ":3: `cog.faulty.settings.numbers[1]`: invalid type: string \"two\", expected u32";
    assert!(fault.contains(place), "{fault}");
    assert_eq!(stage.ask("!faulty settings").await, "text `hi`, numbers []");
    stage.change("text = \"mended\"").await;
    assert_eq!(stage.ask("!faulty settings").await, "text `mended`, numbers []");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_whose_settings_are_wrong_from_the_start_comes_when_they_are_mended() {
    let stage = set("txt = \"hi\"").up().await;
    let status = stage.status("faulty");
    assert_eq!(status.stage, CogStage::Away);
    let reason = status.reason.expect("it is shown");
    assert!(
        reason.contains("`cog.faulty.settings.txt`: unknown field `txt`, expected `text` or `numbers`"),
        "{reason}"
    );
    assert_eq!(stage.ask("!ping still").await, "pong still");
    stage.change("text = \"hi\"").await;
    assert_eq!(stage.ask("!faulty settings").await, "text `hi`, numbers []");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_a_cog_is_loaded_reaches_it_too() {
    let stage = Setting::new().stored("faulty", "plan", "setup=sleep 1000").up().await;
    put(&library("faulty"), &stage.cogs(), "faulty");
    stage.until_status("faulty", |status| status.stage == CogStage::Loading).await;
    stage.change("text = \"hi\"").await;
    assert_eq!(stage.ask("!faulty settings").await, "text `hi`, numbers []");
    stage.down().await;
}
