//! A REST call as handlers see it: path, query, body, files and the caller.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, AsHeaderName, CONTENT_TYPE};
use axum::http::request::Parts;

use super::files::{read_multipart, read_urlencoded};
use crate::accounts::{self, Account};
use crate::files::Upload;
use crate::form::{ApiError, Fields, Result, UnreadFields};
use crate::ids::{Snowflake, Timestamp, percent_decode, query_pairs};
use crate::limits::CountedCall;
use crate::rules::Actor;
use crate::state::{Shared, State};

/// The most characters in an audit log reason.
const MAX_REASON_CHARS: usize = 512;

/// A request to answer.
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    parts: Parts,
    /// Without `/api/vN`.
    path: String,
    body: Bytes,
    /// The files of a multipart body.
    pub(crate) uploads: Vec<Upload>,
    /// The fields of the body that no handler read.
    pub(super) unread: Arc<UnreadFields>,
    /// Bit `n` is set once pair `n` of the query was read.
    query_read: AtomicU64,
}

impl Call {
    pub(crate) fn new(shared: Arc<Shared>, parts: Parts, path: String, body: Bytes) -> Self {
        let unread =
            Arc::new(if shared.options.strict { UnreadFields::strict() } else { UnreadFields::default() });
        Self { shared, parts, path, body, uploads: Vec::new(), unread, query_read: AtomicU64::new(0) }
    }

    pub(crate) fn method(&self) -> &str {
        self.parts.method.as_str()
    }

    /// The raw body.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// A query value, still escaped.
    pub(crate) fn query(&self, key: &str) -> Option<&str> {
        let mut value = None;
        for (at, (name, this)) in query_pairs(self.parts.uri.query()?).enumerate() {
            if name == key {
                self.query_read.fetch_or(1_u64.checked_shl(at as u32).unwrap_or(0), Ordering::Relaxed);
                value = value.or(Some(this));
            }
        }
        value
    }

    /// Query keys that Discord knows and that have no effect here.
    pub(super) fn ignore_query(&self, keys: &[&str]) {
        for key in keys {
            self.query(key);
        }
    }

    /// Query keys, out of the first 64, that no handler read.
    pub(super) fn unread_query(&self) -> Vec<String> {
        let read = self.query_read.load(Ordering::Relaxed);
        let pairs = query_pairs(self.parts.uri.query().unwrap_or_default()).take(64).enumerate();
        pairs.filter(|(at, _)| read >> at & 1 == 0).map(|(_, (name, _))| name.to_owned()).collect()
    }

    pub(crate) fn fields(&self) -> Result<Fields> {
        Fields::parse(&self.body, &self.unread)
    }

    /// A body that is a list of objects: the fields that collect mistakes, and those of each object.
    pub(crate) fn fields_of_list(&self) -> Result<(Fields, Vec<Fields>)> {
        Fields::parse_list(&self.body, &self.unread)
    }

    /// The caller, and the state for reading.
    pub(super) fn open(&self) -> Result<(Snowflake, MutexGuard<'_, State>)> {
        Ok((self.caller()?, self.shared.state()))
    }

    /// The caller with the audit log reason, and the state for changing it.
    pub(super) fn act(&self) -> Result<(Actor, MutexGuard<'_, State>)> {
        Ok((self.by()?, self.shared.state()))
    }

    /// The caller with the audit log reason, and the fields of the body.
    pub(super) fn form(&self) -> Result<(Actor, Fields)> {
        Ok((self.by()?, self.fields()?))
    }

    /// The caller, with the reason for the audit log.
    pub(crate) fn by(&self) -> Result<Actor> {
        let reason = self.header("x-audit-log-reason").filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| percent_decode(reason).into_owned());
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON_CHARS) {
            let message = format!("Must be {MAX_REASON_CHARS} or fewer in length.");
            return Err(ApiError::form("reason", "BASE_TYPE_MAX_LENGTH", &message));
        }
        Ok(Actor { user: self.caller()?, reason })
    }

    /// A boolean in the query, in the spellings that clients use.
    pub(crate) fn query_flag(&self, key: &str) -> bool {
        matches!(self.query(key), Some("true" | "True" | "1"))
    }

    /// What `read` returns for a query value, which is validated like a field of a body.
    pub(crate) fn query_field<T>(
        &self,
        key: &str,
        read: impl FnOnce(&mut Fields, &str) -> Option<T>,
    ) -> Result<Option<T>> {
        // A `+` is not decoded, because clients send that of a time zone unescaped.
        let Some(text) = self.query(key).map(percent_decode) else { return Ok(None) };
        let mut fields = Fields::of([(key.to_owned(), text.into())].into_iter().collect(), "");
        let value = read(&mut fields, key);
        fields.checked().map(|()| value)
    }

    /// An id in the query.
    pub(crate) fn query_id(&self, key: &str) -> Result<Option<Snowflake>> {
        self.query_field(key, Fields::snowflake)
    }

    /// A timestamp in the query.
    pub(crate) fn query_moment(&self, key: &str) -> Result<Option<Timestamp>> {
        self.query_field(key, Fields::moment)
    }

    /// A text in the query, unescaped.
    pub(crate) fn query_text(&self, key: &str) -> Option<String> {
        self.query(key).map(|text| percent_decode(&text.replace('+', " ")).into_owned())
    }

    /// The page size that the query asks for.
    pub(crate) fn query_limit(&self, default: usize, most: usize) -> Result<usize> {
        let limit = self.query_field("limit", |fields, key| fields.number_within(key, 1..=most as u64))?;
        Ok(limit.map_or(default, |limit| limit as usize))
    }

    /// The path without tokens, as the transcript shows it.
    pub(super) fn shown_path(&self) -> Cow<'_, str> {
        without_tokens(&self.path)
    }

    /// The method and shape of the route: `GET /channels/{id}/messages`.
    pub(super) fn shape(&self) -> String {
        let path = self.shown_path();
        let is_id = |segment: &str| segment.starts_with(|first: char| first.is_ascii_digit());
        let shape: Vec<&str> =
            path.split('/').map(|segment| if is_id(segment) { "{id}" } else { segment }).collect();
        format!("{} {}", self.method(), shape.join("/"))
    }

    /// Takes the JSON out of a form body; other bodies are left alone.
    pub(super) async fn read_form(&mut self) -> Result<()> {
        let kind = self.header(CONTENT_TYPE).unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            (self.body, self.uploads) = read_multipart(&self.parts, self.body.clone()).await?;
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            self.body = read_urlencoded(&self.body)?;
        }
        Ok(())
    }

    /// The caller, a bot or user; 401 without a valid token.
    pub(crate) fn caller(&self) -> Result<Snowflake> {
        self.account().map(Account::id)
    }

    /// The calling bot; users are refused.
    pub(crate) fn bot(&self) -> Result<Snowflake> {
        match self.account()? {
            Account::Bot(bot) => Ok(bot),
            Account::User(_) => Err(ApiError::bots_only()),
        }
    }

    /// The user whose own client calls; bots are refused.
    pub(super) fn user(&self) -> Result<Snowflake> {
        match self.account()? {
            Account::User(user) => Ok(user),
            Account::Bot(_) => Err(ApiError::users_only()),
        }
    }

    /// The state, only for the bot of this application.
    pub(super) fn own_application(&self, id: Snowflake) -> Result<MutexGuard<'_, State>> {
        if self.bot()? == id { Ok(self.shared.state()) } else { Err(ApiError::not_your_application()) }
    }

    /// Whether the call has `Authorization: Bearer` with this token.
    pub(crate) fn has_bearer(&self, token: &str) -> bool {
        self.header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")) == Some(token)
    }

    fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn account(&self) -> Result<Account> {
        let token = self.header(AUTHORIZATION).ok_or(ApiError::unauthorized())?;
        let state = self.shared.state();
        let account = match token.strip_prefix("Bot ") {
            Some(token) => accounts::bot(token, &state.world),
            None => self.shared.user_tokens.person(token, &state.world),
        };
        account.ok_or(ApiError::unauthorized())
    }

    /// The call as rate limits count it: by token; all calls without one are counted together.
    pub(super) fn counted(&self) -> CountedCall<'_> {
        let mut hasher = DefaultHasher::new();
        self.parts.headers.get(AUTHORIZATION).map(|value| value.as_bytes()).hash(&mut hasher);
        CountedCall { account: hasher.finish(), method: self.method(), path: &self.path }
    }
}

/// Strips `/api/vN` and `/api`; leaves other paths as they are.
pub(super) fn api_path(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("/api/") else { return path };
    match rest.split_once('/') {
        Some((version, _)) if is_version(version) => &rest[version.len()..],
        None if is_version(rest) => "/",
        _ => &path["/api".len()..],
    }
}

/// Whether the path has a supported API version, or none.
pub(super) fn is_supported_version(path: &str) -> bool {
    let version = path.strip_prefix("/api/").and_then(|rest| rest.split('/').next());
    version.filter(|version| is_version(version)).is_none_or(|version| matches!(version, "v9" | "v10"))
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The path as the transcript shows it: without interaction and webhook tokens, even if parts of the path are escaped.
pub(super) fn without_tokens(path: &str) -> Cow<'_, str> {
    if !["webhooks", "interactions", "%"].iter().any(|part| path.contains(part)) {
        return Cow::Borrowed(path);
    }
    // The number of segments so far after `webhooks` or `interactions`: an id, then the token.
    let mut behind = None;
    let shown = path.split('/').map(|segment| match behind {
        _ if segment.is_empty() => segment,
        None if matches!(&*percent_decode(segment), "webhooks" | "interactions") => {
            behind = Some(0);
            segment
        }
        None => segment,
        Some(count) => {
            behind = Some(count + 1);
            if count == 1 { "…" } else { segment }
        }
    });
    Cow::Owned(shown.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_prefix_is_stripped_whatever_the_version() {
        assert_eq!(api_path("/api/v10/gateway/bot"), "/gateway/bot");
        assert_eq!(api_path("/api/v9/users/@me"), "/users/@me");
        assert_eq!(api_path("/api/users/@me"), "/users/@me");
        assert_eq!(api_path("/api/v10"), "/");
        assert_eq!(api_path("/files/1/a.txt"), "/files/1/a.txt");
        assert!(is_supported_version("/api/v9/gateway") && is_supported_version("/api/gateway"));
        assert!(!is_supported_version("/api/v6/gateway"));
    }

    #[test]
    fn tokens_do_not_reach_the_transcript() {
        assert_eq!(without_tokens("/interactions/5/secret/callback"), "/interactions/5/…/callback");
        assert_eq!(
            without_tokens("/webhooks/5/secret/messages/@original"),
            "/webhooks/5/…/messages/@original"
        );
        assert_eq!(without_tokens("//webhooks//5/secret"), "//webhooks//5/…");
        assert_eq!(without_tokens("/%77ebhooks/5/secret"), "/%77ebhooks/5/…");
        assert_eq!(without_tokens("/channels/5/messages"), "/channels/5/messages");
        assert_eq!(without_tokens("/channels/5/webhooks"), "/channels/5/webhooks");
    }
}
