//! Routes: which exist, which do not, and under which versions.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::raw::{call, get, sim};

#[tokio::test]
async fn a_known_path_with_a_wrong_method_is_405_and_counted() {
    let sim = sim().await;
    let (status, body) = call(&sim, Method::PUT, "/users/@me/guilds", None).await;
    assert_eq!(status, 405);
    assert_eq!(body, json!({ "message": "405: Method Not Allowed", "code": 0 }));
    assert_eq!(sim.unknown_routes(), [("PUT /users/@me/guilds".to_owned(), 1)]);
}

#[tokio::test]
async fn versions_nine_and_ten_and_none_are_the_same_api_and_others_are_refused() {
    let sim = sim().await;
    for version in ["/v9", "/v10", ""] {
        let url = format!("{}/api{version}/gateway", sim.base_url());
        assert_eq!(reqwest::get(url).await.unwrap().status(), 200, "{version}");
    }
    let refused = reqwest::get(format!("{}/api/v6/gateway", sim.base_url())).await.unwrap();
    assert_eq!(refused.status(), 400);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body, json!({ "message": "Invalid API version", "code": 50041 }));
}

#[tokio::test]
async fn an_escaped_at_sign_means_the_same() {
    let sim = sim().await;
    assert_eq!(get(&sim, "/users/%40me").await.1["username"], "bot");
}

#[test]
fn the_list_of_routes_is_what_is_matched() {
    let routes: HashSet<_> = gearshift_sim::routes().collect();
    assert!(routes.contains(&("POST", "/channels/{channel_id}/messages")));
    assert!(routes.len() > 50, "{}", routes.len());
}
