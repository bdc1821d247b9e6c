//! A request to Discord as plain data, and what it becomes on the wire.
//! It does not send; it makes the same bytes again for every attempt.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{BufMut, Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::multipart::{Form, Part};

use super::error::DiscordError;
use super::route::Route;
use crate::sessions::Method;

/// Any request to Discord's REST API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path below the base URL, as `/channels/1/messages`; begins with `/`, other characters than those of a path are
    /// percent-encoded.
    pub path: String,
    /// Query, in order; encoded here.
    pub query: Vec<(String, String)>,
    /// What is sent.
    pub body: Body,
    /// Text for the guild's audit log.
    pub reason: Option<String>,
}

/// What is sent with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// JSON as bytes; sent as it is.
    Json(Vec<u8>),
    /// Files, and JSON beside them (`payload_json`; empty = none).
    Multipart {
        /// The JSON.
        json: Vec<u8>,
        /// The files, sent as `files[0]` and so on.
        files: Vec<File>,
    },
}

/// A file to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Name that people see.
    pub name: String,
    /// Media type; `None` lets Discord find out.
    pub content_type: Option<String>,
    /// Content.
    pub bytes: Vec<u8>,
}

/// What Discord answered; the status is below 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status, as 200; 204 comes with an empty body.
    pub status: u16,
    /// JSON as bytes; empty when there is none.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without body, query and reason.
    pub fn new(method: Method, path: impl Into<String>) -> Request {
        Request { method, path: path.into(), query: Vec::new(), body: Body::None, reason: None }
    }

    /// The same with a JSON body.
    #[must_use]
    pub fn json(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = Body::Json(body.into());
        self
    }
}

/// A request that was checked. Cloning a payload copies no content.
pub(super) struct Prepared {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) url: reqwest::Url,
    pub(super) reason: Option<HeaderValue>,
    pub(super) payload: Payload,
    /// Whether carrying it out twice has the effect of carrying it out once.
    pub(super) repeatable: bool,
}

#[derive(Clone)]
pub(super) enum Payload {
    None,
    Json(Bytes),
    Multipart { json: Bytes, files: Vec<PayloadFile> },
}

#[derive(Clone)]
pub(super) struct PayloadFile {
    name: String,
    content_type: Option<String>,
    bytes: Bytes,
}

pub(super) static AUDIT_LOG_REASON: HeaderName = HeaderName::from_static("x-audit-log-reason");
static JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Prepared {
    pub(super) fn new(
        base: &reqwest::Url,
        request: Request,
        route: &Route,
        max_bytes: usize,
    ) -> Result<Prepared, DiscordError> {
        let Request { method, path, query, body, reason } = request;
        let invalid = |what: String| DiscordError::Invalid { method, what };
        // Not parsed as a whole: the host's name is read already, and nothing in the path can change it.
        let mut url = base.clone();
        url.set_path(&[base.path().trim_end_matches('/'), &path].concat());
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let reason = reason.as_deref().map(encode_reason).transpose().map_err(invalid)?;
        let mut payload = Payload::from(body);
        if payload.size() > max_bytes {
            return Err(invalid(format!(
                "its body is larger than {max_bytes} bytes (`[limits] request_max_bytes`)"
            )));
        }
        if let Payload::Multipart { files, .. } = &payload {
            check_files(files).map_err(invalid)?;
        }
        let mut repeatable = method.is_repeatable();
        if route.is_new_message
            && let Payload::Json(json) | Payload::Multipart { json, .. } = &mut payload
        {
            repeatable = with_nonce(json);
        }
        Ok(Prepared { method, path, url, reason, payload, repeatable })
    }
}

impl Payload {
    fn size(&self) -> usize {
        match self {
            Payload::None => 0,
            Payload::Json(json) => json.len(),
            Payload::Multipart { json, files } => {
                files.iter().fold(json.len(), |sum, file| sum.saturating_add(file.bytes.len()))
            }
        }
    }

    /// Puts the payload into a request that has no body yet.
    pub(super) fn put_into(
        self,
        client: &reqwest::Client,
        mut request: reqwest::Request,
    ) -> reqwest::Result<reqwest::Request> {
        match self {
            Payload::None => Ok(request),
            Payload::Json(json) => {
                request.headers_mut().insert(CONTENT_TYPE, JSON.clone());
                *request.body_mut() = Some(json.into());
                Ok(request)
            }
            Payload::Multipart { json, files } => {
                let mut form = Form::new();
                if !json.is_empty() {
                    let length = json.len() as u64;
                    let part = Part::stream_with_length(json, length).mime_str("application/json")?;
                    form = form.part("payload_json", part);
                }
                for (index, file) in files.into_iter().enumerate() {
                    let length = file.bytes.len() as u64;
                    let mut part = Part::stream_with_length(file.bytes, length).file_name(file.name);
                    if let Some(kind) = &file.content_type {
                        part = part.mime_str(kind)?;
                    }
                    form = form.part(format!("files[{index}]"), part);
                }
                reqwest::RequestBuilder::from_parts(client.clone(), request).multipart(form).build()
            }
        }
    }
}

impl From<Body> for Payload {
    fn from(body: Body) -> Payload {
        match body {
            Body::None => Payload::None,
            Body::Json(json) => Payload::Json(json.into()),
            Body::Multipart { json, files } => Payload::Multipart {
                json: json.into(),
                files: files
                    .into_iter()
                    .map(|file| PayloadFile {
                        name: file.name,
                        content_type: file.content_type,
                        bytes: file.bytes.into(),
                    })
                    .collect(),
            },
        }
    }
}

fn check_files(files: &[PayloadFile]) -> Result<(), String> {
    for (index, file) in files.iter().enumerate() {
        if file.name.is_empty() || file.name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) {
            return Err(format!("the name of file {index} is empty or has a slash or a control character"));
        }
        if let Some(kind) = &file.content_type
            && Part::bytes(Vec::new()).mime_str(kind).is_err()
        {
            return Err(format!("the content type of file {index} is not of the form `image/png`"));
        }
    }
    Ok(())
}

/// Gives a new message a nonce that Discord enforces, so that a second attempt cannot post it twice. A message that has
/// its own keeps it. Returns whether Discord will enforce one.
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
    text.windows(part.len()).any(|window| window[0] == part[0] && window == part)
}

/// Unlike any other of this process, and of the one before it.
fn next_nonce() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    // Milliseconds leave room for a million messages each before two processes could meet.
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
    HeaderValue::from_str(&encoded).map_err(|_| "its reason cannot stand in a header".to_owned())
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
