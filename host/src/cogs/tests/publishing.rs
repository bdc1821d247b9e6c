//! Several tasks publish the status of one cog concurrently.

use super::script::Harness;
use crate::cogs::{Outcome, Report};

#[tokio::test(start_paused = true)]
async fn a_report_that_comes_while_a_stage_is_published_is_not_lost() {
    let harness = Harness::new(&["music"]);
    let registry = &harness.registry;
    registry.publish("music", |_| {
        let report = Report::new("music", Outcome::Unloaded);
        registry.note("music", |status| status.last_report = Some(report));
    });
    assert!(harness.status("music").last_report.is_some());
}
