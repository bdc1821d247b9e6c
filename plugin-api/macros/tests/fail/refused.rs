//! Arguments that Discord would refuse are reported where they are.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Tags;

#[cog(group("tag", "Notes", name_de = "Notiz"))]
impl Tags {
    /// One
    #[command]
    async fn one(&self, ctx: &Context, #[choices("red", "blue")] count: u8) -> Result {
        Ok(())
    }

    /// Two
    #[command]
    async fn two(&self, ctx: &Context, #[choices(1, 2)] color: Option<String>) -> Result {
        Ok(())
    }

    /// Three
    #[command]
    async fn three(&self, ctx: &Context, #[choices("One" = 1, "one" = 2)] count: u8) -> Result {
        Ok(())
    }

    /// Four
    #[command]
    async fn four(&self, ctx: &Context, #[choices(0.5)] count: i64) -> Result {
        Ok(())
    }

    /// Five
    #[command]
    async fn five(&self, ctx: &Context, #[max_length = 0] name: String) -> Result {
        Ok(())
    }

    /// Six
    #[command]
    async fn six(&self, ctx: &Context, #[min = -1] count: u8) -> Result {
        Ok(())
    }

    /// Seven
    #[command]
    async fn seven(&self, ctx: &Context, #[max = 1e3] count: u8) -> Result {
        Ok(())
    }

    /// Eight
    #[command]
    async fn eight(&self, ctx: &Context, #[max = 9007199254740993] count: i64) -> Result {
        Ok(())
    }

    /// Nine
    #[command]
    async fn nine(&self, ctx: &Context, #[min = 1e999] share: f64) -> Result {
        Ok(())
    }

    /// Ten
    #[command]
    async fn ten(&self, ctx: &Context, #[channel_types(text)] yes: bool) -> Result {
        Ok(())
    }

    /// Eleven
    #[command]
    async fn eleven(&self, ctx: &Context, #[choices("a")] #[autocomplete = Self::names] name: String) -> Result {
        Ok(())
    }

    /// Twelve
    #[command]
    async fn twelve(&self, ctx: &Context, #[autocomplete = Self::names] #[choices("a")] name: String) -> Result {
        Ok(())
    }

    /// Thirteen
    #[command(name_de = "Dreizehn", description_fr = "")]
    async fn thirteen(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Fourteen
    #[command]
    async fn fourteen(&self, ctx: &Context, #[rename_de = "Der Name"] name: String) -> Result {
        Ok(())
    }

    #[user_menu("Fifteen", name_de = "Ein Eintrag mit einem Namen von mehr als 32 Zeichen")]
    async fn fifteen(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[user_menu("Sixteen", description_de = "Ein Eintrag hat keine")]
    async fn sixteen(&self, ctx: &Context) -> Result {
        Ok(())
    }

    async fn names(&self, ctx: &Context, typed: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

#[derive(Choice)]
enum Color {
    #[choice(name_de = "")]
    Red,
}

fn main() {}
