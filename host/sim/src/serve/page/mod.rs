//! The page in the browser: serves its files, with headers that isolate it. It knows nothing about Discord: like any
//! client, the page gets its data over REST and the gateway.

mod assets;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::OnceLock;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, Request, Response, StatusCode};
use axum::response::IntoResponse;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::serve::page::assets::{ASSETS, Asset};

/// A compressed asset, created when the page is first opened, so that simulators in tests never pay for it.
struct Packed {
    asset: &'static Asset,
    gzip: Bytes,
    tag: HeaderValue,
}

/// Whether this path belongs to the page.
pub(crate) fn owns(path: &str) -> bool {
    path == "/" || path.starts_with("/page/")
}

/// Answers a request for one of the page's paths. `port` is the simulator's own.
pub(crate) fn answer<B>(request: &Request<B>, port: u16) -> Response<Body> {
    let found = packed().iter().find(|packed| packed.asset.path == request.uri().path());
    let mut response = match found {
        _ if !matches!(*request.method(), Method::GET | Method::HEAD) => {
            let mut refusal = StatusCode::METHOD_NOT_ALLOWED.into_response();
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            refusal
        }
        Some(packed) => packed.answer(request.headers()),
        None => StatusCode::NOT_FOUND.into_response(),
    };
    guard(response.headers_mut(), port);
    response
}

/// For uploaded files: when opened on their own they are displayed, but run no script and cannot access the page.
pub(crate) fn isolate(headers: &mut HeaderMap) {
    const APART: &str =
        "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(APART));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Headers of all responses: nothing is loaded from elsewhere, no inline script runs, and no other page can frame it.
fn guard(headers: &mut HeaderMap, port: u16) {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
         connect-src 'self' ws://127.0.0.1:{port} ws://localhost:{port}; form-action 'none'; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let policy = HeaderValue::try_from(policy).expect("a policy and a port are plain text");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
}

impl Packed {
    fn new(asset: &'static Asset) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(asset.bytes).expect("memory takes every byte");
        let mut hasher = DefaultHasher::new();
        asset.bytes.hash(&mut hasher);
        let tag = HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()));
        Self {
            asset,
            gzip: encoder.finish().expect("memory takes every byte").into(),
            tag: tag.expect("hexadecimal digits are plain text"),
        }
    }

    fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let lists = |name, what: &str| {
            let value = asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
            value.is_some_and(|list| list.split(',').any(|one| one.trim().trim_start_matches("W/") == what))
        };
        let tag = self.tag.to_str().unwrap_or_default();
        let mut response = if lists(IF_NONE_MATCH, tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else if lists(ACCEPT_ENCODING, "gzip") {
            let mut response = Response::new(Body::from(self.gzip.clone()));
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response
        } else {
            Response::new(Body::from(self.asset.bytes))
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.asset.content_type()));
        headers.insert(ETAG, self.tag.clone());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        response
    }
}

fn packed() -> &'static [Packed] {
    static PACKED: OnceLock<Vec<Packed>> = OnceLock::new();
    PACKED.get_or_init(|| ASSETS.iter().map(Packed::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_page_is_below_200_kb_over_the_wire() {
        let bytes: usize = packed().iter().map(|packed| packed.gzip.len()).sum();
        assert!(bytes < 200_000, "{bytes} bytes");
    }
}
