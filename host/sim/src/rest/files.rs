//! Files: read from multipart bodies, kept within a budget, served back under a local URL.
//! It does not look into them.

use std::collections::VecDeque;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::request::Parts;
use serde_json::Value;

use super::{Bytes, Call, Reply};
use crate::form::ApiError;
use crate::ids::{Snowflake, percent_encode};
use crate::world::{Attachment, World};

/// All files together, in bytes; the oldest go first.
const BUDGET_BYTES: usize = 128 << 20;

/// A file of somebody without a subscription.
const MAX_FILE_BYTES: usize = 10 << 20;
/// Files of a message.
pub(crate) const MAX_FILES: usize = 10;

/// The files that are kept.
#[derive(Default)]
pub(crate) struct Files {
    kept: VecDeque<(Snowflake, String, Bytes)>,
    total_bytes: usize,
}

impl Files {
    pub(crate) fn keep(&mut self, id: Snowflake, content_type: String, bytes: Bytes) {
        self.total_bytes += bytes.len();
        self.kept.push_back((id, content_type, bytes));
        while self.total_bytes > BUDGET_BYTES {
            let Some((_, _, oldest)) = self.kept.pop_front() else { break };
            self.total_bytes -= oldest.len();
        }
    }

    /// Id, type and content of each, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &(Snowflake, String, Bytes)> {
        self.kept.iter()
    }

    fn find(&self, id: Snowflake) -> Option<(&str, &Bytes)> {
        let at = self.kept.binary_search_by_key(&id, |(id, ..)| *id).ok()?;
        let (_, content_type, bytes) = &self.kept[at];
        Some((content_type, bytes))
    }
}

/// A file as it was uploaded.
pub(crate) struct Upload {
    /// `n` of `files[n]`.
    pub(crate) index: Option<String>,
    pub(crate) filename: String,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Bytes,
}

/// Splits a multipart body into its JSON and its files.
pub(crate) async fn read_multipart(parts: &Parts, body: Bytes) -> Result<(Bytes, Vec<Upload>), ApiError> {
    let mut request = Request::from_parts(parts.clone(), Body::from(body));
    DefaultBodyLimit::disable().apply(&mut request);
    let malformed = |_| ApiError::new(400, 50109, "The request body is not well-formed multipart.");
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| ApiError::new(400, 50109, "The request body is not well-formed multipart."))?;
    let (mut json, mut files) = (Bytes::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "payload_json" {
            json = field.bytes().await.map_err(malformed)?;
            continue;
        }
        let index = name.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']')).map(str::to_owned);
        let filename = field.file_name().unwrap_or("unknown").to_owned();
        let content_type = field.content_type().map(str::to_owned);
        let bytes = field.bytes().await.map_err(malformed)?;
        if bytes.len() > MAX_FILE_BYTES {
            return Err(ApiError::body_too_large());
        }
        files.push(Upload { index, filename, content_type, bytes });
    }
    if files.len() > MAX_FILES {
        let message = format!("Must be {MAX_FILES} or fewer in length.");
        return Err(ApiError::form("files", "BASE_TYPE_MAX_LENGTH", &message));
    }
    Ok((json, files))
}

/// Keeps uploads and describes them as attachments; `described` is the body's `attachments` list.
pub(crate) fn attach(
    files: &mut Files,
    world: &mut World,
    base: &str,
    uploads: &[Upload],
    described: &[Value],
) -> Vec<Attachment> {
    let mut attachments = Vec::with_capacity(uploads.len());
    for upload in uploads {
        let id = world.next_id();
        let said = described.iter().find(|said| index_of(said) == upload.index && upload.index.is_some());
        let of = |key: &str| said.and_then(|said| said.get(key)).and_then(Value::as_str).map(str::to_owned);
        let filename = of("filename").unwrap_or_else(|| upload.filename.clone());
        let url = format!("{base}/files/{id}/{}", percent_encode(&filename));
        let content_type =
            upload.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
        files.keep(id, content_type, upload.bytes.clone());
        attachments.push(Attachment {
            id,
            filename,
            description: of("description"),
            content_type: upload.content_type.clone(),
            size: upload.bytes.len(),
            proxy_url: url.clone(),
            url,
        });
    }
    attachments
}

/// Whether a path is that of a file.
pub(crate) fn owns(path: &str) -> bool {
    path.starts_with("/files/")
}

/// `GET /files/{id}/{name}`
pub(crate) fn serve(call: &Call, id: Snowflake) -> Result<Reply, ApiError> {
    let state = call.shared.state();
    let (content_type, bytes) = state.files.find(id).ok_or(ApiError::not_found())?;
    Ok(Reply::raw(content_type.to_owned(), bytes.clone()))
}

/// The id of a described attachment, which for a new one is the `n` of `files[n]`, as text or number.
fn index_of(said: &Value) -> Option<String> {
    match said.get("id")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
