//! A migration to the wrong type, and a form that is not one, are reported where they are.
#![allow(unused)]

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct V1;

#[derive(Deserialize)]
struct V2;

#[derive(Default, Serialize, Deserialize)]
struct Counter;

#[cog(state = 3, export = false)]
impl Counter {
    #[migrate(1)]
    fn second(old: V1) -> V1 {
        old
    }

    #[migrate(2)]
    fn third(old: V2) -> V2 {
        old
    }

    #[modal("saved")]
    async fn saved(&self, ctx: &Context, form: V1) -> Result {
        Ok(())
    }

    #[select("chosen")]
    async fn chosen(&self, ctx: &Context, values: Vec<V1>) -> Result {
        Ok(())
    }
}

fn main() {}
