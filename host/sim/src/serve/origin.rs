//! Which requests are accepted at all: those for a loopback name, and from no page of another origin.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName};

/// Why a request is rejected, if it is. Otherwise a page elsewhere could use the browser on this machine, either
/// directly (it sends its `Origin`) or through its own name that resolves to this machine (it sends that name as
/// `Host`).
pub(crate) fn rejection(headers: &HeaderMap) -> Option<&'static str> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(&HOST);
    if host.is_some_and(|host| !is_loopback(host)) {
        return Some("this simulator only accepts requests to 127.0.0.1, localhost and [::1]");
    }
    let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|from| Some(from) == host);
    if text(&ORIGIN).is_some_and(|origin| !own(origin)) {
        return Some("requests from other origins are rejected");
    }
    None
}

/// Any port is accepted: the simulator may be reached through a tunnel, and a port cannot hide a foreign name.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_in(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        rejection(&headers).is_none()
    }

    #[test]
    fn only_loopback_names_and_the_own_origin_come_in() {
        for host in ["127.0.0.1:80", "localhost:80", "[::1]:80", "LOCALHOST", "[::1]"] {
            assert!(comes_in(host, None), "{host}");
            assert!(comes_in(host, Some(&format!("http://{host}"))), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:80", "localhost:x", "", "10.0.0.1:80", "::1"] {
            assert!(!comes_in(host, None), "{host}");
        }
        for origin in [
            "null",
            "http://127.0.0.1:81",
            "https://127.0.0.1:80",
            "http://evil.example",
            "http://localhost:80",
        ] {
            assert!(!comes_in("127.0.0.1:80", Some(origin)), "{origin}");
        }
    }
}
