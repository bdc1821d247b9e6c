//! A cog is replaced while the bot stays connected.

use gearshift_host::cogs::Retirement;

use crate::stage::Setting;

#[tokio::test(flavor = "multi_thread")]
async fn state_is_carried_over_and_the_old_library_is_unmapped() {
    let stage = Setting::new().with("counter").up().await;
    let first = stage.ask("!count").await;
    let report = stage.host.cogs().reload("counter").await.expect("it reloads");
    assert_eq!((report.from, report.to), (Some(1), Some(2)));
    assert!(matches!(report.retirement, Some(Retirement::Unmapped { .. })), "{report}");
    let second = stage.ask("!count").await;
    assert_ne!(first, second);
    println!("{first} {second} {report}");
    stage.down().await;
}
