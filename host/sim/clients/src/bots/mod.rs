//! The bot under test with Rust libraries. All clients do the same; see `promises`. Nothing is judged here.

mod serenity;
mod serenity_tour;
mod twilight;
mod twilight_tour;

use std::error::Error;

use tracing_subscriber::filter::LevelFilter;

/// Names that the bot offers as choices.
const NAMES: [&str; 3] = ["Anna", "Bert", "Bob"];

/// An image for an emoji, as a data URI.
const PIXEL: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// The addresses of the simulator.
struct Place {
    api: String,
    gateway: String,
    token: String,
}

/// Runs as a client until it is killed. It logs to stderr, warnings only.
pub(crate) async fn run(name: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(std::io::stderr).init();
    let read = |key: &str| std::env::var(key).map_err(|_| format!("{key} is not set"));
    let place =
        Place { api: read("DISCORD_API")?, gateway: read("DISCORD_GATEWAY")?, token: read("DISCORD_TOKEN")? };
    match name {
        "serenity" => serenity::run(place).await,
        "twilight" => twilight::run(place).await,
        other => Err(format!("no client `{other}` is built in").into()),
    }
}
