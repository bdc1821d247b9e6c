//! Names that are shown next to each other must differ in every language.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[cog(unit, export = false, group("tag", "Notes", name_de = "notiz"))]
impl Tags {
    /// Is called in German as the group is
    #[command(name_de = "notiz")]
    async fn one(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Is called in French as another is elsewhere, which has a name of its own there
    #[command(name_fr = "four", name_de = "zwei")]
    async fn two(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Stands elsewhere
    #[command("tag three", name_de = "zwei")]
    async fn three(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Has a name of its own in French
    #[command(name_fr = "quatre")]
    async fn four(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Is called in Danish as another is, which has a name of its own in French alone
    #[command(name_da = "four")]
    async fn five(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[user_menu("Six", name_de = "zwei")]
    async fn six(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

#[cog(unit, export = false)]
impl Options {
    /// Has two options of one German name
    #[command]
    async fn one(&self, ctx: &Context, #[rename_de = "zahl"] count: u8, #[rename_de = "zahl"] number: u8) -> Result {
        Ok(())
    }
}

#[derive(Choice)]
enum Color {
    #[choice(name_de = "Rot")]
    Red,
    #[choice(name_de = "Rot")]
    Crimson,
}

fn main() {}
