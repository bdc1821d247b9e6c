//! A saved field, older versions that are read, and a check that returns a `bool`.
#![deny(warnings)]

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

struct Counter {
    host: Host,
    counts: Counts,
}

#[derive(Default, Serialize, Deserialize)]
struct Counts {
    all: u64,
}

#[derive(Deserialize)]
struct V1(String);

struct V2(u64);

impl<'de> Deserialize<'de> for V2 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self)
    }
}

#[cog(name = "counter", state = 3, saved = counts)]
impl Counter {
    #[setup]
    async fn new(host: Host) -> Result<Self> {
        Ok(Self { host, counts: Counts::default() })
    }

    #[migrate(1)]
    fn to_2(old: V1) -> Result<V2> {
        Ok(V2(old.0.parse()?))
    }

    #[migrate(2)]
    fn to_3(old: V2) -> Counts {
        Counts { all: old.0 }
    }

    #[check]
    async fn is_open(&self, _ctx: &Context) -> Result<bool> {
        let _ = &self.host;
        Ok(self.counts.all < 100)
    }
}

fn main() {}
