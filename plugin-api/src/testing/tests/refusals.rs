//! The kit refuses what Discord would refuse, and what the test wants refused.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Cog, Context, Error, Host, NewMessage, Result,
    abi::{ErrorCause, HandleError, Method, MetricKind},
    manifest::Command,
    testing::Bot,
};

/// Does what the called command says, and answers with the result.
struct Asker;

impl Cog for Asker {
    const COMMANDS: &'static [Command] = &[
        Command::new("long", "Too long"),
        Command::new("empty", "Nothing"),
        Command::new("twice", "Answers twice"),
        Command::new("late", "Answers late"),
        Command::new("later", "Leaves the answer to a future, which is too late"),
        Command::new("promise", "Defers and leaves it at that"),
        Command::new("dm", "Writes to the user"),
        Command::new("teapot", "Asks for what the kit does not know"),
        Command::new("send", "Posts"),
        Command::new("web", "Asks the web and the API"),
        Command::new("timeout", "For an hour"),
        Command::new("stream", "Sends and reads in chunks"),
        Command::new("why", "Says what failed"),
    ];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        let (discord, channel) = (ctx.discord(), ctx.channel_id()?);
        match ctx.command() {
            "long" => {
                let path = format!("/channels/{channel}/messages");
                let body = json!({ "content": "x".repeat(2001) });
                said(ctx, discord.request(Method::Post, path).json(&body).fetch().await).await
            }
            "empty" => Ok(discord.send(channel, NewMessage::default()).await.map(drop)?),
            "twice" => {
                let to = ctx.interaction().expect("a slash command");
                discord.callback(to, 4, &json!({ "content": "one" })).await?;
                discord.callback(to, 4, &json!({ "content": "two" })).await
            }
            "late" => {
                ctx.clock().sleep(Duration::from_secs(4)).await;
                ctx.reply("late").await?;
                Ok(())
            }
            "later" => {
                let (host, to) = (ctx.host().clone(), ctx.interaction().expect("a slash command").clone());
                ctx.host().spawn(async move {
                    host.clock().sleep(Duration::from_secs(4)).await;
                    host.discord().respond(&to, "late").await
                });
                Ok(())
            }
            "promise" => ctx.defer().await,
            "dm" => {
                discord.dm(ctx.user()?.id, "hello").await?;
                Ok(())
            }
            "teapot" => said(ctx, discord.request(Method::Get, "/teapots/1").fetch().await).await,
            "send" => {
                discord.send(channel, "sent").await?;
                Ok(())
            }
            "why" => {
                ctx.defer().await?;
                let error = discord.send(channel, "sent").await.err();
                let Some(HandleError { kind, status, code, .. }) = error.as_ref().and_then(Error::handle)
                else {
                    return Err(Error::new("it is sent"));
                };
                ctx.reply(format!("{kind:?} {status} {code}")).await?;
                Ok(())
            }
            "timeout" => {
                discord.timeout(ctx.guild_id().unwrap_or(0), ctx.user()?.id, Duration::from_secs(3600)).await
            }
            "stream" => {
                let mut upload =
                    ctx.http().post("https://example.com/up").header("x-kind", "log").upload()?;
                upload.write(vec![b'a']).await?;
                upload.write(vec![b'b']).await?;
                let mut answer = upload.finish().await?;
                let mut sizes = Vec::new();
                while let Some(chunk) = answer.chunk().await? {
                    sizes.push(chunk.len());
                }
                let text = ctx.http().get("https://example.com/text").stream().await?.text().await?;
                ctx.reply(format!("{sizes:?} {text}")).await?;
                Ok(())
            }
            _ => {
                let page = ctx.http().get("https://example.com/a?b=c").send().await?;
                let user: Option<Value> =
                    ctx.api().get("/users/1").query(&[("full", "true")]).fetch().await?;
                ctx.stats().incr("asked", 2);
                ctx.reply(format!("{} {:?}", page.status(), user.map(|user| user["name"].clone()))).await?;
                Ok(())
            }
        }
    }
}

async fn said(ctx: &Context, outcome: Result<Value>) -> Result {
    let text = match outcome {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    };
    ctx.reply(text).await?;
    Ok(())
}

/// The failure of the only handler that failed.
fn failure(bot: &Bot) -> (ErrorCause, String) {
    let [fault] = &bot.faults()[..] else { panic!("{:?}", bot.faults()) };
    (fault.cause, fault.text.clone())
}

#[test]
fn the_common_mistakes_are_refused_as_discord_refuses_them() {
    let bot = Bot::new::<Asker>();
    let answer = bot.user("alice").slash("long", ());
    assert!(answer.content().contains("400, code 50035"), "{}", answer.content());
    for (command, code) in [("empty", "400, code 50006"), ("twice", "400, code 40060")] {
        let bot = Bot::new::<Asker>();
        bot.user("alice").slash(command, ());
        let (cause, text) = failure(&bot);
        assert!(cause == ErrorCause::REFUSED && text.contains(code), "{text}");
    }
}

#[test]
fn the_host_defers_when_a_handler_is_late() {
    let bot = Bot::new::<Asker>();
    let answer = bot.user("alice").slash("late", ());
    bot.advance(Duration::from_secs(3));
    assert!(bot.transcript().contains("the host acknowledges it: the cog is late"));
    assert!(answer.is_thinking());
    bot.advance(Duration::from_secs(1));
    assert_eq!(answer.content(), "late");
}

#[test]
fn thinking_ends_sooner_if_only_the_host_deferred() {
    let bot = Bot::new::<Asker>();
    bot.set_host_defers(true);
    for (command, time) in [("later", "a minute"), ("promise", "15 minutes")] {
        bot.user("alice").slash(command, ());
        let line = format!("its handler ended without an answer: alice sees “thinking …” for {time}");
        assert!(bot.transcript().contains(&line), "{}", bot.transcript());
    }
}

#[test]
fn an_answer_after_three_seconds_finds_no_interaction() {
    let bot = Bot::new::<Asker>();
    let answer = bot.user("alice").slash("later", ());
    assert!(bot.transcript().contains("its handler ended without an answer: alice sees"));
    bot.advance(Duration::from_secs(4));
    answer.assert_no_answer();
    let text = failure(&bot).1;
    assert!(text.contains("404, code 10062") && text.contains("`ctx.defer()` first"), "{text}");
}

#[test]
fn closed_messages_and_missing_permissions_are_refused() {
    let bot = Bot::new::<Asker>();
    let alice = bot.user("alice");
    alice.slash("dm", ());
    assert_eq!(alice.dms()[0].content(), "hello");
    alice.close_dms();
    alice.slash("dm", ());
    assert!(failure(&bot).1.contains("403, code 50007"));
    bot.set_permissions(0);
    alice.slash("send", ());
    assert!(bot.faults()[1].text.contains("403, code 50013"));
}

#[test]
fn the_test_answers_unknown_endpoints() {
    let bot = Bot::new::<Asker>();
    let alice = bot.user("alice");
    let text = alice.slash("teapot", ()).content();
    assert!(text.contains("404") && text.contains("GET /teapots/1"), "{text}");
    bot.mock_discord("GET", "/teapots/*", 200, json!({ "tea": true }));
    alice.slash("teapot", ()).assert_content(r#"{"tea":true}"#);
    bot.mock_discord("GET", "/teapots/*", 418, json!({ "code": 7, "message": "short and stout" }));
    let text = alice.slash("teapot", ()).content();
    assert!(text.contains("418, code 7: short and stout"), "{text}");
}

#[test]
fn the_test_can_refuse_requests() {
    let bot = Bot::new::<Asker>();
    let alice = bot.user("alice");
    bot.refuse_once("POST", "/channels/*/messages", 403, 50013);
    alice.say("!send").assert_no_answer();
    alice.say("!send").assert_content("sent");
    bot.refuse("POST", "/channels/*/messages", 500, 0);
    alice.say("!send").assert_no_answer();
    alice.say("!send").assert_no_answer();
    bot.clear_refusals();
    alice.say("!send").assert_content("sent");
    assert_eq!(bot.faults().len(), 3);
}

#[test]
fn a_lost_request_and_a_lost_answer_time_out() {
    let bot = Bot::new::<Asker>();
    let alice = bot.user("alice");
    bot.lose_request("POST", "/channels/*/messages");
    alice.say("!send");
    bot.lose_response("POST", "/channels/*/messages");
    alice.say("!send");
    assert_eq!((bot.waiting_handlers().len(), bot.bot_messages().len()), (2, 1));
    bot.advance(Duration::from_secs(30));
    assert_eq!((bot.waiting_handlers().len(), bot.faults().len()), (0, 2));
    assert!(bot.faults()[0].text.contains("no answer within 30000 ms"));
}

#[test]
fn the_test_answers_for_servers_and_metrics_are_recorded() {
    let bot = Bot::new::<Asker>();
    let alice = bot.user("alice");
    alice.slash("web", ());
    assert!(failure(&bot).1.contains("no answer to GET https://example.com/a?b=c"));
    bot.mock_http("GET", "https://example.com/*", 200, "page");
    bot.mock_api("GET", "/users/1", 200, json!({ "name": "alice" }));
    alice.slash("web", ()).assert_content(r#"200 Some(String("alice"))"#);
    assert_eq!(bot.api_requests()[0].address, "/users/1?full=true");
    let metric = &bot.metrics()[0];
    assert_eq!((metric.kind, &*metric.name, metric.value), (MetricKind::Count, "asked", 2.0));
}

#[test]
fn a_members_timeout_is_relative_to_the_hosts_clock() {
    let bot = Bot::new::<Asker>();
    bot.advance(Duration::from_secs(60));
    bot.user("alice").slash("timeout", ());
    assert!(bot.faults().is_empty(), "{:?}", bot.faults());
    let until = &bot.discord_requests()[0].json()["communication_disabled_until"];
    assert!(until.as_str().is_some_and(|until| until.starts_with("2026-01-01T01:01:00")), "{until}");
}

#[test]
fn bodies_are_streamed_both_ways() {
    let bot = Bot::new::<Asker>();
    bot.mock_http("POST", "https://example.com/up", 200, vec![b'x'; 20_000]);
    bot.mock_http("GET", "https://example.com/text", 200, "tea");
    bot.user("alice").slash("stream", ()).assert_content("[16384, 3616] tea");
    let asked = &bot.http_requests()[0];
    assert_eq!(asked.body, b"ab");
    assert_eq!(asked.headers, [("x-kind".to_owned(), "log".to_owned())]);
}

#[test]
fn a_cog_sees_why_a_handle_failed() {
    let bot = Bot::new::<Asker>();
    let alice = bot.user("alice");
    bot.refuse_once("POST", "/channels/*/messages", 403, 50013);
    alice.slash("why", ()).assert_content("Status 403 50013");
    bot.lose_request("POST", "/channels/*/messages");
    let answer = alice.slash("why", ());
    bot.advance(Duration::from_secs(30));
    answer.assert_content("Timeout 0 0");
}
