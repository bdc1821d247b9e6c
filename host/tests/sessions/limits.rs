//! Rate limits and bans, which all requests share: many requests do not rush at once, no ban is provoked, and each
//! problem is logged once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gearshift_host::config::Secret;
use gearshift_host::sessions::discord::{DiscordError, Request, Throttle};
use gearshift_host::sessions::{Discord, Method, Sessions};
use gearshift_sim::{RateLimits, RestFault, Sim, SimOptions, World};

use crate::stand_in::*;

async fn open(server: &Server) -> Arc<Discord> {
    soon(Sessions::open(&discord_config(&server.url()))).await.unwrap().discord.unwrap()
}

fn post(channel: usize) -> Request {
    Request::new(Method::Post, format!("/channels/{channel}/messages")).json(r#"{"content":"news"}"#)
}

/// Requests after those that open the session.
fn asked(server: &Server) -> usize {
    server.seen().len() - 2
}

#[tokio::test]
async fn an_announcement_in_hundreds_of_channels_arrives_and_is_hardly_refused() {
    const CHANNELS: usize = 300;
    let mut world = World::default();
    let guild = world.add_guild("news", "alice");
    let channels: Vec<_> =
        (0..CHANNELS).map(|number| world.add_channel(guild, &format!("ch{number}"))).collect();
    let options = SimOptions { world, rate_limits: RateLimits::Discord, ..SimOptions::default() };
    let sim = Sim::start(options).await.unwrap();
    sim.faults().rest("POST", "/channels/*/messages", 10_000, RestFault::Delay(Duration::from_millis(100)));
    let mut config = discord_config(&sim.api_url());
    config.discord.as_mut().unwrap().token = Some(Secret::new(sim.token(), "the sim").unwrap());
    let discord = soon(Sessions::open(&config)).await.unwrap().discord.unwrap();
    let posts = channels.iter().map(|channel| {
        let request = Request::new(Method::Post, format!("/channels/{channel}/messages"));
        discord.request(request.json(r#"{"content":"news"}"#))
    });
    let answers = tokio::time::timeout(SOON * 6, join_all(posts)).await.expect("within the wait for limits");
    for answer in answers {
        answer.unwrap();
    }
    assert!(sim.invalid_requests() < 30, "{} were refused", sim.invalid_requests());
}

#[tokio::test]
async fn a_refusal_of_a_proxy_pauses_everything_is_said_once_and_ends_by_itself() {
    for body in [r#"{"message":"You are being blocked","code":0}"#, "<html>error code: 1015</html>"] {
        let logged = Logged::begin();
        let server = discord(move |_, number| match number {
            0..3 => reply(429, &[], body),
            _ => reply(200, &[], "{}"),
        })
        .await;
        let discord = open(&server).await;
        let answers = soon(join_all((0..20).map(|channel| discord.request(post(channel))))).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(asked(&server), 20 + 3);
        assert_eq!((logged.lines("is blocked"), logged.lines("answers again")), (1, 1));
        assert_eq!(logged.lines("ERROR") + logged.lines("WARN"), 1);
    }
}

#[tokio::test]
async fn a_ban_lets_nothing_out_and_the_error_says_what_it_is() {
    let logged = Logged::begin();
    let server = discord(|_, _| reply(429, &[("retry-after", "3600")], "<html>banned</html>")).await;
    let discord = open(&server).await;
    let answers = soon(join_all((0..20).map(|channel| discord.request(post(channel))))).await;
    for answer in answers {
        let error = answer.unwrap_err();
        assert!(matches!(error, DiscordError::RateLimited { why: Throttle::Blocked, .. }), "{error}");
        assert!(error.to_string().contains("a proxy in front of Discord refuses"), "{error}");
    }
    for path in ["/webhooks/1/tok", "/interactions/1/tok/callback", "/users/5"] {
        soon(discord.request(Request::new(Method::Post, path))).await.unwrap_err();
    }
    assert!(asked(&server) <= 6, "{} requests into a ban", asked(&server));
    assert_eq!(logged.lines("is blocked"), 1);
}

#[tokio::test]
async fn a_start_into_a_block_says_what_it_is_and_asks_a_few_times_only() {
    for (status, body) in [
        (429, r#"{"message":"You are being blocked","code":0}"#),
        (429, "<html>error code: 1015</html>"),
        (403, "<html>error code: 1020</html>"),
    ] {
        let server = Server::start(move |_, _| reply(status, &[], body)).await;
        let mut config = discord_config(&server.url());
        config.discord.as_mut().unwrap().open_timeout = Duration::from_secs(3);
        let error = soon(Sessions::open(&config)).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("a proxy in front of Discord") && text.contains("\nhelp: wait some minutes"),
            "{text}"
        );
        assert!(server.seen().len() <= 8, "{} requests", server.seen().len());
    }
}

#[tokio::test]
async fn global_refusals_count_against_the_time_and_not_against_the_request_and_are_said_once() {
    let logged = Logged::begin();
    let server = discord(|_, number| match number {
        0..15 => reply(429, &[], r#"{"message":"","retry_after":0.005,"global":true}"#),
        _ => reply(200, &[], "{}"),
    })
    .await;
    let discord = open(&server).await;
    soon(discord.request(post(1))).await.unwrap();
    assert_eq!((asked(&server), logged.lines("global rate limit was reached")), (16, 1));
}

#[tokio::test]
async fn a_request_that_is_refused_each_time_says_so() {
    let server =
        discord(|_, _| reply(429, &[], r#"{"message":"","retry_after":0.001,"global":false}"#)).await;
    let error = soon(open(&server).await.request(post(1))).await.unwrap_err();
    assert!(
        error.to_string().ends_with("Discord answered 429 (too many requests) each time it was tried"),
        "{error}"
    );
}

#[tokio::test]
async fn a_token_that_is_refused_later_is_said_once_and_used_no_more() {
    let logged = Logged::begin();
    let revoked = Arc::new(AtomicBool::new(false));
    let known = small_discord(|_, _| reply(200, &[], "{}"));
    let is_revoked = Arc::clone(&revoked);
    let server = Server::start(move |request, number| {
        match is_revoked.load(Ordering::SeqCst) && request.header("authorization").is_some() {
            true => reply(401, &[], r#"{"message":"401: Unauthorized","code":0}"#),
            false => known(request, number),
        }
    })
    .await;
    let discord = open(&server).await;
    soon(discord.request(post(1))).await.unwrap();
    revoked.store(true, Ordering::SeqCst);
    for channel in 0..50 {
        let error = soon(discord.request(post(channel))).await.unwrap_err();
        assert!(matches!(error, DiscordError::TokenRefused { .. }), "{error}");
    }
    assert_eq!(asked(&server), 3, "one that was refused, and one that asked why");
    assert_eq!((logged.lines("ERROR"), logged.lines("WARN")), (1, 0));
    soon(discord.request(Request::new(Method::Post, "/webhooks/1/tok")))
        .await
        .expect("it has a token of its own");
}

#[tokio::test]
async fn an_endpoint_that_answers_401_says_nothing_of_the_token() {
    let logged = Logged::begin();
    let server = discord(|request, _| match request.target.contains("/channels/1/") {
        true => reply(401, &[], r#"{"message":"no","code":0}"#),
        false => reply(200, &[], "{}"),
    })
    .await;
    let discord = open(&server).await;
    for _ in 0..2 {
        assert_eq!(soon(discord.request(post(1))).await.unwrap_err().status(), Some(401));
    }
    soon(discord.request(post(2))).await.unwrap();
    assert_eq!(logged.lines("ERROR"), 0);
}

#[tokio::test]
async fn many_refusals_are_warned_about_once_and_those_of_a_shared_limit_are_not_counted() {
    let logged = Logged::begin();
    let server = discord(|request, _| match request.target.contains("/shared") {
        true => {
            let headers = [("x-ratelimit-scope", "shared"), ("x-ratelimit-bucket", "b")];
            reply(429, &headers, r#"{"message":"","retry_after":3600.0,"global":false}"#)
        }
        false => reply(403, &[], r#"{"message":"Missing Access","code":50001}"#),
    })
    .await;
    let discord = open(&server).await;
    let hook = |id: usize, rest: &str| Request::new(Method::Post, format!("/webhooks/{id}/tok{rest}"));
    for round in 0..19 {
        soon(join_all((0..100).map(|id| discord.request(hook(round * 100 + id, ""))))).await;
    }
    soon(join_all((0..99).map(|id| discord.request(hook(id, ""))))).await;
    soon(join_all((0..20).map(|id| discord.request(hook(id, "/shared"))))).await;
    assert_eq!(logged.lines("WARN"), 0);
    soon(join_all((0..20).map(|id| discord.request(hook(id, ""))))).await;
    assert_eq!(logged.lines("requests of the last 10 minutes were refused"), 1);
}

#[tokio::test]
async fn a_host_that_starts_before_its_discord_waits_for_it_and_says_so() {
    let logged = Logged::begin();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let config = discord_config(&format!("http://{address}"));
    let opening = Sessions::open(&config);
    let later = async {
        logged.wait_for("Discord cannot be reached yet").await;
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let sick = small_discord(|_, _| reply(200, &[], "{}"));
        Server::on(listener, move |request, number| match number {
            0..2 => reply(503, &[], "<html></html>"),
            _ => sick(request, number),
        })
    };
    let (sessions, server) = soon(async { tokio::join!(opening, later) }).await;
    assert_eq!(sessions.unwrap().discord.unwrap().account().user_id, 7);
    assert!(server.seen().len() >= 4);
}

#[tokio::test]
async fn a_discord_that_stays_away_ends_the_start_in_time_and_one_that_refuses_ends_it_at_once() {
    let names = NameServer::start().await;
    let mut config = config(&format!("[http]\nname_servers = [\"{}\"]\n[cogs]\n", names.address));
    config.discord = discord_config("http://nowhere.test").discord;
    config.discord.as_mut().unwrap().open_timeout = Duration::from_millis(1500);
    let before = Instant::now();
    let text = soon(Sessions::open(&config)).await.unwrap_err().to_string();
    assert!(text.contains("in 1500 ms") && text.contains("open_timeout_ms"), "{text}");
    assert!(names.asked().iter().filter(|(name, _)| name == "nowhere.test").count() >= 3);
    assert!(before.elapsed() >= Duration::from_millis(1300), "it was tried for nearly as long");
    let server = Server::start(|_, _| reply(401, &[], r#"{"message":"401: Unauthorized","code":0}"#)).await;
    soon(Sessions::open(&discord_config(&server.url()))).await.unwrap_err();
    assert!(server.seen().len() <= 2);
}

#[tokio::test]
async fn every_attempt_is_counted_by_its_route_and_its_status_and_no_id_is_kept() {
    let server = discord(|_, number| match number {
        0 => reply(429, &[("x-ratelimit-bucket", "b")], r#"{"retry_after":0.01}"#),
        3 => reply(404, &[], "{}"),
        4 => reply(429, &[("x-ratelimit-bucket", "b")], r#"{"retry_after":3600}"#),
        _ => reply(200, &[], "{}"),
    })
    .await;
    let discord = open(&server).await;
    soon(discord.request(post(1))).await.unwrap();
    soon(discord.request(post(2))).await.unwrap();
    let unknown = Request::new(Method::Get, "/guilds/77/members/88");
    assert_eq!(soon(discord.request(unknown)).await.unwrap_err().status(), Some(404));
    // The answer refuses it for an hour; then it is refused without a request.
    for _ in 0..2 {
        let refused = soon(discord.request(post(3))).await.unwrap_err();
        assert!(matches!(refused, DiscordError::RateLimited { .. }), "{refused}");
    }
    let of = |route: &str| {
        let attempts = discord.traffic().attempts().into_iter().filter(|(it, _)| it.route == route);
        let counted = attempts.map(|(it, count)| format!("{} {}: {count}", it.method, it.status));
        counted.collect::<Vec<_>>()
    };
    assert_eq!(of("/channels/{id}/messages"), ["POST 200: 2", "POST 429: 2", "POST not_sent: 1"]);
    assert_eq!(of("/guilds/{id}/members/{id}"), ["GET 404: 1"]);
    let waits = discord.traffic().waits();
    assert!(waits.seconds >= 0.01 && waits.seconds < SOON.as_secs_f64(), "{waits:?}");
    assert_eq!(waits.count(), discord.traffic().attempts().iter().map(|(_, count)| count).sum::<u64>());
}
