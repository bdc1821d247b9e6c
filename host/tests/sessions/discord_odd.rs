//! Discord's REST API where it answers differently than documented: requests that are always refused are not repeated
//! forever, and errors say what is wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gearshift_host::sessions::discord::{DiscordError, Request, Throttle};
use gearshift_host::sessions::{Discord, Method, Sessions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::stand_in::*;

async fn open(server: &Server) -> Arc<Discord> {
    soon(Sessions::open(&discord_config(&server.url()))).await.unwrap().discord.unwrap()
}

/// Requests after those that open the session.
fn asked(server: &Server) -> usize {
    server.seen().len() - 2
}

fn post(path: &str) -> Request {
    Request::new(Method::Post, path).json(r#"{"content":"hi"}"#)
}

#[tokio::test]
async fn a_refusal_that_names_no_wait_is_waited_for_all_the_same() {
    for body in [
        r#"{"message":"","retry_after":0,"global":false}"#,
        r#"{"message":"","retry_after":-7,"global":false}"#,
        r#"{"message":"","retry_after":"soon"}"#,
    ] {
        let server = discord(move |_, _| reply(429, &[], body)).await;
        let discord = open(&server).await;
        let begun = Instant::now();
        let error = soon(discord.request(post("/channels/1/messages"))).await.unwrap_err();
        assert!(matches!(error, DiscordError::RateLimited { why: Throttle::Repeated, .. }), "{error}");
        assert_eq!(asked(&server), 10, "{body}");
        assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn an_interaction_that_is_refused_by_the_limit_of_the_bot_is_given_up() {
    let server = discord(|_, _| reply(429, &[], r#"{"message":"","retry_after":0,"global":true}"#)).await;
    let discord = open(&server).await;
    let interaction = discord.answers().watch("tok");
    for path in ["/interactions/1/tok/callback", "/webhooks/1/tok"] {
        let before = asked(&server);
        let error = soon(discord.request(post(path))).await.unwrap_err();
        assert!(matches!(error, DiscordError::RateLimited { why: Throttle::Repeated, .. }), "{error}");
        assert_eq!(asked(&server) - before, 10, "{path}");
    }
    assert!(!interaction.has_called_back(), "it can still be deferred");
}

#[tokio::test]
async fn a_callback_that_was_refused_by_a_limit_first_was_not_the_answer() {
    let server = discord(|_, number| match number {
        0 => reply(429, &[], r#"{"message":"","retry_after":0.01,"global":true}"#),
        _ => reply(400, &[], r#"{"message":"acknowledged","code":40060}"#),
    })
    .await;
    let discord = open(&server).await;
    let _interaction = discord.answers().watch("tok");
    let error = soon(discord.request(post("/interactions/1/tok/callback"))).await.unwrap_err();
    assert_eq!((error.code(), asked(&server)), (Some(40060), 2));
    assert_eq!(discord.answers().answered_elsewhere(), 1, "another process was sooner");
}

#[tokio::test]
async fn a_limit_of_discord_is_known_by_any_part_of_its_answer() {
    let logged = Logged::begin();
    let answers: [(&[(&str, &str)], &str); 4] = [
        (&[], r#"{"message":"","retry_after":"0.01","global":false}"#),
        (&[], r#"{"message":null,"retry_after":0.01,"global":null}"#),
        (&[("x-ratelimit-bucket", "b"), ("retry-after", "Mon, 30 Nov 2026 23:00:00 GMT")], "slow down"),
        (&[("x-ratelimit-reset-after", "0.01")], ""),
    ];
    let server = discord(move |_, number| match answers.get(number) {
        Some((headers, body)) => reply(429, headers, body),
        None => reply(200, &[], "{}"),
    })
    .await;
    soon(open(&server).await.request(post("/channels/1/messages"))).await.unwrap();
    assert_eq!((asked(&server), logged.lines("blocked")), (5, 0));
}

#[tokio::test]
async fn a_server_that_is_away_is_asked_again_when_it_says() {
    let server = discord(|_, number| match number {
        0 => reply(503, &[("retry-after", "1")], "<html>"),
        1 => reply(200, &[], "{}"),
        _ => reply(503, &[("retry-after", "600")], "<html>"),
    })
    .await;
    let discord = open(&server).await;
    let begun = Instant::now();
    soon(discord.request(post("/webhooks/1/tok"))).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    let error = soon(discord.request(post("/webhooks/1/tok"))).await.unwrap_err();
    assert_eq!((error.status(), asked(&server)), (Some(503), 3), "longer than a request may wait");
}

#[tokio::test]
async fn an_answer_that_cannot_be_understood_is_no_broken_connection() {
    for body in ["<html>", "", "null", r#"{"url":"wss://x","shards":1}"#] {
        let server = discord(move |_, _| reply(200, &[], body)).await;
        let error = soon(open(&server).await.gateway()).await.unwrap_err().to_string();
        assert!(error.starts_with("GET /gateway/bot: the answer cannot be understood: "), "{error}");
    }
}

#[tokio::test]
async fn a_limit_without_its_size_is_kept() {
    let headers =
        [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "0.3"), ("x-ratelimit-bucket", "b")];
    let server = discord(move |_, _| reply(200, &headers, "{}")).await;
    let discord = open(&server).await;
    let begun = Instant::now();
    for _ in 0..3 {
        soon(discord.request(post("/channels/1/messages"))).await.unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_millis(600), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_upgrade_that_nobody_asked_for_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut request).await {
                    let (status, body) = match String::from_utf8_lossy(&request[..length]) {
                        asked if asked.contains("/users/@me") => ("200 OK", r#"{"id":"7","username":"g"}"#),
                        asked if asked.contains("/oauth2/") => ("200 OK", r#"{"id":"8","name":"G"}"#),
                        _ => ("101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade", ""),
                    };
                    let length = body.len();
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    let discord = soon(Sessions::open(&discord_config(&url))).await.unwrap().discord.unwrap();
    let error = soon(discord.request(post("/channels/1/messages"))).await.unwrap_err();
    assert_eq!(error.status(), Some(101), "{error}");
}
