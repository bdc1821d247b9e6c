//! Functions that do not return the SDK's `Result` are reported where they are written.
#![allow(unused)]

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

struct Mine;

#[derive(Default)]
struct Tags;

#[cog(export = false)]
impl Tags {
    /// One
    #[command(check = Self::may)]
    async fn one(&self, ctx: &Context) -> () {}

    /// Two
    #[command]
    async fn two(&self, ctx: &Context, #[autocomplete = Self::names] name: String) -> std::result::Result<(), Mine> {
        Ok(())
    }

    /// Three
    #[command]
    async fn three(&self, ctx: &Context, #[autocomplete = Self::numbers] number: u32) -> Option<()> {
        None
    }

    async fn may(&self, ctx: &Context) -> bool {
        true
    }

    async fn names(&self, ctx: &Context, typed: &str) -> Vec<String> {
        Vec::new()
    }

    async fn numbers(&self, ctx: &Context, typed: &str) -> Result<Vec<u32>> {
        Ok(Vec::new())
    }

    #[check]
    async fn all(&self, ctx: &Context) -> bool {
        true
    }

    #[setup]
    async fn build(host: Host) -> Self {
        Self
    }

    #[teardown]
    async fn leave(&self) -> u8 {
        1
    }

    #[on_error]
    async fn failed(&self, ctx: &Context, error: Error) -> Error {
        error
    }
}

struct Old;

#[derive(Default, Serialize, Deserialize)]
struct Unread;

#[cog(state = 2, export = false)]
impl Unread {
    #[migrate(1)]
    fn first(old: Old) -> Self {
        Self
    }
}

fn main() {}
