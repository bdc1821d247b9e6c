//! What the ABI promises across versions, builds and lifetimes.

use gearshift_host::{cogs::Retirement, error::chain};

use crate::{libraries::Build, stage::Setting};

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
    assert!(
        text.contains("`faulty`") && text.ends_with("it speaks ABI 65535.7, this host speaks 1.1"),
        "{text}"
    );
    assert!(error.help().is_some_and(|help| help.contains("gearshift-cog")));
    assert_eq!(stage.ask("!ping").await, "pong");
    stage.down().await;
}
