//! The site API: JSON requests and answers below one base URL, with `Authorization: Token …`. It never retries by
//! itself, and sends the token only to the base URL's origin.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::http::{BodyError, innermost, read_body, wire};
use super::net::Net;
use super::{Backoff, Method, OpenError};
use crate::config::{self, Secret};

/// The session.
pub struct Api {
    client: reqwest::Client,
    /// Without a slash at the end.
    base: String,
    origin: String,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    max_body_bytes: usize,
    max_request_bytes: usize,
    closed: AtomicBool,
}

/// A request to the site API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// Path below the base URL, such as `bot/reminders`; a leading slash makes no difference, a trailing one does.
    pub endpoint: String,
    /// Query parameters, in order; not yet encoded.
    pub query: Vec<(String, String)>,
    /// JSON as bytes; `None` for no body.
    pub json: Option<Vec<u8>>,
}

/// An answer with a status below 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAnswer {
    /// HTTP status.
    pub status: u16,
    /// JSON as bytes; `None` for 204 and for an empty body.
    pub json: Option<Vec<u8>>,
}

/// Why a request failed. Messages name method, endpoint and status, never a body.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ApiError {
    /// Rejected before anything was sent.
    #[error("cannot ask the site API: {0}")]
    Invalid(String),
    /// The status is 400 or more.
    #[error("{asked}: the site API answered {status}")]
    Status {
        /// Method and endpoint.
        asked: String,
        /// The status.
        status: u16,
        /// The body of the answer.
        body: ApiBody,
    },
    /// The status is below 400, but the body is not JSON.
    #[error("{asked}: the site API answered {status} with {bytes} bytes that are not JSON")]
    NotJson {
        /// Method and endpoint.
        asked: String,
        /// The status.
        status: u16,
        /// Size of the body.
        bytes: usize,
    },
    /// The answer is larger than `[http] max_body_bytes`.
    #[error("{asked}: the answer is larger than {limit} bytes (`[http] max_body_bytes`)")]
    TooLarge {
        /// Method and endpoint.
        asked: String,
        /// The limit.
        limit: usize,
    },
    /// No answer in `[api] timeout_ms`.
    #[error("{asked}: the site API did not answer within {} ms", after.as_millis())]
    Timeout {
        /// Method and endpoint.
        asked: String,
        /// The limit.
        after: Duration,
    },
    /// No connection, or it broke.
    #[error("{asked}: failed to reach the site API at {origin}: {why}")]
    Unreachable {
        /// Method and endpoint.
        asked: String,
        /// Scheme and host of the base URL.
        origin: String,
        /// The innermost cause.
        why: String,
    },
    /// The session was closed.
    #[error("the api session is closed")]
    Closed,
}

/// The body of an answer with an error status.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiBody {
    /// It is JSON.
    Json(Value),
    /// It is something else; invalid UTF-8 is replaced.
    Text(String),
}

/// Longest pause between two health checks, and the time limit of one.
const HEALTH_STEP: Duration = Duration::from_secs(3);

impl Api {
    pub(super) async fn open(
        client: reqwest::Client,
        net: &Net,
        config: &config::Config,
        api: &config::Api,
    ) -> Result<Arc<Api>, OpenError> {
        let refuse =
            |why: String, help: &str| OpenError::new("api", "reading `[api]`", why, help).configuration();
        let url = reqwest::Url::parse(&api.url)
            .map_err(|error| refuse(error.to_string(), "write `[api] url` as https://site.example/api"))?;
        net.permits(&url).map_err(|error| {
            refuse(error.to_string(), "use an IPv4 address, or set `[http] ipv4_only = false`")
        })?;
        let token = match (&api.token, &api.token_file) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(file)) => Some(Secret::read(file).map_err(|error| {
                refuse(error.to_string(), "put the token into the file, or remove `token_file`")
            })?),
            (None, None) => None,
        };
        let authorization = token
            .map(|token| HeaderValue::from_str(&format!("Token {}", token.expose())))
            .transpose()
            .map_err(|_| refuse("the token cannot be sent in a header".to_owned(), "copy it again"))?
            .map(|mut value| {
                value.set_sensitive(true);
                value
            });
        let session = Api {
            client,
            base: url.as_str().trim_end_matches('/').to_owned(),
            origin: url.origin().ascii_serialization(),
            authorization,
            timeout: api.timeout,
            max_body_bytes: config.http.max_body_bytes,
            max_request_bytes: config.limits.request_max_bytes,
            closed: AtomicBool::new(false),
        };
        session.check_health(api).await?;
        Ok(Arc::new(session))
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    /// See [`ApiError`]; a status of 400 or more is [`ApiError::Status`].
    pub async fn request(&self, request: ApiRequest) -> Result<ApiAnswer, ApiError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(ApiError::Closed);
        }
        let asked = format!("{} {}", request.method, request.endpoint);
        let prepared = self.prepare(request)?;
        let failed = |error: &reqwest::Error| match error.is_timeout() && !error.is_connect() {
            true => ApiError::Timeout { asked: asked.clone(), after: self.timeout },
            false => ApiError::Unreachable {
                asked: asked.clone(),
                origin: self.origin.clone(),
                why: innermost(error),
            },
        };
        let response = self.client.execute(prepared).await.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let body = match read_body(response, self.max_body_bytes).await {
            Ok(body) => body,
            Err(BodyError::TooLarge) => return Err(ApiError::TooLarge { asked, limit: self.max_body_bytes }),
            Err(BodyError::Broken(error)) => return Err(failed(&error)),
        };
        if status >= 400 {
            let body = serde_json::from_slice(&body)
                .map_or_else(|_| ApiBody::Text(String::from_utf8_lossy(&body).into_owned()), ApiBody::Json);
            return Err(ApiError::Status { asked, status, body });
        }
        if status == 204 || body.is_empty() {
            return Ok(ApiAnswer { status, json: None });
        }
        match serde_json::from_slice::<IgnoredAny>(&body) {
            Ok(_) => Ok(ApiAnswer { status, json: Some(body) }),
            Err(_) => Err(ApiError::NotJson { asked, status, bytes: body.len() }),
        }
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    fn prepare(&self, request: ApiRequest) -> Result<reqwest::Request, ApiError> {
        let invalid = |what: String| ApiError::Invalid(what);
        let endpoint = request.endpoint.strip_prefix('/').unwrap_or(&request.endpoint);
        if endpoint.contains(['?', '#', '\\']) || endpoint.chars().any(char::is_control) {
            return Err(invalid(
                "its endpoint has a `?`, `#`, `\\` or control character; use the query".to_owned(),
            ));
        }
        let below = format!("{}/", self.base);
        let mut url = reqwest::Url::parse(&format!("{below}{endpoint}"))
            .map_err(|error| invalid(format!("its endpoint is not valid: {error}")))?;
        // Checked after the parser has resolved every `..`, however it was written.
        if !url.as_str().starts_with(&below) {
            return Err(invalid("its endpoint leaves the base URL".to_owned()));
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        let mut prepared = reqwest::Request::new(wire(request.method), url);
        *prepared.timeout_mut() = Some(self.timeout);
        if let Some(authorization) = &self.authorization {
            prepared.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        if let Some(json) = request.json {
            if json.len() > self.max_request_bytes {
                let limit = self.max_request_bytes;
                return Err(invalid(format!(
                    "its body is larger than {limit} bytes (`[limits] request_max_bytes`)"
                )));
            }
            if serde_json::from_slice::<IgnoredAny>(&json).is_err() {
                return Err(invalid("its body is not JSON".to_owned()));
            }
            prepared.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *prepared.body_mut() = Some(json.into());
        }
        Ok(prepared)
    }

    /// Warns if the site does not answer, or fails if it is required.
    async fn check_health(&self, api: &config::Api) -> Result<(), OpenError> {
        if api.health_path.is_empty() {
            return Ok(());
        }
        let mut backoff = Backoff::new(Duration::from_millis(250), HEALTH_STEP);
        let mut last = String::new();
        for attempt in 1..=api.health_tries {
            let request = ApiRequest {
                method: Method::Get,
                endpoint: api.health_path.clone(),
                query: Vec::new(),
                json: None,
            };
            last = match tokio::time::timeout(HEALTH_STEP.min(self.timeout), self.request(request)).await {
                // Health checks often answer with a single word.
                Ok(Ok(_) | Err(ApiError::NotJson { .. })) => return Ok(()),
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} ms", HEALTH_STEP.min(self.timeout).as_millis()),
            };
            if attempt < api.health_tries {
                tokio::time::sleep(backoff.pause()).await;
            }
        }
        if !api.required {
            let tries = api.health_tries;
            tracing::warn!(
                "the site API failed its health check {tries} times, continuing without it: {last}"
            );
            return Ok(());
        }
        let tried = format!("its health check, {} times", api.health_tries);
        let help = "start the site, check `[api] url` and `health_path`, or set `[api] required = false`";
        Err(OpenError::new("api", tried, last, help))
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("base", &self.base).finish_non_exhaustive()
    }
}
