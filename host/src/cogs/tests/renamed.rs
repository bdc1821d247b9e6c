//! A file that holds another cog than before.

use std::{sync::Arc, time::Duration};

use gearshift_cog::manifest::Manifest;

use super::script::{Code, Harness, candidate, file};
use crate::{
    cogs::{Absence, Stage, message::Trigger},
    library::CommandKey,
    step::Step,
};

const GOOD: Code = Code { version: 1, fails_in: None };
const BETTER: Code = Code { version: 2, fails_in: None };
const BROKEN: Code = Code { version: 3, fails_in: Some(Step::Setup) };

#[tokio::test(start_paused = true)]
async fn a_file_that_is_another_cog_now_takes_name_commands_and_routes_over() {
    let harness = Harness::new(&["music", "tunes"]);
    harness.deploy("music", GOOD, Trigger::Requested).await.expect("it is good");
    let mut renamed = candidate("music", GOOD);
    let manifest = Manifest { name: "tunes".to_owned(), ..(*renamed.manifest).clone() };
    renamed.manifest = Arc::new(manifest);
    harness.deploy_file("tunes", renamed, Trigger::FileChanged).await.expect("the file is the same");
    harness.settle("music").await;
    assert_eq!(harness.stage("tunes"), (Stage::Serving, Some(1)));
    assert_eq!(harness.status("music").absence, Absence::FileGone);
    assert!(harness.script("music").notes().alive.is_empty());
    harness.router.route("TYPING_START", "{}");
    assert_eq!((harness.waiting("music"), harness.waiting("tunes")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_cog_that_is_away_gives_everything_up_when_its_file_is_another_cog() {
    for is_parked in [false, true] {
        let harness = Harness::new(&["music", "tunes"]);
        if is_parked {
            harness.deploy("music", GOOD, Trigger::Requested).await.expect("it is good");
            for number in 1..=3 {
                harness.stuck("music", number).await;
            }
        } else {
            harness.deploy("music", BROKEN, Trigger::FileChanged).await.expect_err("it fails");
        }
        let absence = if is_parked { Absence::Parked } else { Absence::Failed };
        assert_eq!((harness.stage("music").0, harness.status("music").absence), (Stage::Away, absence));
        let mut renamed = candidate("tunes", BETTER);
        renamed.file = file("music");
        harness.deploy_file("tunes", renamed, Trigger::FileChanged).await.expect("the file is free");
        harness.settle("music").await;
        assert_eq!(harness.status("music").absence, Absence::FileGone, "it was {absence:?}");
        let declared = harness.registry.declared(Duration::ZERO).commands;
        assert!(!declared.contains_key(&CommandKey::slash("music")), "{declared:?}");
        assert_eq!(harness.stage("tunes").0, Stage::Serving);
    }
}
