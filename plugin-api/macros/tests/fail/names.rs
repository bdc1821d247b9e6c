//! Names and descriptions must be valid for Discord, and each command must have its own.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Default)]
struct Tags;

#[cog(group("tag", "Notes"), group("empty", "Nothing is in it"), group("Big", "Has a capital letter"))]
impl Tags {
    #[command]
    async fn undescribed(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Is described at such length that Discord would refuse the command with all its words, of which there are many
    #[command]
    async fn long(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Has a name with a space
    #[command("Say Hello")]
    async fn capital(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Has a name of Rust's taste
    #[command]
    async fn sayHello(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Adds
    #[command("tag add")]
    async fn add(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Adds as well
    #[command("tag add")]
    async fn add_again(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Is called like another by an alias
    #[command("tag new", aliases("add"))]
    async fn new(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Is in no group
    #[command("tags list")]
    async fn list(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Is in a group that is not declared
    #[command("note add")]
    async fn note(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Is too deep
    #[command("tag a b c")]
    async fn deep(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[user_menu]
    async fn nameless(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Has an alias of two words
    #[command(aliases("two words"))]
    async fn alias(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[doc = concat!("Says ", "hello")]
    #[command]
    async fn concatenated(&self, ctx: &Context) -> Result {
        Ok(())
    }

    #[cfg_attr(all(), doc = "Says hello")]
    #[command]
    async fn conditional(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

fn main() {}
