//! A cog that misbehaves disturbs neither the host nor another cog, and what cannot be unmapped is held and named.

use std::fs;

use gearshift_host::{cogs::Retirement, config::LaneKind};

use crate::{
    claims::ping_as,
    stage::{SOON, Setting},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_fault_with_name_and_place_and_the_cog_keeps_serving() {
    let stage = Setting::new().with("faulty").with("ping").up().await;
    for trick in ["panic", "panic-in-drop", "error"] {
        stage.alice.say("general", &format!("!faulty {trick}")).await.unwrap();
    }
    stage.until_status("faulty", |status| status.faults == 3).await;
    let status = stage.status("faulty");
    assert_eq!(status.generation, Some(1));
    let fault = status.last_fault.unwrap();
    assert!(fault.starts_with("command !faulty: "), "{fault}");
    stage.alice.say("general", "!faulty panic").await.unwrap();
    stage.until_status("faulty", |status| status.faults == 4).await;
    let fault = stage.status("faulty").last_fault.unwrap();
    let (place, text) =
        fault.strip_prefix("command !faulty: it panicked at ").unwrap().split_once(": ").unwrap();
    assert!(place.contains("acts.rs:") && text == "asked to panic", "{fault}");
    assert!(stage.ask("!faulty count").await.starts_with("5 commands"));
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_while_a_cog_is_dropped_keeps_nothing_from_going() {
    let stage = Setting::new().with("faulty").with("ping").up().await;
    assert!(stage.ask("!faulty arm drop panic").await.starts_with("armed"));
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    assert!(stage.is_gone(&report), "{report}");
    let gone = stage.host.cogs().unload("faulty").await.unwrap();
    assert!(stage.is_gone(&gone), "{gone}");
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_cog_runs_and_is_dropped_on_the_thread_of_its_generation() {
    // The dummy ends the process if it is ever on another thread.
    let stage = Setting::new().with("faulty").config("drain_timeout_ms = 50").up().await;
    assert_eq!(stage.ask("!faulty every 5").await, "ticking every 5 ms");
    assert_eq!(stage.ask("!faulty spawn beat 5").await, "spawned");
    stage.ask("!faulty next-beat").await;
    // A handler that is dropped, state that is saved and restored, a cog that is dropped.
    assert_eq!(stage.ask("!faulty hang").await, "hanging");
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    assert!(report.cancelled == 1 && report.state_bytes.is_some() && stage.is_gone(&report), "{report}");
    // A cog that is refused, and one that is torn down.
    stage.ask("!faulty arm setup error").await;
    stage.host.cogs().reload("faulty").await.expect_err("it fails");
    let gone = stage.host.cogs().unload("faulty").await.unwrap();
    assert!(stage.is_gone(&gone), "{gone}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_cog_stalls_only_itself_and_is_named() {
    let stage = Setting::new().with("faulty").with("ping").up().await;
    assert_eq!(stage.ask("!faulty block 1500").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    for number in 0..20 {
        assert_eq!(stage.ask(&format!("!ping {number}")).await, format!("pong {number}"));
    }
    stage.until_status("faulty", |status| status.activity == "idle").await;
    assert!(stage.ask("!faulty count").await.starts_with("2 commands"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_lane_is_given_up_and_its_waiting_events_go_to_the_next_generation() {
    let stage = Setting::new()
        .on(LaneKind::Thread)
        .with("faulty")
        .config("stuck_after_ms = 300\njoin_timeout_ms = 100")
        .up()
        .await;
    assert_eq!(stage.ask("!faulty block 4000").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    let waiting = stage.alice.say("general", "!faulty version").await.unwrap();
    let answer = stage.sim.reply_to(waiting, SOON).await.expect("the next generation answers");
    assert!(answer.content.starts_with("faulty"));
    assert_eq!(stage.status("faulty").generation, Some(2));
    stage.until(|status| status.held.iter().any(|held| held.generation == "faulty#1")).await;
    // Its thread returns in the end, and then it is unmapped after all.
    stage.until(|status| status.held.is_empty() && status.unmapped == 1).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_a_cog_started_keep_its_library_mapped_as_long_as_they_run() {
    let stage =
        Setting::new().on(LaneKind::Thread).with("faulty").config("join_timeout_ms = 1000").up().await;
    assert_eq!(stage.ask("!faulty thread 4000").await, "thread started");
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    match report.retirement {
        Some(Retirement::Held { reason }) => {
            assert!(reason.starts_with("threads it started still run"), "{reason}")
        }
        other => panic!("{other:?}"),
    }
    assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    stage.until(|status| status.held.is_empty()).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_were_never_dropped_keep_the_library_mapped() {
    let stage =
        Setting::new().on(LaneKind::Thread).with("faulty").config("join_timeout_ms = 1000").up().await;
    assert_eq!(stage.ask("!faulty forget-waker 3").await, "forgot 3 futures");
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    match report.retirement {
        Some(Retirement::Held { reason }) => assert_eq!(reason, "3 of its calls were never dropped"),
        other => panic!("{other:?}"),
    }
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn futures_that_outlive_their_handlers_do_not_keep_the_library_mapped() {
    let stage = Setting::new().with("faulty").up().await;
    assert_eq!(stage.ask("!faulty leak-waker 50").await, "keeping 50 futures");
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    assert!(stage.is_gone(&report), "{report}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_generations_are_held_than_allowed() {
    let stage = Setting::new()
        .on(LaneKind::Thread)
        .with("faulty")
        .config("join_timeout_ms = 20\nheld_max = 2")
        .up()
        .await;
    for _ in 0..2 {
        assert_eq!(stage.ask("!faulty forget-waker 1").await, "forgot 1 futures");
        stage.host.cogs().reload("faulty").await.unwrap();
    }
    let error = stage.host.cogs().reload("faulty").await.expect_err("two are held");
    assert!(error.to_string().contains("held_max"), "{error}");
    assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_drops_new_events_and_the_cog_keeps_serving() {
    let stage = Setting::new().with("faulty").config("lane_queue = 8").up().await;
    assert_eq!(stage.ask("!faulty block 3000").await, "blocking");
    stage.until_status("faulty", |status| status.activity == "command").await;
    for _ in 0..20 {
        stage.alice.say("general", "hello").await.unwrap();
    }
    stage.until_status("faulty", |status| status.dropped > 0 && status.queued == 0).await;
    assert!(stage.ask("!faulty version").await.starts_with("faulty"));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_whose_queue_is_full_does_not_affect_the_others() {
    let stage = Setting::new()
        .with("faulty")
        .with("ping")
        .config("lane_queue = 4\nhandlers_in_flight = 1\ndrain_timeout_ms = 50")
        .up()
        .await;
    // Its only handler never ends, so its queue stays full, and a sender that waited for room in it would wait forever.
    assert_eq!(stage.ask("!faulty hang").await, "hanging");
    for _ in 0..10 {
        stage.alice.say("general", "hello").await.unwrap();
    }
    assert_eq!(stage.ask("!ping").await, "pong");
    assert!(stage.status("faulty").dropped > 0);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_loader_keeps_mapped_is_held_and_named_until_it_is_not() {
    let kept = ping_as("kept", "kept");
    let stage = Setting::new()
        .on(LaneKind::Thread)
        .with_file(kept.path(), "kept")
        .config("join_timeout_ms = 100")
        .up()
        .await;
    // It is opened a second time. No other cog of these tests has this name.
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let copy = maps.lines().find(|line| line.ends_with("/kept-1.so")).unwrap();
    // SAFETY: its constructors have run, and none of its functions is called.
    let also = unsafe { libloading::Library::new(&copy[copy.find('/').unwrap()..]) }.unwrap();
    match stage.host.cogs().reload("kept").await.unwrap().retirement {
        Some(Retirement::Held { reason }) => assert_eq!(reason, "the dynamic loader keeps it mapped"),
        other => panic!("{other:?}"),
    }
    let status = stage.host.cogs().status();
    assert_eq!((status.held[0].generation.as_str(), status.unmapped), ("kept#1", 0));
    also.close().unwrap();
    stage.until(|status| status.held.is_empty() && status.unmapped == 1).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_whose_handler_was_unmapped_does_no_harm() {
    let stage = Setting::new().on(LaneKind::Thread).with("faulty").up().await;
    let send = |signal: i32| {
        let kill = format!("kill -{signal} {}", std::process::id());
        // The end of the shell causes a signal as well: 17.
        assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    };
    for signal in [12, 17, 34] {
        assert_eq!(stage.ask(&format!("!faulty signal {signal}")).await, format!("handling signal {signal}"));
        send(signal);
        let report = stage.host.cogs().reload("faulty").await.unwrap();
        assert!(stage.is_gone(&report), "{report}");
        send(signal);
    }
    // The handlers of two generations, and that of one generation after both are gone.
    for _ in 0..2 {
        stage.ask("!faulty signal 12").await;
        stage.host.cogs().reload("faulty").await.unwrap();
    }
    stage.host.cogs().unload("faulty").await.unwrap();
    send(12);
    stage.down().await;
}
