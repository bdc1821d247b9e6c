//! What the ABI promises across versions, builds and lifetimes.

use std::sync::Arc;

use gearshift_host::{
    cogs::{Cogs, CogsParts, Retirement},
    error::chain,
    fault::FaultKind,
    library::CopyFolder,
    router::{Notices, Router},
};

use crate::{
    libraries::{Build, library},
    stage::{SOON, Setting},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_of_a_newer_minor_comes_and_goes_a_thousand_times_between_others() {
    let newer = Build::of("ping").features("gearshift-cog/next-minor").library();
    let stage = Setting::new().with("counter").up().await;
    let cogs = stage.host.cogs();
    for round in 0..1000 {
        let report = cogs.load_file(&newer).await.unwrap();
        if round == 0 {
            assert!(report.to_string().contains("newer ABI"), "{report}");
            assert_eq!(stage.ask("!ping newer").await, "pong newer");
        }
        let gone = cogs.unload("ping").await.unwrap();
        assert!(matches!(gone.retirement, Some(Retirement::Unmapped { .. })), "{gone}");
        cogs.reload("counter").await.unwrap();
    }
    assert_eq!(stage.ask("!count").await, "1 for you, 1 for everybody");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_that_lies_about_its_abi_is_refused_before_it_is_opened() {
    let liar = Build::of("faulty").features("faulty/lie").library();
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
    let (folder, sim, config, sessions) = Setting::new().open().await.unwrap();
    let runtime = tokio::runtime::Handle::current();
    let notices = Notices {
        discord: None,
        runtime: runtime.clone(),
        defer_after: config.limits.defer_after,
        failure_text: "".into(),
    };
    let router = Arc::new(Router::new("!".to_owned(), notices));
    let (cogs, mut faults) = Cogs::new(CogsParts {
        sessions: Arc::new(sessions),
        limits: config.limits.clone(),
        folder: folder.path().join("cogs"),
        disabled: Vec::new(),
        copies: CopyFolder::create(&folder.path().join("copies")).unwrap(),
        router: Arc::clone(&router),
        runtime,
        work: tokio_util::task::TaskTracker::new(),
    });
    cogs.load_file(&library("faulty")).await.unwrap();
    let table = [
        ("error", FaultKind::Error),
        ("panic", FaultKind::Panic),
        ("number many", FaultKind::Input),
        // There is no such channel to answer in.
        ("version", FaultKind::Refused),
    ];
    for (op, kind) in table {
        let message = serde_json::json!({
            "id": "1", "channel_id": "2", "content": format!("!faulty {op}"), "timestamp": "2026-01-01T00:00:00Z",
            "author": { "id": "3", "username": "alice" }, "mentions": [], "attachments": [],
        });
        router.route("MESSAGE_CREATE", &message.to_string());
        let report = tokio::time::timeout(SOON, faults.recv()).await.unwrap().unwrap();
        assert_eq!(report.fault.kind, kind, "{op}: {}", report.fault);
    }
    cogs.close().await;
    sim.close().await;
}
