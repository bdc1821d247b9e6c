//! Files: stored within a budget, described as attachments.

mod media;

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use crate::form::Fields;
use crate::ids::{Snowflake, percent_encode};
use crate::world::{Attachment, World};
use axum::body::Bytes;

/// Id, type and content.
pub(crate) type StoredFile = (Snowflake, String, Bytes);

/// Budget for all files together, in bytes; the oldest are dropped first.
const BUDGET_BYTES: usize = 128 << 20;

/// The largest file of a user without a subscription, in bytes.
pub(crate) const MAX_FILE_BYTES: usize = 10 << 20;
/// The most files in a message.
pub(crate) const MAX_FILES: usize = 10;
/// The most characters in a file's name or description.
/// <https://discord.com/developers/docs/resources/message#attachment-object>
const MAX_TEXT_CHARS: usize = 1024;

/// A name that begins like this marks a file as a spoiler, too.
const SPOILER_PREFIX: &str = "SPOILER_";

/// The most file types that a field or option may list, as in `FileUploadComponentForModalRequest` in Discord's OpenAPI
/// document.
const MAX_TYPES: usize = 10;
const TYPE_CHARS: RangeInclusive<usize> = 1..=16;

/// The files that are stored.
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

/// An uploaded file.
pub(crate) struct Upload {
    /// `n` of `files[n]`.
    pub(crate) index: Option<Snowflake>,
    pub(crate) filename: String,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Bytes,
}

impl Upload {
    /// A file of which only the name is known.
    pub(crate) fn named(filename: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { index: None, filename: filename.into(), content_type: None, bytes: bytes.into().into() }
    }
}

/// A file as a body describes it: a new file by the `n` of `files[n]`, an existing one by its id.
pub(crate) struct AttachmentInfo {
    id: Snowflake,
    filename: Option<String>,
    /// `None` leaves it as it is; `Some(None)`, from null, removes it.
    description: Option<Option<String>>,
    is_spoiler: Option<bool>,
}

impl AttachmentInfo {
    /// Reads the `attachments` of a body; mistakes stay in `body`.
    pub(crate) fn read_all(body: &mut Fields) -> Vec<Self> {
        body.read_objects("attachments", 0..=MAX_FILES, Self::read).unwrap_or_default()
    }

    fn read(of: &mut Fields) -> Self {
        of.require("id");
        let description = of.has("description");
        let note = Self {
            id: of.snowflake("id").unwrap_or_default(),
            filename: of.text("filename", MAX_TEXT_CHARS),
            description: description.then(|| of.text("description", MAX_TEXT_CHARS)),
            is_spoiler: of.flag("is_spoiler"),
        };
        // Clients send back everything they know about a file, discord.js under names of its own.
        of.ignore_all();
        note
    }
}

/// Reads the file types that a field or option takes; they are stored, but nothing enforces them here.
pub(crate) fn file_types(of: &mut Fields) -> Vec<String> {
    of.texts("file_types", MAX_TYPES, &TYPE_CHARS).unwrap_or_default()
}

/// Stores uploads and describes them as attachments, with names, descriptions and spoilers from the body's `notes`.
pub(crate) fn attach(
    files: &mut Files,
    world: &World,
    base: &str,
    uploads: &[Upload],
    notes: &[AttachmentInfo],
) -> Vec<Attachment> {
    let attached = uploads.iter().map(|upload| {
        let id = world.next_id();
        let note = notes.iter().find(|note| upload.index == Some(note.id));
        let filename = note.and_then(|note| note.filename.as_ref()).unwrap_or(&upload.filename).clone();
        let url = format!("{base}/files/{id}/{}", percent_encode(&filename));
        let content_type = media::type_of(&filename).map(str::to_owned).or(upload.content_type.clone());
        let pixels = media::pixels(&upload.bytes);
        let is_spoiler =
            filename.starts_with(SPOILER_PREFIX) || note.and_then(|note| note.is_spoiler).unwrap_or(false);
        let served = content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
        files.keep(id, served, upload.bytes.clone());
        Attachment {
            id,
            filename,
            description: note.and_then(|note| note.description.clone()).flatten(),
            content_type,
            size: upload.bytes.len(),
            width: pixels.map(|(width, _)| width),
            height: pixels.map(|(_, height)| height),
            proxy_url: url.clone(),
            url,
            flags: if is_spoiler { Attachment::IS_SPOILER } else { 0 },
        }
    });
    attached.collect()
}

/// Keeps those files of a message that an edit lists, with the descriptions and spoilers it gives.
pub(crate) fn keep_listed(there: &[Attachment], listed: &[AttachmentInfo]) -> Vec<Attachment> {
    let kept = there.iter().filter_map(|file| {
        let note = listed.iter().find(|note| note.id == file.id)?;
        let description = note.description.clone().unwrap_or_else(|| file.description.clone());
        let flags = match note.is_spoiler {
            Some(true) => file.flags | Attachment::IS_SPOILER,
            Some(false) => file.flags & !Attachment::IS_SPOILER,
            None => file.flags,
        };
        Some(Attachment { description, flags, ..file.clone() })
    });
    kept.collect()
}
