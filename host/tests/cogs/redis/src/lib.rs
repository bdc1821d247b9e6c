//! Counts in a Redis server: a client that needs tokio, in a cog that is reloaded.
#![forbid(unsafe_code)]

use ::tokio::sync::oneshot;
use gearshift_cog::{prelude::*, tokio};
use redis::{AsyncCommands, Client, aio::MultiplexedConnection};

struct Counter {
    redis: MultiplexedConnection,
}

impl Cog for Counter {
    const COMMANDS: &'static [Command] = &[
        Command::new("incr", "Counts in Redis"),
        Command::new("spawned", "Counts in Redis, from a task"),
        Command::new("panic", "Panics in a task"),
        Command::new("cancel", "Drops a task, and waits for its end"),
    ];

    async fn setup(host: Host) -> Result<Self> {
        let url: Option<String> = host.store().get("url").await?;
        let client = Client::open(url.unwrap_or_default())?;
        Ok(Self { redis: tokio::run(client.get_multiplexed_async_connection()).await? })
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        let mut redis = self.redis.clone();
        if ctx.command() == "cancel" {
            let (alive, ended) = oneshot::channel::<()>();
            drop(tokio::spawn(async move {
                let _alive = alive;
                std::future::pending::<()>().await;
            }));
            let _ = ended.await;
            return ctx.reply("cancelled").await;
        }
        let count: u64 = match ctx.command() {
            "incr" => tokio::run(redis.incr("count", 1)).await?,
            "spawned" => tokio::spawn(async move { redis.incr("count", 1).await }).await??,
            _ => tokio::spawn(async { panic!("asked to panic") }).await?,
        };
        ctx.reply(count.to_string()).await?;
        Ok(())
    }
}

gearshift_cog::export!(Counter, name = "redis");
