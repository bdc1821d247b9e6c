//! Forms: multipart bodies with files, and urlencoded ones. Files are served from a local URL.

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::{Call, Reply};
use crate::files::{MAX_FILE_BYTES, MAX_FILES, Upload};
use crate::form::{ApiError, Result};
use crate::ids::{Snowflake, percent_decode, query_pairs};

/// Splits a multipart body into its JSON and its files. Without `payload_json`, the plain fields become texts in the
/// JSON.
/// <https://discord.com/developers/docs/reference#uploading-files>
pub(crate) async fn read_multipart(parts: &Parts, body: Bytes) -> Result<(Bytes, Vec<Upload>)> {
    let mut request = Request::from_parts(parts.clone(), Body::from(body));
    DefaultBodyLimit::disable().apply(&mut request);
    let malformed = |_| ApiError::new(400, 50109, "The request body is not well-formed multipart.");
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| ApiError::new(400, 50109, "The request body is not well-formed multipart."))?;
    let (mut json, mut plain, mut files) = (Bytes::new(), Map::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "payload_json" {
            json = field.bytes().await.map_err(malformed)?;
            continue;
        }
        let index =
            name.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']')).and_then(|n| n.parse().ok());
        if index.is_none() && field.file_name().is_none() {
            plain.insert(name, field.text().await.map_err(malformed)?.into());
            continue;
        }
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
    if json.is_empty() && !plain.is_empty() {
        json = Value::Object(plain).to_string().into();
    }
    Ok((json, files))
}

/// The JSON in a urlencoded form. py-cord sends interaction responses like this: a form without files is not multipart.
/// <https://discord.com/developers/docs/reference#http-api>
pub(crate) fn read_urlencoded(body: &[u8]) -> Result<Bytes> {
    let text = str::from_utf8(body).map_err(|_| ApiError::invalid_json())?;
    let decoded = |part: &str| percent_decode(&part.replace('+', " ")).into_owned();
    let mut plain = Map::new();
    for (name, value) in query_pairs(text) {
        if name == "payload_json" {
            return Ok(decoded(value).into());
        }
        plain.insert(decoded(name), decoded(value).into());
    }
    Ok(if plain.is_empty() { Bytes::new() } else { Value::Object(plain).to_string().into() })
}

/// Whether this is the path of a file.
pub(crate) fn owns(path: &str) -> bool {
    path.starts_with("/files/")
}

/// `GET /files/{id}/{name}`
pub(crate) fn serve(call: &Call, id: Snowflake) -> Result<Reply> {
    let state = call.shared.state();
    let (content_type, bytes) = state.files.find(id).ok_or(ApiError::not_found())?;
    Ok(Reply::raw(content_type.to_owned(), bytes.clone()))
}
