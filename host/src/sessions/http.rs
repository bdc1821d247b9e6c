//! The cogs' HTTP session: requests to any server, as plain data, with a time limit and a size limit. It adds no
//! authorization; Discord and the site API have sessions of their own.

mod stream;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;

pub use self::stream::{Download, Feed, Upload};
use super::Method;
use super::net::Net;
use crate::config;

/// Reqwest's own default.
const REDIRECTS: usize = 10;

/// The session. The site API uses the same connection pool.
#[derive(Debug)]
pub struct Http {
    client: reqwest::Client,
    /// For requests that must stay at their origin; created for the first of them.
    same_origin_client: OnceLock<reqwest::Client>,
    user_agent: String,
    net: Net,
    timeout: Duration,
    max_body_bytes: usize,
    max_request_bytes: usize,
    closed: AtomicBool,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Method by name, such as `GET`.
    pub method: String,
    /// Absolute URL, `http` or `https`.
    pub url: String,
    /// Headers, in order; a name may occur more than once.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body; empty means none.
    pub body: Vec<u8>,
    /// How long the whole request may take. `None` means `[http] request_timeout_ms`.
    pub timeout: Option<Duration>,
    /// Whether only redirects to the same origin are followed; any other redirect is returned as the answer.
    pub same_origin_redirects: bool,
    /// Maximum bytes of the answer's body. `None` means `[http] max_body_bytes`, which a complete answer never exceeds.
    pub max_bytes: Option<u64>,
}

/// An answer of any status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// Status, such as 200.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body, at most `[http] max_body_bytes`.
    pub body: Vec<u8>,
}

/// Why there was no answer. Messages name the host of the URL, never its path or query.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Rejected before anything was sent.
    #[error("cannot send the request: {0}")]
    Invalid(String),
    /// No connection.
    #[error("failed to connect to `{host}`: {why}")]
    Connect {
        /// Host of the URL.
        host: String,
        /// The innermost cause.
        why: String,
    },
    /// It took too long.
    #[error("`{host}` did not answer within {} ms", after.as_millis())]
    Timeout {
        /// Host of the URL.
        host: String,
        /// The limit.
        after: Duration,
    },
    /// The server reads the body of the request too slowly.
    #[error("the server accepted no more of the body for {} ms", after.as_millis())]
    Stalled {
        /// The limit.
        after: Duration,
    },
    /// The answer is larger than the limit.
    #[error("the answer of `{host}` is larger than {limit} bytes ({by})")]
    TooLarge {
        /// Host of the URL.
        host: String,
        /// The limit.
        limit: u64,
        /// Who set the limit.
        by: &'static str,
    },
    /// The connection broke, or the answer was not HTTP.
    #[error("the request to `{host}` failed: {why}")]
    Broken {
        /// Host of the URL.
        host: String,
        /// The innermost cause.
        why: String,
    },
    /// The session was closed.
    #[error("the http session is closed")]
    Closed,
}

impl Http {
    pub(super) fn new(client: reqwest::Client, net: Net, config: &config::Config) -> Arc<Http> {
        Arc::new(Http {
            client,
            same_origin_client: OnceLock::new(),
            user_agent: config.http.user_agent.clone(),
            net,
            timeout: config.http.request_timeout,
            max_body_bytes: config.http.max_body_bytes,
            max_request_bytes: config.limits.request_max_bytes,
            closed: AtomicBool::new(false),
        })
    }

    /// Sends a request and waits for the whole answer. At most ten redirects are followed.
    ///
    /// # Errors
    /// There was no answer; an answer of any status is a success.
    pub async fn request(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.check_open()?;
        let after = request.timeout.unwrap_or(self.timeout);
        let limit = Limit::of(&request, self.max_body_bytes as u64).at_most(self.max_body_bytes as u64);
        let client = self.client_for(&request)?;
        let mut prepared = self.prepare(request)?;
        *prepared.timeout_mut() = Some(after);
        let host = prepared.url().host_str().unwrap_or_default().to_owned();
        let response = client.execute(prepared).await.map_err(|error| from_reqwest(error, &host, after))?;
        let status = response.status().as_u16();
        let headers = headers_of(&response);
        let body = match read_body(response, usize::try_from(limit.bytes).unwrap_or(usize::MAX)).await {
            Ok(body) => body,
            Err(BodyError::TooLarge) => return Err(limit.exceeded(host)),
            Err(BodyError::Broken(error)) => return Err(from_reqwest(error, &host, after)),
        };
        Ok(HttpResponse { status, headers, body })
    }

    /// Redirects are a setting of the client, so requests that stay at their origin use another one.
    fn client_for(&self, request: &HttpRequest) -> Result<&reqwest::Client, HttpError> {
        if !request.same_origin_redirects {
            return Ok(&self.client);
        }
        if let Some(client) = self.same_origin_client.get() {
            return Ok(client);
        }
        let policy = Policy::custom(|attempt| {
            let stays = attempt.previous().iter().all(|url| url.origin() == attempt.url().origin());
            match stays && attempt.previous().len() <= REDIRECTS {
                true => attempt.follow(),
                false => attempt.stop(),
            }
        });
        let client = self.net.client_builder().user_agent(&self.user_agent).redirect(policy).build();
        let client = client.map_err(|error| HttpError::Invalid(innermost(&error)))?;
        Ok(self.same_origin_client.get_or_init(|| client))
    }

    fn check_open(&self) -> Result<(), HttpError> {
        match self.closed.load(Ordering::Acquire) {
            true => Err(HttpError::Closed),
            false => Ok(()),
        }
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    fn prepare(&self, request: HttpRequest) -> Result<reqwest::Request, HttpError> {
        let invalid = HttpError::Invalid;
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .map_err(|_| invalid("its method is not valid".to_owned()))?;
        let url = reqwest::Url::parse(&request.url)
            .map_err(|error| invalid(format!("its URL is not valid: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid(format!("`{}` is neither http nor https", url.scheme())));
        }
        self.net.permits(&url).map_err(|error| invalid(error.to_string()))?;
        if request.body.len() > self.max_request_bytes {
            return Err(invalid(format!(
                "its body is larger than {} bytes (`[limits] request_max_bytes`)",
                self.max_request_bytes
            )));
        }
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for (name, value) in request.headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| invalid("a header's name has characters that no header can have".to_owned()))?;
            let value = HeaderValue::from_maybe_shared(value)
                .map_err(|_| invalid(format!("header `{name}` has a line break or a control character")))?;
            headers.append(name, value);
        }
        let mut prepared = reqwest::Request::new(method, url);
        *prepared.headers_mut() = headers;
        if !request.body.is_empty() {
            *prepared.body_mut() = Some(request.body.into());
        }
        Ok(prepared)
    }
}

/// How large an answer may be, and which setting says so.
#[derive(Debug, Clone, Copy)]
struct Limit {
    bytes: u64,
    by: &'static str,
}

impl Limit {
    fn of(request: &HttpRequest, configured: u64) -> Limit {
        match request.max_bytes {
            Some(bytes) => Limit { bytes, by: "the limit of the request" },
            None => Limit::configured(configured),
        }
    }

    fn at_most(self, configured: u64) -> Limit {
        if self.bytes < configured { self } else { Limit::configured(configured) }
    }

    fn configured(bytes: u64) -> Limit {
        Limit { bytes, by: "`[http] max_body_bytes`" }
    }

    fn exceeded(self, host: String) -> HttpError {
        HttpError::TooLarge { host, limit: self.bytes, by: self.by }
    }
}

fn headers_of(response: &reqwest::Response) -> Vec<(String, Vec<u8>)> {
    let headers = response.headers().iter();
    headers.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

/// Converts a method for the client.
pub(super) fn wire(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
        Method::Head => reqwest::Method::HEAD,
    }
}

/// Why a body could not be read.
pub(super) enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
}

/// Reads an answer's body, up to `limit` bytes.
pub(super) async fn read_body(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit as u64 {
        return Err(BodyError::TooLarge);
    }
    let mut body = Vec::with_capacity(announced as usize);
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn from_reqwest(error: reqwest::Error, host: &str, after: Duration) -> HttpError {
    let host = host.to_owned();
    if error.is_timeout() && !error.is_connect() {
        return HttpError::Timeout { host, after };
    }
    let why = innermost(&error);
    match error.is_connect() {
        true => HttpError::Connect { host, why },
        false => HttpError::Broken { host, why },
    }
}

/// The last error of the chain: the outer ones repeat the URL, which may contain a secret.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error.source();
    let mut text = None;
    while let Some(error) = cause {
        text = Some(error.to_string());
        cause = error.source();
    }
    text.unwrap_or_else(|| "the connection broke".to_owned())
}
