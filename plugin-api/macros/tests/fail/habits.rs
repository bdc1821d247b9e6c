//! Habits from other frameworks, and options in the wrong place, are answered with what to write here.
#![allow(unused)]

use gearshift_cog::{abi::Attachment, prelude::*};

struct Member;
struct Message;
struct User;

#[derive(Default)]
struct Tags;

#[cog(export = false)]
impl Tags {
    /// One
    #[command(check = "may")]
    async fn one(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Two
    #[command]
    async fn two(&self, ctx: &Context, #[autocomplete = "names"] name: String) -> Result {
        Ok(())
    }

    /// Three
    #[command(check = "not a name")]
    async fn three(&self, ctx: &Context) -> Result {
        Ok(())
    }

    /// Four
    #[command]
    async fn four(&self, ctx: &Context, files: Vec<Attachment>) -> Result {
        Ok(())
    }

    #[user_menu("Five")]
    async fn five(&self, ctx: &Context, message: Message) -> Result {
        Ok(())
    }

    #[message_menu("Six")]
    async fn six(&self, ctx: &Context, user: User) -> Result {
        Ok(())
    }

    #[button("seven:{member}")]
    async fn seven(&self, ctx: &Context, member: Member) -> Result {
        Ok(())
    }

    #[every("366d")]
    async fn eight(&self, ctx: &Context) -> Result {
        Ok(())
    }
}

fn main() {}
