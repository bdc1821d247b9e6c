//! Cogs that exchange commands, and are replaced together or not at all.

use gearshift_cog::abi::{Invocation, Origin};

use super::script::{Code, Harness};
use crate::{
    cogs::{CogError, Stage, lifecycle::Candidate, message::Trigger, together::Member},
    lane::{Call, Item},
    step::Step,
};

const GOOD: Code = Code { version: 1, fails_in: None };
const BETTER: Code = Code { version: 2, fails_in: None };

/// A library whose only command is `command`.
fn with(name: &str, command: &str, code: Code) -> Candidate<Code> {
    let mut candidate = super::script::candidate(name, code);
    let manifest = std::sync::Arc::make_mut(&mut candidate.manifest);
    manifest.commands.truncate(1);
    manifest.commands[0].name = command.to_owned();
    candidate
}

/// `music` and `tunes` serve a command each; then a new version of each has the other's.
async fn exchange(failing: Option<Step>) -> (Harness, [bool; 2]) {
    let harness = Harness::new(&["music", "tunes"]);
    for (name, command) in [("music", "play"), ("tunes", "stop")] {
        harness.deploy_file(name, with(name, command, GOOD), Trigger::Requested).await.expect("it is good");
    }
    let worse = Code { version: 3, fails_in: failing };
    let mut both = [with("music", "stop", BETTER), with("tunes", "play", worse)];
    let error = harness.deploy_file("music", with("music", "stop", BETTER), Trigger::FileChanged).await;
    assert!(matches!(error, Err(CogError::CommandTaken { .. })), "not alone: {error:?}");
    let group = both.iter().map(|cog| (cog.manifest.name.clone(), std::sync::Arc::clone(&cog.manifest)));
    let members = Member::all_of(group.collect(), harness.registry.turn().await);
    for (candidate, member) in both.iter_mut().zip(members) {
        candidate.together = Some(member);
    }
    let [music, tunes] = both;
    let (music, tunes) = tokio::join!(
        harness.deploy_file("music", music, Trigger::FileChanged),
        harness.deploy_file("tunes", tunes, Trigger::FileChanged),
    );
    (harness, [music.is_ok(), tunes.is_ok()])
}

#[tokio::test(start_paused = true)]
async fn cogs_that_exchange_commands_are_both_replaced_or_both_serve_on() {
    for failing in [None, Some(Step::Open), Some(Step::Setup), Some(Step::Restore)] {
        let (harness, came) = exchange(failing).await;
        assert_eq!(came, [failing.is_none(); 2], "{failing:?}");
        let (number, commands) = match failing {
            None => (Some(2), ["stop", "play"]),
            Some(_) => (Some(1), ["play", "stop"]),
        };
        for (cog, command) in ["music", "tunes"].into_iter().zip(commands) {
            assert_eq!(harness.stage(cog), (Stage::Serving, number), "{failing:?}");
            assert_eq!(harness.status(cog).commands().collect::<Vec<_>>(), [command]);
            let notes = harness.script(cog).notes();
            assert_eq!(notes.taking.iter().copied().collect::<Vec<_>>(), Vec::from_iter(number));
            assert_eq!(notes.alive, notes.taking, "{failing:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_requests_to_exchange_commands_do_not_wait_for_each_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let harness = Harness::new(&["music", "tunes"]);
    let with = |name: &str, command: &str, code: Code| {
        let candidate = with(name, command, code);
        let file = folder.path().join(format!("lib{name}.so"));
        std::fs::write(&file, []).expect("it can be written");
        Candidate { file, ..candidate }
    };
    for (name, command) in [("music", "play"), ("tunes", "stop")] {
        harness.deploy_file(name, with(name, command, GOOD), Trigger::Requested).await.expect("it is good");
        let new = with(name, if command == "play" { "stop" } else { "play" }, BETTER);
        harness.registry.found(&new.file, &new.manifest);
    }
    // Which of the two files is read sooner depends on the machine.
    let request = async |is_first_sooner: bool| {
        let (mut left, mut came) = (["music", "tunes"].map(str::to_owned).into(), Vec::new());
        while let Some(group) = harness.registry.take_group(&mut left).await {
            let deploys = group.into_iter().map(async |(name, member)| {
                let is_sooner = (name == "music") == is_first_sooner;
                let command = if name == "music" { "stop" } else { "play" };
                let candidate = Candidate { together: member, ..with(&name, command, BETTER) };
                let takes = std::time::Duration::from_millis(if is_sooner { 1 } else { 2 });
                tokio::time::sleep(takes).await;
                harness.deploy_file(&name, candidate, Trigger::Requested).await.is_ok()
            });
            came.extend(futures_util::future::join_all(deploys).await);
        }
        came
    };
    let both = async { tokio::join!(request(true), request(false)) };
    let came = tokio::time::timeout(std::time::Duration::from_secs(60), both).await;
    assert_eq!(came.expect("neither waits forever"), (vec![true; 2], vec![true; 2]));
    assert_eq!(["music", "tunes"].map(|cog| harness.stage(cog)), [(Stage::Serving, Some(3)); 2]);
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_while_commands_are_exchanged_go_to_the_cog_that_has_the_command_then() {
    let (harness, _) = exchange(None).await;
    // As if it had been routed before the exchange.
    let json = r#"{"id":"1","application_id":"1","type":2,"token":"t","data":{"type":1,"name":"play"}}"#;
    let interaction = crate::event::interaction(json).expect("it can be read");
    let call = |command: &str| {
        Item::from(Call::Command(Invocation {
            command: command.into(),
            arguments: "".into(),
            origin: Origin::Slash(interaction.clone()),
        }))
    };
    harness.registry.of("music", |_, entry| {
        for command in ["play", "stop", "play"] {
            entry.inbox.push(call(command)).expect("there is room");
        }
    });
    harness.registry.reassign_calls("music");
    assert_eq!((harness.waiting("music"), harness.waiting("tunes")), (1, 2));
}
