//! The page as it is served: to whom, with which headers, and how a panel is added to it. `scripts/pages` tests its
//! behaviour in a browser.

use axum::Router;
use axum::routing::get;
use gearshift_sim::{Sim, SimOptions};
use reqwest::{Client, Response, StatusCode};

use crate::raw::options;

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn fetch(url: String) -> Response {
    Client::new().get(url).send().await.unwrap()
}

#[tokio::test]
async fn the_pages_headers_isolate_it() {
    let sim = Sim::start(options()).await.unwrap();
    let page = fetch(sim.base_url()).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&page, "x-content-type-options"), "nosniff");
    assert_eq!(header(&page, "referrer-policy"), "no-referrer");
    assert_eq!(header(&page, "cache-control"), "no-cache");
    let policy = header(&page, "content-security-policy").to_owned();
    for rule in ["default-src 'none'", "script-src 'self'", "form-action 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert!(policy.contains(&format!("ws://127.0.0.1:{}", sim.port())), "{policy}");
    sim.close().await;
}

#[tokio::test]
async fn an_unchanged_file_is_not_sent_twice_and_is_compressed() {
    let sim = Sim::start(options()).await.unwrap();
    let url = format!("{}/page/main.js", sim.base_url());
    let plain = fetch(url.clone()).await;
    let tag = header(&plain, "etag").to_owned();
    let whole = plain.bytes().await.unwrap();
    let ask = |name: &str, value: &str| Client::new().get(&url).header(name, value).send();
    let again = ask("if-none-match", &tag).await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let packed = ask("accept-encoding", "br, gzip").await.unwrap();
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    assert!(packed.bytes().await.unwrap().len() < whole.len());
    sim.close().await;
}

#[tokio::test]
async fn unknown_paths_of_the_page_are_404() {
    let sim = Sim::start(options()).await.unwrap();
    for path in ["/page/", "/page/nothing.js", "/page/../lib.rs", "/page/tests/markdown.test.mjs"] {
        let answer = fetch(format!("{}{path}", sim.base_url())).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let posted = Client::new().post(sim.base_url()).send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    sim.close().await;
}

#[tokio::test]
async fn an_uploaded_file_runs_nothing() {
    let sim = Sim::start(options()).await.unwrap();
    let channel = sim.world(|world| world.channel_named("general", None).unwrap().id);
    let file = reqwest::multipart::Part::bytes(b"<script>1</script>".to_vec()).file_name("a.html");
    let form = reqwest::multipart::Form::new().part("files[0]", file.mime_str("text/html").unwrap());
    let url = format!("{}/channels/{channel}/messages", sim.api_url());
    let post =
        Client::new().post(url).header("authorization", format!("Bot {}", sim.token())).multipart(form);
    let message: serde_json::Value = post.send().await.unwrap().json().await.unwrap();
    let served = fetch(message["attachments"][0]["url"].as_str().unwrap().to_owned()).await;
    assert_eq!(served.status(), StatusCode::OK);
    assert!(header(&served, "content-security-policy").starts_with("sandbox;"), "{served:?}");
    assert_eq!(header(&served, "x-content-type-options"), "nosniff");
    sim.close().await;
}

#[tokio::test]
async fn a_panel_needs_the_control_token() {
    let panel = Router::new()
        .route("/panel.js", get(|| async { "export const mount = () => {};" }))
        .route("/secret", get(|| async { "told" }));
    let sim = Sim::start(SimOptions { panel: Some(panel), ..options() }).await.unwrap();
    let url = |path: &str| format!("{}/panel/{path}", sim.base_url());
    assert_eq!(fetch(url("panel.js")).await.status(), StatusCode::OK);
    assert_eq!(fetch(url("secret")).await.status(), StatusCode::UNAUTHORIZED);
    for (token, wanted) in [(sim.control_token(), StatusCode::OK), ("guessed", StatusCode::UNAUTHORIZED)] {
        let answer = Client::new().get(url("secret")).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), wanted, "{token}");
    }
    sim.close().await;
}

#[tokio::test]
async fn without_a_panel_an_empty_one_is_served() {
    let sim = Sim::start(options()).await.unwrap();
    let empty = fetch(format!("{}/panel/panel.js", sim.base_url())).await;
    assert_eq!(empty.text().await.unwrap(), "export const mount = null;\n");
    let feed = Client::new().get(format!("{}/panel/feed", sim.base_url())).bearer_auth(sim.control_token());
    assert_eq!(feed.send().await.unwrap().status(), StatusCode::NOT_FOUND);
    sim.close().await;
}
