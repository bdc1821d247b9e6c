//! Rate limits where they apply: their headers, refusals, and what is exempt.

use std::time::Duration;

use gearshift_sim::{RateLimits, Sim, SimOptions};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::raw::{channel_id, get, options, sim};

/// A simulator with rate limits, whose time stands still.
async fn limited() -> Sim {
    let options = SimOptions { rate_limits: RateLimits::Discord, ..options() };
    let sim = Sim::start(options).await.unwrap();
    sim.clock().freeze();
    sim
}

async fn send(sim: &Sim, method: Method, path: &str, body: Value) -> Response {
    let request = reqwest::Client::new().request(method, format!("{}{path}", sim.api_url()));
    request.header("Authorization", format!("Bot {}", sim.token())).json(&body).send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_sixth_message_in_a_channel_is_refused_with_retry_after() {
    let sim = limited().await;
    let [general, random] = ["general", "random"].map(|name| channel_id(&sim, name));
    let path = format!("/channels/{general}/messages");
    for left in ["4", "3", "2", "1", "0"] {
        let response = send(&sim, Method::POST, &path, json!({ "content": "x" })).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "x-ratelimit-limit"), Some("5"));
        assert_eq!(header(&response, "x-ratelimit-remaining"), Some(left));
        assert_eq!(header(&response, "x-ratelimit-reset-after"), Some("5.000"));
    }
    let refused = send(&sim, Method::POST, &path, json!({ "content": "x" })).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "x-ratelimit-scope"), Some("user"));
    assert_eq!(header(&refused, "x-ratelimit-remaining"), Some("0"));
    assert_eq!(header(&refused, "x-ratelimit-global"), None);
    assert!(header(&refused, "via").is_some());
    assert_eq!(header(&refused, "retry-after"), Some("5"));
    let body: Value = refused.json().await.unwrap();
    let expected = json!({ "message": "You are being rate limited.", "retry_after": 5.0, "global": false });
    assert_eq!(body, expected);
    let other = format!("/channels/{random}/messages");
    assert_eq!(send(&sim, Method::POST, &other, json!({ "content": "x" })).await.status(), 200);
    assert_eq!(sim.messages("general").unwrap().len(), 5, "what is refused is not carried out");
    assert_eq!(sim.invalid_requests(), 1);
    sim.clock().advance(Duration::from_secs(5));
    assert_eq!(send(&sim, Method::POST, &path, json!({ "content": "x" })).await.status(), 200);
}

#[tokio::test]
async fn the_fifty_first_call_in_a_second_is_refused_globally() {
    let sim = limited().await;
    let paths: Vec<String> = (0..60).map(|number| format!("/channels/{number}/pins")).collect();
    let calls = paths.iter().map(|path| send(&sim, Method::GET, path, Value::Null));
    let answers = futures_util::future::join_all(calls).await;
    let refused: Vec<_> = answers.into_iter().filter(|answer| answer.status() == 429).collect();
    assert_eq!(refused.len(), 10);
    assert_eq!(header(&refused[0], "x-ratelimit-global"), Some("true"));
    assert_eq!(header(&refused[0], "x-ratelimit-scope"), Some("global"));
}

#[tokio::test]
async fn nothing_is_counted_unless_limits_are_enforced() {
    let sim = sim().await;
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    for _ in 0..20 {
        assert_eq!(send(&sim, Method::POST, &path, json!({ "content": "x" })).await.status(), 200);
    }
    get(&sim, "/guilds/1").await;
    reqwest::get(format!("{}/users/@me", sim.api_url())).await.unwrap();
    assert_eq!(sim.invalid_requests(), 1, "a 401 is invalid, a 404 is not");
}
