//! The targets for libFuzzer, which provides `main`. `GEARSHIFT_FUZZ` names the target.
#![no_main]

use std::{env, sync::LazyLock};

use gearshift_fuzz::Target;
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<&Target> =
    LazyLock::new(|| Target::named(&env::var("GEARSHIFT_FUZZ").unwrap_or_default()));

fuzz_target!(init: LazyLock::force(&TARGET).run(&[]), |bytes: &[u8]| TARGET.run(bytes));
