//! Counts in a Redis server: a client that needs tokio, in a cog that is reloaded.
#![forbid(unsafe_code)]

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
    ];

    async fn setup(host: Host) -> Result<Self> {
        let url: Option<String> = host.store().get("url").await?;
        let client = Client::open(url.unwrap_or_default())?;
        Ok(Self { redis: tokio::run(client.get_multiplexed_async_connection()).await? })
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        let mut redis = self.redis.clone();
        let count: u64 = match ctx.command() {
            "incr" => tokio::run(redis.incr("count", 1)).await?,
            "spawned" => tokio::spawn(async move { redis.incr("count", 1).await }).await??,
            _ => tokio::spawn(async { panic!("told to panic") }).await?,
        };
        ctx.reply(count.to_string()).await?;
        Ok(())
    }
}

gearshift_cog::export!(Counter, name = "redis");
