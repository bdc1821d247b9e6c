//! Files: kept within a budget, described as attachments. What is in them is not looked at.

use std::collections::VecDeque;

use axum::body::Bytes;
use serde_json::Value;

use crate::ids::{Snowflake, percent_encode};
use crate::world::{Attachment, World};

/// Id, type and content.
pub(crate) type StoredFile = (Snowflake, String, Bytes);

/// All files together, in bytes; the oldest go first.
const BUDGET_BYTES: usize = 128 << 20;

/// A file of somebody without a subscription.
pub(crate) const MAX_FILE_BYTES: usize = 10 << 20;
/// Files of a message.
pub(crate) const MAX_FILES: usize = 10;

/// The files that are kept.
#[derive(Default)]
pub(crate) struct Files {
    kept: VecDeque<StoredFile>,
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
    pub(crate) fn all(&self) -> impl Iterator<Item = &StoredFile> {
        self.kept.iter()
    }

    pub(crate) fn find(&self, id: Snowflake) -> Option<(&str, &Bytes)> {
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

/// Keeps uploads and describes them as attachments; `described` is the body's `attachments` list.
pub(crate) fn attach(
    files: &mut Files,
    world: &World,
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

/// The id of a described attachment, which for a new one is the `n` of `files[n]`, as text or number.
fn index_of(said: &Value) -> Option<String> {
    match said.get("id")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
