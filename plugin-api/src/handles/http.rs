//! The shared HTTP client: one connection pool for all cogs, opened before any of them.

mod form;
mod stream;

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    form::Form,
    stream::{HttpStream, HttpUpload},
};
use crate::{
    Error, Result,
    abi::{self, HandleError, HandleErrorKind, Header, Method, Reply},
};

/// Sends requests to web servers.
///
/// ```
/// # use gearshift_cog::prelude::*;
/// # async fn example(ctx: &Context) -> Result {
/// let found: serde_json::Value = ctx
///     .http()
///     .get("https://api.example.com/search")
///     .query(&[("q", "gears & shafts")])
///     .bearer("a token")
///     .send()
///     .await?
///     .error_for_status()?
///     .json()?;
///
/// let mut large = ctx.http().get("https://example.com/large").max_bytes(1 << 30).stream().await?;
/// while let Some(chunk) = large.chunk().await? {
///     tracing::info!("{} bytes more", chunk.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Http {
    pub(super) host: abi::Host,
}

/// A request, built step by step. Mistakes in a step are reported when the request is sent.
#[must_use = "a request does nothing before it is sent"]
pub struct HttpRequest {
    host: abi::Host,
    raw: abi::HttpRequest,
    error: Option<Error>,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct HttpResponse {
    raw: Reply,
    /// The host of the URL; the rest may contain a secret.
    server: String,
}

impl Http {
    /// `GET url`.
    pub fn get(&self, url: impl AsRef<str>) -> HttpRequest {
        self.request(Method::Get, url)
    }

    /// `POST url`.
    pub fn post(&self, url: impl AsRef<str>) -> HttpRequest {
        self.request(Method::Post, url)
    }

    /// `PUT url`.
    pub fn put(&self, url: impl AsRef<str>) -> HttpRequest {
        self.request(Method::Put, url)
    }

    /// `PATCH url`.
    pub fn patch(&self, url: impl AsRef<str>) -> HttpRequest {
        self.request(Method::Patch, url)
    }

    /// `DELETE url`.
    pub fn delete(&self, url: impl AsRef<str>) -> HttpRequest {
        self.request(Method::Delete, url)
    }

    /// Any method.
    pub fn request(&self, method: Method, url: impl AsRef<str>) -> HttpRequest {
        let raw = abi::HttpRequest {
            method,
            url: url.as_ref().into(),
            headers: Vec::new().into(),
            body: Vec::new().into(),
            timeout_ms: 0,
            max_bytes: 0,
        };
        HttpRequest { host: self.host, raw, error: None }
    }
}

impl HttpRequest {
    /// Adds pairs to the query of the URL.
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        if pairs.is_empty() {
            return self;
        }
        let url = self.raw.url.as_str();
        let (before, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
        let mark = match before.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        self.raw.url = format!("{before}{mark}{}{fragment}", form::urlencoded(pairs)).into();
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.raw.headers.push(Header { name: name.into(), value: value.into() });
        self
    }

    /// Adds `Authorization: Bearer …`.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sets the body.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw.body = bytes.into().into();
        self
    }

    /// Sets a JSON body and its content type.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => return self.header("content-type", "application/json").body(json),
            Err(error) => self.error = Some(error.into()),
        }
        self
    }

    /// Sets a body of pairs, as an HTML form sends them, and its content type.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").body(form::urlencoded(pairs))
    }

    /// Sets a body of texts and files, and its content type.
    pub fn multipart(self, form: Form) -> Self {
        let (content_type, body) = form.encode();
        self.header("content-type", &content_type).body(body)
    }

    /// Sets the deadline; by default, the host's configured one applies. Rounded up to milliseconds. For a stream, it
    /// applies to the head of the answer, once the body was sent, and to each chunk.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.raw.timeout_ms = super::millis(timeout).max(1);
        self
    }

    /// Sets the maximum size of the answer's body in bytes; by default, the host's configured limit applies. Only a
    /// [stream](Self::stream) can exceed that limit; an answer read as a whole cannot.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.raw.max_bytes = bytes.max(1);
        self
    }

    /// Sends the request and waits for the whole answer.
    ///
    /// # Errors
    /// If there was no answer. A status of 400 or more is an answer.
    pub async fn send(self) -> Result<HttpResponse> {
        let (host, raw, server) = self.checked()?;
        let raw = (host.table.http())(host.lease, raw).await.into_result()?;
        Ok(HttpResponse { raw, server })
    }

    /// Sends the request and waits for the head of the answer; the body is read in chunks.
    ///
    /// # Errors
    /// The same as [`send`](Self::send).
    pub async fn stream(self) -> Result<HttpStream> {
        let (host, raw, server) = self.checked()?;
        HttpStream::open(host, raw, server).await
    }

    /// Sends the request with a body that is written in chunks; one set with [`body`](Self::body) is ignored.
    ///
    /// # Errors
    /// If there is no room for another stream.
    pub fn upload(self) -> Result<HttpUpload> {
        let (host, raw, server) = self.checked()?;
        HttpUpload::begin(host, raw, server)
    }

    fn checked(self) -> Result<(abi::Host, abi::HttpRequest, String)> {
        let server = server_of(&self.raw.url).to_owned();
        match self.error {
            Some(error) => Err(error),
            None => Ok((self.host, self.raw, server)),
        }
    }
}

impl HttpResponse {
    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.raw.status
    }

    /// Returns the answer, or an error if the status is 400 or more. The error has the status and the body.
    ///
    /// # Errors
    /// [`Status`](HandleErrorKind::Status).
    pub fn error_for_status(self) -> Result<Self> {
        match refused(self.status(), &self.server) {
            Some(error) => Err(HandleError { body: self.raw.body, ..error }.into()),
            None => Ok(self),
        }
    }

    /// The value of a header; the case of `name` does not matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.raw, name)
    }

    /// The body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.raw.body
    }

    /// The body as text. Invalid UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// If it is not JSON of that shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.raw.body).map_err(|error| not_json(&self.server, &error))
    }
}

fn not_json(server: &str, error: &serde_json::Error) -> Error {
    Error::new(format!("the response from `{server}` is not the expected JSON: {error}"))
}

/// The error of a status of 400 or more.
fn refused(status: u16, server: &str) -> Option<HandleError> {
    let text = format!("`{server}` answered with status {status}");
    (status >= 400).then(|| HandleError { status, ..HandleError::new(HandleErrorKind::Status, text) })
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let mut headers = reply.headers.iter();
    headers.find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
}

/// Host and port of a URL, without user and password.
fn server_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
    authority.rsplit_once('@').map_or(authority, |(_, server)| server)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::{
        abi::ErrorCause,
        handles::{File, fake::host},
    };

    fn sent(request: HttpRequest) -> HttpResponse {
        request.send().now_or_never().expect("the fake answers at once").expect("an answer")
    }

    #[test]
    fn a_query_is_encoded_and_appended_to_an_existing_one() {
        let table = [
            ("http://a/b", "http://a/b?q=x+%26+y&n=%C3%A4"),
            ("http://a/b?", "http://a/b?q=x+%26+y&n=%C3%A4"),
            ("http://a/b?c=1#d?", "http://a/b?c=1&q=x+%26+y&n=%C3%A4#d?"),
        ];
        for (url, expected) in table {
            let request = host().http().get(url).query(&[("q", "x & y"), ("n", "ä")]);
            assert_eq!(request.raw.url, expected);
        }
        assert_eq!(host().http().get("http://a").query(&[]).raw.url, "http://a");
    }

    #[test]
    fn bodies_have_a_content_type() {
        let post = || host().http().post("http://a");
        let text = sent(post().json(&[1, 2]).bearer("t")).text();
        assert_eq!(text, "POST http://a\ncontent-type: application/json\nauthorization: Bearer t\n[1,2]");
        let text = sent(post().form(&[("a", "1 2"), ("b", "=")])).text();
        assert!(text.ends_with("x-www-form-urlencoded\na=1+2&b=%3D"), "{text}");
        let file = File::new("a\"b.txt", vec![b'x']).content_type("text/plain");
        let response = sent(post().multipart(Form::new().text("name", "value").file("file", file)));
        let boundary =
            response.header("Content-Type").and_then(|it| it.split_once("boundary=")).expect("one").1;
        let body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nvalue\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a%22b.txt\"\r\nContent-Type: text/plain\r\n\
             \r\nx\r\n--{boundary}--\r\n"
        );
        assert!(response.text().ends_with(&body), "{}", response.text());
    }

    #[test]
    fn an_error_status_is_an_error_with_the_body() {
        let response =
            sent(host().http().post("https://user:secret@a.example:8/path/404?token=1").body("why"));
        let error = response.error_for_status().expect_err("404");
        assert_eq!(error.to_string(), "`a.example:8` answered with status 404");
        assert_eq!(error.cause(), ErrorCause::REFUSED);
        let handle = error.handle().expect("a handle's");
        assert!(handle.status == 404 && handle.body.ends_with(b"why") && error.discord_code().is_none());
        assert!(sent(host().http().get("http://a/399")).error_for_status().is_ok());
    }

    #[test]
    fn an_unserializable_body_fails_when_the_request_is_sent() {
        let unwritable = std::collections::BTreeMap::from([((1, 2), 3)]);
        let request = host().http().post("http://a").json(&unwritable);
        assert!(request.send().now_or_never().expect("at once").is_err());
    }
}
