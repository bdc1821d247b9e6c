//! The cogs' HTTP session: plain data in and out, limited in time and size, errors without secrets.

use std::time::Duration;

use gearshift_host::sessions::Sessions;
use gearshift_host::sessions::http::{HttpError, HttpRequest};

use crate::stand_in::*;

fn request(method: &str, url: String) -> HttpRequest {
    HttpRequest {
        method: method.to_owned(),
        url,
        headers: Vec::new(),
        body: Vec::new(),
        timeout: None,
        same_origin_redirects: false,
        max_bytes: None,
    }
}

#[tokio::test]
async fn a_request_goes_out_and_comes_back_as_plain_data() {
    let server = Server::start(|_, _| reply(418, &[("x-a", "1"), ("x-a", "2")], "short")).await;
    let sessions = Sessions::open(&config("[cogs]")).await.unwrap();
    let mut asked = request("PROPFIND", format!("{}/tea?strong=1", server.url()));
    asked.headers = vec![("x-b".to_owned(), b"3".to_vec())];
    asked.body = b"milk".to_vec();
    let answer = soon(sessions.http.request(asked)).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (418, b"short".as_slice()));
    let values: Vec<_> =
        answer.headers.iter().filter(|(name, _)| name == "x-a").map(|(_, value)| value).collect();
    assert_eq!(values, [b"1", b"2"]);
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("PROPFIND", "/tea?strong=1"));
    assert_eq!((seen.header("x-b"), seen.body.as_slice()), (Some("3"), b"milk".as_slice()));
    assert!(seen.header("user-agent").unwrap().starts_with("gearshift/"));
    assert!(seen.header("authorization").is_none());
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_refused_whether_announced_or_not() {
    let server = Server::start(|request, _| match request.target.as_str() {
        "/announced" => reply(200, &[], &"x".repeat(101)),
        "/chunked" => {
            let chunks = futures_util::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>("0123456789")));
            Reply::Now(axum::response::Response::new(axum::body::Body::from_stream(chunks)))
        }
        _ => reply(200, &[], &"x".repeat(100)),
    })
    .await;
    let sessions = Sessions::open(&config("[http]\nmax_body_bytes = 100")).await.unwrap();
    let ask = |path: &str| sessions.http.request(request("GET", format!("{}{path}", server.url())));
    assert_eq!(soon(ask("/fits")).await.unwrap().body.len(), 100);
    for path in ["/announced", "/chunked"] {
        let error = soon(ask(path)).await.unwrap_err();
        assert!(matches!(error, HttpError::TooLarge { limit: 100, .. }), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let server = Server::start(|_, _| Reply::Never).await;
    let sessions = Sessions::open(&config("[cogs]")).await.unwrap();
    let mut asked = request("GET", format!("{}/secret?key=hidden", server.url()));
    asked.timeout = Some(Duration::from_millis(50));
    let error = soon(sessions.http.request(asked)).await.unwrap_err();
    assert!(matches!(error, HttpError::Timeout { .. }), "{error}");
    assert_eq!(error.to_string(), "`127.0.0.1` did not answer within 50 ms");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_path_and_query() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let sessions = Sessions::open(&config("[cogs]")).await.unwrap();
    let error = soon(sessions.http.request(request("GET", format!("http://{closed}/secret?key=hidden"))))
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }), "{error}");
    assert!(!error.to_string().contains("secret") && !error.to_string().contains("hidden"), "{error}");
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_says_why() {
    let sessions = Sessions::open(&config("[limits]\nrequest_max_bytes = 3")).await.unwrap();
    let mut header = request("GET", "http://127.0.0.1:1/".to_owned());
    header.headers = vec![("x".to_owned(), b"a\r\nb: c".to_vec())];
    let mut large = request("PUT", "http://127.0.0.1:1/".to_owned());
    large.body = b"1234".to_vec();
    let cases = [
        (request("GET", "not a url".to_owned()), "URL"),
        (request("GET", "file:///etc/passwd".to_owned()), "neither http nor https"),
        (request("G T", "http://127.0.0.1:1/".to_owned()), "method"),
        (header, "line break"),
        (large, "request_max_bytes"),
    ];
    for (request, part) in cases {
        let error = soon(sessions.http.request(request)).await.unwrap_err();
        assert!(matches!(error, HttpError::Invalid(_)) && error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_closed_session_refuses_and_can_be_closed_again() {
    let sessions = Sessions::open(&config("[cogs]")).await.unwrap();
    soon(sessions.close()).await;
    soon(sessions.close()).await;
    let error =
        soon(sessions.http.request(request("GET", "http://127.0.0.1:1/".to_owned()))).await.unwrap_err();
    assert!(matches!(error, HttpError::Closed));
}
