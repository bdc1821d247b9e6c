//! `/my-cog write`, `show` and `list`: notes of a server; also with the prefix: `!my-cog show rules`.
#![forbid(unsafe_code)]

use std::{cell::RefCell, collections::BTreeMap};

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

/// The struct is the cog's state: a reload carries it over and, if the host has a store, a restart too.
#[derive(Default, Serialize, Deserialize)]
struct Notes {
    /// By server and name. Do not hold a borrow across an `await`: other handlers run meanwhile.
    notes: RefCell<BTreeMap<u64, BTreeMap<String, String>>>,
}

/// The choices of an option.
#[derive(Choice)]
enum Order {
    Name,
    #[choice("Longest first")]
    Length,
}

// A name with a space makes a subcommand. Options of the group apply to all its commands.
#[cog(state = 1, group("my-cog", "Notes", guild_only))]
impl Notes {
    /// Writes a note
    #[command("my-cog write", permissions = "MANAGE_GUILD")]
    async fn write(
        &self,
        ctx: &Context,
        #[describe = "What it is called"]
        #[max_length = 32]
        name: String,
        #[describe = "What it says"]
        #[max_length = 1000]
        text: String,
    ) -> Result {
        let answer = format!("Noted: `{name}`");
        let guild = ctx.guild_id().unwrap_or_default();
        self.keep(guild, name, text);
        ctx.reply(NewMessage::new(answer).ephemeral()).await
    }

    /// Shows a note
    #[command("my-cog show", cooldown = "2 in 5s per user")]
    async fn show(&self, ctx: &Context, #[autocomplete = Self::names] name: String) -> Result {
        let text = self.here(ctx).remove(&name);
        // `input`: a mistake of the user; only they see the text. Any other error is a fault of the cog.
        let text = text.ok_or_else(|| Error::input(format!("there is no note `{name}`")))?;
        ctx.reply(text).await
    }

    /// Lists the notes
    #[command("my-cog list", ephemeral)]
    async fn list(&self, ctx: &Context, order: Option<Order>) -> Result {
        let mut notes: Vec<(String, String)> = self.here(ctx).into_iter().collect();
        if let Some(Order::Length) = order {
            notes.sort_by_key(|(_, text)| std::cmp::Reverse(text.len()));
        }
        let names: Vec<String> = notes.into_iter().map(|(name, _)| name).collect();
        let answer = format!("{} notes: {}", names.len(), names.join(", "));
        ctx.reply(answer).await
    }

    /// The suggestions while a user types.
    async fn names(&self, ctx: &Context, typed: &str) -> Result<Vec<String>> {
        let names = self.here(ctx).into_keys();
        Ok(names.filter(|name| name.starts_with(typed)).collect())
    }

    fn keep(&self, guild: u64, name: String, text: String) {
        let mut notes = self.notes.borrow_mut();
        notes.entry(guild).or_default().insert(name, text);
    }

    /// The notes of the server that the command comes from.
    fn here(&self, ctx: &Context) -> BTreeMap<String, String> {
        let guild = ctx.guild_id().unwrap_or_default();
        self.notes.borrow().get(&guild).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
