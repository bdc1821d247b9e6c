//! The host's invariants hold after each step, for any events in any order.

use std::time::Duration;

use proptest::prelude::*;

use super::script::{Code, Harness};
use crate::{
    cogs::{
        Stage,
        message::{Leaving, Trigger},
    },
    fault::FaultKind,
    library::CommandKey,
    step::Step,
};

const COGS: [&str; 2] = ["music", "chess"];

#[derive(Clone, Debug)]
enum Event {
    /// A file changed, or a user asked for it.
    Deploy(usize, Code, Trigger),
    /// The settings have changed.
    Renew(usize),
    Leave(usize, bool),
    Fault(usize, FaultKind),
    Stuck(usize),
    StoreFull(usize, bool),
    Time(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let cog = 0..COGS.len();
    let step = prop_oneof![
        3 => Just(None),
        2 => prop::sample::select(vec![Step::Open, Step::Setup, Step::Pause, Step::Save, Step::Restore])
            .prop_map(Some),
    ];
    let code = (1..4_u8, step).prop_map(|(version, fails_in)| Code { version, fails_in });
    let trigger = prop_oneof![Just(Trigger::Requested), Just(Trigger::FileChanged)];
    let kind = prop::sample::select(vec![FaultKind::Panic, FaultKind::Error, FaultKind::State]);
    let event = prop_oneof![
        4 => (cog.clone(), code, trigger).prop_map(|(cog, code, trigger)| Event::Deploy(cog, code, trigger)),
        1 => cog.clone().prop_map(Event::Renew),
        1 => (cog.clone(), any::<bool>()).prop_map(|(cog, unload)| Event::Leave(cog, unload)),
        3 => (cog.clone(), kind).prop_map(|(cog, kind)| Event::Fault(cog, kind)),
        2 => cog.clone().prop_map(Event::Stuck),
        1 => (cog, any::<bool>()).prop_map(|(cog, full)| Event::StoreFull(cog, full)),
        1 => (1..700_u64).prop_map(Event::Time),
    ];
    prop::collection::vec(event, 1..40)
}

async fn happen(harness: &Harness, event: &Event) {
    let number = |cog: usize| harness.status(COGS[cog]).generation.unwrap_or(0);
    match event {
        Event::Deploy(cog, code, trigger) => {
            let before = harness.stage(COGS[*cog]);
            harness.script(COGS[*cog]).keep_file(COGS[*cog], *code);
            let outcome = harness.deploy(COGS[*cog], *code, *trigger).await;
            // Invariant 4: a new version that fails leaves the running one untouched.
            if outcome.is_err() && before.0 == Stage::Serving {
                assert_eq!(harness.stage(COGS[*cog]), before, "{outcome:?}");
            }
        }
        Event::Renew(cog) => {
            let before = harness.stage(COGS[*cog]).0;
            drop(harness.renew(COGS[*cog]).await);
            assert!(before != Stage::Serving || harness.stage(COGS[*cog]).0 == Stage::Serving);
        }
        Event::Leave(cog, true) => drop(harness.leave(COGS[*cog], Leaving::Unloaded).await),
        Event::Leave(cog, false) => {
            let gone = Leaving::FileGone(super::script::file(COGS[*cog]));
            drop(harness.leave(COGS[*cog], gone).await);
        }
        Event::Fault(cog, kind) => harness.fault(COGS[*cog], number(*cog), *kind).await,
        Event::Stuck(cog) => harness.stuck(COGS[*cog], number(*cog)).await,
        Event::StoreFull(cog, full) => harness.script(COGS[*cog]).notes().is_store_full = *full,
        Event::Time(secs) => tokio::time::advance(Duration::from_secs(*secs)).await,
    }
    for cog in COGS {
        harness.settle(cog).await;
    }
}

fn holds(harness: &Harness, lost: &mut [usize]) {
    for (index, cog) in COGS.into_iter().enumerate() {
        let status = harness.status(cog);
        let notes = harness.script(cog).notes();
        // Invariants 3 and 5: exactly the serving generation takes events; every other one was retired.
        let serving: Vec<u64> = status.generation.into_iter().collect();
        assert_eq!(notes.taking.iter().copied().collect::<Vec<_>>(), serving, "{cog}: {:?}", notes.done);
        assert_eq!(notes.alive, notes.taking, "{cog}: {:?}", notes.done);
        assert_eq!(status.generation.is_some(), status.stage == Stage::Serving);
        drop(notes);
        // Invariant 3: what is routed is queued, and nothing is queued for a cog that is away.
        let before = harness.waiting(cog);
        assert!(status.stage != Stage::Away || before == 0);
        lost[index] = before;
    }
    harness.router.route("TYPING_START", "{}");
    for (index, cog) in COGS.into_iter().enumerate() {
        // Lost code is brought back.
        let is_routed = harness.status(cog).is_routed();
        let room = 100 - lost[index];
        assert_eq!(harness.waiting(cog) - lost[index], usize::from(is_routed && room > 0), "{cog}");
    }
    // The commands of a serving cog are declared, as its own.
    let declared = harness.registry.declared(Duration::from_secs(60));
    for cog in COGS {
        let status = harness.status(cog);
        if status.stage == Stage::Serving {
            let is_its = |name| declared.commands[&CommandKey::slash(name)].cog.as_deref() == Some(cog);
            assert!(status.commands().all(is_its));
        }
    }
    assert!(declared.commands.keys().all(|key| declared.seen.contains(key)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_invariants_hold_whatever_happens_in_whatever_order(events in events()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let harness = Harness::new(&COGS);
            let mut lost = [0; COGS.len()];
            for event in &events {
                happen(&harness, event).await;
                holds(&harness, &mut lost);
            }
            for cog in COGS {
                drop(harness.leave(cog, Leaving::Unloaded).await);
                assert!(harness.script(cog).notes().alive.is_empty());
            }
        });
    }
}
