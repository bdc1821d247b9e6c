//! `!lookup name` fetches JSON from a web server and shows it. `!lookup-source url` lets the bot's owners see or set
//! the source. Shows the shared HTTP client, a deadline, and error messages that users in the channel understand. It
//! opens no connections itself.
#![forbid(unsafe_code)]

mod show;
mod source;

use std::time::Duration;

use gearshift_cog::{
    handles::{HandleErrorKind, HttpResponse},
    prelude::*,
};
use serde_json::Value;

use self::source::Source;

/// The key of the source in the store.
const KEY: &str = "source";
/// How long a server may take. Discord waits 3 s for a response, so the answer is deferred first.
const DEADLINE: Duration = Duration::from_secs(5);

#[cog(unit, handles("discord.reply", "http", "store"))]
impl Lookup {
    /// Looks something up
    #[command]
    async fn lookup(&self, ctx: &Context, #[describe = "What to look up"] name: String) -> Result {
        // `..` would leave its place in the address, percent-encoded or not.
        if name.chars().all(|character| character == '.') {
            return Err(Error::input("what should I look up?"));
        }
        let Some(source) = ctx.store().get::<Source>(KEY).await? else {
            let text = "no address is set yet; the bot's owner can set one with `lookup-source`";
            return Err(Error::input(text));
        };
        ctx.defer().await?;
        let response = ctx.http().get(source.address(&name)).timeout(DEADLINE).send().await;
        ctx.reply(in_words(source.server(), response)).await
    }

    /// Where things are looked up
    ///
    /// The owner who sets this lets the bot's machine send requests anywhere, including its own network.
    #[command("lookup-source", owners_only)]
    async fn source(
        &self,
        ctx: &Context,
        #[describe = "An address with {name} in it"] url: Option<String>,
    ) -> Result {
        let Some(url) = url else {
            let source: Option<Source> = ctx.store().get(KEY).await?;
            return ctx
                .reply(
                    source
                        .map_or("No address is set yet.".to_owned(), |it| format!("The address is <{it}>.")),
                )
                .await;
        };
        let source = Source::parse(&url).map_err(Error::input)?;
        ctx.store().set(KEY, &source).await?;
        ctx.reply(format!("The address is now <{source}>.")).await
    }
}

/// The server's answer as a text for users, or why there was none.
fn in_words(server: &str, response: Result<HttpResponse>) -> String {
    match response {
        Err(error) => unreachable_in_words(server, &error),
        Ok(response) => match response.status() {
            200..=299 => match response.json::<Value>() {
                Ok(value) => show::readable(&value),
                Err(_) => format!("{server} answered with something that is not JSON."),
            },
            404 => format!("{server} knows nothing by that name."),
            status => format!("{server} answered with status {status}; try again later."),
        },
    }
}

/// Why there was no answer, as a text for users.
fn unreachable_in_words(server: &str, error: &Error) -> String {
    match error.handle().map(|error| error.kind) {
        Some(HandleErrorKind::Timeout) => format!("{server} did not answer within {} s.", DEADLINE.as_secs()),
        Some(HandleErrorKind::Connect) => format!("{server} cannot be reached at the moment."),
        _ => format!("The request to {server} failed: {error}."),
    }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::testing::Bot;

    use super::*;

    #[test]
    fn answers_and_failures_are_shown_as_text() {
        let bot = Bot::new::<Lookup>();
        let (owner, bob) = (bot.user("alice"), bot.user("bob"));
        bot.add_owner(&owner);
        let nowhere = "No address is set yet; the bot's owner can set one with `lookup-source`.";
        bob.say("!lookup tea").assert_content(nowhere);
        assert!(bob.say("!lookup-source https://example.com/{name}").content().contains("owner"));
        owner.say("!lookup-source").assert_content("No address is set yet.");
        let set = "The address is now <https://example.com/{name}>.";
        owner.say("!lookup-source https://example.com/{name}").assert_content(set);

        bot.mock_http("GET", "https://example.com/green%20tea", 200, r#"{"name":"green tea","price":3}"#);
        bot.mock_http("GET", "https://example.com/page", 200, "<html>");
        bot.mock_http("GET", "https://example.com/broken", 500, "");
        bot.mock_http("GET", "https://example.com/missing", 404, "{}");
        bob.slash("lookup", [("name", "green tea")]).assert_content("**name**: green tea\n**price**: 3");
        bob.say("!lookup page").assert_content("example.com answered with something that is not JSON.");
        bob.say("!lookup broken").assert_content("example.com answered with status 500; try again later.");
        bob.say("!lookup missing").assert_content("example.com knows nothing by that name.");
        bob.say("!lookup away").assert_content("example.com cannot be reached at the moment.");
        bob.say("!lookup ..").assert_content("What should I look up?");
        assert!(bot.faults().is_empty(), "{:?}", bot.faults());
    }
}
