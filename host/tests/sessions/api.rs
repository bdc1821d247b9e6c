//! The site API: JSON in and out, typed errors, a health check that only warns unless it is required.

use gearshift_host::sessions::api::{ApiAnswer, ApiBody, ApiError, ApiRequest};
use gearshift_host::sessions::{Api, Method, Sessions};

use crate::stand_in::*;

fn ask(method: Method, endpoint: &str) -> ApiRequest {
    ApiRequest { method, endpoint: endpoint.to_owned(), query: Vec::new(), json: None }
}

async fn open(server: &Server) -> std::sync::Arc<Api> {
    let text = format!("[api]\nurl = \"{}/v1/\"\ntoken = \"s3cret\"\nhealth_path = \"\"", server.url());
    Sessions::open(&config(&text)).await.unwrap().api.unwrap()
}

#[tokio::test]
async fn json_goes_in_and_out_with_token_and_query() {
    let server = Server::start(|_, _| reply(200, &[], r#"{"id":1}"#)).await;
    let api = open(&server).await;
    for method in [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete] {
        let mut request = ask(method, "/bot/users/");
        request.query = vec![("a b".to_owned(), "ä&c".to_owned())];
        request.json = Some(br#"{"x":2}"#.to_vec());
        let answer = soon(api.request(request)).await.unwrap();
        assert_eq!(answer, ApiAnswer { status: 200, json: Some(br#"{"id":1}"#.to_vec()) });
        let seen = server.seen().pop().unwrap();
        assert_eq!(
            (seen.method.as_str(), seen.target.as_str()),
            (method.as_str(), "/v1/bot/users/?a+b=%C3%A4%26c")
        );
        assert_eq!(seen.header("authorization"), Some("Token s3cret"));
        assert_eq!(
            (seen.header("content-type"), seen.json()["x"].as_i64()),
            (Some("application/json"), Some(2))
        );
    }
}

#[tokio::test]
async fn no_content_is_none_and_a_text_is_not_json() {
    let server = Server::start(|request, _| match request.target.as_str() {
        "/v1/none" => reply(204, &[], ""),
        _ => reply(200, &[], "hello"),
    })
    .await;
    let api = open(&server).await;
    let none = soon(api.request(ask(Method::Delete, "none"))).await.unwrap();
    assert_eq!(none, ApiAnswer { status: 204, json: None });
    let error = soon(api.request(ask(Method::Get, "text"))).await.unwrap_err();
    assert!(matches!(error, ApiError::NotJson { status: 200, bytes: 5, .. }), "{error}");
}

#[tokio::test]
async fn a_refusal_has_its_status_and_json_or_text() {
    let server = Server::start(|request, _| match request.target.as_str() {
        "/v1/json" => reply(400, &[], r#"{"name":["too long"]}"#),
        _ => reply(502, &[], "<html>private</html>"),
    })
    .await;
    let api = open(&server).await;
    let ApiError::Status { status: 400, body: ApiBody::Json(json), .. } =
        soon(api.request(ask(Method::Post, "json"))).await.unwrap_err()
    else {
        panic!("a refusal in JSON")
    };
    assert_eq!(json["name"][0], "too long");
    let error = soon(api.request(ask(Method::Get, "text"))).await.unwrap_err();
    assert_eq!(error.to_string(), "GET text: the site API answered 502");
    assert!(matches!(error, ApiError::Status { body: ApiBody::Text(text), .. } if text.contains("private")));
}

#[tokio::test]
async fn an_endpoint_can_never_leave_the_base_url() {
    let server = Server::start(|_, _| reply(200, &[], "{}")).await;
    let api = open(&server).await;
    for endpoint in
        ["../admin", "%2e%2e/admin", "a/../../admin", "x?y=1", "x#y", "..\\admin", "/../admin", "a\nb"]
    {
        let error = soon(api.request(ask(Method::Get, endpoint))).await.unwrap_err();
        assert!(matches!(error, ApiError::Invalid(_)), "{endpoint}: {error}");
    }
    soon(api.request(ask(Method::Get, "https://evil.example/x"))).await.unwrap();
    assert_eq!(server.seen().len(), 1, "a full URL is a path like any other");
    assert_eq!(server.seen()[0].target, "/v1/https://evil.example/x");
}

#[tokio::test]
async fn a_sick_site_is_warned_about_and_the_host_starts() {
    let server = Server::start(|_, _| reply(503, &[], "")).await;
    let text = format!("[api]\nurl = \"{}\"\nhealth_tries = 2", server.url());
    let sessions = soon(Sessions::open(&config(&text))).await.unwrap();
    assert!(sessions.api.is_some());
    let targets: Vec<_> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/healthcheck", "/healthcheck"]);
}

#[tokio::test]
async fn a_required_site_that_is_sick_stops_the_start() {
    let server = Server::start(|_, _| reply(503, &[], "")).await;
    let text = format!("[api]\nurl = \"{}\"\nhealth_tries = 2\nrequired = true", server.url());
    let error = soon(Sessions::open(&config(&text))).await.unwrap_err();
    assert_eq!(error.session, "api");
    let text = error.to_string();
    assert!(
        text.contains("health check, 2 times") && text.contains("503") && text.contains("\nhelp: "),
        "{text}"
    );
}

#[tokio::test]
async fn a_site_that_recovers_in_time_is_fine() {
    let server =
        Server::start(|_, number| if number < 2 { reply(500, &[], "") } else { reply(200, &[], "ok") }).await;
    let text = format!("[api]\nurl = \"{}\"\nrequired = true", server.url());
    soon(Sessions::open(&config(&text))).await.unwrap();
    assert_eq!(server.seen().len(), 3);
}
