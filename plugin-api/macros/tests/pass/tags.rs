//! Groups, choices, limits, checks, menus, translations: the options of a command.
#![deny(warnings, clippy::pedantic)]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use gearshift_cog::{
    abi::{Message, MessageDelete},
    prelude::*,
};

#[derive(Default)]
struct Tags {
    tags: RefCell<BTreeMap<String, String>>,
    failures: Cell<u32>,
}

#[derive(Clone, Copy, Choice)]
enum Order {
    ByName,
    #[choice("Newest first", name_de = "Neueste zuerst")]
    ByDate,
}

const HOME: u64 = 41;

#[cog(
    export = false,
    group("tag", "Notes of this server", guild_only, permissions = "MANAGE_MESSAGES", name_de = "notiz"),
    group("tag admin", "For moderators", owners_only, check = Self::may)
)]
impl Tags {
    const LONGEST: u64 = 7;

    /// Adds a note
    ///
    /// This paragraph is for readers of the code.
    #[command("tag add", cooldown = "5 in 1m per guild", aliases("new"), description_de = "Fügt eine Notiz hinzu")]
    async fn add(
        &self,
        ctx: &Context,
        #[describe = "its name"]
        #[max_length = 32]
        #[rename_de = "kürzel"]
        name: String,
        #[min_length = 1] text: String,
    ) -> Result {
        self.tags.borrow_mut().insert(name, text);
        ctx.reply("added").await
    }

    /// Shows a note
    #[command("tag get")]
    async fn get(&self, ctx: &Context, #[autocomplete = Self::names] name: String) -> Result {
        let text = self.tags.borrow().get(&name).cloned();
        ctx.reply(text.ok_or_else(|| Error::input("there is no such note"))?).await
    }

    /// Lists the notes
    #[command("tag list", ephemeral)]
    async fn list(
        &self,
        ctx: &Context,
        order: Option<Order>,
        /// how many
        #[min = 1]
        #[max = 25]
        limit: Option<u8>,
        #[choices("all", "Mine only" = "mine")] whose: Option<String>,
    ) -> Result {
        let order = match order {
            Some(Order::ByDate) => "date",
            Some(Order::ByName) | None => "name",
        };
        ctx.reply(format!("{order} {limit:?} {whose:?}")).await
    }

    /// Deletes them all
    #[command("tag admin clear", concurrency = "1 per guild, wait", check = Self::may_clear)]
    async fn clear(&self, ctx: &Context) -> Result {
        self.tags.borrow_mut().clear();
        ctx.reply("gone").await
    }

    /// Waits, and says the rest
    #[command(
        "later",
        slash_only,
        guilds(HOME, 42),
        contexts(guild),
        integration_types(guild),
        bot_permissions = "send_messages | embed_links",
        roles(43),
        nsfw
    )]
    async fn later(
        &self,
        ctx: &Context,
        wait: Duration,
        #[min = -0.5] by: Option<f64>,
        mut words: Vec<String>,
    ) -> Result {
        words.sort();
        ctx.clock().sleep(wait).await;
        ctx.reply(format!("{by:?} {}", words.join(" "))).await
    }

    #[user_menu("Greet")]
    async fn greet(&self, ctx: &Context, user: u64) -> Result {
        ctx.reply(format!("<@{user}>")).await
    }

    #[message_menu("Greet", ephemeral)]
    async fn greet_author(&self, ctx: &Context) -> Result {
        ctx.reply("hello").await
    }

    #[listen("MESSAGE_UPDATE", channels(Self::LONGEST), skip_bots)]
    async fn edited(&self, _ctx: &Context, message: Message) -> Result {
        tracing::info!("{}", message.id);
        Ok(())
    }

    #[listen]
    async fn deleted(&self, _ctx: &Context, _message: MessageDelete) -> Result {
        Ok(())
    }

    #[listen("READY")]
    async fn ready(&self, _ctx: &Context) -> Result {
        Ok(())
    }

    #[button("close")]
    async fn close(&self, ctx: &Context) -> Result {
        ctx.reply("closed").await
    }

    #[select("tags:{guild}:{page}")]
    async fn chosen(&self, ctx: &Context, page: u32, values: Vec<u64>, guild: u64) -> Result {
        ctx.reply(format!("{guild} {page} {values:?}")).await
    }

    #[daily("09:00", tz = "Europe/Berlin", at_start)]
    async fn morning(&self, _ctx: &Context, run: TaskRun) -> Result {
        tracing::info!("{}", run.due_unix_ms);
        Ok(())
    }

    #[cron("0 18 * * fri")]
    async fn evening(&self, _ctx: &Context) -> Result {
        Ok(())
    }

    #[task("remind:{id}")]
    async fn due(&self, _ctx: &Context, id: u64) -> Result {
        tracing::info!("{id}");
        Ok(())
    }

    #[setup]
    async fn build(host: Host) -> Result<Self> {
        host.clock().once("remind:1", Duration::from_secs(60))?;
        Ok(Self::default())
    }

    #[teardown]
    async fn leave(&self) -> Result {
        Ok(())
    }

    #[check]
    async fn everywhere(&self, ctx: &Context) -> Result {
        ctx.guild_id().map(drop).ok_or_else(|| Error::input("not here"))
    }

    #[on_error]
    async fn failed(&self, _ctx: &Context, error: Error) -> Result {
        self.failures.set(self.failures.get() + 1);
        Err(error)
    }

    async fn may(&self, _ctx: &Context) -> Result<bool> {
        Ok(true)
    }

    async fn may_clear(&self, _ctx: &Context) -> Result<bool> {
        Ok(self.failures.get() == 0)
    }

    async fn names(&self, _ctx: &Context, typed: &str) -> Result<Vec<Suggestion>> {
        let tags = self.tags.borrow();
        Ok(tags.keys().filter(|name| name.starts_with(typed)).map(|name| name.as_str().into()).collect())
    }
}

fn main() {}
