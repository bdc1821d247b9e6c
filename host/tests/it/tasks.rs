//! Declared tasks: planned by the host when the cog is set up, kept across reloads and restarts, dropped with the code.

use gearshift_host::{cogs::CogStatus, error::chain};

use crate::{
    libraries::Build,
    stage::{Setting, put},
};

/// The dummy with an hourly task that runs at the start, and a daily one.
fn with_tasks() -> std::path::PathBuf {
    Build::of("faulty").variant("tasks").library()
}

fn due(status: &CogStatus) -> Vec<(String, String, u64)> {
    let task = |task: &gearshift_host::schedule::TaskStatus| {
        (task.name.clone(), task.when.clone(), task.next_due_unix_ms)
    };
    status.planned.iter().map(task).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_tasks_run_keep_their_rhythm_and_go_with_the_code() {
    let stage = Setting::new().with_file(&with_tasks(), "faulty").up().await;
    let is_done = |status: &CogStatus| status.planned.iter().any(|task| task.last == Some("done"));
    stage.until_status("faulty", is_done).await;
    let before = due(&stage.status("faulty"));
    let shown: Vec<_> = before.iter().map(|(name, when, _)| (&**name, &**when)).collect();
    assert_eq!(shown, [("daily", "0 9 * * * Europe/Berlin"), ("hourly", "every 1 h")]);
    assert!(stage.ask("!faulty count").await.ends_with("1 ticks"));

    stage.host.cogs().reload("faulty").await.unwrap();
    assert_eq!(due(&stage.status("faulty")), before);
    let stage = stage.restart().await;
    assert_eq!(due(&stage.status("faulty")), before);
    // Once at the first start, once at the second, and never on a reload.
    stage.until_status("faulty", is_done).await;
    assert!(stage.ask("!faulty count").await.ends_with("2 ticks"));

    put(&Build::of("faulty").variant("one").library(), &stage.cogs(), "faulty");
    stage.until_status("faulty", |status| status.generation == Some(2)).await;
    assert_eq!(stage.status("faulty").tasks, 0);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_is_none_is_a_refused_setup_and_the_old_code_stays() {
    let stage = Setting::new().with_file(&with_tasks(), "faulty").up().await;
    let lost = Build::of("faulty").variant("lost-zone").library();
    let before = due(&stage.status("faulty"));
    let file = stage.cogs().join("libfaulty.so");
    std::fs::copy(lost, stage.cogs().join(".part")).unwrap();
    std::fs::rename(stage.cogs().join(".part"), &file).unwrap();
    let text = match stage.host.cogs().load_file(&file).await {
        Ok(report) => panic!("{report}"),
        Err(error) => chain(&error),
    };
    assert!(
        text.contains(
            "cannot plan task `daily`: `Europe/Berln` is not an IANA time zone; did you mean `Europe/Berlin`?"
        ),
        "{text}"
    );
    let status = stage.status("faulty");
    assert_eq!((status.generation, due(&status)), (Some(1), before));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_at_times_of_the_wall_clock_can_be_planned_at_any_time() {
    let stage = Setting::new().with("faulty").up().await;
    assert_eq!(stage.ask("!faulty cron 0 18 * * fri UTC").await, "planned");
    let status = stage.status("faulty");
    assert_eq!((status.tasks, &*status.planned[0].when), (1, "0 18 * * fri UTC"));
    let refused = stage.ask("!faulty cron 0 25 * * fri UTC").await;
    assert!(
        refused.starts_with("cannot plan task `cron`: `0 25 * * fri` is not a cron expression"),
        "{refused}"
    );
    assert_eq!(stage.status("faulty").tasks, 1);
    stage.down().await;
}
