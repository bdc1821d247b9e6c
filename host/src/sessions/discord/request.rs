//! A request to Discord as plain data, and its conversion to a request of the HTTP client. It does not send; it
//! produces the same bytes for every attempt.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{BufMut, Bytes, BytesMut};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use memchr::memmem;
use reqwest::multipart::{Form, Part};

use super::Discord;
use super::error::DiscordError;
use super::route::{Access, Route};
use crate::sessions::Method;
use crate::sessions::http::wire;

/// Any request to Discord's REST API. Cloning does not copy the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path below the base URL, such as `/channels/1/messages`; begins with `/`. Characters that a path cannot
    /// contain must be percent-encoded.
    pub path: String,
    /// Query parameters, in order; not yet encoded.
    pub query: Vec<(String, String)>,
    /// JSON, sent unchanged, or as `payload_json` beside files; empty means none.
    pub json: Bytes,
    /// Files, sent as `files[0]` and so on.
    pub files: Vec<File>,
    /// Reason for the guild's audit log.
    pub reason: Option<String>,
}

/// A file to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// File name that users see.
    pub name: String,
    /// Media type, such as `image/png`; if empty, Discord detects it.
    pub content_type: String,
    /// Content.
    pub bytes: Bytes,
}

/// Discord's answer; the status is below 300.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status, such as 200; 204 has an empty body.
    pub status: u16,
    /// JSON as bytes; empty if there is none.
    pub body: Vec<u8>,
}

static AUDIT_LOG_REASON: HeaderName = HeaderName::from_static("x-audit-log-reason");
static JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The format that Discord requires. <https://discord.com/developers/docs/reference#user-agent>
pub(crate) static AGENT: HeaderValue =
    HeaderValue::from_static(concat!("DiscordBot (gearshift, ", env!("CARGO_PKG_VERSION"), ")"));

impl Request {
    /// A request without body, query or reason.
    pub fn new(method: Method, path: impl Into<String>) -> Request {
        Request {
            method,
            path: path.into(),
            query: Vec::new(),
            json: Bytes::new(),
            files: Vec::new(),
            reason: None,
        }
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: impl Into<Bytes>) -> Request {
        self.json = body.into();
        self
    }

    /// Validates the request, and makes it repeatable if possible. Returns whether carrying it out twice then has the
    /// same effect as once.
    pub(super) fn prepare(&mut self, route: &Route, max_bytes: usize) -> Result<bool, DiscordError> {
        let size = self.files.iter().fold(self.json.len(), |sum, file| sum.saturating_add(file.bytes.len()));
        if size > max_bytes {
            return Err(self.invalid(format!(
                "its body is larger than {max_bytes} bytes (`[limits] request_max_bytes`)"
            )));
        }
        check_files(&self.files).map_err(|what| self.invalid(what))?;
        Ok(match self.method {
            Method::Post => route.is_new_message && with_nonce(&mut self.json),
            _ => true,
        })
    }

    /// The client's request for one attempt.
    pub(super) fn attempt(
        &self,
        discord: &Discord,
        route: &Route,
    ) -> Result<hyper::Request<reqwest::Body>, DiscordError> {
        let Some(uri) = discord.base.below(&self.path, &self.query) else {
            return Err(self.invalid("its path cannot be part of a URL".to_owned()));
        };
        let mut request = hyper::Request::new(reqwest::Body::from(self.json.clone()));
        *request.method_mut() = wire(self.method);
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.reserve(5);
        headers.insert(HOST, discord.base.host_header());
        headers.insert(USER_AGENT, AGENT.clone());
        if route.access == Access::Bot {
            headers.insert(AUTHORIZATION, discord.authorization.clone());
        }
        if let Some(reason) = &self.reason {
            let reason = encode_reason(reason).map_err(|what| self.invalid(what))?;
            headers.insert(AUDIT_LOG_REASON.clone(), reason);
        }
        if !self.files.is_empty() {
            let form = self.form().map_err(|error| self.invalid(error.to_string()))?;
            let form = discord.forms.post(discord.base.url().clone()).multipart(form).build();
            let mut form = form.map_err(|error| self.invalid(error.to_string()))?;
            headers.extend(std::mem::take(form.headers_mut()));
            *request.body_mut() = form.body_mut().take().unwrap_or_default();
        } else if !self.json.is_empty() {
            headers.insert(CONTENT_TYPE, JSON.clone());
        }
        Ok(request)
    }

    fn form(&self) -> reqwest::Result<Form> {
        let mut form = Form::new();
        if !self.json.is_empty() {
            let length = self.json.len() as u64;
            let part = Part::stream_with_length(self.json.clone(), length).mime_str("application/json")?;
            form = form.part("payload_json", part);
        }
        for (index, file) in self.files.iter().enumerate() {
            let length = file.bytes.len() as u64;
            let mut part = Part::stream_with_length(file.bytes.clone(), length).file_name(file.name.clone());
            if !file.content_type.is_empty() {
                part = part.mime_str(&file.content_type)?;
            }
            form = form.part(format!("files[{index}]"), part);
        }
        Ok(form)
    }

    pub(super) fn invalid(&self, what: String) -> DiscordError {
        DiscordError::Invalid { method: self.method, what }
    }
}

fn check_files(files: &[File]) -> Result<(), String> {
    for (index, file) in files.iter().enumerate() {
        if file.name.is_empty() || file.name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) {
            return Err(format!("the name of file {index} is empty or has a slash or a control character"));
        }
        if !file.content_type.is_empty() && Part::bytes(Vec::new()).mime_str(&file.content_type).is_err() {
            return Err(format!("the content type of file {index} is not of the form `image/png`"));
        }
    }
    Ok(())
}

/// Gives a new message a nonce that Discord enforces, so that a second attempt cannot post it twice. A message that
/// already has a nonce keeps it. Returns whether Discord will enforce one.
fn with_nonce(json: &mut Bytes) -> bool {
    if contains(json, b"\"enforce_nonce\":true") && contains(json, b"\"nonce\"") {
        return true;
    }
    let Some(rest) = json.strip_prefix(b"{") else { return false };
    let empty = rest.iter().find(|byte| !byte.is_ascii_whitespace()).is_none_or(|byte| *byte == b'}');
    if empty || contains(json, b"nonce\"") {
        return false;
    }
    let mut with = BytesMut::with_capacity(json.len() + 48);
    with.put_slice(b"{\"nonce\":\"");
    with.put_slice(&hex(next_nonce()));
    with.put_slice(b"\",\"enforce_nonce\":true,");
    with.put_slice(rest);
    *json = with.freeze();
    true
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
}

/// Differs from every other nonce of this process and of the one before it.
fn next_nonce() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    // Milliseconds leave room for a million messages each before two processes could collide.
    static START: std::sync::LazyLock<u64> = std::sync::LazyLock::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        (since.as_millis() as u64) << 20
    });
    START.wrapping_add(count)
}

fn hex(value: u64) -> [u8; 16] {
    std::array::from_fn(|index| b"0123456789abcdef"[(value >> (60 - 4 * index)) as usize & 15])
}

/// The audit log's header takes percent-encoded UTF-8.
fn encode_reason(reason: &str) -> Result<HeaderValue, String> {
    /// Discord's limit, in characters.
    const MAX_REASON: usize = 512;
    if reason.chars().count() > MAX_REASON {
        return Err(format!("its reason is longer than {MAX_REASON} characters"));
    }
    let mut encoded = String::with_capacity(reason.len());
    for byte in reason.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(byte as char),
            _ => {
                encoded.push('%');
                encoded.push(char::from(b"0123456789ABCDEF"[(byte >> 4) as usize]));
                encoded.push(char::from(b"0123456789ABCDEF"[(byte & 15) as usize]));
            }
        }
    }
    HeaderValue::from_str(&encoded).map_err(|_| "its reason cannot be sent in a header".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonced(text: &str) -> (bool, serde_json::Value) {
        let mut json = Bytes::copy_from_slice(text.as_bytes());
        let enforced = with_nonce(&mut json);
        (enforced, serde_json::from_slice(&json).unwrap_or_default())
    }

    #[test]
    fn a_new_message_gets_a_nonce_of_its_own() {
        let (enforced, json) = nonced(r#"{"content":"pong"}"#);
        assert!(enforced && json["enforce_nonce"] == true && json["content"] == "pong");
        let (_, other) = nonced(r#"{"content":"pong"}"#);
        assert_ne!(json["nonce"], other["nonce"]);
        assert!(json["nonce"].as_str().unwrap().len() <= 25, "Discord's limit");
    }

    #[test]
    fn a_nonce_of_the_cog_is_kept() {
        let (enforced, json) = nonced(r#"{"nonce":"mine","content":"x"}"#);
        assert!(!enforced && json["nonce"] == "mine" && json.get("enforce_nonce").is_none());
        let (enforced, json) = nonced(r#"{"nonce":"mine","enforce_nonce":true}"#);
        assert!(enforced && json["nonce"] == "mine");
    }

    #[test]
    fn what_is_no_object_is_sent_as_it_is() {
        for text in ["{ }", "[]", "", "nonsense"] {
            let mut json = Bytes::copy_from_slice(text.as_bytes());
            assert!(!with_nonce(&mut json));
            assert_eq!(json, text.as_bytes());
        }
    }

    #[test]
    fn a_reason_is_encoded_and_bounded() {
        assert_eq!(encode_reason("zu laut: 100 % ö\n").unwrap(), "zu laut: 100 %25 %C3%B6%0A");
        assert!(encode_reason(&"x".repeat(513)).is_err());
    }
}
