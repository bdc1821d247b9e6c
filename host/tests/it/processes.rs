//! A cog in a process of its own can crash, and only its author notices.

use std::{fs, path::Path, time::Duration};

use gearshift_host::{
    cogs::{Absence, CogStatus, LaneProcess, Outcome},
    config::LaneKind,
    error::chain,
    step::Step,
};

use crate::{
    damage::Damaged,
    libraries::{Build, library},
    stage::{SOON, Setting, Stage, look_until, put},
};

/// A cog that crashes in a process of its own, next to one on a thread.
fn setting() -> Setting {
    setting_of("hangs_max = 100")
}

fn setting_of(limits: &str) -> Setting {
    Setting::new()
        .on(LaneKind::Thread)
        .with("faulty")
        .with("ping")
        .config(limits)
        .config("[cog.faulty]\nlane = \"process\"\nmemory_max = \"256 MiB\"")
}

impl Stage {
    fn process(&self) -> LaneProcess {
        self.status("faulty").process.expect("it has a process")
    }

    /// Alice makes the cog crash. Returns the next process.
    async fn crash(&self, how: &str) -> LaneProcess {
        let before = self.process().id;
        self.alice.say("general", &format!("!faulty crash {how}")).await.unwrap();
        look_until(|| self.status("faulty").process.filter(|process| process.id != before)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn however_a_process_ends_the_cause_is_named_and_the_next_generation_serves() {
    let stage = setting().up().await;
    let table = [
        ("abort", "its process was ended by signal 6 (SIGABRT) in `command !faulty`"),
        ("exit 3", "its process ended with exit code 3 in `command !faulty`"),
        ("exit 0", "its process ended with exit code 0 in `command !faulty`"),
        ("exit 1", "its process ended with exit code 1 in `command !faulty`"),
        ("exit 118", "its process ended with exit code 118 in `command !faulty`"),
        ("overflow", "(SIGABRT) in `command !faulty`"),
        ("memory", "and `memory_max` is 256 MiB"),
    ];
    for (number, (how, words)) in table.into_iter().enumerate() {
        stage.crash(how).await;
        assert_eq!(stage.ask("!ping").await, "pong", "{how}");
        assert!(stage.ask("!faulty version").await.starts_with("faulty"), "{how}");
        let status = stage.status("faulty");
        let fault = status.last_fault.expect("it is named");
        assert!(fault.contains(words) && fault.ends_with(" under way"), "{how}: {fault}");
        assert_eq!(status.generation, Some(number as u64 + 2), "{how}");
        assert_eq!(stage.status("ping").generation, Some(1), "{how}");
    }
    assert!(stage.host.cogs().status().held.is_empty());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_not_begun_goes_to_the_next_generation_once_and_in_order() {
    let stage = setting().up().await;
    stage.alice.say("general", "!faulty crash 500 abort").await.unwrap();
    let mut asked = Vec::new();
    for number in 0..100 {
        asked.push(stage.alice.say("general", &format!("!faulty number {number}")).await.unwrap());
    }
    for (number, id) in asked.into_iter().enumerate() {
        let reply = stage.sim.reply_to(id, SOON).await.expect("none is lost");
        assert!(reply.content.contains(&number.to_string()), "{}", reply.content);
    }
    let replies = stage.transcript().matches("bot (reply):").count();
    assert_eq!(replies, 100, "each is answered once:\n{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_that_crashes_repeatedly_is_parked_until_it_is_loaded_by_request() {
    let stage = setting_of("hangs_max = 3").up().await;
    for _ in 0..2 {
        stage.crash("abort").await;
    }
    stage.alice.say("general", "!faulty crash abort").await.unwrap();
    stage.until_status("faulty", |status| status.absence == Some(Absence::Parked)).await;
    let reason = stage.status("faulty").reason.expect("it says why");
    assert!(reason.contains("given up 3 times") && reason.contains("SIGABRT"), "{reason}");
    assert_eq!(stage.ask("!ping").await, "pong");
    let asked = stage.slash("faulty", &[("op", "version")]).await;
    let answer = asked.answered(SOON).await.expect("a word");
    assert_eq!(answer.content.to_string(), "`/faulty` is not available at the moment.", "nothing is coming");
    stage.host.cogs().load("faulty").await.expect("somebody asks");
    assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_does_not_come_to_its_cog_leaves_no_copy_of_the_library() {
    let stage = Setting::new().on(LaneKind::Process).with("counter").up().await;
    // The dynamic loader cannot find a dependency.
    let needy = Damaged::copy_of(&library("ping")).replace_all(b"libgcc_s.so.1", b"libgcc_x.so.1");
    let ping = put(needy.path(), stage.cogs().parent().unwrap(), "ping");
    let counter = stage.status("counter").process.expect("it has a process").id;
    let maps = fs::read_to_string(format!("/proc/{counter}/maps")).unwrap();
    let copy = maps
        .lines()
        .find_map(|line| Some(&line[line.find('/').filter(|_| line.ends_with("counter-1.so"))?..]));
    let folder = Path::new(copy.expect("it is mapped")).parent().unwrap();
    let copies = || fs::read_dir(folder).unwrap().count();
    let before = copies();
    for _ in 0..3 {
        let error = stage.host.cogs().load_file(&ping).await.expect_err("it cannot be opened");
        assert!(chain(&error).starts_with("failed to open `ping#"), "{}", chain(&error));
    }
    assert_eq!(copies(), before);
    stage.down().await;
}

/// With a cog in a process without a sandbox.
async fn intruder(config: &str) -> Stage {
    let setting = Setting::new().on(LaneKind::Process);
    setting.with_file(&Build::of("intruder").library(), "intruder").config(config).up().await
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_a_cog_started_end_with_its_process() {
    let stage = intruder("hangs_max = 100").await;
    // A process that was not waited for yet has no memory any more.
    let runs = |process: &str| {
        fs::read_to_string(format!("/proc/{process}/statm")).is_ok_and(|it| !it.starts_with("0 "))
    };
    let mut left = Vec::new();
    for _ in 0..3 {
        let answer = stage.ask("!intruder leave").await;
        left.push(answer.strip_prefix("done: ").expect("it starts one").to_owned());
        assert!(runs(&left[left.len() - 1]));
        match left.len() {
            1 => drop(stage.host.cogs().reload("intruder").await.expect("it is the same")),
            2 => drop(stage.alice.say("general", "!intruder abort").await.unwrap()),
            _ => break,
        }
        stage.until_status("intruder", |status| status.generation == Some(left.len() as u64 + 1)).await;
        look_until(|| (!runs(&left[left.len() - 1])).then_some(())).await;
    }
    stage.down().await;
    look_until(|| (!runs(&left[2])).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_closes_its_socket_is_reported_as_such() {
    let stage = intruder("hangs_max = 100").await;
    for (number, what) in ["become /bin/sleep", "close 3", "close 0", "close-sender"].into_iter().enumerate()
    {
        stage.alice.say("general", &format!("!intruder {what}")).await.unwrap();
        // Its main thread keeps the socket open until something arrives.
        assert_eq!(stage.ask("!intruder hello").await, "done: hello", "after `{what}`");
        let status = stage.status("intruder");
        let fault = status.last_fault.expect("it is named");
        let said = "its process was ended because it closed its socket to the host";
        assert!(fault.starts_with(said), "`{what}`: {fault}");
        assert_eq!(status.generation, Some(number as u64 + 2), "`{what}`");
    }
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_moves_to_a_process_and_back_with_its_state() {
    let stage = Setting::new().on(LaneKind::Thread).with("counter").up().await;
    assert_eq!(stage.ask("!count").await, "1 for you, 1 for everybody");
    for (number, lane) in [LaneKind::Process, LaneKind::Thread, LaneKind::Process].into_iter().enumerate() {
        let report = stage.host.cogs().reload_on("counter", lane).await.expect("it can move");
        assert_eq!(report.outcome, Outcome::Replaced);
        let status = stage.status("counter");
        assert_eq!((status.lane, status.process.is_some()), (lane, lane == LaneKind::Process));
        assert_eq!(report.process, status.process.map(|process| process.id), "{report}");
        let count = number + 2;
        assert_eq!(stage.ask("!count").await, format!("{count} for you, {count} for everybody"));
    }
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_host_is_in_the_process() {
    let stage = setting().up().await;
    let process = stage.process().id;
    let of = |what: &str| format!("/proc/{process}/{what}");
    assert_eq!(fs::read(of("environ")).unwrap(), b"", "its environment");
    assert_eq!(fs::read_link(of("cwd")).unwrap(), Path::new("/"));
    let open: Vec<String> = fs::read_dir(of("fd"))
        .unwrap()
        .map(|file| fs::read_link(file.unwrap().path()).unwrap().display().to_string())
        .collect();
    let is_own = |file: &String| {
        ["/dev/null", "pipe:", "socket:", "anon_inode:", "/memfd:gearshift-lane"]
            .iter()
            .any(|own| file.starts_with(own))
    };
    assert!(open.iter().all(is_own), "{open:?}");
    stage.down().await;
    assert!(!Path::new(&of("")).exists(), "it ends with the host");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_being_handled_is_lost_and_its_user_reads_so_or_it_begins_again_once_if_the_cog_bears_it() {
    let stage = setting().up().await;
    let handle = stage.slash("faulty", &[("op", "crash abort")]).await;
    let answer = handle.answered(SOON).await.expect("a word").content.to_string();
    assert_eq!(answer, "Something went wrong. Try again later.");
    stage.down().await;

    let stage = setting_of("hangs_max = 100").config("redeliver = true").up().await;
    stage.alice.say("general", "!faulty crash abort").await.unwrap();
    // Delivered once, and redelivered once.
    stage.until_status("faulty", |status| status.generation == Some(3)).await;
    assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    assert_eq!(stage.status("faulty").generation, Some(3), "not a third time");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_only_the_events_in_flight_and_none_is_handled_twice() {
    let stage = setting().up().await;
    let mut lost = 0;
    for number in 0..300 {
        stage.alice.say("general", &format!("!faulty number {number}")).await.unwrap();
        if number % 60 == 30 {
            let process = stage.process().id;
            let killed = std::process::Command::new("kill").args(["-9", &process.to_string()]).status();
            assert!(killed.unwrap().success());
            look_until(|| stage.status("faulty").process.filter(|it| it.id != process)).await;
            let fault = stage.status("faulty").last_fault.expect("it is named");
            assert!(fault.contains("signal 9 (SIGKILL)"), "{fault}");
            let counted = fault.strip_suffix(" under way");
            let count = |it: &str| it.rsplit("; ").next()?.split(' ').next()?.parse::<usize>().ok();
            lost += counted.map_or(0, |it| count(it).expect("it says how many"));
        }
    }
    stage.ask("!faulty version").await;
    let transcript = stage.transcript();
    let replies: Vec<&str> = transcript
        .lines()
        .filter_map(|line| line.split_once("bot (reply): ").map(|(_, reply)| reply))
        .collect();
    let mut each = replies.clone();
    each.sort_unstable();
    each.dedup();
    assert_eq!(each.len(), replies.len(), "none twice:\n{transcript}");
    assert!(
        replies.len() - 1 + lost >= 300,
        "{} replies, {lost} counted as lost\n{transcript}",
        replies.len()
    );
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_process_is_replaced_and_its_waiting_events_are_handled() {
    let stage = setting_of("hangs_max = 100\nstuck_after_ms = 1000").up().await;
    let process = stage.process().id;
    let stopped = std::process::Command::new("kill").args(["-STOP", &process.to_string()]).status();
    assert!(stopped.unwrap().success());
    assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    let status = stage.status("faulty");
    assert_eq!(status.generation, Some(2));
    let fault = status.last_fault.expect("it is named");
    assert!(fault.starts_with("its process started none of its work within"), "{fault}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_cannot_be_replaced_because_it_is_stopped_is_given_up() {
    let stage = setting_of("hangs_max = 100\nstuck_after_ms = 1000\ndrain_timeout_ms = 50").up().await;
    let process = stage.process().id;
    let stopped = std::process::Command::new("kill").args(["-STOP", &process.to_string()]).status();
    assert!(stopped.unwrap().success());
    let error = stage.host.cogs().reload("faulty").await.expect_err("it does not answer");
    let text = error.to_string();
    assert!(text.ends_with("it failed in `pause`, and its process does not answer"), "{text}");
    stage.until_status("faulty", |status| status.generation > Some(1)).await;
    let fault = stage.status("faulty").last_fault.expect("it is named");
    assert!(fault.starts_with("its process did not answer the order to pause within"), "{fault}");
    assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_memory_counts_as_any_other() {
    let stage = intruder("[cog.intruder]\nmemory_max = \"64 MiB\"").await;
    assert_eq!(stage.ask("!intruder shared 10").await, "done: 10 MiB");
    stage.alice.say("general", "!intruder shared 300").await.unwrap();
    stage.until_status("intruder", |status| status.generation > Some(1)).await;
    let fault = stage.status("intruder").last_fault.expect("it is named");
    assert!(fault.starts_with("its process was ended because it has "), "{fault}");
    assert!(fault.contains(" MiB of memory, and `memory_max` is 64 MiB"), "{fault}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_that_ends_while_it_is_replaced_is_not_reported_as_serving() {
    let stage = setting().up().await;
    stage.ask("!faulty arm save abort").await;
    let error = stage.host.cogs().reload("faulty").await.expect_err("it does not give its state");
    let text = chain(&error);
    let said = "cannot replace `faulty#1`: it failed in `save`; it has ended, and is loaded again with the state that was \
                saved last: its process was ended by signal 6 (SIGABRT)";
    assert!(text.starts_with(said), "{text}");
    assert_eq!(error.help(), None, "there is nothing to do");
    stage.until_status("faulty", |status| status.generation > Some(1)).await;
    stage.ask("!faulty disarm").await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_age_of_the_state_after_a_crash_is_reported() {
    let stage = setting().up().await;
    let report = stage.host.cogs().reload("faulty").await.expect("it can be replaced");
    assert_eq!(report.state_age, None, "it was given at that moment");
    stage.until_status("faulty", |status| !status.is_unsaved).await;
    stage.crash("abort").await;
    let loaded =
        |status: &CogStatus| status.last_report.as_ref().is_some_and(|it| it.outcome == Outcome::Loaded);
    stage.until_status("faulty", loaded).await;
    let report = stage.status("faulty").last_report.expect("it was loaded");
    assert!(report.state_age.is_some_and(|age| age < SOON), "{report}");
    let text = report.to_string();
    assert!(text.starts_with("`faulty#3` was loaded") && text.contains(" with the state of "), "{text}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_process_is_unloaded_and_the_report_says_how_long_that_took() {
    let stage = setting_of("hangs_max = 100\ndrain_timeout_ms = 50\njoin_timeout_ms = 100").up().await;
    let process = stage.process().id;
    let stopped = std::process::Command::new("kill").args(["-STOP", &process.to_string()]).status();
    assert!(stopped.unwrap().success());
    let report = stage.host.cogs().unload("faulty").await.expect("it goes in any case");
    let paused = report.phases.iter().find(|phase| phase.name == Step::Pause).expect("it was tried");
    assert!(paused.took >= Duration::from_millis(100), "{report}");
    assert!(report.notes.iter().any(|note| note.contains("its state stays as last saved")), "{report}");
    assert!(stage.host.close().await.is_err(), "its state is lost, and that is said");
    stage.sim.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_setup_that_does_not_return_in_a_process_is_tried_again() {
    let setting = setting_of("setup_timeout_ms = 300").stored("faulty", "plan", "setup=hang");
    let stage = setting.up().await;
    let status = stage.status("faulty");
    let fault = status.last_fault.expect("it is named");
    assert!(fault.contains("it did not finish within 300 ms") && status.generation.is_none(), "{fault}");
    assert!(fault.contains("it is tried again in 1 s"), "{fault}");
    stage.host.sessions().store.as_ref().unwrap().set("faulty", "plan", Vec::new()).await.unwrap();
    stage.until_status("faulty", |status| status.generation.is_some()).await;
    assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    stage.down().await;
}
