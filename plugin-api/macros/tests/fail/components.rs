//! The placeholders of a pattern must match the parameters.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Poll;

#[cog]
impl Poll {
    #[button]
    async fn one(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[button("two:{id}")]
    async fn two(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[button("three")]
    async fn three(&self, ctx: &Context, id: u64) -> Result {
        Ok(())
    }

    #[button("four-{id}")]
    async fn four(&self, ctx: &Context, id: u64) -> Result {
        Ok(())
    }

    #[button("five:{id}:{id}")]
    async fn five(&self, ctx: &Context, id: u64) -> Result {
        Ok(())
    }

    #[select("six")]
    async fn six(&self, ctx: &Context, values: String) -> Result {
        Ok(())
    }

    #[button("seven:{id}")]
    async fn seven(&self, ctx: &Context, id: u64) -> Result {
        Ok(())
    }

    #[select("seven:{other}")]
    async fn seven_again(&self, ctx: &Context, other: u64) -> Result {
        Ok(())
    }

    #[button("@eight")]
    async fn eight(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[button("nine:{id}")]
    async fn nine(&self, ctx: &Context, id: &str) -> Result {
        Ok(())
    }
}

#[derive(Default)]
struct Quiz;

#[cog(export = false)]
impl Quiz {
    #[button("quiz:{id}:yes")]
    async fn yes(&self, ctx: &Context, id: u64) -> Result {
        Ok(())
    }

    #[button("quiz:last:{answer}")]
    async fn last(&self, ctx: &Context, answer: String) -> Result {
        Ok(())
    }

    #[button("quiz:{type}")]
    async fn word(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[button("quiz:{self}")]
    async fn no_name(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[task("{id}:yes")]
    async fn due(&self, ctx: &Context, id: u64) -> Result {
        Ok(())
    }

    #[task("last:{answer}")]
    async fn last_due(&self, ctx: &Context, answer: String) -> Result {
        Ok(())
    }
}

fn main() {}
