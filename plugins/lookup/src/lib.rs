//! `!lookup name` fetches JSON from a web server and shows it. `!lookup-source url` tells the bot's owner where from, or
//! sets it. Shows the shared HTTP client, a deadline, and errors in words that a person in the channel understands.
//! It opens no connection of its own.
#![forbid(unsafe_code)]

mod show;
mod source;

use std::time::Duration;

use gearshift_cog::{
    handles::{HandleErrorKind, Method},
    prelude::*,
};
use serde::Deserialize;
use serde_json::Value;

use self::source::Source;

/// Where the source is kept in the store.
const KEY: &str = "source";
/// How long a server may take. Discord waits 3 s for a sign of life, so the answer is deferred before.
const DEADLINE: Duration = Duration::from_secs(5);

struct Lookup {
    host: Host,
}

/// The part of Discord's application object that says whose bot this is.
#[derive(Deserialize)]
struct Application {
    owner: Option<Owner>,
    team: Option<Team>,
}

#[derive(Deserialize)]
struct Owner {
    id: String,
}

#[derive(Deserialize)]
struct Team {
    owner_user_id: Option<String>,
}

impl Cog for Lookup {
    const COMMANDS: &'static [Command] = &[
        Command::new("lookup", "Looks something up")
            .options(&[Opt::string("name", "What to look up").required()]),
        Command::new("lookup-source", "Where things are looked up; the bot's owner can change it")
            .options(&[Opt::string("url", "An address with {name} in it")]),
    ];

    async fn setup(host: Host) -> Result<Self> {
        Ok(Self { host })
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        ctx.defer().await?;
        let answer = match ctx.command() {
            "lookup" => self.lookup(ctx.option("name").unwrap_or_default()).await?,
            _ => self.source(ctx).await?,
        };
        ctx.reply(answer).await?;
        Ok(())
    }
}

impl Lookup {
    async fn lookup(&self, name: &str) -> Result<String> {
        // `..` would climb out of its place in the address, percent-encoded or not.
        if name.chars().all(|character| character == '.') {
            return Ok("What shall I look up?".to_owned());
        }
        let Some(source) = self.host.store().get::<Source>(KEY).await? else {
            return Ok(
                "I do not know where to look yet; the bot's owner sets it with `lookup-source`.".to_owned()
            );
        };
        let response = self.host.http().get(&source.address(name)).timeout(DEADLINE).send().await;
        Ok(match response {
            Err(error) => unreachable_in_words(source.server(), &error),
            Ok(response) => match response.status() {
                200..=299 => match response.json::<Value>() {
                    Ok(value) => show::readable(&value),
                    Err(_) => format!("{} answered something that is not JSON.", source.server()),
                },
                404 => format!("{} knows nothing of that name.", source.server()),
                status => format!("{} answered with status {status}; try again later.", source.server()),
            },
        })
    }

    /// Shows or sets the source.
    async fn source(&self, ctx: &Context) -> Result<String> {
        let Some(url) = ctx.option("url") else {
            let source = self.host.store().get::<Source>(KEY).await?;
            return Ok(source.map_or("I look nowhere yet.".to_owned(), |it| format!("I look at <{it}>.")));
        };
        // Whoever sets this lets the bot's machine send requests anywhere, its own network included.
        if !self.is_owner(ctx.user()?.id).await? {
            return Ok("Only the bot's owner can change that.".to_owned());
        }
        Ok(match Source::parse(url) {
            Ok(source) => {
                self.host.store().set(KEY, &source).await?;
                format!("From now on I look at <{source}>.")
            }
            Err(why) => why,
        })
    }

    async fn is_owner(&self, user: u64) -> Result<bool> {
        let answer = self.host.discord().request(Method::Get, "/oauth2/applications/@me").fetch().await?;
        let Application { owner, team } = serde_json::from_value(answer)?;
        let owner = team.and_then(|team| team.owner_user_id).or(owner.map(|owner| owner.id));
        Ok(owner.is_some_and(|owner| owner == user.to_string()))
    }
}

/// Why there was no answer.
fn unreachable_in_words(server: &str, error: &Error) -> String {
    match error.handle().map(|error| error.kind) {
        Some(HandleErrorKind::Timeout) => format!("{server} did not answer within {} s.", DEADLINE.as_secs()),
        Some(HandleErrorKind::Connect) => format!("{server} cannot be reached at the moment."),
        _ => format!("{server} could not be asked: {error}."),
    }
}

gearshift_cog::export!(Lookup);
