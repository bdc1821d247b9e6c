//! The migrations of a state must lead from each version to the next.
#![allow(unused)]

use gearshift_cog::prelude::*;

struct V1;
struct V3;

#[derive(Default)]
struct Gap;

#[cog(state = 5, export = false)]
impl Gap {
    #[migrate(1)]
    fn first(old: V1) -> V3 {
        V3
    }

    #[migrate(3)]
    fn third(old: V3) -> Self {
        Self
    }
}

#[derive(Default)]
struct Stateless;

#[cog(saved = counts, export = false)]
impl Stateless {
    #[migrate(1)]
    fn first(old: V1) -> Self {
        Self
    }
}

#[derive(Default)]
struct Above;

#[cog(state = 1, export = false)]
impl Above {
    #[migrate(1)]
    fn first(old: V1) -> Self {
        Self
    }

    #[migrate]
    fn second(old: V1) -> Self {
        Self
    }

    #[migrate(0)]
    async fn third(old: V1) -> Self {
        Self
    }
}

#[derive(Default)]
struct Wordy;

#[cog(state = "one", export = false)]
impl Wordy {}

#[derive(Default)]
struct Last;

#[cog(state = 1, export = false)]
impl Last {
    #[migrate(4294967295)]
    fn last(old: V1) -> Self {
        Self
    }
}

fn main() {}
