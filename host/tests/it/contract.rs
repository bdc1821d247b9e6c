//! What the ABI promises across versions, builds and lifetimes.

use std::{fs, process::Command, time::Instant};

use gearshift_host::{config::LaneKind, error::chain};
use tempfile::TempDir;

use crate::{
    libraries::{Build, library},
    overlap::offstage,
    stage::{SOON, Setting, lane, look_until},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_of_a_newer_minor_comes_and_goes_a_thousand_times_between_others() {
    let newer = Build::of("ping").features("gearshift-cog/next-minor").library();
    let stage = Setting::new().with("counter").up().await;
    let cogs = stage.host.cogs();
    // Each load starts a process.
    let rounds = if lane() == LaneKind::Thread { 1000 } else { 20 };
    for round in 0..rounds {
        let report = cogs.load_file(&newer).await.unwrap();
        if round == 0 {
            assert!(report.to_string().contains("newer ABI"), "{report}");
            assert_eq!(stage.ask("!ping newer").await, "pong newer");
        }
        let gone = cogs.unload("ping").await.unwrap();
        assert!(stage.is_gone(&gone), "{gone}");
        cogs.reload("counter").await.unwrap();
    }
    assert_eq!(stage.ask("!count").await, "1 for you, 1 for everybody");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_that_lies_about_its_abi_is_refused_before_it_is_opened() {
    let liar = Build::of("faulty").features("lie").library();
    let stage = Setting::new().with("ping").up().await;
    let error = stage.host.cogs().load_file(&liar).await.expect_err("it speaks another ABI");
    let text = chain(&error);
    let (major, minor) = gearshift_cog::abi::ABI;
    assert!(
        text.contains("`faulty`")
            && text.ends_with(&format!("it speaks ABI 65535.7, this host speaks {major}.{minor}")),
        "{text}"
    );
    assert!(error.help().is_some_and(|help| help.contains("gearshift-cog")));
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_says_whether_the_cog_is_to_blame() {
    let folder = TempDir::new().unwrap();
    let (cogs, router) = offstage(&folder).await;
    cogs.load_file(&library("faulty")).await.unwrap();
    // Refusals, which are not the cog's fault, are counted separately.
    let table = [("error", (1, 0)), ("panic", (2, 0)), ("number many", (2, 1))];
    for (op, counts) in table {
        let message = serde_json::json!({
            "id": "1", "channel_id": "2", "content": format!("!faulty {op}"), "timestamp": "2026-01-01T00:00:00Z",
            "author": { "id": "3", "username": "alice" }, "mentions": [], "attachments": [],
        });
        router.route("MESSAGE_CREATE", &message.to_string());
        let counted = look_until(|| {
            let status = cogs.status().cogs.remove(0);
            let is_counted = status.faults + status.refusals == counts.0 + counts.1;
            is_counted.then_some((status.faults, status.refusals))
        });
        assert_eq!(counted.await, counts, "{op}");
    }
    cogs.close(Instant::now() + SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_is_opened_by_the_thread_of_its_lane_and_closed_by_one_of_its_own() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    // Runs when the dynamic loader opens and closes it, on any thread.
    let source = "\
        #include <stdio.h>\n\
        #include <sys/prctl.h>\n\
        static void note(const char *what) {\n\
            char thread[16] = \"\";\n\
            FILE *log = fopen(LOG, \"a\");\n\
            if (!log) return; // Another test has this library.\n\
            prctl(PR_GET_NAME, thread);\n\
            fprintf(log, \"%s by %s\\n\", what, thread);\n\
            fclose(log);\n\
        }\n\
        __attribute__((constructor)) static void opened(void) { note(\"opened\"); }\n\
        __attribute__((destructor)) static void closed(void) { note(\"closed\"); }\n";
    fs::write(at("note.c"), source).unwrap();
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.arg(format!("-DLOG=\"{}\"", at("log"))).args([
        "-fPIC",
        "-c",
        "-o",
        &at("note.o"),
        &at("note.c"),
    ]);
    assert!(compiler.status().unwrap().success());
    let noting = Build::of("echo").linked_with(at("note.o").as_ref()).library();

    let stage = Setting::new().on(LaneKind::Thread).with_file(&noting, "echo").up().await;
    stage.host.cogs().reload("echo").await.unwrap();
    stage.host.cogs().unload("echo").await.unwrap();
    let expected = "opened by echo#1\nopened by echo#2\nclosed by dlclose\nclosed by dlclose\n";
    assert_eq!(fs::read_to_string(at("log")).unwrap(), expected);
    stage.down().await;
}
