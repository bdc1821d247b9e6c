//! The shared HTTP client: one connection pool for all cogs, opened before any of them.

use std::time::Duration;

use crate::abi::{self, HandleError, Header, Method, Reply};

/// Sends requests to web servers.
#[derive(Clone, Copy)]
pub struct Http {
    pub(super) host: abi::Host,
}

/// A request, built step by step.
pub struct HttpRequest {
    host: abi::Host,
    raw: abi::HttpRequest,
}

/// An answer, whatever its status.
pub struct HttpResponse {
    raw: Reply,
}

impl Http {
    /// `GET url`.
    #[must_use]
    pub fn get(&self, url: &str) -> HttpRequest {
        self.request(Method::Get, url)
    }

    /// `POST url`.
    #[must_use]
    pub fn post(&self, url: &str) -> HttpRequest {
        self.request(Method::Post, url)
    }

    /// Any method.
    #[must_use]
    pub fn request(&self, method: Method, url: &str) -> HttpRequest {
        let raw = abi::HttpRequest {
            method,
            url: url.into(),
            headers: Vec::new().into(),
            body: Vec::new().into(),
            timeout_ms: 0,
        };
        HttpRequest { host: self.host, raw }
    }
}

impl HttpRequest {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.raw.headers.push(Header { name: name.into(), value: value.into() });
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, bytes: Vec<u8>) -> Self {
        self.raw.body = bytes.into();
        self
    }

    /// Sets a JSON body and its content type.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON.
    pub fn json(self, value: &impl serde::Serialize) -> Result<Self, serde_json::Error> {
        Ok(self.header("content-type", "application/json").body(serde_json::to_vec(value)?))
    }

    /// Sets the deadline; without it the host's configured one holds. Rounded to milliseconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.raw.timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// When no answer came; a status of 400 or more is an answer.
    pub async fn send(self) -> Result<HttpResponse, HandleError> {
        let raw = (self.host.table.http())(self.host.lease, self.raw).await.into_result()?;
        Ok(HttpResponse { raw })
    }
}

impl HttpResponse {
    /// Status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.raw.status
    }

    /// A header's value; `name` in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.raw
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// The body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.raw.body
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON of that shape.
    pub fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.raw.body)
    }
}
