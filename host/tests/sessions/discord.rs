//! Discord's REST API: any endpoint by method and path, with waits where Discord requires them, retries only where that
//! is safe, and a token that is sent nowhere else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gearshift_host::sessions::discord::{DiscordError, File, Request};
use gearshift_host::sessions::{Discord, Method, OpenErrorKind, Sessions};

use crate::stand_in::*;

async fn open(server: &Server) -> Arc<Discord> {
    soon(Sessions::open(&discord_config(&server.url()))).await.unwrap().discord.unwrap()
}

/// The requests after those that open the session.
fn asked(server: &Server) -> Vec<Seen> {
    server.seen().split_off(2)
}

fn post(path: &str) -> Request {
    Request::new(Method::Post, path).json(r#"{"content":"hi"}"#)
}

#[tokio::test]
async fn any_endpoint_can_be_asked_with_query_body_and_reason() {
    let server = discord(|_, _| reply(200, &[], r#"{"id":"1"}"#)).await;
    let discord = open(&server).await;
    let mut request = Request::new(Method::Put, "/a/thing/of/tomorrow").json(r#"{"x":1}"#);
    request.query = vec![("with counts".to_owned(), "1&2".to_owned())];
    request.reason = Some("zu laut ö".to_owned());
    let answer = soon(discord.request(request)).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, br#"{"id":"1"}"#.as_slice()));
    let seen = &asked(&server)[0];
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("PUT", "/api/v10/a/thing/of/tomorrow?with+counts=1%262")
    );
    assert_eq!(seen.header("authorization"), Some("Bot t0ken.of.a.test"));
    assert_eq!(seen.header("x-audit-log-reason"), Some("zu laut %C3%B6"));
    assert!(seen.header("user-agent").unwrap().starts_with("DiscordBot ("));
    assert_eq!(seen.body, br#"{"x":1}"#);
}

#[tokio::test]
async fn files_go_as_parts_beside_their_json() {
    let server = discord(|_, _| reply(200, &[], "{}")).await;
    let discord = open(&server).await;
    let mut request = Request::new(Method::Post, "/channels/1/messages").json(r#"{"content":"look"}"#);
    request.files.push(File {
        name: "cat.png".to_owned(),
        content_type: "image/png".to_owned(),
        bytes: b"\x89PNG".as_slice().into(),
    });
    soon(discord.request(request)).await.unwrap();
    let seen = &asked(&server)[0];
    assert!(seen.header("content-type").unwrap().starts_with("multipart/form-data; boundary="));
    assert!(seen.header("content-length").is_some(), "Discord wants the length");
    let body = String::from_utf8_lossy(&seen.body);
    for part in [
        "name=\"payload_json\"",
        "\"content\":\"look\"",
        "name=\"files[0]\"; filename=\"cat.png\"",
        "image/png",
    ] {
        assert!(body.contains(part), "{part} is not in {body}");
    }
}

#[tokio::test]
async fn the_token_stays_away_from_interactions_and_webhooks() {
    let server = discord(|_, _| reply(204, &[], "")).await;
    let discord = open(&server).await;
    for path in ["/interactions/1/tok/callback", "/webhooks/1/tok", "/webhooks/1/tok/messages/@original"] {
        soon(discord.request(post(path))).await.unwrap();
    }
    assert!(asked(&server).iter().all(|seen| seen.header("authorization").is_none()));
}

#[tokio::test]
async fn a_path_that_leaves_the_base_url_is_never_sent() {
    let server = discord(|_, _| reply(200, &[], "{}")).await;
    let discord = open(&server).await;
    for path in
        ["//evil.example/x", "@evil.example/", "/../../x", "/%2e%2e/x", "/a?b", "https://evil.example/", ""]
    {
        let error = soon(discord.request(post(path))).await.unwrap_err();
        assert!(matches!(error, DiscordError::Invalid { .. }), "{path}: {error}");
    }
    assert_eq!(asked(&server).len(), 0);
}

#[tokio::test]
async fn the_path_of_the_base_url_is_kept_and_names_no_other_server() {
    let server = discord(|_, _| reply(200, &[], "{}")).await;
    for (path, wanted) in [
        ("/behind/a/proxy/", "/behind/a/proxy/users/@me"),
        ("//127.0.0.1:9/x", "//127.0.0.1:9/x/users/@me"),
        ("///", "/users/@me"),
    ] {
        let config = discord_config(&format!("{}{path}", server.url().trim_end_matches("/api/v10")));
        // The stand-in has no Discord at this path; it only matters that it was requested.
        let _ = soon(Sessions::open(&config)).await;
        let seen: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
        assert!(seen.iter().any(|target| target == wanted), "{path}: {seen:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_typed() {
    let server = discord(|_, _| reply(403, &[], r#"{"message":"Missing Permissions","code":50013}"#)).await;
    let discord = open(&server).await;
    let error = soon(discord.request(post("/channels/1/messages"))).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(403), Some(50013)));
    assert_eq!(
        error.to_string(),
        "POST /channels/1/messages: Discord answered 403, code 50013: Missing Permissions"
    );
    assert_eq!(asked(&server).len(), 1, "a refusal stays one");
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let server = discord(|_, number| match number {
        0 => reply(429, &[("retry-after", "15")], r#"{"message":"slow","retry_after":0.08,"global":false}"#),
        _ => reply(200, &[], "{}"),
    })
    .await;
    let discord = open(&server).await;
    let start = Instant::now();
    soon(discord.request(post("/channels/1/messages"))).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(80));
    assert!(start.elapsed() < Duration::from_secs(10), "the body is more exact than the header");
    let seen = asked(&server);
    assert_eq!((seen.len(), &seen[0].body), (2, &seen[1].body));
}

#[tokio::test]
async fn a_global_rate_limit_stops_other_routes_too() {
    let server = discord(|_, number| match number {
        0 => {
            reply(429, &[("x-ratelimit-global", "true")], r#"{"message":"","retry_after":0.1,"global":true}"#)
        }
        _ => reply(200, &[], "{}"),
    })
    .await;
    let discord = open(&server).await;
    let start = Instant::now();
    let first = discord.request(post("/channels/1/messages"));
    let second = async {
        // Two requests were received while the session was opened.
        server.until(|seen| seen.len() > 2).await;
        // The answer is on its way; once it has arrived, no other request may be sent.
        soon(discord.request(Request::new(Method::Get, "/users/5"))).await.unwrap();
        start.elapsed()
    };
    let (first, _) = tokio::join!(first, second);
    first.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(100));
    let before = Instant::now();
    soon(discord.request(Request::new(Method::Get, "/users/6"))).await.unwrap();
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_always_says_wait_is_given_up() {
    let server =
        discord(|_, _| reply(429, &[], r#"{"message":"","retry_after":0.001,"global":false}"#)).await;
    let discord = open(&server).await;
    let error = soon(discord.request(post("/channels/1/messages"))).await.unwrap_err();
    assert!(matches!(error, DiscordError::RateLimited { .. }), "{error}");
    assert_eq!(asked(&server).len(), 10);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_an_error_at_once() {
    let server = discord(|_, _| reply(429, &[("retry-after", "3600")], "<html>banned</html>")).await;
    let discord = open(&server).await;
    let error = soon(discord.request(post("/channels/1/messages"))).await.unwrap_err();
    assert!(matches!(error, DiscordError::RateLimited { wait, .. } if wait == Duration::from_secs(3600)));
}

#[tokio::test]
async fn as_many_as_remain_run_in_parallel_and_the_next_waits_for_the_window() {
    const HEADERS: [(&str, &str); 3] =
        [("x-ratelimit-bucket", "abc"), ("x-ratelimit-limit", "3"), ("x-ratelimit-reset-after", "0.15")];
    let server = discord(|_, number| {
        let (remaining, reset) = if number < 3 { (2 - number, "100.0") } else { (2, "100.2") };
        let remaining = remaining.to_string();
        let mut headers = HEADERS.to_vec();
        headers.extend([("x-ratelimit-remaining", remaining.as_str()), ("x-ratelimit-reset", reset)]);
        reply(200, &headers, "{}")
    })
    .await;
    let discord = open(&server).await;
    let start = Instant::now();
    for _ in 0..3 {
        soon(discord.request(post("/channels/1/messages"))).await.unwrap();
    }
    soon(discord.request(post("/channels/1/messages"))).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(150), "the fourth belongs to the next window");
}

#[tokio::test]
async fn a_new_message_is_tried_again_with_the_same_nonce() {
    for status in [500, 502, 503, 504] {
        let server = discord(move |_, number| match number {
            0 => reply(status, &[], "<html></html>"),
            _ => reply(200, &[], "{}"),
        })
        .await;
        let discord = open(&server).await;
        soon(discord.request(post("/channels/1/messages"))).await.unwrap();
        let seen = asked(&server);
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].json()["enforce_nonce"], true);
        assert_eq!(seen[0].json()["nonce"], seen[1].json()["nonce"]);
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_twice() {
    let server = discord(|_, _| reply(500, &[], "{}")).await;
    let discord = open(&server).await;
    let error = soon(discord.request(post("/webhooks/1/tok"))).await.unwrap_err();
    assert_eq!((error.status(), asked(&server).len()), (Some(500), 1));
    let mut get = discord_config(&server.url());
    get.discord.as_mut().unwrap().tries = 2;
    let server = discord_with_two_tries().await;
    get.discord.as_mut().unwrap().api_url = Some(server.url());
    let discord = soon(Sessions::open(&get)).await.unwrap().discord.unwrap();
    soon(discord.request(Request::new(Method::Get, "/users/1"))).await.unwrap_err();
    assert_eq!(asked(&server).len(), 2, "reading twice is reading once");
}

async fn discord_with_two_tries() -> Server {
    discord(|_, _| reply(500, &[], "{}")).await
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_the_hosts_own_limit_whatever_holds_for_the_http_of_cogs() {
    let server = discord(|seen, _| {
        let bytes = if seen.target.ends_with("/fits") { 16 << 20 } else { (16 << 20) + 1 };
        reply(200, &[], &"x".repeat(bytes))
    })
    .await;
    let mut config = discord_config(&server.url());
    config.http.max_body_bytes = 100;
    let discord = soon(Sessions::open(&config)).await.unwrap().discord.unwrap();
    let ask = |path: &str| discord.request(Request::new(Method::Get, path));
    assert_eq!(soon(ask("/fits")).await.unwrap().body.len(), 16 << 20);
    let error = soon(ask("/large")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET /large: the answer is larger than 16777216 bytes, and was not read; it may have been carried out"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_after_all_tries() {
    let server = discord(|_, _| reply(200, &[], "{}")).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    drop(server);
    let mut config = discord_config(&format!("http://{closed}"));
    config.discord.as_mut().unwrap().open_timeout = Duration::from_millis(600);
    let error = soon(Sessions::open(&config)).await.unwrap_err();
    assert_eq!((error.session, error.kind), ("discord", OpenErrorKind::Unavailable));
    let text = error.to_string();
    assert!(text.contains(&format!("http://{closed}")) && text.contains("help: check the network"), "{text}");
}

#[tokio::test]
async fn a_redirect_is_refused_and_the_token_goes_nowhere_else() {
    let elsewhere = Server::start(|_, _| reply(200, &[], "{}")).await;
    let there = elsewhere.url();
    let server = discord(move |_, _| reply(301, &[("location", &there)], "")).await;
    let discord = open(&server).await;
    let error = soon(discord.request(Request::new(Method::Get, "/channels/1"))).await.unwrap_err();
    assert!(matches!(&error, DiscordError::Refused(refusal) if refusal.status == 301), "{error}");
    assert_eq!((asked(&server).len(), elsewhere.seen().len()), (1, 0));
    let there = elsewhere.url();
    let moved = Server::start(move |_, _| reply(308, &[("location", &there)], "")).await;
    let text = soon(Sessions::open(&discord_config(&moved.url()))).await.unwrap_err().to_string();
    assert!(text.contains("308") && text.contains("api_url"), "{text}");
}

#[tokio::test]
async fn a_server_that_says_nothing_to_a_tls_handshake_is_no_connection() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = discord_config(&format!("https://{}", silent.local_addr().unwrap()));
    config.http.connect_timeout = Duration::from_millis(50);
    config.discord.as_mut().unwrap().open_timeout = 2 * SOON;
    let logged = Logged::begin();
    tokio::select! {
        opened = Sessions::open(&config) => panic!("nobody answers: {opened:?}"),
        () = logged.wait_for("no connection within 50 ms") => {}
    }
}

#[tokio::test]
async fn a_token_that_discord_does_not_know_is_a_clear_error_without_the_token() {
    let server = Server::start(|_, _| reply(401, &[], r#"{"message":"401: Unauthorized","code":0}"#)).await;
    let error = soon(Sessions::open(&discord_config(&server.url()))).await.unwrap_err();
    assert_eq!(error.kind, OpenErrorKind::Refused);
    let text = error.to_string();
    assert_eq!(text.matches("GET /").count(), 1, "what was asked is said once: {text}");
    assert!(text.contains("401") && text.contains("Discord does not know this token"), "{text}");
    assert!(!text.contains("t0ken"), "{text}");
}

#[tokio::test]
async fn a_server_that_is_no_discord_is_a_clear_error() {
    let server = Server::start(|_, _| reply(200, &[], "<html>welcome</html>")).await;
    let text = soon(Sessions::open(&discord_config(&server.url()))).await.unwrap_err().to_string();
    assert!(text.contains("not what Discord sends") && text.contains("api_url"), "{text}");
    assert!(!text.contains("welcome"), "{text}");
}

#[tokio::test]
async fn a_discord_that_does_not_answer_ends_the_start_in_time() {
    let server = Server::start(|_, _| Reply::Never).await;
    let mut config = discord_config(&server.url());
    config.discord.as_mut().unwrap().open_timeout = Duration::from_millis(100);
    let text = soon(Sessions::open(&config)).await.unwrap_err().to_string();
    assert!(text.contains("no answer within 100 ms") && text.contains("open_timeout_ms"), "{text}");
}

#[tokio::test]
async fn a_token_file_is_read_and_a_missing_one_is_named() {
    let server = discord(|_, _| reply(200, &[], "{}")).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "from.a.file\n").unwrap();
    let mut config = discord_config(&server.url());
    // The variable has precedence over the file, and the user who runs this may have set it.
    if std::env::var_os("DISCORD_TOKEN").is_none() {
        let section = config.discord.as_mut().unwrap();
        (section.token, section.token_file) = (None, Some(file.clone()));
        soon(Sessions::open(&config)).await.unwrap();
        assert_eq!(server.seen()[0].header("authorization"), Some("Bot from.a.file"));
        std::fs::remove_file(&file).unwrap();
        let text = soon(Sessions::open(&config)).await.unwrap_err().to_string();
        assert!(text.contains(&file.display().to_string()) && text.contains("DISCORD_TOKEN"), "{text}");
    }
}

#[tokio::test]
async fn a_closed_session_refuses() {
    let server = discord(|_, _| reply(200, &[], "{}")).await;
    let sessions = soon(Sessions::open(&discord_config(&server.url()))).await.unwrap();
    soon(sessions.close()).await;
    let error = soon(sessions.discord.unwrap().request(post("/channels/1/messages"))).await.unwrap_err();
    assert_eq!(error, DiscordError::Closed);
}
