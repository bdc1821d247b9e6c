//! One REST call as the handlers see it: address, query, body, files and who calls.
//! It decides nothing about the answer.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;

use super::Bytes;
use super::error::ApiError;
use super::fields::Fields;
use super::files::{Upload, read_multipart};
use crate::accounts::{self, Account};
use crate::shared::Shared;
use crate::snowflake::Snowflake;

/// A request to be answered.
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    parts: Parts,
    /// Without `/api/vN`.
    path: String,
    body: Bytes,
    /// Files of a multipart body.
    pub(crate) uploads: Vec<Upload>,
}

impl Call {
    pub(crate) fn new(shared: Arc<Shared>, parts: Parts, path: String, body: Bytes) -> Self {
        Self { shared, parts, path, body, uploads: Vec::new() }
    }

    pub(crate) fn method(&self) -> &str {
        self.parts.method.as_str()
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The path's segments, percent-decoded.
    pub(crate) fn segments(&self) -> Vec<Cow<'_, str>> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(percent_decode).collect()
    }

    /// A value of the query, as it stands there.
    pub(crate) fn query(&self, key: &str) -> Option<&str> {
        query_value(self.parts.uri.query()?, key)
    }

    pub(crate) fn fields(&self) -> Result<Fields, ApiError> {
        Fields::parse(&self.body)
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Splits a multipart body; leaves others alone.
    pub(super) async fn read_form(&mut self) -> Result<(), ApiError> {
        let multipart = self
            .parts
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|kind| kind.starts_with("multipart/form-data"));
        if multipart {
            (self.body, self.uploads) = read_multipart(&self.parts, self.body.clone()).await?;
        }
        Ok(())
    }

    /// Who calls, bot or person; 401 without a good token.
    pub(crate) fn caller(&self) -> Result<Snowflake, ApiError> {
        self.account().map(Account::id)
    }

    /// The bot that calls; persons are refused.
    pub(crate) fn bot(&self) -> Result<Snowflake, ApiError> {
        match self.account()? {
            Account::Bot(bot) => Ok(bot),
            Account::Person(_) => Err(ApiError::bots_only()),
        }
    }

    /// Whether it comes with `Authorization: Bearer` and this token.
    pub(crate) fn has_bearer(&self, token: &str) -> bool {
        let header = self.parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        header.and_then(|value| value.strip_prefix("Bearer ")) == Some(token)
    }

    pub(crate) fn account(&self) -> Result<Account, ApiError> {
        let header = self.parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.ok_or(ApiError::unauthorized())?;
        let state = self.shared.state();
        let account = match token.strip_prefix("Bot ") {
            Some(token) => accounts::bot(token, &state.world),
            None => self.shared.person_tokens.person(token, &state.world),
        };
        account.ok_or(ApiError::unauthorized())
    }

    /// The rate-limit bucket: the route's shape and its first id, which Discord counts apart.
    pub(super) fn bucket(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.method().hash(&mut hasher);
        let mut major = true;
        for segment in self.path.split('/') {
            let is_id = segment.starts_with(|first: char| first.is_ascii_digit());
            if !is_id || major {
                segment.hash(&mut hasher);
            }
            major &= !is_id;
        }
        hasher.finish()
    }
}

/// Strips `/api/vN`; other paths stay.
pub(super) fn api_path(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("/api/v") else { return path };
    rest.find('/').map_or("/", |at| &rest[at..])
}

/// The path as the transcript shows it: interaction and webhook tokens are nobody's business.
pub(super) fn without_tokens(path: &str) -> Cow<'_, str> {
    if !path.starts_with("/interactions/") && !path.starts_with("/webhooks/") {
        return Cow::Borrowed(path);
    }
    let segments = path.split('/').enumerate().map(|(at, segment)| if at == 3 { "…" } else { segment });
    Cow::Owned(segments.collect::<Vec<_>>().join("/"))
}

pub(crate) fn query_value<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)
}

pub(super) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Malformed escapes stay as they are.
fn percent_decode(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.as_bytes();
    while let Some((&first, rest)) = bytes.split_first() {
        let escape = (first == b'%')
            .then(|| rest.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escape {
            Some(byte) => {
                decoded.push(byte);
                bytes = &rest[2..];
            }
            None => {
                decoded.push(first);
                bytes = rest;
            }
        }
    }
    String::from_utf8(decoded).map_or(Cow::Borrowed(segment), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_in_a_path_is_decoded_and_a_broken_escape_is_left_alone() {
        assert_eq!(percent_decode("%F0%9F%91%8D"), "👍");
        assert_eq!(percent_decode("50%"), "50%");
        assert_eq!(percent_decode("name%3A12"), "name:12");
    }

    #[test]
    fn the_api_prefix_is_stripped_whatever_the_version() {
        assert_eq!(api_path("/api/v10/gateway/bot"), "/gateway/bot");
        assert_eq!(api_path("/api/v9/users/@me"), "/users/@me");
        assert_eq!(api_path("/files/1/a.txt"), "/files/1/a.txt");
    }

    #[test]
    fn tokens_do_not_reach_the_transcript() {
        assert_eq!(without_tokens("/interactions/5/secret/callback"), "/interactions/5/…/callback");
        assert_eq!(
            without_tokens("/webhooks/5/secret/messages/@original"),
            "/webhooks/5/…/messages/@original"
        );
        assert_eq!(without_tokens("/channels/5/messages"), "/channels/5/messages");
    }
}
